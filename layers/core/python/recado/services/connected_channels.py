"""The channels of an account as lists of contacts need them: read once a minute, not with every page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from recado.domain.channels import Channel
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock

_KEPT = timedelta(seconds=60)
_MOST_ACCOUNTS = 1000
_MOST_CHANNELS = 200


class RememberedChannels:
    """The port `recado.ports.contacts.ConnectedChannels`: the first 200 channels, at most a minute old."""

    def __init__(self, store: ChannelStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, Sequence[Channel]]] = {}

    def connected(self, a: str) -> Sequence[Channel]:
        """The channels of the account that are not removed."""
        now = self._clock.now()
        read_at, channels = self._known.get(a, (None, ()))
        if read_at is None or not timedelta(0) <= now - read_at < _KEPT:
            channels = [one for one in self._store.page(a, _MOST_CHANNELS, None) if one.state != "removed"]
            if len(self._known) >= _MOST_ACCOUNTS:
                self._known.clear()
            self._known[a] = now, channels
        return channels
