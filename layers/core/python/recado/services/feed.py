"""The event feed of an account: every fact once, in one order, numbered without gaps (K2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recado.domain.errors import Busy
from recado.ports.core import Clock
from recado.ports.feed import FeedStore

BATCH = 40
"""Events per transaction: two items each and the counter stay under 100."""
_TRIES = 5


class FeedService:
    """Feeds and reads. One command group per account keeps its feeding in order; conditions keep it right without
    that too."""

    def __init__(self, store: FeedStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def feed(self, a: str, events: Sequence[Mapping[str, Any]]) -> int:
        """Number the events in the order given; those that are in the feed already, and doubles, are passed over.
        Answers how many were new. Raises Busy after five lost races; what was fed until then stays, and is passed
        over next time."""
        waiting = list({event["id"]: event for event in events}.values())
        fed = 0
        for start in range(0, len(waiting), BATCH):
            fed += self._feed_batch(a, waiting[start : start + BATCH])
        return fed

    def page(self, a: str, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """Events above `after`, by seq, and what `after` shall be for the next page (None: nothing follows yet)."""
        items, more = self._store.page(a, after, limit, self._clock.now())
        return items, items[-1]["seq"] if more and items else None

    def _feed_batch(self, a: str, events: list[Mapping[str, Any]]) -> int:
        tries = _TRIES
        while events:
            refused = self._store.append(a, self._store.last_seq(a), events, self._clock.now())
            if refused is None:
                return len(events)
            events = [event for event in events if event["id"] not in refused]
            tries -= not refused
            if tries == 0:
                raise Busy(f"feed of {a}")
        return 0
