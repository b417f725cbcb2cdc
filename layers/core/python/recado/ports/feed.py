"""What the feed service needs of storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from recado.domain.reports import Counter, Figures


class ErasedContacts(Protocol):
    """Whose facts are not told any more."""

    def contacts(self, a: str) -> frozenset[str]:
        """The ids of contacts that are being erased, or were lately; may be ten seconds old."""
        ...


class FeedStore(Protocol):
    """The numbered events of an account. An event is {id, type, timestamp, actor, data}; read back it has `seq` too."""

    def last_seq(self, a: str) -> int:
        """The seq of the newest event, 0 before the first; strongly consistent."""
        ...

    def append(
        self,
        a: str,
        seen: int,
        events: Sequence[Mapping[str, Any]],
        counts: Mapping[Counter, Figures],
        now: datetime,
    ) -> frozenset[str] | None:
        """Give the events the numbers after `seen` and add what they count for, at once. None: done. Else nothing was
        written: the ids that are in the feed already, or no id when somebody else took the numbers."""
        ...

    def page(self, a: str, after: int, limit: int, now: datetime) -> tuple[list[dict[str, Any]], bool]:
        """At most `limit` kept events with a seq above `after`, without a gap, and whether more follow."""
        ...
