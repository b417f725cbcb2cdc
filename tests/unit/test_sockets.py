"""Sockets of one listener: how many, how long, and each ticket once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recado.domain.chats import ThreadKey
from recado.domain.sockets import (
    LIFE,
    MAX_OPEN,
    MAX_TICKETS,
    OPENING,
    Sockets,
    closed,
    hint,
    is_opening,
    listener_of,
    opened,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
NOBODY = Sockets(listener_of(ThreadKey("ch_1", "v:1")))


def many(count: int, at: datetime = NOW) -> Sockets:
    sockets: Sockets | None = NOBODY
    for number in range(count):
        assert sockets is not None
        sockets = opened(sockets, f"c{number}", f"t{number}", at + MINUTE, at + number * SECOND)
    assert sockets is not None
    return sockets


def test_a_ticket_is_good_once_within_its_time() -> None:
    first = many(1)
    assert opened(first, "c9", "t0", NOW + MINUTE, NOW + MINUTE - SECOND) is None
    after = opened(first, "c9", "t1", NOW + 2 * MINUTE, NOW + MINUTE)
    assert after is not None
    assert set(after.spent) == {"t1"}, "what has ended by itself needs no remembering"


def test_the_oldest_makes_room() -> None:
    full = many(MAX_OPEN)
    assert len(full.open) == MAX_OPEN
    # however the store orders them
    mixed = replace(full, open=dict(sorted(full.open.items(), reverse=True)))
    assert set(many(MAX_OPEN + 1).open) == {f"c{number}" for number in range(1, MAX_OPEN + 1)}
    after = opened(mixed, "new", "t", NOW + MINUTE, NOW + 30 * SECOND)
    assert after is not None
    assert set(after.open) == {"c1", "c2", "c3", "c4", "new"}


def test_there_is_an_end_to_tickets() -> None:
    full = many(MAX_TICKETS)
    assert len(full.spent) == MAX_TICKETS
    assert opened(full, "c", "t", NOW + 2 * MINUTE, NOW + MINUTE - SECOND) is None
    assert opened(full, "c", "t", NOW + 2 * MINUTE, NOW + MINUTE) is not None


def test_what_has_ended_is_forgotten() -> None:
    one = many(1)
    assert one.ends_at == NOW + LIFE
    later = opened(one, "c1", "t1", NOW + LIFE + MINUTE, NOW + LIFE)
    assert later is not None
    assert set(later.open) == {"c1"}
    assert NOBODY.ends_at is None


def test_closing() -> None:
    two = many(2)
    after = closed(two, "c0", "c7")
    assert after is not None
    assert (set(after.open), set(after.spent)) == ({"c1"}, {"t0", "t1"}), "its ticket stays used"
    assert closed(after, "c0") is None


def test_a_young_connection_may_be_told_to_be_gone() -> None:
    one = many(1)
    assert is_opening(one, "c0", NOW + OPENING - SECOND)
    assert not is_opening(one, "c0", NOW + OPENING)


def test_a_hint_tells_nothing_but_the_seq() -> None:
    assert hint(7) == b'{"type":"new","seq":7}'
