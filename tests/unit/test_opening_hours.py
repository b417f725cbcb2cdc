"""Hours, holidays and daylight saving (PRODUCT B2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.opening_hours import is_open, next_change, next_opening
from recado.domain.people import Department, OpenHours

SAO_PAULO, NEW_YORK = ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York")


def minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def department(*hours: str, holidays: tuple[date, ...] = ()) -> Department:
    """`hours` as "1 09:00-18:00" (Monday); none at all: always open."""
    stretches = []
    for one in hours:
        day, span = one.split(" ")
        start, end = span.split("-")
        stretches.append(OpenHours(int(day), minute(start), minute(end)))
    return Department(
        "dp_a",
        "Sales",
        "department",
        at("2026-01-01T00:00"),
        business_hours=tuple(stretches) or None,
        holidays=holidays,
    )


def at(text: str, zone: ZoneInfo | None = None, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC, fold=fold).astimezone(UTC)


def week(span: str) -> list[str]:
    return [f"{day} {span}" for day in range(1, 8)]


# 2026-11-23 is a Monday.
WEEKDAYS = [f"{day} {span}" for day in range(1, 6) for span in ("09:00-12:00", "13:00-18:00")]


@pytest.mark.parametrize(
    ("now", "open_", "opening", "change"),
    [
        ("2026-11-23T08:59:59", False, "2026-11-23T09:00", "2026-11-23T09:00"),
        ("2026-11-23T09:00:00", True, "2026-11-23T09:00", "2026-11-23T12:00"),
        ("2026-11-23T11:59:59", True, "2026-11-23T11:59:59", "2026-11-23T12:00"),
        ("2026-11-23T12:00:00", False, "2026-11-23T13:00", "2026-11-23T13:00"),
        ("2026-11-23T18:00:00", False, "2026-11-24T09:00", "2026-11-24T09:00"),
        ("2026-11-27T18:00:00", False, "2026-11-30T09:00", "2026-11-30T09:00"),
        ("2026-11-29T23:00:00", False, "2026-11-30T09:00", "2026-11-30T09:00"),
    ],
)
def test_weekdays_with_a_break_in_sao_paulo(now: str, open_: bool, opening: str, change: str) -> None:
    team = department(*WEEKDAYS)
    moment = at(now, SAO_PAULO)
    assert is_open(team, SAO_PAULO, moment) is open_
    assert next_opening(team, SAO_PAULO, moment) == at(opening, SAO_PAULO)
    assert next_change(team, SAO_PAULO, moment) == at(change, SAO_PAULO)


def test_the_day_is_the_accounts_not_that_of_utc() -> None:
    team = department("1 22:00-24:00")
    assert is_open(team, SAO_PAULO, at("2026-11-24T01:30"))
    assert not is_open(team, ZoneInfo("UTC"), at("2026-11-24T01:30"))


def test_stretches_that_meet_at_midnight_are_one() -> None:
    team = department("1 22:00-24:00", "2 00:00-02:00")
    now = at("2026-11-23T23:00", SAO_PAULO)
    assert is_open(team, SAO_PAULO, at("2026-11-24T00:00", SAO_PAULO))
    assert next_change(team, SAO_PAULO, now) == at("2026-11-24T02:00", SAO_PAULO)
    assert next_change(department("1 22:00-24:00"), SAO_PAULO, now) == at("2026-11-24T00:00", SAO_PAULO)


def test_sunday_meets_monday() -> None:
    team = department("7 22:00-24:00", "1 00:00-02:00")
    assert next_change(team, SAO_PAULO, at("2026-11-22T23:00", SAO_PAULO)) == at("2026-11-23T02:00", SAO_PAULO)


def test_without_hours_and_holidays_it_is_always_open() -> None:
    now = at("2026-11-23T03:00")
    assert is_open(department(), NEW_YORK, now)
    assert next_opening(department(), NEW_YORK, now) == now
    assert next_change(department(), NEW_YORK, now) is None


def test_open_all_day_every_day_never_changes() -> None:
    assert next_change(department(*week("00:00-24:00")), NEW_YORK, at("2026-11-23T03:00")) is None


def test_a_holiday_closes_the_day_of_the_calendar() -> None:
    team = department(holidays=(date(2026, 12, 25),))
    assert is_open(team, SAO_PAULO, at("2026-12-24T23:59", SAO_PAULO))
    christmas = at("2026-12-25T00:00", SAO_PAULO)
    assert christmas == at("2026-12-25T03:00")
    assert next_change(team, SAO_PAULO, at("2026-12-01T12:00")) == christmas
    assert not is_open(team, SAO_PAULO, christmas)
    assert next_opening(team, SAO_PAULO, christmas) == at("2026-12-26T00:00", SAO_PAULO)
    assert next_change(team, SAO_PAULO, at("2026-12-27T00:00")) is None, "the holiday is over"


def test_a_holiday_ends_what_began_the_evening_before() -> None:
    team = department("4 22:00-24:00", "5 00:00-02:00", holidays=(date(2026, 12, 25),))
    assert next_change(team, SAO_PAULO, at("2026-12-24T23:00", SAO_PAULO)) == at("2026-12-25T00:00", SAO_PAULO)


def test_a_year_of_holidays_is_looked_through_and_more_is_not() -> None:
    def closed_for(days: int) -> Department:
        return department(
            *week("09:00-18:00"), holidays=tuple(date(2026, 1, 1) + timedelta(one) for one in range(days))
        )

    now = at("2026-01-01T12:00", SAO_PAULO)
    assert next_opening(closed_for(365), SAO_PAULO, now) == at("2027-01-01T09:00", SAO_PAULO)
    assert next_opening(closed_for(400), SAO_PAULO, now) == at("2027-02-05T09:00", SAO_PAULO)
    assert next_opening(closed_for(401), SAO_PAULO, now) is None
    assert next_change(closed_for(401), SAO_PAULO, now) is None
    assert not is_open(closed_for(401), SAO_PAULO, now)


# New York: on 2026-03-08 02:00 → 03:00 (a Sunday), on 2026-11-01 02:00 → 01:00 (a Sunday).
@pytest.mark.parametrize(
    ("span", "opens", "closes"),
    [
        ("09:00-18:00", "2026-03-08T13:00", "2026-03-08T22:00"),
        ("01:00-04:00", "2026-03-08T06:00", "2026-03-08T08:00"),
        ("02:30-04:00", "2026-03-08T07:00", "2026-03-08T08:00"),
        ("02:00-04:00", "2026-03-08T07:00", "2026-03-08T08:00"),
        ("01:00-02:30", "2026-03-08T06:00", "2026-03-08T07:00"),
        ("02:15-02:45", "2026-03-15T06:15", "2026-03-15T06:45"),
    ],
)
def test_the_clock_is_put_forward(span: str, opens: str, closes: str) -> None:
    """A skipped time is the first moment after the gap; a stretch in the gap alone is left out that day."""
    team = department(f"7 {span}")
    before = at("2026-03-08T05:30")
    assert next_opening(team, NEW_YORK, before) == at(opens)
    assert next_change(team, NEW_YORK, before) == at(opens)
    assert next_change(team, NEW_YORK, at(opens)) == at(closes)
    assert not is_open(team, NEW_YORK, at(opens) - timedelta(seconds=1))
    assert is_open(team, NEW_YORK, at(opens)) and not is_open(team, NEW_YORK, at(closes))


@pytest.mark.parametrize(
    ("span", "opens", "closes"),
    [
        ("09:00-18:00", "2026-11-01T14:00", "2026-11-01T23:00"),
        ("00:00-24:00", "2026-11-01T04:00", "2026-11-02T05:00"),
        ("00:30-01:30", "2026-11-01T04:30", "2026-11-01T05:30"),
        ("01:30-03:00", "2026-11-01T05:30", "2026-11-01T08:00"),
    ],
)
def test_the_clock_is_put_back(span: str, opens: str, closes: str) -> None:
    """A time shown twice is the first of both, so no stretch opens twice."""
    team = department(f"7 {span}")
    assert next_opening(team, NEW_YORK, at("2026-11-01T03:59")) == at(opens)
    assert next_change(team, NEW_YORK, at(opens)) == at(closes)
    assert next_opening(team, NEW_YORK, at(closes)) > at("2026-11-08T00:00")  # type: ignore[operator]


def test_midnight_was_skipped_in_sao_paulo() -> None:
    """On 2018-11-04 (a Sunday) 00:00 → 01:00: Saturday ends when Sunday begins."""
    gap = at("2018-11-04T03:00")
    team = department("6 09:00-24:00", "7 00:00-12:00")
    assert next_change(team, SAO_PAULO, at("2018-11-03T20:00")) == at("2018-11-04T14:00")
    assert next_opening(department("7 00:00-12:00"), SAO_PAULO, at("2018-11-03T20:00")) == gap
    assert next_change(department("6 09:00-24:00"), SAO_PAULO, at("2018-11-03T20:00")) == gap


def test_the_last_hour_of_a_day_came_twice_in_sao_paulo() -> None:
    """On 2019-02-16 (a Saturday) 24:00 → 23:00: the day ends after the second one."""
    team = department("6 20:00-24:00")
    assert next_change(team, SAO_PAULO, at("2019-02-16T23:00")) == at("2019-02-17T03:00")


def test_a_day_that_never_was() -> None:
    """Samoa went from 2011-12-29 straight to 2011-12-31 (a Saturday)."""
    apia = ZoneInfo("Pacific/Apia")
    assert next_opening(department("5 09:00-18:00", "6 09:00-18:00"), apia, at("2011-12-30T09:00")) == at(
        "2011-12-31T09:00", apia
    )


spans = st.tuples(st.integers(1, 7), st.integers(0, 1439), st.integers(1, 1440)).filter(lambda one: one[1] < one[2])
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@given(st.lists(spans, min_size=1, max_size=6), moments, st.sampled_from([SAO_PAULO, NEW_YORK]))
def test_a_change_is_the_next_moment_at_which_the_answer_differs(
    drawn: list[tuple[int, int, int]], now: datetime, zone: ZoneInfo
) -> None:
    team = Department("dp_a", "x", "department", now, business_hours=tuple(OpenHours(*one) for one in drawn))
    change = next_change(team, zone, now)
    opening = next_opening(team, zone, now)
    assert change is not None and opening is not None and change > now
    was = is_open(team, zone, now)
    assert is_open(team, zone, change) is not was
    assert is_open(team, zone, change - timedelta(microseconds=1)) is was
    assert opening == (now if was else change)
