"""Seats, sessions, failed log-ins, kept answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from recado.domain.credentials import Session
from recado.domain.people import User
from recado.domain.seats import SlotClaim, claim_slot, without_session
from recado.ports.idempotency import Claimed, Kept, Running
from recado.storage.idempotency import DynamoIdempotency
from recado.storage.people import UserStore
from recado.storage.sessions import SessionStore
from tests.storage.scenarios import scenario
from tests.storage.scenarios.people import A, an_account, new_user


def session_of(clock: Any, ids: Any, user: User) -> Session:
    return Session(ids.new("se", A), user.id, "hash", clock.now(), clock.now() + timedelta(days=30))


def decided(user: User, session: Session, seats: int, now: datetime) -> tuple[SlotClaim, int | None]:
    """What a log-in reads and decides, before it writes."""
    sessions = SessionStore()
    held = sessions.held(A, user.id)
    claim = claim_slot(sessions.slots(A), seats, user.id, session.id, held, now)
    assert claim is not None
    return claim, held


def users_with_a_seat(now: datetime) -> list[str]:
    return [slot.user_id for slot in SessionStore().slots(A) if slot.lease_until > now and slot.user_id]


def people(clock: Any, ids: Any, *names: str) -> list[User]:
    an_account(clock, ids)
    users = [new_user(clock, ids, name) for name in names]
    for user in users:
        assert UserStore().create(A, user)
    return users


@scenario("seat-as-seen")
def two_users_log_in_to_the_last_seat(clock: Any, ids: Any) -> None:
    ana, bia = people(clock, ids, "ana", "bia")
    first, second = session_of(clock, ids, ana), session_of(clock, ids, bia)
    claims = [decided(ana, first, 1, clock.now()), decided(bia, second, 1, clock.now())]
    taken = [SessionStore().log_in(A, one, *claim) for one, claim in zip((first, second), claims, strict=True)]
    assert taken == [True, False], "two users are logged in to one seat"


@scenario("one-seat-per-user")
def a_user_logs_in_on_two_devices_at_once(clock: Any, ids: Any) -> None:
    (ana,) = people(clock, ids, "ana")
    sessions = SessionStore()
    desk, phone = session_of(clock, ids, ana), session_of(clock, ids, ana)
    for_desk, held = decided(ana, desk, 5, clock.now())
    number = (for_desk.after.number + 1) % 5  # the other device found the first slot taken
    for_phone = SlotClaim(None, replace(for_desk.after, number=number, sessions=(phone.id,)), ())
    assert sessions.log_in(A, desk, for_desk, held)
    sessions.log_in(A, phone, for_phone, held)
    assert len(users_with_a_seat(clock.now())) == 1, "one user holds two seats"


@scenario("seat-still-mine")
def a_heartbeat_comes_as_the_lapsed_seat_is_taken(clock: Any, ids: Any) -> None:
    ana, bia = people(clock, ids, "ana", "bia")
    sessions = SessionStore()
    first, second = session_of(clock, ids, ana), session_of(clock, ids, bia)
    claim, held = decided(ana, first, 1, clock.now())
    assert sessions.log_in(A, first, claim, held)
    clock.move(91)
    assert sessions.log_in(A, second, *decided(bia, second, 1, clock.now()))
    assert not sessions.renew(A, ana.id, claim.after.number, clock.now() + timedelta(seconds=90)), (
        "both work on one seat"
    )


@scenario("session-lives-to-take-a-seat")
def a_session_takes_its_seat_again_as_it_logs_out(clock: Any, ids: Any) -> None:
    (ana,) = people(clock, ids, "ana")
    sessions = SessionStore()
    session = session_of(clock, ids, ana)
    claim, held = decided(ana, session, 1, clock.now())
    assert sessions.log_in(A, session, claim, held)
    assert sessions.log_out(A, session.id, claim.after, without_session(claim.after, session.id, clock.now()))
    again, held = decided(ana, session, 1, clock.now())
    sessions.log_in(A, None, again, held)
    assert users_with_a_seat(clock.now()) == [], "a session that ended holds a seat"


@scenario("failed-logins-window-over")
def failures_come_at_once(clock: Any, ids: Any) -> None:
    sessions = SessionStore()
    for _ in range(3):
        sessions.count_failed_login("ana@one.example", clock.now())
    assert sessions.failed_logins("ana@one.example", clock.now())[0] == 3, "failures are forgotten"


class Interrupted(DynamoIdempotency):
    """The store, in which something happens between a reading and the writing."""

    after_reading: Any = None

    def _read(self, a: str, caller: str, key: str) -> Any:
        found = super()._read(a, caller, key)
        happens, self.after_reading = self.after_reading, None
        if happens is not None:
            happens()
        return found


def moments(now: datetime) -> tuple[datetime, datetime, datetime]:
    """Now, the end of the lease, the end of keeping."""
    return now, now + timedelta(seconds=60), now + timedelta(days=1)


def claim_key(store: DynamoIdempotency, now: datetime) -> Claimed | Running | Kept:
    return store.claim(A, "us_1", "key", "request", *moments(now))


@scenario("idempotency-claim")
def two_requests_with_one_key(clock: Any, ids: Any) -> None:
    store = DynamoIdempotency(ids)
    assert isinstance(claim_key(store, clock.now()), Claimed)
    assert isinstance(claim_key(store, clock.now()), Running), "both run"


@scenario("idempotency-take-over")
def a_lapsed_key_is_taken_over_by_two_and_as_its_answer_is_kept(clock: Any, ids: Any) -> None:
    for meanwhile in ("taken over", "kept"):
        store = Interrupted(ids)
        lost = store.claim(A, "us_1", meanwhile, "request", *moments(clock.now()))
        assert isinstance(lost, Claimed)
        clock.move(61)
        other = DynamoIdempotency(ids)

        def take_over(other: Any = other, key: str = meanwhile) -> None:
            assert isinstance(other.claim(A, "us_1", key, "request", *moments(clock.now())), Claimed)

        def keep(other: Any = other, key: str = meanwhile, claim: str = lost.claim) -> None:
            other.keep(A, "us_1", key, claim, Kept("request", 201, b"late"))

        store.after_reading = take_over if meanwhile == "taken over" else keep
        found = store.claim(A, "us_1", meanwhile, "request", *moments(clock.now()))
        assert isinstance(found, Running), f"it was {meanwhile}, and runs"


@scenario("idempotency-holder")
def a_holder_outlives_its_lease(clock: Any, ids: Any) -> None:
    store = DynamoIdempotency(ids)
    slow = claim_key(store, clock.now())
    clock.move(61)
    quick = claim_key(store, clock.now())
    assert isinstance(slow, Claimed) and isinstance(quick, Claimed)
    store.keep(A, "us_1", "key", quick.claim, Kept("request", 201, b"the answer told"))
    store.keep(A, "us_1", "key", slow.claim, Kept("request", 201, b"another"))
    found = claim_key(store, clock.now())
    assert isinstance(found, Kept) and found.body == b"the answer told", "the first answer changes"
