"""Seats: who may take which slot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recado.domain.credentials import MAX_SESSIONS
from recado.domain.people import Account
from recado.domain.seats import PLANS, Slot, claim_slot, seats_at, seats_used, without_session

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(st.sampled_from(["in", "out", "renew", "wait"]), st.integers(0, 6), st.integers(0, 2)),
    min_size=1,
    max_size=60,
)


@given(seats=st.integers(1, 4), steps=STEPS)
def test_whatever_happens_the_seats_are_not_overshot(seats: int, steps: list[tuple[str, int, int]]) -> None:
    """Users log in and out on several devices, beat, or fall silent; against a plain model of who holds a live
    lease."""
    slots: dict[int, Slot] = {}
    held: dict[str, int] = {}
    now = NOW
    for action, user_number, device in steps:
        user, session = f"user{user_number}", f"user{user_number}-{device}"
        mine = slots.get(held.get(user, -1))
        alive = {slot.user_id for slot in slots.values() if slot.lease_until > now}
        if action == "wait":
            now += timedelta(seconds=40)
        elif action == "in":
            claim = claim_slot(list(slots.values()), seats, user, session, held.get(user), now)
            own = mine is not None and mine.user_id == user
            assert (claim is not None) == (own or user in alive or len(alive) < seats)
            if claim is not None:
                assert claim.before == slots.get(claim.after.number)
                slots[claim.after.number] = claim.after
                held[user] = claim.after.number
        elif mine is not None and mine.user_id == user:
            after = (
                without_session(mine, session, now)
                if action == "out"
                else replace(mine, lease_until=now + timedelta(seconds=90))
            )
            slots[mine.number] = after
        live = [slot.user_id for slot in slots.values() if slot.lease_until > now]
        assert len(live) <= seats
        assert len(live) == len(set(live)), "one user holds two seats"
        assert seats_used(list(slots.values()), now) == len(live)
        assert all(number < seats for number in slots)


def test_a_second_device_shares_the_seat_and_the_oldest_session_makes_room() -> None:
    slot = Slot(2, "ana", NOW, tuple(f"s{n}" for n in range(MAX_SESSIONS)), 7)
    claim = claim_slot([slot], 3, "ana", "new", 2, NOW)
    assert claim is not None
    assert (claim.after.number, claim.after.version, claim.ended) == (2, 8, ("s0",))
    assert claim.after.sessions[-1] == "new" and len(claim.after.sessions) == MAX_SESSIONS


def test_a_smaller_plan_gives_nothing_while_more_are_logged_in() -> None:
    later = NOW + timedelta(seconds=90)
    beyond = [Slot(number, f"user{number}", later, ("s",), 1) for number in (3, 4)]
    assert claim_slot(beyond, 3, "ana", "s", None, NOW) is not None
    assert claim_slot(beyond, 2, "ana", "s", None, NOW) is None
    own = claim_slot(beyond, 3, "user4", "other", 4, NOW)
    assert own is not None and own.after.number < 3


def test_a_session_more_or_less() -> None:
    slot = Slot(0, "ana", NOW, ("a", "b"), 1)
    assert without_session(slot, "a", NOW) == Slot(0, "ana", NOW, ("b",), 2)
    assert without_session(replace(slot, sessions=("b",)), "b", NOW) == Slot(0, "", NOW, (), 2)


def test_an_unpaid_trial_that_is_over_has_the_seats_of_the_starter_plan() -> None:
    trial = Account("ac_aaaaaaaa", "C", "business", 15, "pt-BR", "UTC", NOW, trial_ends_at=NOW + timedelta(days=7))
    assert [seats_at(trial, NOW + timedelta(days=7, seconds=beyond)) for beyond in (-1, 0)] == [15, PLANS["starter"]]
    assert seats_at(replace(trial, paid_until=NOW + timedelta(days=30)), NOW + timedelta(days=8)) == 15
    assert seats_at(replace(trial, trial_ends_at=None), NOW + timedelta(days=800)) == 15
    assert min(seats for name, seats in PLANS.items() if name != "starter") >= 5


def test_a_seat_given_back_is_free_even_when_the_clock_goes_back() -> None:
    held = Slot(0, "ana", NOW + timedelta(seconds=90), ("ana-1",), 1)
    left = without_session(held, "ana-1", NOW)
    earlier = NOW - timedelta(minutes=5)
    assert seats_used([left], earlier) == 0
    claim = claim_slot([left], 1, "bruno", "bruno-1", None, earlier)
    assert claim is not None and claim.after.user_id == "bruno"
