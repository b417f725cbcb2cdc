"""Departments are looked at when they open, and every hour: those who wait are given out, and what drifted is put
right (PRODUCT B2, E6)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from recado.domain.people import Department
from recado.ports.agents import Hours, Waker
from recado.ports.core import Clock
from recado.ports.sweeps import DuePage, Swept

PAGE = 16
"""One or two of each shard: a check reads a department's queue and members, and a page has to end in the reserve that
the tick keeps."""
_EVERY = timedelta(hours=1)
_FAILED_AGAIN = timedelta(seconds=60)
_GO_ON = timedelta(seconds=1)


class LookStore(Protocol):
    """Departments by when they have to be looked at."""

    def due(self, now: datetime, limit: int) -> DuePage: ...

    def get(self, a: str, department_id: str) -> Department | None: ...

    def look_again(
        self, a: str, department_id: str, found_at: datetime, when: datetime, rearm_from: str | None
    ) -> None: ...


class DepartmentLooks:
    """A job of the tick. `check(a, department_id)` is done at each look, whether the department is open or not;
    `rearm(a, department, place)` sets the timers of open chats from a place on, after the department's timers were
    changed, and answers where it stopped."""

    def __init__(
        self,
        departments: LookStore,
        hours: Hours,
        waker: Waker,
        clock: Clock,
        rearm: Callable[[str, Department, str], str | None],
        check: Callable[[str, str], object] | None = None,
    ) -> None:
        self._departments = departments
        self._hours = hours
        self._waker = waker
        self._clock = clock
        self._rearm = rearm
        self._check = check

    def look_due(self, limit: int) -> Swept:
        """Look at a page of departments; done are those that were open. One that raises is looked at again in a
        minute, the others are done."""
        now = self._clock.now()
        page = self._departments.due(now, min(limit, PAGE))
        opened = 0
        failed: dict[str, Exception] = {}
        for a, department_id in page.found:
            try:
                opened += self._look(a, department_id, now)
            except Exception as error:  # whatever it is, it stops no other department
                failed[department_id] = error
                self._put_off(a, department_id, now)
        return Swept(len(page.found), opened, page.more, failed)

    def _look(self, a: str, department_id: str, now: datetime) -> bool:
        department = self._departments.get(a, department_id)
        if department is None:
            return False
        opened = self._hours.open(a, department)
        if opened and department.distribution_enabled:
            self._waker.wake(a, [department_id], "department_opened")
        if self._check is not None:
            self._check(a, department_id)
        behind = department.rearm_from
        if behind is not None:
            behind = self._rearm(a, department, behind)
        opens_at = None if opened else self._hours.opens_at(a, department)
        when = min(opens_at or now + _EVERY, now + (_EVERY if behind is None else _GO_ON))
        self._departments.look_again(a, department_id, now, when, behind)
        return opened

    def _put_off(self, a: str, department_id: str, now: datetime) -> None:
        with suppress(Exception):  # what failed before is told; the department stays due
            department = self._departments.get(a, department_id)
            behind = department.rearm_from if department else None
            self._departments.look_again(a, department_id, now, now + _FAILED_AGAIN, behind)
