"""What a condition compares with: the value of a filter's leaf, checked and put into the form in which records have it
(PRODUCT G3). Pure.

Every operator becomes one of a few tests. Texts compare without case and accents; a telephone number by its digits, in
each form that the subscriber may be stored under; a day stands for all its moments in the account's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal

from recado.domain.contact_search import fold
from recado.domain.identity import phone_variants
from recado.domain.moments import rfc3339
from recado.domain.segment_fields import Field, Kind
from recado.domain.wall_clock import day_of, moment

MAX_VALUES = 500
"""Of a list."""
MAX_TEXT = 1_000
_MOST = 1e15
_MAX_STEPS = 100_000
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_UNITS: Mapping[str, timedelta] = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}

Names = Callable[[str], Collection[str] | None]
"""Which stored ids a value stands for; None: there is no such thing."""
Named = Mapping[str, Names]
Phone = Callable[[str], str | None]
Doing = Literal["equals", "one_of", "contains", "starts_with", "between", "has_any", "is_set"]


@dataclass(frozen=True)
class Moment:
    """When and where a filter is read: `now` in UTC, the account's zone, and how it reads a telephone number."""

    now: datetime
    zone: tzinfo
    phone: Phone


@dataclass(frozen=True)
class Test:
    """What is asked of a record's value, and the operand in the value's own form. `between` has a `low` and a `high`,
    each with whether it belongs to it; None: no such end. `negated`: holds when the rest does not, so of a field
    without a value too."""

    doing: Doing
    operand: Any = None
    low: Any = None
    high: Any = None
    with_low: bool = True
    with_high: bool = True
    negated: bool = False


