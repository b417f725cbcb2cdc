"""By which calendar the days of an account are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recado.ports.core import Clock
from recado.ports.people import AccountStore

_REMEMBERED_FOR = timedelta(seconds=60)
_REMEMBERED = 10_000


class AccountZones:
    """The time zone of each account, read once a minute (1 RRU)."""

    def __init__(self, accounts: AccountStore, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._known: dict[str, tuple[datetime, tzinfo]] = {}

    def of(self, a: str) -> tzinfo:
        """The account's zone; UTC when the account is gone, or its zone is no longer in the list of zones: that must
        hold no fact back."""
        now = self._clock.now()
        read_at, zone = self._known.get(a, (None, UTC))
        if read_at is not None and timedelta(0) <= now - read_at < _REMEMBERED_FOR:
            return zone
        account = self._accounts.get(a)
        zone = UTC if account is None else _zone(account.time_zone)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[a] = now, zone
        return zone


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
