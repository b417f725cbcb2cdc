"""Our messages as requests of the Cloud API.

What ``payload`` holds, by kind: interactive ``{"type": "buttons", "buttons": [{id, title}]}`` or ``{"type": "list",
"button", "sections": [{title, rows: [{id, title, description}]}]}``; audio ``{"voice": true}`` for a voice message,
which is one where it is Ogg; all other kinds nothing. A reaction's text is the emoji, empty to take it back, and
``reply_to`` the message it is for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from recado.channels.base import CannotSend, HttpRequest, Secrets
from recado.channels.meta import GRAPH_VERSION
from recado.channels.untrusted import objects
from recado.domain.errors import FieldError
from recado.domain.messages import (
    MEDIA_KINDS,
    ButtonValue,
    Failure,
    Media,
    OutboundMessage,
    Sender,
    Template,
    TemplateParts,
    TextValue,
)

TIMEOUT_S = 20.0
MAX_BUTTONS, MAX_ROWS, MAX_SECTIONS = 3, 10, 10
MAX_BUTTON_TITLE, MAX_ROW_TITLE, MAX_ROW_DESCRIPTION, MAX_OPTION_ID = 20, 24, 72, 200
MAX_BUTTONS_TEXT = 1024


def refuse(errors: tuple[FieldError, ...]) -> None:
    """Raise CannotSend with the first of the errors, if there is one."""
    if errors:
        raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))


def check(message: OutboundMessage) -> tuple[FieldError, ...]:
    """What a kind lacks beside its text."""
    if message.kind in MEDIA_KINDS and not (message.media and (message.media.provider_id or message.media.url)):
        return (FieldError("/file_id", "required", "A file is needed."),)
    if message.kind in ("audio", "sticker") and message.text:
        return (FieldError("/text", "no_caption", "WhatsApp shows no text with a sound or a sticker: send it apart."),)
    if message.kind == "template" and not (message.template and message.template.name and message.template.language):
        return (FieldError("/template", "required", "A template's name and language are needed."),)
    if message.kind == "template" and message.template and message.template.header and not message.media:
        return (FieldError("/file_id", "required", "A file is needed for the template's header."),)
    if message.kind == "reaction" and not message.reply_to:
        return (FieldError("/reply_to", "required", "A reaction needs the message it is for."),)
    if message.kind == "interactive":
        return _check_interactive(message)
    return ()


def _check_interactive(message: OutboundMessage) -> tuple[FieldError, ...]:
    def wrong(pointer: str, detail: str) -> tuple[FieldError, ...]:
        return (FieldError("/payload" + pointer, "invalid", detail),)

    if not message.text:
        return (FieldError("/text", "required", "An interactive message needs a text."),)
    payload = message.payload
    if payload.get("type") == "buttons":
        buttons = objects(payload.get("buttons"))
        if len(message.text) > MAX_BUTTONS_TEXT:
            return (FieldError("/text", "text_too_long", f"With buttons, at most {MAX_BUTTONS_TEXT} characters."),)
        if not 1 <= len(buttons) <= MAX_BUTTONS or not all(_option(item, MAX_BUTTON_TITLE) for item in buttons):
            return wrong(
                "/buttons", f"1 to {MAX_BUTTONS} buttons with an id and a title of {MAX_BUTTON_TITLE} characters."
            )
        return ()
    if payload.get("type") != "list":
        return wrong("/type", "buttons or list.")
    sections = objects(payload.get("sections"))
    if not 1 <= len(sections) <= MAX_SECTIONS or not all(_section(section, len(sections) > 1) for section in sections):
        return wrong("/sections", f"1 to {MAX_SECTIONS} sections with rows; titled, when there are several.")
    rows = [row for section in sections for row in section["rows"]]
    if len(rows) > MAX_ROWS or not all(_option(row, MAX_ROW_TITLE) for row in rows):
        return wrong(
            "/sections", f"At most {MAX_ROWS} rows, each with an id and a title of {MAX_ROW_TITLE} characters."
        )
    if not _text_within(payload.get("button"), MAX_BUTTON_TITLE):
        return wrong(
            "/button", f"The button that opens the list needs a title of at most {MAX_BUTTON_TITLE} characters."
        )
    return ()


def _text_within(value: Any, limit: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= limit


def _section(section: dict[str, Any], titled: bool) -> bool:
    rows = section.get("rows")
    shaped = isinstance(rows, list) and len(rows) > 0 and len(objects(rows)) == len(rows)
    return shaped and (_text_within(section.get("title"), MAX_ROW_TITLE) or (not titled and not section.get("title")))


def _option(item: dict[str, Any], title_limit: int) -> bool:
    described = item.get("description") is None or _text_within(item["description"], MAX_ROW_DESCRIPTION)
    return described and _text_within(item.get("id"), MAX_OPTION_ID) and _text_within(item.get("title"), title_limit)


def request(
    base_url: str, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets
) -> HttpRequest:
    """The request for a message that ``check`` passed. Raises CannotSend without a token or an address."""
    token = next(iter(secrets.get("access_token", ())), None)
    if not token:
        raise CannotSend(Failure("no_access_token", "The channel has no access token.", "pause_channel"))
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(to),
        "type": message.kind,
        message.kind: _content(message),
        "biz_opaque_callback_data": message.id,  # comes back in each status: settles a send that got no answer
    }
    if message.reply_to and message.kind != "reaction":
        body["context"] = {"message_id": message.reply_to}
    return HttpRequest(
        "POST",
        f"{base_url}/{GRAPH_VERSION}/{settings['phone_number_id']}/messages",
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
        json.dumps(body).encode("ascii"),
        TIMEOUT_S,
    )


def _recipient(to: Sender) -> dict[str, str]:
    if to.phone:
        return {"to": to.phone.removeprefix("+")}
    if to.user_id:
        return {"recipient": to.user_id}
    raise CannotSend(Failure("no_address", "The contact has no WhatsApp number.", "recipient"))


def _content(message: OutboundMessage) -> dict[str, Any]:
    if message.kind == "text":
        return {"body": message.text}
    if message.kind == "reaction":
        return {"message_id": message.reply_to, "emoji": message.text or ""}
    if message.kind == "interactive":
        return _interactive(message)
    if message.template:
        return _template(message.template, message.media)
    media = message.media or Media(None, None, None)
    content = _media(message.kind, message.text, media)
    # A voice message is Opus in Ogg; any other sound is sent as a file.
    voice = message.kind == "audio" and message.payload.get("voice") is True and media.content_type == "audio/ogg"
    return content | {"voice": True} if voice else content


def _media(kind: str, caption: str | None, media: Media) -> dict[str, Any]:
    content: dict[str, Any] = {"id": media.provider_id} if media.provider_id else {"link": media.url}
    if caption and kind in ("image", "video", "document"):
        content["caption"] = caption
    if kind == "document" and media.name:
        content["filename"] = media.name
    return content


def _template(template: Template, file: Media | None) -> dict[str, Any]:
    """The template with its values in the components that they belong to, and the file of its header; without its
    definition all values are the body's."""
    content: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    parts = template.parts or TemplateParts(body=_of_body(template.variables))
    components = [
        {"type": kind, "parameters": [_parameter(value) for value in values]}
        for kind, values in (("header", parts.header), ("body", parts.body))
        if values
    ]
    if template.header and file:
        shown = {"type": template.header, template.header: _media(template.header, None, file)}
        components.insert(0, {"type": "header", "parameters": [shown]})
    if parts.location:
        place = {value.name: value.text for value in parts.location}
        components.insert(0, {"type": "header", "parameters": [{"type": "location", "location": place}]})
    components += [_button(value) for value in parts.buttons]
    if components:
        content["components"] = components
    return content


