"""The message window as one pure policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recado.domain.windows import may_send, window_expires_at


@dataclass(frozen=True)
class Rule:
    seconds: int
    after: frozenset[str]


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
