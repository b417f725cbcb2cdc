"""How values are written in texts that customers read: numbers, days, moments, yes and no as the account's locale does
(PRODUCT F2). Everywhere else, in conditions, requests and fields, a value is written plainly, as machines read it.
Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_english(locale: str) -> bool:
    """Whether an account of this locale writes English; all others write Portuguese."""
    return locale.lower().startswith("en")


@dataclass(frozen=True)
class Manner:
    """How an account writes: in Portuguese, or in English where its locale is. `zone`: the account's."""

    locale: str
    zone: tzinfo

    @property
    def in_english(self) -> bool:
        """Whether it is the one of the two."""
        return is_english(self.locale)

    @property
    def see_options(self) -> str:
        """What opens a list of options, where nobody named it."""
        return "See options" if self.in_english else "Ver opções"

    def written(self, value: Any) -> str:
        """A value as customers read it: 1,5 · 31/12/2026 · 31/12/2026 11:10 · sim, or 1.5 · Dec 31, 2026 · Dec 31, 2026
        11:10 · yes. Nothing is grouped by thousands: a whole number may be that of an order. A text that is a day or a
        moment in ISO 8601 is written as one."""
        if isinstance(value, list | tuple):
            return ", ".join(self.written(one) for one in value)
        if isinstance(value, bool):
            yes, no = ("yes", "no") if self.in_english else ("sim", "não")
            return yes if value else no
        if isinstance(value, float | Decimal):
            return self._number(value)
        return self._text(value) if isinstance(value, str) else plainly(value)

    def _number(self, value: float | Decimal) -> str:
        exact = Decimal(str(value))
        if not exact.is_finite():
            return str(value)
        text = f"{exact:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text if self.in_english else text.replace(".", ",")

    def _text(self, text: str) -> str:
        try:
            if _DAY.fullmatch(text):
                return self._day(date.fromisoformat(text))
            if _MOMENT.fullmatch(text):
                at = datetime.fromisoformat(text)
                here = at.astimezone(self.zone) if at.tzinfo is not None else at
                return f"{self._day(here)} {here:%H:%M}"
        except (ValueError, OverflowError):
            pass
        return text

    def _day(self, day: date) -> str:
        if self.in_english:
            return f"{_MONTHS[day.month - 1]} {day.day}, {day.year:04}"
        return f"{day.day:02}/{day.month:02}/{day.year:04}"


def plainly(value: Any) -> str:
    """A value as machines read it: 1.5, 2026-12-31, true. What has no value, and what has parts, is empty."""
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(plainly(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def is_same_everywhere(value: Any) -> bool:
    """Whether a value is written the same in every manner."""
    if isinstance(value, str):
        return _DAY.match(value) is None
    return value is None or isinstance(value, Mapping) or type(value) is int