def _of_body(variables: Sequence[str] | Mapping[str, Any]) -> tuple[TextValue, ...]:
    if isinstance(variables, Mapping):
        return tuple(TextValue(name, text) for name, text in variables.items())
    return tuple(TextValue(None, text) for text in variables)


def _parameter(value: TextValue) -> dict[str, Any]:
    named = {"parameter_name": value.name} if value.name else {}
    return {"type": "text", **named, "text": value.text}


def _button(value: ButtonValue) -> dict[str, Any]:
    """``index`` is the button's number among all buttons, from 0, as text."""
    of_url = {"type": "text", "text": value.text}
    parameter = of_url if value.kind == "url" else {"type": "coupon_code", "coupon_code": value.text}
    return {"type": "button", "sub_type": value.kind, "index": str(value.number), "parameters": [parameter]}


def _interactive(message: OutboundMessage) -> dict[str, Any]:
    body = {"text": message.text}
    if message.payload["type"] == "buttons":
        replies = [{"id": button["id"], "title": button["title"]} for button in objects(message.payload["buttons"])]
        buttons = [{"type": "reply", "reply": reply} for reply in replies]
        return {"type": "button", "body": body, "action": {"buttons": buttons}}
    sections = [
        {
            **({"title": section["title"]} if section.get("title") else {}),
            "rows": [
                {key: row[key] for key in ("id", "title", "description") if row.get(key)} for row in section["rows"]
            ],
        }
        for section in objects(message.payload["sections"])
    ]
    return {"type": "list", "body": body, "action": {"button": message.payload["button"], "sections": sections}}
