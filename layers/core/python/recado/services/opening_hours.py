"""Whether departments are open now, on the clock of their account."""

from __future__ import annotations

from datetime import datetime

from recado.domain.opening_hours import is_open, keeps_hours, next_opening
from recado.domain.people import Department
from recado.ports.core import Clock
from recado.ports.people import AccountStore
from recado.services.account_zones import AccountZones


class OpeningHours:
    """Asks for the account's time zone (remembered for a minute) only for a department that is ever closed."""

    def __init__(self, accounts: AccountStore, clock: Clock) -> None:
        self._zones = AccountZones(accounts, clock)
        self._clock = clock

    def open(self, a: str, department: Department) -> bool:
        """Whether the department works now."""
        return not keeps_hours(department) or is_open(department, self._zones.of(a), self._clock.now())

    def opens_at(self, a: str, department: Department) -> datetime | None:
        """When a closed department opens (UTC); None while it is open, or when it does not open within 400 days."""
        if not keeps_hours(department):
            return None
        now, zone = self._clock.now(), self._zones.of(a)
        return None if is_open(department, zone, now) else next_opening(department, zone, now)
