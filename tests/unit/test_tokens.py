"""Access tokens in time: the moment before, at and after each boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recado.domain.tokens import (
    Token,
    days_left,
    ended,
    fresh,
    is_claimed,
    next_look,
    reminder,
    renewable_at,
    state_of,
    wants_renewal,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
END = NOW + 60 * DAY
TOKEN = Token(NOW, END)


def before(days: int) -> datetime:
    return END - days * DAY


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (before(15) - SECOND, "active"),
        (before(15), "expiring"),
        (END - SECOND, "expiring"),
        (END, "expired"),
        (END + SECOND, "expired"),
        (NOW - DAY, "active"),
    ],
)
def test_states(at: datetime, state: str) -> None:
    assert state_of(TOKEN, at) == state
    assert state_of(Token(NOW), at) == "active", "it does not end"
    assert state_of(None, at) == "none"


def test_reminders_come_once_each_in_their_order() -> None:
    token, told = TOKEN, []
    for hour in range(62 * 24):
        days = reminder(token, NOW + timedelta(hours=hour))
        if days is not None:
            told.append((days, hour))
            token = replace(token, told=days)
    assert told == [(15, 45 * 24), (7, 53 * 24), (3, 57 * 24), (1, 59 * 24), (0, 60 * 24)]


@pytest.mark.parametrize("days", [15, 7, 3, 1])
def test_a_reminder_is_due_at_its_moment(days: int) -> None:
    assert reminder(TOKEN, before(days) - SECOND) != days
    assert reminder(TOKEN, before(days)) == days


def test_what_was_slept_over_is_told_as_the_newest_only() -> None:
    assert reminder(TOKEN, END - 2 * DAY) == 3
    assert reminder(TOKEN, END) == 0
    assert reminder(replace(TOKEN, told=0), END + DAY) is None


def test_a_clock_that_goes_back_repeats_nothing() -> None:
    assert reminder(replace(TOKEN, told=3), before(7)) is None
    assert reminder(replace(TOKEN, told=0), before(1)) is None
    tried = replace(TOKEN, tried_at=before(10))
    assert wants_renewal(tried, timedelta(0), before(11)), "a try of the future holds nobody up"
    assert not is_claimed(tried, before(11))


@pytest.mark.parametrize(
    ("at", "wanted"),
    [(before(15) - SECOND, False), (before(15), True), (END - SECOND, True), (END, False)],
)
def test_a_token_is_renewed_within_its_last_fifteen_days(at: datetime, wanted: bool) -> None:
    assert wants_renewal(TOKEN, timedelta(0), at) is wanted


def test_one_whose_end_is_assumed_is_renewed_when_it_is_a_day_old() -> None:
    token = fresh(60 * DAY, NOW)
    assert (token.expires_at, token.assumed) == (END, True)
    assert renewable_at(token, DAY) == NOW + DAY
    assert not wants_renewal(token, DAY, NOW + DAY - SECOND)
    assert wants_renewal(token, DAY, NOW + DAY)
    assert next_look(token, DAY, NOW) == NOW + DAY


def test_a_renewal_that_came_to_nothing_is_tried_again_after_a_day() -> None:
    tried = replace(TOKEN, tried_at=before(15), told=15)
    assert is_claimed(tried, before(15) + 59 * SECOND) and not is_claimed(tried, before(15) + 60 * SECOND)
    assert not wants_renewal(tried, timedelta(0), before(14) - SECOND)
    assert wants_renewal(tried, timedelta(0), before(14))
    assert next_look(tried, timedelta(0), before(15)) == before(14)
    assert next_look(tried, None, before(15)) == before(7)


def test_the_next_look() -> None:
    assert next_look(TOKEN, None, NOW) == before(15)
    assert next_look(replace(TOKEN, told=1), None, before(1)) == END
    assert next_look(replace(TOKEN, told=0), timedelta(0), END) is None
    assert next_look(Token(NOW), timedelta(0), NOW) is None
    assert next_look(fresh(None, NOW), None, NOW) == NOW, "its provider is asked at once"
    assert next_look(None, None, NOW) is None


def test_days_left_and_a_token_that_was_refused() -> None:
    assert [days_left(TOKEN, at) for at in (before(1), before(1) - SECOND, END - SECOND, END)] == [1, 2, 1, 0]
    assert state_of(ended(Token(NOW), NOW), NOW) == "expired"
    assert ended(TOKEN, END + DAY) == TOKEN


def test_it_is_stored_and_read_again() -> None:
    for token in (TOKEN, fresh(None, NOW), replace(TOKEN, assumed=True, told=0, tried_at=NOW)):
        assert Token.from_json(token.to_json()) == token
