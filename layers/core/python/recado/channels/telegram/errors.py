"""What Telegram's answers mean: ``{"ok", "result"}`` or ``{"ok": false, "error_code", "description", "parameters"}``.

Decided by error_code, which repeats the HTTP status; a 400 is told apart by its description, as Telegram has no finer
codes. Descriptions may name what was sent and are not shown; the bot's token is in none of these texts.
Source: core.telegram.org/bots/api (making requests, ResponseParameters); descriptions as the API server writes them.
"""

from __future__ import annotations

from typing import Any

from recado.channels.base import MEDIA_GONE, MEDIA_TOO_LARGE, retry_after_s
from recado.channels.untrusted import Unreadable, decode, identifier, mapping, text
from recado.domain.messages import Failure, FailureClass, Rejected, Sent
from recado.ports.core import HttpResponse

MAX_WAIT_S = 604_800.0

BAD_REQUESTS: tuple[tuple[str, FailureClass, str], ...] = (
    ("chat not found", "recipient", "The person never started the bot, or the chat is gone."),
    ("peer_id_invalid", "recipient", "The person never started the bot, or the chat is gone."),
    ("user not found", "recipient", "There is no such person."),
    ("user_is_deactivated", "recipient", "The person's account was deleted."),
    ("voice_messages_forbidden", "content", "The person takes no voice messages."),
    ("message to react not found", "content", "The message to react to is gone."),
    ("message to be replied not found", "content", "The message that is answered is gone."),
    ("reaction_invalid", "content", "Telegram does not have this emoji as a reaction."),
    ("button_data_invalid", "content", "The id of a button is not valid."),
    ("message is too long", "content", "The text is too long."),
    ("message text is empty", "content", "The text is empty."),
    ("caption is too long", "content", "The caption is too long."),
    ("file is too big", "content", "The file is larger than Telegram gives or takes."),
    ("photo_invalid_dimensions", "content", "The picture is too large, or too narrow, for a photo."),
    ("image_process_failed", "content", "Telegram cannot read the picture."),
    ("wrong file identifier", "content", "Telegram does not have the file any more."),
    ("wrong file_id", "content", "Telegram does not have the file, or not at present."),
    ("wrong type of the web page content", "content", "Telegram does not take a file of this type."),
)
"""Part of a description in lower case, what it means, and how it is told."""

FORBIDDEN: tuple[tuple[str, str], ...] = (
    ("blocked by the user", "The person blocked the bot."),
    ("user is deactivated", "The person's account was deleted."),
    ("initiate conversation", "The person never started the bot."),
    ("kicked", "The bot was removed from the chat."),
)

_FILES = (
    ("file is too big", MEDIA_TOO_LARGE),
    ("wrong file identifier", MEDIA_GONE),
    ("wrong file_id", MEDIA_GONE),
)


def interpret(response: HttpResponse) -> Sent | Rejected:
    """Sent when Telegram says ok: with the message's id, or without one for what makes no message (a reaction)."""
    body = answer_of(response)
    if response.status >= 400 or body.get("ok") is not True:
        return Rejected(failure_of(response))
    result = body.get("result")
    if result is True:
        return Sent(None)
    message = mapping(result)
    chat_id, message_id = identifier(mapping(message.get("chat")).get("id")), identifier(message.get("message_id"))
    if chat_id and message_id:
        return Sent(f"{chat_id}:{message_id}")
    return Rejected(Failure("unreadable_answer", "Telegram's answer could not be read.", "unknown"))


def answer_of(response: HttpResponse) -> dict[str, Any]:
    """The answer's object; empty when it is none."""
    try:
        return mapping(decode(response.body))
    except Unreadable:
        return {}


def failure_of(response: HttpResponse) -> Failure:
    """Why Telegram refused. A 5xx, and an answer that cannot be read, may have been sent."""
    body = answer_of(response)
    parameters, said = mapping(body.get("parameters")), (text(body.get("description")) or "").lower()
    given = body.get("error_code")
    code = given if isinstance(given, int) and 400 <= given < 600 else response.status
    moved = identifier(parameters.get("migrate_to_chat_id"))
    if moved:
        return Failure(str(code), f"The chat has moved; its id is {moved[:32]} now.", "recipient")
    if code == 429:
        asked = _seconds(parameters.get("retry_after"))
        wait_s = retry_after_s(response.headers) if asked is None else asked
        return Failure("429", "Too many messages.", "retry", wait_s)
    if code in (401, 404):
        return Failure(str(code), "Telegram does not know the bot's token.", "pause_channel")
    if code == 403:
        title = next((told for part, told in FORBIDDEN if part in said), "The bot may not write to this person.")
        return Failure("403", title, "recipient")
    if code == 413:
        return Failure("413", "The file is larger than Telegram takes.", "content")
    if not 400 <= code < 500:
        return Failure(f"http_{code}", "Telegram gave no clear answer.", "unknown")
    known = next(((klass, told) for part, klass, told in BAD_REQUESTS if part in said), None)
    klass, title = known or ("content", "Telegram refused the message.")
    return Failure(str(code), title, klass)


def media_failure(response: HttpResponse) -> Failure:
    """Why Telegram does not say where a file is."""
    failure, said = failure_of(response), (text(answer_of(response).get("description")) or "").lower()
    code = next((code for part, code in _FILES if part in said), failure.code)
    return failure._replace(code=code)


def _seconds(value: Any) -> float | None:
    wanted = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return min(float(value), MAX_WAIT_S) if wanted else None
