"""When a recurrence comes due (PRODUCT G2). Pure: moments in UTC, days and minutes by the account's time zone.

* Minutes and hours are steps of real time, counted from the clock's `at` on the day the task began: a day of 23 or 25
  hours moves what the clock shows, never the distance between two runs.
* Days, weekdays and days of the month run when the clock first shows `at`: once when it is put back over that minute,
  and at the end of the gap when it is put forward over it.
* A month without the day is left out and told (`skipped_months`).
* What was missed runs once: the next run is always after both the moment planned and now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from recado.domain.recurrences import Recurrence
from recado.domain.wall_clock import day_of, moment

_LOOK_AHEAD_DAYS = 400
STEPS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}


def next_run(one: Recurrence, zone: tzinfo, began: datetime, after: datetime) -> datetime | None:
    """The first moment after `after` at which it comes due; None when its last day is over. `began`: when the task was
    switched on or its recurrence changed last."""
    after = max(after, began)
    found = _next_step(one, zone, began, after) if one.every in STEPS else _next_day(one, zone, after)
    if one.until is not None and day_of(zone, found) > one.until:
        return None
    return found


def following_run(one: Recurrence, zone: tzinfo, began: datetime, planned: datetime, now: datetime) -> datetime | None:
    """What comes after the run that was planned for `planned` and is made at `now`: however many were missed since, and
    though the clock went back."""
    return next_run(one, zone, began, max(planned, now))


def skipped_months(one: Recurrence, zone: tzinfo, after: datetime, until: datetime) -> list[str]:
    """The months ("2026-02") from one moment to another that do not have the recurrence's day."""
    if one.every != "month_day":
        return []
    months = _months(day_of(zone, after), day_of(zone, until))
    return [f"{start:%Y-%m}" for start in months if not _has_day(start, one.day)]


def _next_step(one: Recurrence, zone: tzinfo, began: datetime, after: datetime) -> datetime:
    step = STEPS[one.every] * one.n
    first = moment(day_of(zone, began), one.at, zone)
    done = (after - first) // step
    return first + step * max(done + 1, 0)


def _next_day(one: Recurrence, zone: tzinfo, after: datetime) -> datetime:
    today = day_of(zone, after)
    for ahead in range(_LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if _is_day(one, day) and (found := moment(day, one.at, zone)) > after:
            return found
    raise AssertionError("every recurrence has a day within a year")


def _is_day(one: Recurrence, day: date) -> bool:
    if one.every == "weekdays":
        return day.isoweekday() in one.weekdays
    return one.every == "day" or day.day == one.day


def _months(first: date, last: date) -> Iterator[date]:
    """The first day of each month from that of `first` to that of `last`."""
    start = first.replace(day=1)
    while start <= last:
        yield start
        start = (start + timedelta(days=31)).replace(day=1)


def _has_day(start: date, day: int) -> bool:
    try:
        start.replace(day=day)
    except ValueError:
        return False
    return True
