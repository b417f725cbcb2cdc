"""Our messages as bodies of Meta's Send API.

What ``payload`` holds: interactive ``{"type": "buttons", "buttons": [{id, title}]}`` or ``{"type": "list", "sections":
[{rows: [{id, title}]}]}``, shown as quick replies, or buttons as a card where the channel has one; all other kinds
nothing. A reaction's text is the emoji, empty to take it back, and ``reply_to`` the message it is for. A file's caption
goes after it as a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.channels.meta_messaging.contents import web_url
from recado.channels.untrusted import objects
from recado.domain.errors import FieldError
from recado.domain.messages import MEDIA_KINDS, Media, OutboundMessage

MAX_BUTTONS, MAX_QUICK_REPLIES = 3, 13
MAX_TITLE, MAX_OPTION_ID = 20, 1_000
MAX_CARD_TEXT = 640
ATTACHMENT_TYPES = {"image": "image", "audio": "audio", "video": "video", "document": "file"}

Json = dict[str, Any]


def check(message: OutboundMessage) -> tuple[FieldError, ...]:
    """What a kind lacks beside its text."""
    if message.kind in MEDIA_KINDS and not (message.media and web_url(message.media.url)):
        return (FieldError("/file_id", "required", "A file is needed."),)
    if message.kind == "reaction" and not message.reply_to:
        return (FieldError("/reply_to", "required", "A reaction needs the message it is for."),)
    return _check_interactive(message) if message.kind == "interactive" else ()


def _check_interactive(message: OutboundMessage) -> tuple[FieldError, ...]:
    if not message.text:
        return (FieldError("/text", "required", "An interactive message needs a text."),)
    kind = message.payload.get("type")
    if kind not in ("buttons", "list"):
        return (FieldError("/payload/type", "invalid", "buttons or list."),)
    place, most = ("buttons", MAX_BUTTONS) if kind == "buttons" else ("sections", MAX_QUICK_REPLIES)
    found = options(message.payload)
    if 1 <= len(found) <= most and all(map(_is_option, found)):
        return ()
    detail = f"1 to {most} choices, each with an id and a title of at most {MAX_TITLE} characters."
    return (FieldError(f"/payload/{place}", "invalid", detail),)


def options(payload: Mapping[str, Any]) -> list[Json]:
    """The choices of an interactive message, whatever groups they are in."""
    if payload.get("type") == "buttons":
        return objects(payload.get("buttons"))
    return [row for section in objects(payload.get("sections")) for row in objects(section.get("rows"))]


def _is_option(item: Json) -> bool:
    given, title = item.get("id"), item.get("title")
    named = isinstance(title, str) and 0 < len(title) <= MAX_TITLE
    return named and isinstance(given, str) and 0 < len(given) <= MAX_OPTION_ID


def messages(message: OutboundMessage, parts: list[str], cards: bool) -> list[Json]:
    """The ``message`` of each request; ``parts`` is its text, split. Each carries our id as ``metadata``, and which
    part of how many it is where there are several."""
    if message.kind == "interactive":
        bodies = [_interactive(message, cards)]
    else:
        bodies = [_file(message.kind, message.media)] if message.media else []
        bodies += [{"text": part} for part in parts]
    count = len(bodies)
    for number, body in enumerate(bodies, 1):
        body["metadata"] = message.id if count == 1 else f"{message.id}#{number}/{count}"
    return bodies


def _file(kind: str, media: Media) -> Json:
    return {"attachment": {"type": ATTACHMENT_TYPES[kind], "payload": {"url": media.url}}}


def _interactive(message: OutboundMessage, cards: bool) -> Json:
    found = options(message.payload)
    if cards and message.payload.get("type") == "buttons":
        buttons = [{"type": "postback", "title": one["title"], "payload": one["id"]} for one in found]
        card = {"template_type": "button", "text": message.text, "buttons": buttons}
        return {"attachment": {"type": "template", "payload": card}}
    replies = [{"content_type": "text", "title": one["title"], "payload": one["id"]} for one in found]
    return {"text": message.text, "quick_replies": replies}


def reaction(message: OutboundMessage, names: Mapping[str, str]) -> Json:
    """A reaction, or taking it back; ``names`` are the emoji that the channel knows by a name."""
    if not message.text:
        return {"sender_action": "unreact", "payload": {"message_id": message.reply_to}}
    shown = names.get(message.text, message.text)
    return {"sender_action": "react", "payload": {"message_id": message.reply_to, "reaction": shown}}
