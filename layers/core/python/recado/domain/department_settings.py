"""The settings of a department as callers give them, checked and put into the department. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from recado.domain.errors import Invalid
from recado.domain.people import Department, OpenHours, ReopenRule
from recado.domain.wall_clock import MINUTES_OF_DAY, clock_minute

MAX_STRETCHES = 50
MAX_HOLIDAYS = 400
MAX_WITHIN_HOURS = 8760

TIMER_SETTINGS = (
    "distribution_enabled",
    "overflow_after_s",
    "overflow_department_id",
    "max_automatic_s",
    "close_idle_after_s",
)
"""Upon a change of one of these, the timers of the department's open chats are set anew."""
_PLAIN = ("name", "access", "away_message", "tabulation_required")
_RENAMED = {"enabled": "distribution_enabled"}


def with_settings(department: Department, given: Mapping[str, Any]) -> Department:
    """The department with the settings of `given`, a request's fields in their public shape (`distribution`,
    `timers`, `reopening`, `business_hours` as `[{day, from, to}]`, `holidays` as dates, …); what is not in it stays.
    Raises Invalid with a pointer. Ranges of single values are the request's to check."""
    fields: dict[str, Any] = {name: given[name] for name in _PLAIN if name in given}
    for name, value in given.get("distribution", {}).items():
        fields[_RENAMED.get(name, name)] = value
    fields |= given.get("timers", {})
    if "reopening" in given:
        fields["reopening"] = _reopening(department.reopening, given["reopening"])
    if "business_hours" in given:
        fields["business_hours"] = _hours(given["business_hours"])
    if "holidays" in given:
        fields["holidays"] = _holidays(given["holidays"])
    after: Department = replace(department, **fields)
    if after.overflow_department_id == after.id:
        pointer = "/distribution/overflow_department_id"
        raise Invalid.field(pointer, "same_department", "A department cannot overflow to itself.")
    if any(getattr(after, name) != getattr(department, name) for name in TIMER_SETTINGS):
        return replace(after, rearm_from="")
    return after


def _reopening(before: ReopenRule, given: Mapping[str, Any]) -> ReopenRule:
    """Another policy than `within` forgets the hours."""
    after = replace(before, **given)
    if after.policy == "within":
        if after.within_hours is None:
            raise Invalid.field("/reopening/within_hours", "required", "Say within how many hours.")
        return after
    if given.get("within_hours") is not None:
        detail = "Hours are said with the policy `within` only."
        raise Invalid.field("/reopening/within_hours", "not_with_policy", detail)
    return replace(after, within_hours=None)


def _hours(given: Sequence[Mapping[str, Any]] | None) -> tuple[OpenHours, ...] | None:
    """In the order of the week. Stretches may touch, but not overlap."""
    if given is None:
        return None
    stretches = [OpenHours(one["day"], clock_minute(one["from"]), clock_minute(one["to"])) for one in given]
    for index, one in enumerate(stretches):
        if not one.start < one.end <= MINUTES_OF_DAY:
            raise Invalid.field(f"/business_hours/{index}/to", "not_after_from", "A stretch ends after it begins.")
        if any(_overlap(one, other) for other in stretches[:index]):
            raise Invalid.field(f"/business_hours/{index}", "overlaps", "Stretches of one day cannot overlap.")
    return tuple(sorted(stretches, key=lambda one: (one.day, one.start)))


def _overlap(one: OpenHours, other: OpenHours) -> bool:
    return one.day == other.day and one.start < other.end and other.start < one.end


def _holidays(given: Sequence[date]) -> tuple[date, ...]:
    for index, day in enumerate(given):
        if day in given[:index]:
            raise Invalid.field(f"/holidays/{index}", "twice", "This day is there twice.")
    return tuple(sorted(given))
