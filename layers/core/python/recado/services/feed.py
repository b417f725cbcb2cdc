"""The event feed of an account: every fact once, in one order, numbered without gaps (K2), and counted once for the
reports (B3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recado.domain.contact_erasure import is_of, redacted
from recado.domain.errors import Busy
from recado.domain.reports import Counter, counted, summed
from recado.ports.core import Clock
from recado.ports.feed import ErasedContacts, FeedStore
from recado.ports.reports import Zones

_MAX_OPERATIONS = 100
_TRIES = 5


class FeedService:
    """Feeds and reads. One command group per account keeps its feeding in order; conditions keep it right without
    that too."""

    def __init__(self, store: FeedStore, zones: Zones, erased: ErasedContacts, clock: Clock) -> None:
        self._store = store
        self._erased = erased
        self._zones = zones
        self._clock = clock

    def feed(self, a: str, events: Sequence[Mapping[str, Any]]) -> int:
        """Number the events in the order given, and count them; those that are in the feed already, and doubles, are
        passed over. Answers how many were new. Raises Busy after five lost races in a row; what was fed until then
        stays, and is passed over next time."""
        waiting = list({event["id"]: event for event in events}.values())
        fed, tries = 0, _TRIES
        while waiting:
            batch, counts = self._next_batch(a, waiting)
            told = self._told(a, batch)
            refused = self._store.append(a, self._store.last_seq(a), told, counts, self._clock.now())
            if refused is None:
                fed, tries = fed + len(batch), _TRIES
                waiting = waiting[len(batch) :]
                continue
            waiting = [event for event in waiting if event["id"] not in refused]
            tries -= not refused
            if tries == 0:
                raise Busy(f"feed of {a}")
        return fed

    def _told(self, a: str, events: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Facts of contacts that are being erased come late, and count; what they say is not told any more."""
        erased = self._erased.contacts(a)
        return [redacted(event) if is_of(event, erased) else event for event in events] if erased else events

    def page(self, a: str, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """Events above `after`, by seq, and what `after` shall be for the next page (None: nothing follows yet)."""
        items, more = self._store.page(a, after, limit, self._clock.now())
        return items, items[-1]["seq"] if more and items else None

    def _next_batch(
        self, a: str, waiting: Sequence[Mapping[str, Any]]
    ) -> tuple[Sequence[Mapping[str, Any]], Mapping[Counter, Mapping[str, int]]]:
        """As many of the first events as one transaction takes, and what they count for: two operations for each, one
        for each counter, one for the seq."""
        if not any(counted(event) for event in waiting):
            return waiting[: (_MAX_OPERATIONS - 1) // 2], {}
        zone = self._zones.of(a)
        counters: set[Counter] = set()
        size = 0
        for event in waiting:
            counters |= summed([event], zone).keys()
            if 1 + 2 * (size + 1) + len(counters) > _MAX_OPERATIONS:
                break
            size += 1
        return waiting[:size], summed(waiting[:size], zone)
