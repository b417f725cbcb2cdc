"""Our messages as calls of the Bot API: ``POST {base}/bot{token}/{method}``, JSON, or multipart with a file's bytes.

What ``payload`` holds, by kind: interactive ``{"type": "buttons", "buttons": [{id, title}]}`` or ``{"type": "list",
"button", "sections": [{title, rows: [{id, title}]}]}``, both an inline keyboard of one button a row · location
``{latitude, longitude, name?, address?}`` · contacts ``{"contacts": [{name: {formatted_name, first_name?, last_name?},
phones: [{phone}]}]}`` · audio ``{"voice": true}`` for a voice message · all other kinds nothing. A reaction's text is
the emoji, empty to take it back, and ``reply_to`` the message it is for. Texts are sent as they are, without a parse
mode. Source: core.telegram.org/bots/api (available methods, sending files, limits).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from recado.channels.base import CannotSend, HttpRequest, Secrets
from recado.channels.splitting import split_text, utf16_units
from recado.channels.telegram.inbound import customer_key
from recado.channels.untrusted import finite, label, mapping, objects, text
from recado.domain.errors import FieldError
from recado.domain.messages import MEDIA_KINDS, Failure, Media, OutboundMessage, Sender

MAX_TEXT, MAX_CAPTION = 4096, 1024
MAX_BUTTONS, MAX_BUTTON_TITLE, MAX_BUTTON_ID_BYTES = 100, 64, 64
MAX_PARTS = MAX_CONTACTS = 10
"""More requests than these are not made of one message."""
TIMEOUT_S, UPLOAD_TIMEOUT_S = 10.0, 30.0

_METHODS = {
    "image": ("sendPhoto", "photo"),
    "video": ("sendVideo", "video"),
    "audio": ("sendAudio", "audio"),
    "document": ("sendDocument", "document"),
    "sticker": ("sendSticker", "sticker"),
}
_BY_TYPE = {
    "image/gif": ("sendAnimation", "animation"),
    "audio/ogg": ("sendVoice", "voice"),
    "audio/opus": ("sendVoice", "voice"),
}
"""Where the type of a file decides, not the kind of the message."""
_PLAYED = {"video": {"video/mp4"}, "audio": {"audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a"}}
"""What Telegram plays; of other types it is sent as a document."""
_NAMES = {"photo": "photo.jpg", "video": "video.mp4", "voice": "voice.ogg", "animation": "animation.gif"}

Json = dict[str, Any]


# -- check -----------------------------------------------------------------------------------------


def check(message: OutboundMessage) -> tuple[FieldError, ...]:
    """What a kind lacks beside its text, and texts that need too many parts."""
    if message.kind in MEDIA_KINDS and message.media is None:
        return (FieldError("/file_id", "required", "A file is needed."),)
    if message.kind == "reaction" and not message.reply_to:
        return (FieldError("/reply_to", "required", "A reaction needs the message it is for."),)
    if message.kind == "interactive":
        return _check_interactive(message)
    if message.kind == "location" and _place(message) is None:
        return (FieldError("/payload", "invalid", "A location needs a latitude and a longitude."),)
    if message.kind == "contacts" and not _cards(message):
        return (FieldError("/payload/contacts", "invalid", f"1 to {MAX_CONTACTS} contacts with a name and a phone."),)
    if message.kind in {"text", *MEDIA_KINDS} and (message.kind != "text") + len(_texts(message)) > MAX_PARTS:
        return (FieldError("/text", "text_too_long", f"This text needs more than {MAX_PARTS} messages."),)
    return ()


def _check_interactive(message: OutboundMessage) -> tuple[FieldError, ...]:
    if not message.text:
        return (FieldError("/text", "required", "An interactive message needs a text."),)
    if utf16_units(message.text) > MAX_TEXT:
        return (FieldError("/text", "text_too_long", f"With buttons, at most {MAX_TEXT} characters."),)
    if message.payload.get("type") not in ("buttons", "list"):
        return (FieldError("/payload/type", "invalid", "buttons or list."),)
    options = _options(message.payload)
    if not 1 <= len(options) <= MAX_BUTTONS or not all(map(_is_option, options)):
        field = "buttons" if message.payload["type"] == "buttons" else "sections"
        detail = (
            f"1 to {MAX_BUTTONS} options, each with an id of at most {MAX_BUTTON_ID_BYTES} bytes and a title of at "
            f"most {MAX_BUTTON_TITLE} characters."
        )
        return (FieldError(f"/payload/{field}", "invalid", detail),)
    return ()


def _options(payload: Mapping[str, Any]) -> list[Json]:
    """The buttons, or the rows of all sections: an inline keyboard has no sections."""
    if payload["type"] == "buttons":
        return objects(payload.get("buttons"))
    return [row for section in objects(payload.get("sections")) for row in objects(section.get("rows"))]


def _is_option(option: Json) -> bool:
    given, title = text(option.get("id")) or "", text(option.get("title")) or ""
    return 1 <= len(given.encode("utf-8", "replace")) <= MAX_BUTTON_ID_BYTES and 1 <= len(title) <= MAX_BUTTON_TITLE


def _place(message: OutboundMessage) -> tuple[float, float] | None:
    latitude, longitude = finite(message.payload.get("latitude"), 90), finite(message.payload.get("longitude"), 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _cards(message: OutboundMessage) -> list[Json]:
    """The contacts as Telegram wants them; empty when one of them lacks a name or a phone, or they are too many."""
    contacts = objects(message.payload.get("contacts"))
    cards = [_card(one) for one in contacts[:MAX_CONTACTS]]
    whole = [one for one in cards if one is not None]
    return whole if len(whole) == len(contacts) else []


def _card(contact: Json) -> Json | None:
    name = mapping(contact.get("name"))
    phone = next((label(one.get("phone")) for one in objects(contact.get("phones"))), None)
    first, last = label(name.get("first_name")) or label(name.get("formatted_name")), label(name.get("last_name"))
    if not first or not phone:
        return None
    return {"phone_number": phone, "first_name": first, **({"last_name": last} if last else {})}


def _texts(message: OutboundMessage) -> list[str]:
    """What is sent as texts of their own: a text in its parts, or what is too long for a file's caption."""
    if message.kind == "text":
        return split_text(message.text or "", MAX_TEXT, utf16_units)
    if not message.text or _has_caption(message):
        return []
    return split_text(message.text, MAX_TEXT, utf16_units)


