"""How often a task runs by itself (PRODUCT G2): what a request says of it, checked. Pure.

When that is, `domain.schedules` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from recado.domain.errors import FieldError, Invalid
from recado.domain.wall_clock import clock_minute, clock_text

Every = Literal["minutes", "hours", "day", "weekdays", "month_day"]

_MAX_STEPS: Mapping[str, int] = {"minutes": 1_440, "hours": 168}
"""A day in minutes, a week in hours: what is rarer has a day of its own."""
_BELONGS: Mapping[str, frozenset[str]] = {
    "minutes": frozenset({"n"}),
    "hours": frozenset({"n"}),
    "day": frozenset(),
    "weekdays": frozenset({"weekdays"}),
    "month_day": frozenset({"day"}),
}
_NEEDED: Mapping[str, frozenset[str]] = {"weekdays": frozenset({"weekdays"}), "month_day": frozenset({"day"})}


@dataclass(frozen=True)
class Recurrence:
    """`n` minutes or hours between runs; `weekdays` 1 (Monday) to 7; `day` of the month. `at`: the minute of the day at
    which it runs, or from which the steps of minutes and hours are counted on the day it began. `until`: its last day.
    All on the clock and calendar of the account's time zone."""

    every: Every
    n: int = 1
    weekdays: tuple[int, ...] = ()
    day: int = 1
    at: int = 0
    until: date | None = None


def recurrence(given: Mapping[str, Any]) -> Recurrence | None:
    """The recurrence of a request, whose fields have their types already (`weekdays` integers, `until` a date, `at`
    "HH:MM"); None: it runs when somebody says so. Raises Invalid with a pointer to each wrong field."""
    fields = {name: value for name, value in given.items() if name != "mode" and value is not None}
    if fields.get("n") == 1:  # every 1 day is every day
        del fields["n"]
    if given.get("mode", "manual") == "manual":
        _refuse([_wrong(name, "not_when_manual", "A manual task has no times.") for name in fields])
        return None
    every: Every | None = fields.get("every")
    if every is None or every not in get_args(Every):
        detail = "Say how often: " + ", ".join(get_args(Every)) + "."
        raise Invalid.field("/recurrence/every", "required" if every is None else "invalid", detail)
    _refuse([*_out_of_place(every, fields), *_out_of_range(every, fields)])
    weekdays = tuple(sorted(set(fields.get("weekdays", ()))))
    return Recurrence(
        every, fields.get("n", 1), weekdays, fields.get("day", 1), clock_minute(fields.get("at", "00:00")),
        fields.get("until"),
    )  # fmt: skip


def recurrence_shape(one: Recurrence | None) -> dict[str, Any]:
    """In its public shape, without what does not belong to it."""
    if one is None:
        return {"mode": "manual"}
    values = {"n": one.n, "weekdays": list(one.weekdays), "day": one.day}
    return {
        "mode": "automatic",
        "every": one.every,
        **{name: value for name, value in values.items() if name in _BELONGS[one.every]},
        "at": clock_text(one.at),
        "until": one.until.isoformat() if one.until else None,
    }


def _out_of_place(every: str, fields: Mapping[str, Any]) -> list[FieldError]:
    allowed = _BELONGS[every] | {"every", "at", "until"}
    missing = sorted(_NEEDED.get(every, frozenset()) - set(fields))
    return [
        *(_wrong(name, "required", f"This is needed with `{every}`.") for name in missing),
        *(
            _wrong(name, "not_with_every", f"This does not go with `{every}`.")
            for name in fields
            if name not in allowed
        ),
    ]


def _out_of_range(every: str, fields: Mapping[str, Any]) -> list[FieldError]:
    errors = list[FieldError]()
    most = _MAX_STEPS.get(every)
    if most and "n" in fields and not 1 <= fields["n"] <= most:
        errors.append(_wrong("n", "out_of_range", f"Give 1 to {most:,} {every}."))
    if every == "weekdays" and "weekdays" in fields:
        days = fields["weekdays"]
        if not days or not all(1 <= day <= 7 for day in days):
            errors.append(_wrong("weekdays", "out_of_range", "Give days from 1, Monday, to 7, Sunday."))
    if every == "month_day" and "day" in fields and not 1 <= fields["day"] <= 31:
        errors.append(_wrong("day", "out_of_range", "Give a day from 1 to 31."))
    return errors


def _wrong(name: str, code: str, detail: str) -> FieldError:
    return FieldError(f"/recurrence/{name}", code, detail)


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
