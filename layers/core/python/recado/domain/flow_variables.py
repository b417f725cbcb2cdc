"""Variables in the texts of flows and shortcuts: `{{contact.name}}` (PRODUCT F2). Pure.

`contact.*` are the fields of the contact, its own as `contact.custom.<slug>`; `system.*` what Recado knows at that
moment; `secret.*` a secret, in requests of HTTP steps alone (`domain.flow_secrets`); any other name what the flow
itself saved. What has no value is left empty: no customer ever reads braces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

SYSTEM = (
    "greeting", "chat_id", "queue_position", "department", "agent", "company", "message", "date", "time",
)  # fmt: skip
MAX_FILLED = 20_000
"""Characters of a text with its values in place."""

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.]{1,100})\s*\}\}")
_GREETINGS: Mapping[str, tuple[str, str, str]] = {
    "pt": ("Bom dia", "Boa tarde", "Boa noite"),
    "en": ("Good morning", "Good afternoon", "Good evening"),
}


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with its variables in place, at most MAX_FILLED characters. `values`: {"contact": {…}, "system": {…},
    and whatever was saved}. Values are put in once: braces within them stay as they are."""
    return _VARIABLE.sub(lambda found: _written(_at(values, found[1])), text)[:MAX_FILLED]


def with_any_values(text: str) -> str:
    """The text as if each of its variables had a value, which a number stands for."""
    return _VARIABLE.sub("0", text)


def filled_url(text: str, values: Mapping[str, Any], encode: Callable[[str], str]) -> str:
    """An address with its variables in place, each as `encode` makes it: a value is never more than a part of a path or
    a query."""
    return _VARIABLE.sub(lambda found: encode(_written(_at(values, found[1]))), text)


def filled_body(text: str, values: Mapping[str, Any]) -> str:
    """The body of a request with its variables in place. One that is JSON stays JSON, whatever the values hold."""
    try:
        return json.dumps(_each_text(json.loads(text), values), ensure_ascii=False)
    except ValueError:
        return filled(text, values)


def names_in(text: str) -> list[str]:
    """The variables that a text names, each once, in their order."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def greeting(hour: int, locale: str) -> str:
    """The greeting of an hour of the day in the account's zone; Portuguese where the locale is not English."""
    morning, afternoon, night = _GREETINGS["en" if locale.lower().startswith("en") else "pt"]
    return morning if 5 <= hour < 12 else afternoon if 12 <= hour < 18 else night


def _each_text(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, list):
        return [_each_text(one, values) for one in value]
    if isinstance(value, dict):
        return {name: _each_text(one, values) for name, one in value.items()}
    return value


def _at(values: Mapping[str, Any], name: str) -> Any:
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _written(value: Any) -> str:
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(_written(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