class WrongOperand(ValueError):
    """A value that the operator does not take; its text says what it takes. `pointer`: from the value on."""

    def __init__(self, detail: str, code: str = "invalid", pointer: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.pointer = pointer


def test_of(known: Field, op: str, value: Any, at: Moment, names: Names | None) -> Test:
    """The test that an operator makes of a field's value. Raises WrongOperand."""
    if op in ("set", "not_set"):
        if value is not None:
            raise WrongOperand("This operator takes no value.", "not_with_operator")
        return Test("is_set", negated=op == "not_set")
    if op in ("ne", "not_contains", "not_in"):
        return replace(test_of(known, _POSITIVE[op], value, at, names), negated=True)
    if known.kind in ("time", "date"):
        dated = _dated(known.kind, op, value, at)
        is_open = known.ahead and op == "within_last" and dated.high is None
        return replace(dated, high=rfc3339(at.now)) if is_open else dated
    if op in ("gt", "gte", "lt", "lte", "between"):
        return _ordered(op, value, lambda one: _number(one))
    if op == "in":
        return _one_of(known, value, at, names)
    if op == "starts_with":
        return Test("starts_with", _part(known, value))
    if op == "contains" and known.kind not in ("ids", "options"):
        return Test("contains", _part(known, value))
    return _equal(known, _forms(known, value, at, names))


_POSITIVE: Mapping[str, str] = {"ne": "eq", "not_contains": "contains", "not_in": "in"}


def _equal(known: Field, forms: Collection[Any]) -> Test:
    if known.kind in ("ids", "options"):
        return Test("has_any", frozenset(forms))
    return Test("equals", next(iter(forms))) if len(forms) == 1 else Test("one_of", frozenset(forms))


def _one_of(known: Field, value: Any, at: Moment, names: Names | None) -> Test:
    if not isinstance(value, list) or not value:
        raise WrongOperand("Give a list with something in it.")
    if len(value) > MAX_VALUES:
        raise WrongOperand(f"A list has at most {MAX_VALUES} values.", "too_many")
    forms = set[Any]()
    for index, one in enumerate(value):
        try:
            forms.update(_forms(known, one, at, names))
        except WrongOperand as wrong:
            raise WrongOperand(str(wrong), wrong.code, f"/{index}") from None
    return Test("has_any" if known.kind in ("ids", "options") else "one_of", frozenset(forms))


def _forms(known: Field, value: Any, at: Moment, names: Names | None) -> Collection[Any]:
    """All stored forms of one value."""
    if known.kind == "number":
        return (_number(value),)
    if known.kind == "boolean":
        if not isinstance(value, bool):
            raise WrongOperand("Give true or false.")
        return (value,)
    text = _text(value)
    if known.values and text not in known.values:
        raise WrongOperand("This is one of " + ", ".join(sorted(known.values)) + ".")
    if names is not None:
        ids = names(text.strip())
        if ids is None:
            raise WrongOperand(f"There is no such {str(known.names).replace('_', ' ')}.", "not_found")
        return ids
    if known.kind == "phone":
        return _numbers(text, at.phone)
    return (_written(known.kind, text),)


def _written(kind: Kind, text: str) -> str:
    """A text as it is compared."""
    if kind == "document":
        return _signs(text).upper()
    return text.strip() if kind in ("id", "ids") else fold(text.strip())


def _part(known: Field, value: Any) -> str:
    """The part of a text that is looked for."""
    text = _text(value)
    if known.kind == "phone":
        part = "".join(sign for sign in text if sign in "0123456789")
    else:
        part = _written(known.kind, text)
    if not part:
        raise WrongOperand("There is nothing in this to look for.")
    return part


def _numbers(text: str, phone: Phone) -> tuple[str, ...]:
    """The digits of each form under which the subscriber may be stored."""
    number = phone(text) if len(text) <= 40 else None
    if number is None:
        detail = "This is no telephone number. Give it with its area code, or with + and its country code."
        raise WrongOperand(detail)
    return tuple(one.removeprefix("+") for one in dict.fromkeys((number, *phone_variants(number))))


def _signs(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WrongOperand("Give a text.")
    if len(value) > MAX_TEXT:
        raise WrongOperand(f"Give at most {MAX_TEXT:,} characters.", "too_long")
    if "\0" in value:
        raise WrongOperand("Give a text without NUL.")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_MOST <= value <= _MOST:
        raise WrongOperand(f"Give a number from {-_MOST:.0f} to {_MOST:.0f}.")
    return value


def _ordered(op: str, value: Any, read: Callable[[Any], Any]) -> Test:
    if op == "between":
        low, high = _pair(value, read)
        return Test("between", low=low, high=high)
    bound = read(value)
    if op in ("gt", "gte"):
        return Test("between", low=bound, with_low=op == "gte")
    return Test("between", high=bound, with_high=op == "lte")


def _pair(value: Any, read: Callable[[Any], Any]) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise WrongOperand("Give the two ends as a list.")
    ends = list[Any]()
    for index, one in enumerate(value):
        try:
            ends.append(read(one))
        except WrongOperand as wrong:
            raise WrongOperand(str(wrong), wrong.code, f"/{index}") from None
    if ends[0] > ends[1]:
        raise WrongOperand("The first end comes before the second.")
    return ends[0], ends[1]


# -- days and moments ---------------------------------------------------------------------------------------------


def _dated(kind: Kind, op: str, value: Any, at: Moment) -> Test:
    if op in ("within_last", "older_than"):
        return _relative(kind, op, value, at)
    if op == "on" and isinstance(given := _day_or_moment(value), datetime):
        value = day_of(at.zone, given).isoformat()
    stretch = _stretch_reader(kind, at)
    if op == "between":
        (low, *_), (*_, high, with_high) = _pair(value, stretch)
        return Test("between", low=low, high=high, with_high=with_high)
    low, high, with_high = stretch(value)
    if op in ("gt", "after"):
        return Test("between", low=high, with_low=not with_high)
    if op == "gte":
        return Test("between", low=low)
    if op in ("lt", "before"):
        return Test("between", high=low, with_high=False)
    return Test("between", low=None if op == "lte" else low, high=high, with_high=with_high)


def _stretch_reader(kind: Kind, at: Moment) -> Callable[[Any], tuple[str, str, bool]]:
    """A function from a value to the stored texts that it covers: the first, the last, and whether the last belongs to
    it. A day covers all its moments; of a field that holds days a moment covers its day."""

    def stretch(value: Any) -> tuple[str, str, bool]:
        given = _day_or_moment(value)
        if kind == "date":
            day = day_of(at.zone, given) if isinstance(given, datetime) else given
            return day.isoformat(), day.isoformat(), True
        if isinstance(given, datetime):
            return rfc3339(given), rfc3339(given), True
        start, end = (moment(given + timedelta(days=ahead), 0, at.zone) for ahead in (0, 1))
        return rfc3339(start), rfc3339(end), False

    return stretch


def _day_or_moment(value: Any) -> date | datetime:
    """A day, or a moment in UTC, which is a date to Python too: ask for `datetime` first."""
    detail = "Give a day as YYYY-MM-DD or a moment as YYYY-MM-DDTHH:MM:SSZ."
    if not isinstance(value, str) or len(value) > 40 or not value.isascii() or not _DAY.match(value):
        raise WrongOperand(detail)
    try:
        given = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        raise WrongOperand(detail) from None
    if not 1900 <= given.year <= 9990:
        raise WrongOperand("Give a year from 1900 to 9990.")
    if not isinstance(given, datetime):
        return given
    if given.tzinfo is None:
        raise WrongOperand("A moment needs its time zone, such as Z.")
    return given.astimezone(UTC)


def _relative(kind: Kind, op: str, value: Any, at: Moment) -> Test:
    if not isinstance(value, Mapping) or set(value) != {"n", "unit"}:
        raise WrongOperand('Give {"n": …, "unit": "minutes", "hours" or "days"}.')
    n, unit = value["n"], value["unit"]
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= _MAX_STEPS:
        raise WrongOperand(f"Give a whole number from 1 to {_MAX_STEPS:,}.", pointer="/n")
    if not isinstance(unit, str) or unit not in _UNITS or (kind == "date" and unit != "days"):
        units = "days" if kind == "date" else ", ".join(_UNITS)
        raise WrongOperand(f"Give one of {units}.", pointer="/unit")
    back = at.now - _UNITS[unit] * n
    if kind == "date":
        today = day_of(at.zone, at.now)
        first = (today - timedelta(days=n)).isoformat()
        if op == "within_last":
            return Test("between", low=first, high=today.isoformat())
        return Test("between", high=first, with_high=False)
    if op == "within_last":
        return Test("between", low=rfc3339(back))
    return Test("between", high=rfc3339(back), with_high=False)
