"""The Cloud API's rules for a message body, as far as it refuses one before taking it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX_TEXT = 4096
MAX_CALLBACK_DATA = 512


class BadMessage(ValueError):
    """The Graph API would refuse the message with code 100; the text is its explanation."""


def check_message(body: object) -> dict[str, Any]:
    """The message when the Cloud API would take it, else BadMessage. A body without a type is a text."""
    if not isinstance(body, dict):
        raise BadMessage("The request body must be a JSON object.")
    if body.get("messaging_product") != "whatsapp":
        raise BadMessage("The parameter messaging_product is required.")
    if body.get("status") == "read":
        _need_text(body, "message_id")
        return body
    if not body.get("to") and not body.get("recipient"):
        raise BadMessage("The parameter to is required.")
    if len(str(body.get("biz_opaque_callback_data") or "")) > MAX_CALLBACK_DATA:
        raise BadMessage(f"Param biz_opaque_callback_data must be at most {MAX_CALLBACK_DATA} characters.")
    kind = body.get("type", "text")
    if kind not in _CHECKS:
        raise BadMessage(f"Param type must be one of {{{', '.join(sorted(_CHECKS)).upper()}}}.")
    if not isinstance(body.get(kind), list if kind == "contacts" else dict):
        raise BadMessage(f"The parameter {kind} is required.")
    _CHECKS[kind](body[kind])
    return {**body, "type": kind}


def _need_text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise BadMessage(f"The parameter {name} is required.")
    return value


def _check_text(part: dict[str, Any]) -> None:
    if len(_need_text(part, "body")) > MAX_TEXT:
        raise BadMessage(f"Param text['body'] must be at most {MAX_TEXT} characters long.")


def _check_media(part: dict[str, Any]) -> None:
    if bool(part.get("id")) == bool(part.get("link")):
        raise BadMessage("Exactly one of id and link is required.")


def _check_template(part: dict[str, Any]) -> None:
    _need_text(part, "name")
    language = part.get("language")
    _need_text(language if isinstance(language, dict) else {}, "code")
    for component in part.get("components") or []:
        for given in component.get("parameters", []) if isinstance(component, dict) else []:
            kind = given.get("type") if isinstance(given, dict) else None
            shown = given.get(kind) if isinstance(given, dict) and isinstance(given.get(kind), dict) else {}
            if kind in ("image", "video", "document"):
                _check_media(shown)
            if kind == "location":
                _check_shown_place(component, shown)


def _check_reaction(part: dict[str, Any]) -> None:
    """An empty emoji takes the reaction away."""
    _need_text(part, "message_id")
    if not isinstance(part.get("emoji"), str):
        raise BadMessage("The parameter emoji is required.")


def _check_interactive(part: dict[str, Any]) -> None:
    _need_text(part, "type")
    if not isinstance(part.get("action"), dict):
        raise BadMessage("The parameter action is required.")


def _check_location(part: dict[str, Any]) -> None:
    for name in ("latitude", "longitude"):
        if part.get(name) is None:
            raise BadMessage(f"The parameter {name} is required.")


def _check_shown_place(component: dict[str, Any], part: dict[str, Any]) -> None:
    """A place in a template: in its header, and whole."""
    if component.get("type") != "header":
        raise BadMessage("A location stands in the header.")
    for name in ("latitude", "longitude", "name", "address"):
        _need_text(part, name)


def _check_contacts(part: list[Any]) -> None:
    if not part or not all(isinstance(card, dict) and isinstance(card.get("name"), dict) for card in part):
        raise BadMessage("Each contact needs a name.")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "text": _check_text,
    "image": _check_media,
    "video": _check_media,
    "audio": _check_media,
    "document": _check_media,
    "sticker": _check_media,
    "template": _check_template,
    "reaction": _check_reaction,
    "interactive": _check_interactive,
    "location": _check_location,
    "contacts": _check_contacts,
}