def _has_caption(message: OutboundMessage) -> bool:
    return message.kind != "sticker" and utf16_units(message.text or "") <= MAX_CAPTION


# -- requests --------------------------------------------------------------------------------------


def requests(base_url: str, message: OutboundMessage, to: Sender, secrets: Secrets) -> list[HttpRequest]:
    """The calls that send a message which `check` passed; the first answers the message, the others follow it. Raises
    CannotSend without a token, an address or a file."""
    root, chat_id = bot_url(base_url, secrets), _chat_id(to)
    if message.kind == "reaction":
        return [_reaction(root, message)]
    chat = {"chat_id": int(chat_id)}
    answering = chat | _reply(message.reply_to, chat_id)
    if message.kind in MEDIA_KINDS:
        caption = {"caption": message.text} if message.text and _has_caption(message) else {}
        texts = [call(root, "sendMessage", chat | {"text": part}) for part in _texts(message)]
        return [_with_file(root, message, answering | caption), *texts]
    (method, parameters), *others = _calls(message)
    first = call(root, method, answering | parameters)
    return [first, *(call(root, name, chat | rest) for name, rest in others)]


def bot_url(base_url: str, secrets: Secrets) -> str:
    """Where the bot's methods are; it holds the token and is for requests alone. Raises CannotSend without one."""
    token = next(iter(secrets.get("bot_token", ())), None)
    if not token:
        raise CannotSend(Failure("no_bot_token", "The channel has no bot token.", "pause_channel"))
    return f"{base_url}/bot{token}"


def call(root: str, method: str, parameters: Json) -> HttpRequest:
    """A call in JSON."""
    body = json.dumps(parameters).encode("ascii")
    return HttpRequest("POST", f"{root}/{method}", {"content-type": "application/json"}, body, TIMEOUT_S)


