"""What reports need of storage."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Protocol

from recado.domain.reports import DayFigures, Kind


class CounterStore(Protocol):
    """Figures by day."""

    def days(self, a: str, kind: Kind, entity_id: str, first: date, last: date) -> list[DayFigures]:
        """The days from `first` to `last` that have figures, in order."""
        ...


class Zones(Protocol):
    """Time zones of accounts."""

    def of(self, a: str) -> tzinfo:
        """The zone by whose calendar the account's days are counted."""
        ...
