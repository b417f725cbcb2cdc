"""When a recurrence comes due, by cases (PRODUCT G2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.errors import Invalid
from recado.domain.recurrences import Recurrence, recurrence, recurrence_shape
from recado.domain.schedules import following_run, next_run, skipped_months
from recado.domain.tasks import Task, left_out

SAO_PAULO, NEW_YORK, KOLKATA = ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
NINE = 9 * 60


def at(text: str, zone: ZoneInfo = SAO_PAULO, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def shown(moments: list[datetime], zone: ZoneInfo) -> list[str]:
    return [f"{one.astimezone(zone):%m-%d %H:%M}" for one in moments]


def runs(one: Recurrence, zone: ZoneInfo, began: datetime, count: int) -> list[datetime]:
    """The first runs, each made in time."""
    found = list[datetime]()
    planned = next_run(one, zone, began, began)
    while planned is not None and len(found) < count:
        found.append(planned)
        planned = following_run(one, zone, began, planned, planned)
    return found


@pytest.mark.parametrize(
    ("one", "began", "wanted"),
    [
        pytest.param(
            Recurrence("minutes", n=30),
            "2026-03-10T10:07",
            ["03-10 10:30", "03-10 11:00", "03-10 11:30"],
            id="30 minutes, by the clock",
        ),
        pytest.param(
            Recurrence("minutes", n=45, at=NINE),
            "2026-03-10T10:07",
            ["03-10 10:30", "03-10 11:15", "03-10 12:00"],
            id="45 minutes from nine",
        ),
        pytest.param(
            Recurrence("hours", n=5, at=18 * 60),
            "2026-03-10T10:07",
            ["03-10 18:00", "03-10 23:00", "03-11 04:00"],
            id="not before the first",
        ),
        pytest.param(
            Recurrence("hours", n=1), "2026-03-10T10:00", ["03-10 11:00", "03-10 12:00"], id="not the moment it began"
        ),
        pytest.param(Recurrence("day", at=NINE), "2026-03-10T08:59", ["03-10 09:00", "03-11 09:00"], id="each day"),
        pytest.param(Recurrence("day", at=NINE), "2026-03-10T09:00", ["03-11 09:00"], id="today's is over"),
        pytest.param(
            Recurrence("weekdays", weekdays=(1, 5), at=NINE),
            "2026-03-10T12:00",
            ["03-13 09:00", "03-16 09:00", "03-20 09:00"],
            id="Mondays and Fridays",
        ),
        pytest.param(
            Recurrence("month_day", day=31, at=NINE),
            "2026-01-31T12:00",
            ["03-31 09:00", "05-31 09:00", "07-31 09:00", "08-31 09:00"],
            id="the 31st",
        ),
        pytest.param(
            Recurrence("month_day", day=29, at=NINE),
            "2027-12-30T00:00",
            ["01-29 09:00", "02-29 09:00"],
            id="the 29th of a leap year",
        ),
        pytest.param(
            Recurrence("day", at=NINE, until=date(2026, 3, 11)),
            "2026-03-10T08:00",
            ["03-10 09:00", "03-11 09:00"],
            id="to the end of its last day",
        ),
        pytest.param(
            Recurrence("minutes", n=30, until=date(2026, 3, 10)),
            "2026-03-10T22:50",
            ["03-10 23:00", "03-10 23:30"],
            id="minutes to midnight",
        ),
        pytest.param(Recurrence("day", at=NINE, until=date(2026, 3, 10)), "2026-03-10T09:00", [], id="today is over"),
        pytest.param(Recurrence("day", at=NINE, until=date(2026, 3, 9)), "2026-03-10T08:00", [], id="ended"),
    ],
)
def test_runs(one: Recurrence, began: str, wanted: list[str]) -> None:
    count = len(wanted) + (one.until is not None)
    assert shown(runs(one, SAO_PAULO, at(began), count), SAO_PAULO) == wanted


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        (NEW_YORK, "2026-03-08"),
        (NEW_YORK, "2026-11-01"),
        (SAO_PAULO, "2018-11-04"),
        (SAO_PAULO, "2019-02-16"),
        (KOLKATA, "2026-06-01"),
    ],
)
def test_thirty_minutes_are_thirty_minutes_whatever_the_clock_does(zone: ZoneInfo, day: str) -> None:
    began = at(f"{day}T00:00", zone) - timedelta(hours=2)
    found = runs(Recurrence("minutes", n=30), zone, began, 60)
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=30)}
    assert {one.astimezone(zone).minute for one in found} == {0, 30}


@pytest.mark.parametrize(
    ("zone", "day", "minute", "wanted"),
    [
        pytest.param(NEW_YORK, "2026-03-08", 150, "2026-03-08T07:00", id="put forward over it: the end of the gap"),
        pytest.param(NEW_YORK, "2026-11-01", 90, "2026-11-01T05:30", id="put back over it: the first time"),
        pytest.param(SAO_PAULO, "2018-11-04", 0, "2018-11-04T03:00", id="a midnight that was not"),
        pytest.param(SAO_PAULO, "2019-02-16", 1_410, "2019-02-17T01:30", id="a midnight that came twice"),
    ],
)
def test_once_on_the_day_of_a_change(zone: ZoneInfo, day: str, minute: int, wanted: str) -> None:
    began = at(f"{day}T12:00", zone) - timedelta(days=1)
    found = [one for one in runs(Recurrence("day", at=minute), zone, began, 4) if f"{one.astimezone(zone):%F}" == day]
    assert found == [datetime.fromisoformat(wanted).replace(tzinfo=UTC)]


def test_what_was_missed_runs_once() -> None:
    one, began = Recurrence("minutes", n=30), at("2026-03-10T10:07")
    planned = next_run(one, SAO_PAULO, began, began)
    assert planned is not None
    assert following_run(one, SAO_PAULO, began, planned, at("2026-03-10T18:10")) == at("2026-03-10T18:30")


def test_a_clock_set_back_repeats_nothing() -> None:
    one, began = Recurrence("minutes", n=30), at("2026-03-10T10:07")
    planned = at("2026-03-10T12:00")
    assert following_run(one, SAO_PAULO, began, planned, at("2026-03-10T09:00")) == at("2026-03-10T12:30")


def test_another_time_zone_counts_from_the_next_run_on() -> None:
    one, began = Recurrence("day", at=NINE), at("2026-03-10T08:00")
    assert next_run(one, SAO_PAULO, began, began) == datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert next_run(one, KOLKATA, began, began) == datetime(2026, 3, 11, 3, 30, tzinfo=UTC)


def test_months_without_the_day_are_told() -> None:
    one = Recurrence("month_day", day=31, at=NINE)
    assert skipped_months(one, SAO_PAULO, at("2026-01-31T09:00"), at("2026-05-31T09:00")) == ["2026-02", "2026-04"]
    assert skipped_months(one, SAO_PAULO, at("2026-02-10T09:00"), at("2026-03-31T09:00")) == ["2026-02"]
    assert skipped_months(Recurrence("day"), SAO_PAULO, at("2026-01-31T09:00"), at("2026-05-31T09:00")) == []


@pytest.mark.parametrize(
    ("until", "state", "wanted"),
    [
        (date(2027, 3, 30), {}, ["2027-02"]),
        (date(2027, 1, 31), {}, []),
        (date(2027, 3, 30), {"enabled": False, "disabled_because": "ended"}, ["2027-02"]),
        (date(2027, 3, 30), {"enabled": False}, []),
        (None, {"enabled": False}, []),
    ],
)
def test_months_without_the_day_are_told_up_to_the_last_day(
    until: date | None, state: dict[str, Any], wanted: list[str]
) -> None:
    one, ran = Recurrence("month_day", day=31, at=NINE, until=until), at("2027-01-31T09:00")
    task = Task("tk_1", "Tarefa", "chats", {"type": "close"}, ran, ran, ran, recurrence=one, last_planned_at=ran)
    assert left_out(replace(task, **state), SAO_PAULO) == wanted


@given(
    st.builds(
        Recurrence,
        every=st.sampled_from(["minutes", "hours", "day", "weekdays", "month_day"]),
        n=st.integers(1, 168),
        weekdays=st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True).map(lambda days: tuple(sorted(days))),
        day=st.integers(1, 31),
        at=st.integers(0, 1_439),
    ),
    st.sampled_from([SAO_PAULO, NEW_YORK, KOLKATA, ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe")]),
    st.datetimes(datetime(2008, 1, 1), datetime(2030, 1, 1)),
    st.integers(0, 10**7),
)
def test_the_next_run_is_later_and_none_lies_between(
    one: Recurrence, zone: ZoneInfo, began: datetime, seconds: int
) -> None:
    start = began.replace(tzinfo=UTC)
    after = start + timedelta(seconds=seconds)
    found = next_run(one, zone, start, after)
    assert found is not None and found > after
    assert next_run(one, zone, start, found - timedelta(microseconds=1)) == found
    assert next_run(one, zone, start, after + (found - after) / 2) == found


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ({"mode": "automatic", "every": "hours", "n": 2}, Recurrence("hours", 2)),
        (
            {"mode": "automatic", "every": "weekdays", "weekdays": [5, 1, 5], "at": "09:00"},
            Recurrence("weekdays", weekdays=(1, 5), at=NINE),
        ),
        (
            {"mode": "automatic", "every": "month_day", "day": 31, "at": "00:30", "until": date(2026, 12, 31)},
            Recurrence("month_day", day=31, at=30, until=date(2026, 12, 31)),
        ),
        ({"mode": "automatic", "every": "day", "n": 1}, Recurrence("day")),
        ({"mode": "manual"}, None),
        ({}, None),
    ],
)
def test_given_and_shown(given_: dict[str, Any], wanted: Recurrence | None) -> None:
    assert recurrence(given_) == wanted
    again = recurrence_shape(wanted)
    again["until"] = date.fromisoformat(again["until"]) if again.get("until") else None
    assert recurrence(again) == wanted


@pytest.mark.parametrize(
    ("given_", "pointers"),
    [
        ({"mode": "manual", "every": "day"}, ["every"]),
        ({"mode": "automatic"}, ["every"]),
        ({"mode": "automatic", "every": "year"}, ["every"]),
        ({"mode": "automatic", "every": "minutes", "n": 0}, ["n"]),
        ({"mode": "automatic", "every": "minutes", "n": 1_441}, ["n"]),
        ({"mode": "automatic", "every": "hours", "n": 169}, ["n"]),
        ({"mode": "automatic", "every": "day", "at": "09:00", "n": 2, "day": 3}, ["n", "day"]),
        ({"mode": "automatic", "every": "weekdays"}, ["weekdays"]),
        ({"mode": "automatic", "every": "weekdays", "weekdays": [0, 8], "at": "09:00"}, ["weekdays"]),
        ({"mode": "automatic", "every": "weekdays", "weekdays": [], "at": "09:00"}, ["weekdays"]),
        ({"mode": "automatic", "every": "month_day", "day": 32, "at": "09:00"}, ["day"]),
    ],
)
def test_what_is_wrong_is_named(given_: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        recurrence(given_)
    assert [error.pointer for error in refused.value.errors] == [f"/recurrence/{name}" for name in pointers]
