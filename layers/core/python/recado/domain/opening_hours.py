"""When a department is open: its hours on the clock of the account's wall, its holidays on the account's calendar
(PRODUCT B2). Pure.

A stretch of hours runs without a break from the first moment at which the clock shows its start, or would have shown
it if the hour had not been skipped, to the first such moment of its end. So a day on which the clock is put back has
no stretch twice, and one that lies in a skipped hour has none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from recado.domain.people import Department, OpenHours
from recado.domain.wall_clock import MINUTES_OF_DAY, day_of, moment

HORIZON_DAYS = 400
"""How far ahead is looked for a change: more than a year of holidays."""

_ALWAYS = tuple(OpenHours(day, 0, MINUTES_OF_DAY) for day in range(1, 8))


def keeps_hours(department: Department) -> bool:
    """Whether the department is ever closed; if not, no time zone is needed to know that it is open."""
    return department.business_hours is not None or bool(department.holidays)


def is_open(department: Department, zone: tzinfo, now: datetime) -> bool:
    """Whether the department works at `now`; `zone` is the account's."""
    if not keeps_hours(department):
        return True
    return any(start <= now < end for start, end in _stretches(department, zone, now, 1))


def next_opening(department: Department, zone: tzinfo, now: datetime) -> datetime | None:
    """The first moment from `now` on at which the department is open: `now` itself when it is. UTC. None when it does
    not open within `HORIZON_DAYS`."""
    if not keeps_hours(department):
        return now
    for start, end in _stretches(department, zone, now, HORIZON_DAYS):
        if end > now:
            return max(start, now)
    return None


def next_change(department: Department, zone: tzinfo, now: datetime) -> datetime | None:
    """The first moment after `now` at which the department opens or closes, UTC. None when it does neither within
    `HORIZON_DAYS`."""
    if not keeps_hours(department):
        return None
    until: datetime | None = None
    for start, end in _stretches(department, zone, now, HORIZON_DAYS):
        if end <= now:
            continue
        if start > (until or now):
            return until or start
        until = end if until is None else max(until, end)
    horizon = moment(day_of(zone, now) + timedelta(days=HORIZON_DAYS + 1), 0, zone)
    return until if until is not None and until < horizon else None


def _stretches(department: Department, zone: tzinfo, now: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    """(start, end) of each stretch from the day before `now`'s to `days` after it, in order, in UTC."""
    hours = _ALWAYS if department.business_hours is None else department.business_hours
    holidays = frozenset(department.holidays)
    today = day_of(zone, now)
    for ahead in range(-1, days + 1):
        day = today + timedelta(days=ahead)
        if day in holidays:
            continue
        for one in sorted((one for one in hours if one.day == day.isoweekday()), key=lambda one: one.start):
            start, end = moment(day, one.start, zone), moment(day, one.end, zone)
            if start < end:
                yield start, end
