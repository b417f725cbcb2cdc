"""Variables in the texts of flows and shortcuts: `{{contact.name}}` (PRODUCT F2). Pure.

`contact.*` are the fields of the contact, its own as `contact.custom.<slug>`; `system.*` what Recado knows at that
moment; `secret.*` a secret, in requests of HTTP steps alone (`domain.flow_secrets`); any other name what the flow
itself saved, of JSON also parts, `customer.orders.0.total`. What has no value is left empty, and so is what is no name:
no customer ever reads braces. `domain.variable_names` tells what is wrong before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from recado.domain.written_values import plainly

SYSTEM = (
    "greeting", "chat_id", "queue_position", "department", "agent", "company", "message", "date", "time",
)  # fmt: skip
MAX_FILLED = 20_000
"""Characters of a text with its values in place."""

Write = Callable[[str, Any], str]
"""What makes the text of a value, by its variable's name."""

_BRACES = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_MAX_NAME = 100
_MAX_TOLD = 40
_GREETINGS: Mapping[str, tuple[str, str, str]] = {
    "pt": ("Bom dia", "Boa tarde", "Boa noite"),
    "en": ("Good morning", "Good afternoon", "Good evening"),
}


def plain(name: str, value: Any) -> str:
    """A value as machines read it, whatever its name."""
    return plainly(value)


def filled(text: str, values: Mapping[str, Any], write: Write = plain) -> str:
    """The text with its variables in place, at most MAX_FILLED characters. `values`: {"contact": {…}, "system": {…},
    and whatever was saved}. `write` makes the text of a value; what customers read is written in the account's manner
    (`services.variables`). Values are put in once: braces within them stay as they are."""
    return _BRACES.sub(lambda found: _value(found, values, write), text)[:MAX_FILLED]


def with_any_values(text: str) -> str:
    """The text as if each of its variables had a value, which a number stands for."""
    return _BRACES.sub("0", text)


def filled_url(text: str, values: Mapping[str, Any], encode: Callable[[str], str]) -> str:
    """An address with its variables in place, each as `encode` makes it: a value is never more than a part of a path or
    a query. Braces that are no variable stay: left out they could lead elsewhere."""
    return _BRACES.sub(lambda found: encode(_value(found, values, plain)) if _name(found) else found[0], text)


def tidied(text: str) -> str:
    """The text without the spaces in its variables."""
    return _BRACES.sub(lambda found: f"{{{{{name}}}}}" if (name := _name(found)) else found[0], text)


def filled_body(text: str, values: Mapping[str, Any]) -> str:
    """The body of a request with its variables in place. One that is JSON stays JSON, whatever the values hold."""
    try:
        return json.dumps(_each_text(json.loads(text), values), ensure_ascii=False)
    except ValueError:
        return filled(text, values)


def names_in(text: str) -> list[str]:
    """The variables that a text names, each once, in their order."""
    return list(dict.fromkeys(name for found in _BRACES.finditer(text) if (name := _name(found)) is not None))


def left_over(text: str) -> str | None:
    """What begins in a text as a variable and is none; None: nothing does."""
    wrong = next((found[0] for found in _BRACES.finditer(text) if _name(found) is None), None)
    if wrong is None:
        _, opened, rest = _BRACES.sub("", text).partition("{{")
        wrong = opened + rest if opened else None
    return wrong if wrong is None or len(wrong) <= _MAX_TOLD else wrong[:_MAX_TOLD] + "…"


def is_as_typed(name: str) -> bool:
    """Whether a variable of Recado's own is a text that somebody typed: it is written as it stands, whatever it looks
    like."""
    owner, _, rest = name.partition(".")
    if owner == "contact":
        return not rest.startswith("custom.") and not rest.endswith(("birthday", "_at"))
    return name == "system.message"


def greeting(hour: int, locale: str) -> str:
    """The greeting of an hour of the day in the account's zone; Portuguese where the locale is not English."""
    morning, afternoon, night = _GREETINGS["en" if locale.lower().startswith("en") else "pt"]
    return morning if 5 <= hour < 12 else afternoon if 12 <= hour < 18 else night


def text_of(value: Any) -> str:
    """All that a value holds, as a text: of a list and of an object the values in it, one after the other."""
    if isinstance(value, Mapping):
        return ", ".join(text_of(one) for one in value.values())
    if isinstance(value, list | tuple):
        return ", ".join(text_of(one) for one in value)
    return plainly(value)


def _each_text(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, list):
        return [_each_text(one, values) for one in value]
    if isinstance(value, dict):
        return {name: _each_text(one, values) for name, one in value.items()}
    return value


def value_at(values: Any, name: str) -> Any:
    """What a name stands for, from part to part: of an object by its name there, of a list by its number, from 0.
    None: nothing."""
    found = values
    for part in name.split("."):
        if isinstance(found, list | tuple) and part.isascii() and part.isdigit():
            found = found[int(part)] if len(part) < 7 and int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _value(found: re.Match[str], values: Mapping[str, Any], write: Write) -> str:
    name = _name(found)
    return "" if name is None else write(name, value_at(values, name))


def _name(found: re.Match[str]) -> str | None:
    """The name between braces, spaces around its parts left out; None: there is none."""
    name = ".".join(part.strip() for part in found[1].split("."))
    return name if len(name) <= _MAX_NAME and _NAME.fullmatch(name) else None
