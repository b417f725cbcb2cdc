"""The message window as one pure policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.windows import (
    human_window_expires_at,
    may_send,
    sent_as_human_agent,
    what_may_be_sent,
    window_expires_at,
)


@dataclass(frozen=True)
class Rule:
    seconds: int
    after: frozenset[str]
    human_seconds: int | None = None


DAY = Rule(86_400, frozenset({"template"}))
THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(st.integers(0, 400_000))
def test_free_until_the_window_shuts_then_only_what_is_allowed_after(seconds: int) -> None:
    now = THEN + timedelta(seconds=seconds)
    assert may_send(DAY, "text", THEN, now) == (seconds < 86_400)
    assert may_send(DAY, "template", THEN, now)
    assert window_expires_at(DAY, THEN) == THEN + timedelta(days=1)


def test_a_channel_without_a_window_always_sends() -> None:
    assert may_send(None, "text", None, THEN)
    assert window_expires_at(None, THEN) is None


def test_who_never_wrote_opened_no_window() -> None:
    assert not may_send(DAY, "text", None, THEN)
    assert may_send(DAY, "template", None, THEN)
    assert window_expires_at(DAY, None) is None


WEEK = Rule(86_400, frozenset(), 7 * 86_400)


@pytest.mark.parametrize(
    ("seconds", "anybody", "person", "tagged"),
    [
        (86_399, True, True, False),
        (86_400, False, True, True),
        (86_401, False, True, True),
        (604_799, False, True, True),
        (604_800, False, False, True),
        (604_801, False, False, True),
    ],
)
def test_a_person_may_write_for_longer(seconds: int, anybody: bool, person: bool, tagged: bool) -> None:
    now = THEN + timedelta(seconds=seconds)
    assert may_send(WEEK, "text", THEN, now) == anybody
    assert may_send(WEEK, "text", THEN, now, human=True) == person
    assert sent_as_human_agent(WEEK, "text", THEN, now, human=True) == tagged
    assert not sent_as_human_agent(WEEK, "text", THEN, now, human=False)
    assert window_expires_at(WEEK, THEN) == THEN + timedelta(days=1)
    assert human_window_expires_at(WEEK, THEN) == THEN + timedelta(days=7)


def test_where_there_is_no_longer_stretch_a_person_is_like_anybody() -> None:
    late = THEN + timedelta(days=1)
    assert not may_send(DAY, "text", THEN, late, human=True)
    assert not sent_as_human_agent(DAY, "text", THEN, late, human=True)
    assert human_window_expires_at(DAY, THEN) is None


def test_a_person_cannot_write_to_who_never_wrote() -> None:
    assert not may_send(WEEK, "text", None, THEN, human=True)
    assert human_window_expires_at(WEEK, None) is None


@pytest.mark.parametrize(
    ("seconds", "of_a_day", "of_a_week"),
    [
        (86_399, "free", "free"),
        (86_400, "template_only", "human_only"),
        (86_401, "template_only", "human_only"),
        (604_799, "template_only", "human_only"),
        (604_800, "template_only", "nothing"),
        (604_801, "template_only", "nothing"),
    ],
)
def test_what_may_be_sent_in_words(seconds: int, of_a_day: str, of_a_week: str) -> None:
    now = THEN + timedelta(seconds=seconds)
    assert what_may_be_sent(DAY, THEN, now) == of_a_day
    assert what_may_be_sent(WEEK, THEN, now) == of_a_week
    assert what_may_be_sent(None, THEN, now) == "free"
    assert (what_may_be_sent(DAY, None, now), what_may_be_sent(WEEK, None, now)) == ("template_only", "nothing")
