"""What supervisors have to know of their departments (PRODUCT E6)."""

from __future__ import annotations

from heapq import merge
from itertools import islice

from recado.domain.access import Caller, supervises
from recado.domain.chats import Event
from recado.ports.alerts import AlertStore
from recado.ports.people import DepartmentStore


class AlertService:
    """Admins, and API tokens, see the alerts of every department; others those of the departments they supervise."""

    def __init__(self, alerts: AlertStore, departments: DepartmentStore) -> None:
        self._alerts = alerts
        self._departments = departments

    def page(self, caller: Caller, limit: int, before: str | None) -> tuple[list[Event], str | None]:
        """At most `limit` alerts, newest first, older than the id `before`; and the last id when there may be more.
        The alerts of deleted departments are not told."""
        a = caller.account
        each = [self._alerts.newest(a, one, limit + 1, before) for one in self._departments_of(caller)]
        page = list(islice(merge(*each, key=lambda event: event.id, reverse=True), limit + 1))
        return page[:limit], page[limit - 1].id if len(page) > limit else None

    def _departments_of(self, caller: Caller) -> list[str]:
        if caller.role == "admin":
            return [one.id for one in self._departments.all(caller.account)]
        return [one for one in caller.memberships if supervises(caller, one)]
