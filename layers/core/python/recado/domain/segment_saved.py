"""What a condition of a flow asks of a value that the flow saved (PRODUCT F1, G3): nobody said of which type it is, so
it is read as what it is compared with. Pure.

A number in the filter reads it as a number, a day or a moment as a time, true and false as such, a text as a text. What
has to be larger or smaller, earlier or later, and is nothing of the kind cannot be evaluated: an error, never "no".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from recado.domain.errors import Invalid
from recado.domain.flow_variables import text_of, value_at
from recado.domain.moments import rfc3339
from recado.domain.segment_fields import DATED, ORDERED, Field, Kind
from recado.domain.segments import Condition, Group, conditions_of

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,10})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
"""1.500 is a thousand and five hundred to some and one and a half to others."""


def asked_as(known: Field, op: str, operand: Any, values: Mapping[str, Any]) -> Field:
    """A saved field as an operand asks for it; others as they are. `values`: what was saved, so that a day is compared
    as a day; without it every time is a moment."""
    if known.kind != "saved" or op in ("set", "not_set"):
        return known
    one = operand[0] if isinstance(operand, list) and operand else operand
    kind: Kind = "text"
    if isinstance(one, bool):
        kind = "boolean"
    elif isinstance(one, int | float):
        kind = "number"
    elif op in ORDERED | DATED:
        kind = "date" if _is_day(value_at(values, _name(known))) else "time"
    return replace(known, kind=kind, attribute=f"{known.attribute} as {kind}", ahead=True)


def saved_values(tree: Group, values: Mapping[str, Any]) -> dict[str, Any]:
    """By the attributes of the tree's fields, the values that it asks for, as they are compared. Raises Invalid
    `not_comparable` with a pointer to the condition."""
    return {one.field.attribute: value for one, value in _asked(tree, values) if value is not None}


def _asked(tree: Group, values: Mapping[str, Any]) -> Iterator[tuple[Condition, Any]]:
    for one in conditions_of(tree):
        if not one.name.startswith("var."):
            continue
        value = value_at(values, _name(one.field))
        if value is None or value in ("", [], {}):
            continue
        read = value if one.field.kind == "saved" else _read(one.field.kind, value)
        if read is None and one.op in ORDERED | DATED:
            what = "number" if one.field.kind == "number" else "day or moment with its zone"
            raise Invalid.field(one.pointer, "not_comparable", f"{one.name} is no {what}: {text_of(value)[:100]!r}")
        yield one, read


def _name(known: Field) -> str:
    return known.attribute.removeprefix("var.").partition(" ")[0]


def _read(kind: Kind, value: Any) -> Any:
    """The value as one of a kind; None: it is no such thing."""
    if kind == "text":
        return text_of(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "number":
        return _number(value)
    return value if kind == "date" else _moment(value)


def _number(value: Any) -> int | float | None:
    if isinstance(value, str):
        text = value.strip()
        return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) and not _GROUPED.fullmatch(text) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(_DAY.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _moment(value: Any) -> str | None:
    try:
        given = datetime.fromisoformat(value) if isinstance(value, str) and _DAY.match(value) else None
    except ValueError:
        return None
    return rfc3339(given.astimezone(UTC)) if given is not None and given.tzinfo is not None else None