def _chat_id(to: Sender) -> str:
    """By the user id, else by the key of the thread: somebody who gave their number is called by it elsewhere."""
    for given in (to.user_id, to.external_id, to.canonical.removeprefix("u:")):
        try:
            return customer_key(given or "").removeprefix("u:")
        except ValueError:
            continue
    raise CannotSend(Failure("no_address", "The contact is not known to this channel.", "recipient"))


def _calls(message: OutboundMessage) -> list[tuple[str, Json]]:
    """Method and parameters of each call for what has no file."""
    if message.kind == "location":
        return [_location(message)]
    if message.kind == "contacts":
        return [("sendContact", card) for card in _cards(message)]
    if message.kind == "interactive":
        keyboard = [[{"text": one["title"], "callback_data": one["id"]}] for one in _options(message.payload)]
        return [("sendMessage", {"text": message.text, "reply_markup": {"inline_keyboard": keyboard}})]
    return [("sendMessage", {"text": part}) for part in _texts(message)]


def _location(message: OutboundMessage) -> tuple[str, Json]:
    latitude, longitude = _place(message) or (0.0, 0.0)
    point = {"latitude": latitude, "longitude": longitude}
    name, address = label(message.payload.get("name")), label(message.payload.get("address"))
    if name or address:
        return "sendVenue", {**point, "title": name or address, "address": address or name}
    return "sendLocation", point


def _reply(reply_to: str | None, chat_id: str) -> Json:
    """The message answered, if it is one of this chat; when the person has deleted it, the answer comes without."""
    answered = _message_id(reply_to, chat_id)
    return {"reply_parameters": {"message_id": answered, "allow_sending_without_reply": True}} if answered else {}


def _message_id(provider_id: str | None, chat_id: str) -> int | None:
    place, _, number = (provider_id or "").partition(":")
    return int(number) if place == chat_id and number.isascii() and number.isdigit() and len(number) < 20 else None


def _reaction(root: str, message: OutboundMessage) -> HttpRequest:
    chat_id = (message.reply_to or "").partition(":")[0]
    target = _message_id(message.reply_to, chat_id)
    try:
        customer_key(chat_id)
    except ValueError:
        target = None
    if target is None:
        raise CannotSend(Failure("no_such_message", "Telegram takes no reaction to this message.", "content"))
    reaction = [{"type": "emoji", "emoji": message.text}] if message.text else []
    return call(root, "setMessageReaction", {"chat_id": int(chat_id), "message_id": target, "reaction": reaction})


# -- files -----------------------------------------------------------------------------------------


def _with_file(root: str, message: OutboundMessage, parameters: Json) -> HttpRequest:
    """The call with the file: by Telegram's own id of it in JSON, or its bytes in a form."""
    media = message.media or Media(None, None, None)
    method, field = method_of(message.kind, media.content_type, message.payload)
    if media.provider_id:
        return call(root, method, {**parameters, field: media.provider_id})
    if media.content is None:
        raise CannotSend(Failure("file_missing", "The file's bytes are not there.", "content"))
    return _form(f"{root}/{method}", message.id, parameters, field, media, media.content)


def method_of(kind: str, content_type: str | None, payload: Mapping[str, Any]) -> tuple[str, str]:
    """The method for a file, and the parameter that holds it."""
    plain = (content_type or "").partition(";")[0].strip().lower()
    if kind in ("image", "audio") and plain in _BY_TYPE:
        return _BY_TYPE[plain]
    if kind == "audio" and payload.get("voice") is True:
        return "sendVoice", "voice"
    if plain and plain not in _PLAYED.get(kind, {plain}):
        return _METHODS["document"]
    return _METHODS[kind]


def _form(url: str, message_id: str, parameters: Json, field: str, media: Media, content: bytes) -> HttpRequest:
    """multipart/form-data; its boundary is made of the message's id, so that every try sends the same bytes."""
    from urllib3.filepost import encode_multipart_formdata

    fields: list[Any] = [
        (name, value if isinstance(value, str) else json.dumps(value)) for name, value in parameters.items()
    ]
    name = media.name or _NAMES.get(field, field)
    fields.append((field, (name, content, media.content_type or "application/octet-stream")))
    body, content_type = encode_multipart_formdata(fields, boundary=f"recado-{message_id}")
    return HttpRequest("POST", url, {"content-type": content_type}, body, UPLOAD_TIMEOUT_S)
