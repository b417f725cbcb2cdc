"""The contents of a WhatsApp message, kind by kind: what stands in ``item[item["type"]]``.

Echoes and edits carry the same contents as messages. A reader takes that object and the whole item, and raises Broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from recado.channels.meta import error_code
from recado.channels.untrusted import (
    Unreadable,
    bounded_text,
    bounded_tree,
    decode,
    finite,
    identifier,
    label,
    mapping,
    objects,
    text,
)
from recado.domain.messages import MEDIA_KINDS, Kind, Media

_UNAVAILABLE = 131060

Json = dict[str, Any]


class Broken(Exception):
    """This one item cannot be read; its text is the reason, without contents."""


class Content(NamedTuple):
    """The parts of a normal form that depend on the kind."""

    kind: Kind
    text: str | None
    payload: Json
    media: Media | None = None
    reply_to: str | None = None


def content_of(item: Json) -> Content:
    """Kind, text, payload, media and what is answered, of a message of any kind. Raises Broken."""
    raw_kind = text(item.get("type")) or ""
    body = item.get(raw_kind)
    if raw_kind in MEDIA_KINDS:
        content = _media(cast(Kind, raw_kind), mapping(body), item)
    elif raw_kind in _CONTENTS:
        content = _CONTENTS[raw_kind](body, item)
    else:
        content = _not_supported(item, {"unknown_type": raw_kind[:64] or "none"})
    context = item.get("context")
    if isinstance(context, dict):
        content = _with_context(content, context)
    if content.text is not None and len(content.text) > 1024:
        kept, cut = bounded_text(content.text)
        content = content._replace(
            text=kept, payload={**content.payload, "truncated": True} if cut else content.payload
        )
    return content


def _with_context(content: Content, context: Json) -> Content:
    payload = dict(content.payload)
    for flag in ("forwarded", "frequently_forwarded"):
        if context.get(flag) is True:
            payload[flag] = True
    if context.get("referred_product"):
        payload["referred_product"], _ = bounded_tree(context["referred_product"])
    return content._replace(payload=payload, reply_to=content.reply_to or identifier(context.get("id")))


def _present(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _tree(payload: Json, name: str, value: Any) -> Json:
    """The payload with a bounded copy of a nested value."""
    payload[name], cut = bounded_tree(value)
    if cut:
        payload["truncated"] = True
    return payload


def _errors(item: Json) -> list[Json]:
    return [
        _present(code=error_code(error.get("code")), title=label(error.get("title")))
        for error in objects(item.get("errors"))
    ][:5]


def _plain(body: Any, item: Json) -> Content:
    written = body.get("body") if isinstance(body, dict) else None
    if not isinstance(written, str) or not written:
        raise Broken("a text without a body")
    return Content("text", written, {})


def _media(kind: Kind, body: Json, item: Json) -> Content:
    provider_id = identifier(body.get("id"))
    if provider_id is None:
        if _errors(item):
            return _not_supported(item, {"type": kind})
        raise Broken("a file without an id")
    payload: Json = {flag: True for flag in ("voice", "animated") if body.get(flag) is True}
    media = Media(
        provider_id, None, label(body.get("mime_type")), label(body.get("filename")), label(body.get("sha256"))
    )
    return Content(kind, text(body.get("caption")), payload, media)


def _location(body: Any, item: Json) -> Content:
    place = mapping(body)
    latitude, longitude = finite(place.get("latitude"), 90), finite(place.get("longitude"), 180)
    if latitude is None or longitude is None:
        raise Broken("a location without coordinates")
    named = {name: label(place.get(name)) for name in ("name", "address", "url")}
    return Content("location", None, _present(latitude=latitude, longitude=longitude, **named))


def _cards(body: Any, item: Json) -> Content:
    if not objects(body):
        raise Broken("contacts without a contact")
    return Content("contacts", None, _tree({}, "contacts", body))


def _interactive(body: Any, item: Json) -> Content:
    """A button or list reply gives its title; a form's answers, a JSON object in a string, are opened when they are
    one."""
    answer = mapping(body)
    raw_type = label(answer.get("type"))
    reply = mapping(answer.get(raw_type)) if raw_type else {}
    payload = _present(type=raw_type, errors=_errors(item) or None)
    if raw_type == "nfm_reply":
        payload |= _present(name=label(reply.get("name")))
        response = _form(reply.get("response_json"))
        if response is None:
            return Content(
                "interactive",
                text(reply.get("body")),
                payload | _present(response_json=label(reply.get("response_json"))),
            )
        return Content("interactive", text(reply.get("body")), _tree(payload, "response", response))
    if raw_type in ("button_reply", "list_reply"):
        payload |= _present(id=label(reply.get("id")), description=label(reply.get("description")))
        return Content("interactive", text(reply.get("title")), payload)
    return Content("interactive", None, _tree(payload, "reply", reply) if reply else payload)


def _form(answers: Any) -> Json | None:
    try:
        value = decode(answers.encode()) if isinstance(answers, str) else None
    except Unreadable:
        return None
    return value if isinstance(value, dict) else None


def _button(body: Any, item: Json) -> Content:
    button = mapping(body)
    return Content("button", text(button.get("text")), _present(payload=label(button.get("payload"))))


def _order(body: Any, item: Json) -> Content:
    order = mapping(body)
    payload = _present(catalog_id=label(order.get("catalog_id")))
    return Content(
        "order", text(order.get("text")), _tree(payload, "product_items", objects(order.get("product_items")))
    )


def _reaction(body: Any, item: Json) -> Content:
    """The emoji is the text; an empty or missing one takes the reaction back."""
    reaction = mapping(body)
    target = identifier(reaction.get("message_id"))
    if target is None:
        raise Broken("a reaction to no message")
    emoji = (text(reaction.get("emoji")) or "")[:64]
    return Content("reaction", emoji, {"message_id": target, "removed": not emoji}, None, target)


def _system(body: Any, item: Json) -> Content:
    system = mapping(body)
    named = {name: label(system.get(name)) for name in ("type", "wa_id", "user_id", "previous_user_id", "identity")}
    payload = _present(**named)
    if item.get("identity"):
        payload = _tree(payload, "identity", item["identity"])
    return Content("system", text(system.get("body")), payload)


def _unsupported(body: Any, item: Json) -> Content:
    return _not_supported(item, _present(type=label(mapping(body).get("type"))))


def _not_supported(item: Json, payload: Json) -> Content:
    """The placeholder of a message that WhatsApp (131051), its sender's device (131060: unavailable) or we cannot
    show."""
    errors = _errors(item)
    if errors:
        payload["errors"] = errors
    if any(error.get("code") == _UNAVAILABLE for error in errors):
        payload["unavailable"] = True
    return Content("unsupported", None, payload)


_CONTENTS: dict[str, Callable[[Any, Json], Content]] = {
    "text": _plain,
    "location": _location,
    "contacts": _cards,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "reaction": _reaction,
    "system": _system,
    "unsupported": _unsupported,
    "unknown": _unsupported,
}
