"""What the error codes of Messenger and Instagram mean for a message of ours, and the reading of Graph's answers.

A code with its subcode says more than the code alone.
Source: developers.facebook.com/docs/messenger-platform/error-codes.
"""

from __future__ import annotations

from recado.channels.base import retry_after_s
from recado.channels.meta import error_code
from recado.channels.untrusted import Unreadable, decode, identifier, label, mapping
from recado.domain.messages import Failure, FailureClass, Rejected, Sent
from recado.ports.core import HttpResponse

SUBCODES: dict[tuple[int, int], tuple[FailureClass, str]] = {
    (10, 2018065): ("needs_template", "The message is outside the window."),
    (10, 2018278): ("needs_template", "The message is outside the window."),
    (10, 2534022): ("needs_template", "The message is outside the window."),
    (10, 2018108): ("recipient", "This person takes no messages of the page at present."),
    (100, 2018001): ("recipient", "There is no such person for this account."),
    (200, 1545041): ("recipient", "This person is not available at present."),
    (100, 2018109): ("content", "The file is larger than the channel takes."),
    (100, 2018047): ("content", "The file could not be fetched, or is of a kind that the channel does not take."),
}
ERRORS: dict[int, tuple[FailureClass, str]] = {
    2: ("retry", "The service is temporarily unavailable."),
    4: ("retry", "The app has reached its limit of calls."),
    32: ("retry", "The page has reached its limit of calls."),
    341: ("retry", "A limit was reached for the time being."),
    613: ("retry", "Too many calls."),
    1200: ("retry", "The service is temporarily unavailable."),
    80006: ("retry", "The account has reached its limit of messages."),
    230: ("recipient", "This person does not allow messages of the page."),
    551: ("recipient", "This person is not available at present."),
    0: ("pause_channel", "The app could not be authenticated."),
    3: ("pause_channel", "The app may not use this interface."),
    10: ("pause_channel", "The app lacks a permission."),
    102: ("pause_channel", "The session at Meta has ended."),
    190: ("pause_channel", "The access token has expired or was withdrawn."),
    368: ("pause_channel", "The account is blocked for breaking a policy."),
    10904: ("pause_channel", "The page's messages are switched off."),
    1: ("unknown", "An unknown error; the message may have been sent."),
    100: ("content", "A parameter is not valid."),
}
PERMISSIONS = range(200, 300)


def interpret(response: HttpResponse) -> Sent | Rejected:
    """Sent when Graph names the message or, for a reaction, the recipient; else by code and subcode; else by what can
    be known without them.

    Without a code: 429 was not processed; another 4xx was refused; a 5xx, and an answer that cannot be read, may have
    been sent.
    """
    try:
        body = mapping(decode(response.body))
    except Unreadable:
        body = {}
    error = mapping(body.get("error"))
    if response.status < 400 and not error:
        provider_id = identifier(body.get("message_id"))
        if provider_id or identifier(body.get("recipient_id")):
            return Sent(provider_id)
        return Rejected(Failure("unreadable_answer", "The answer could not be read.", "unknown"))
    code, subcode = error_code(error.get("code")), error_code(error.get("error_subcode"))
    wait_s = retry_after_s(response.headers)
    otherwise: FailureClass = "content" if 400 <= response.status < 500 else "unknown"
    known = _known(code, subcode)
    if known is None and response.status == 429:
        known = ("retry", "Too many requests.")
    klass, title = known or (otherwise, label(error.get("message")) or "The message was refused.")
    written = f"http_{response.status}" if code is None else f"{code}/{subcode}" if subcode else str(code)
    return Rejected(Failure(written, title, klass, wait_s if klass == "retry" else None))


def _known(code: int | None, subcode: int | None) -> tuple[FailureClass, str] | None:
    if code is None:
        return None
    found = SUBCODES.get((code, subcode)) if subcode is not None else None
    found = found or ERRORS.get(code)
    return found or (("pause_channel", "The app lacks a permission.") if code in PERMISSIONS else None)
