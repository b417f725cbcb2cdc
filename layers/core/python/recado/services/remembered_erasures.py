"""Whose facts are not told any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from recado.domain.contact_erasure import LATE_FACTS_FOR
from recado.ports.contact_erasures import RecentErasures
from recado.ports.core import Clock

_KEPT = timedelta(seconds=10)
_MOST_ACCOUNTS = 1_000


class RememberedErasures:
    """Whose facts are not told any more, at most ten seconds old: the sweep of the feed begins minutes after a contact
    is gone, and finds what came before this knew."""

    def __init__(self, store: RecentErasures, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}

    def contacts(self, a: str) -> frozenset[str]:
        """The ids of contacts whose erasure began in the last 15 days."""
        now = self._clock.now()
        read_at, found = self._known.get(a, (None, frozenset()))
        if read_at is None or not timedelta(0) <= now - read_at < _KEPT:
            found = self._store.contacts(a, now - LATE_FACTS_FOR)
            if len(self._known) >= _MOST_ACCOUNTS:
                self._known.clear()
            self._known[a] = now, found
        return found
