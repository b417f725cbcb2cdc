"""Seats: of any number of registered users, only the contracted number is logged in at once.

There are as many slot items as contracted seats, so no more can be held. A slot is held by a user (however many
devices), by the lease that their calls renew, and freed with their last session. A user's item names the slot they
hold: nobody holds two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zlib import crc32

from recado.domain.credentials import MAX_SESSIONS
from recado.domain.people import LEASE_SECONDS, Account

STARTER = "starter"
PLANS: Mapping[str, int] = {STARTER: 3, "team": 5, "business": 15, "enterprise": 50}
"""Plans and their seats."""
TRIAL = timedelta(days=7)


@dataclass(frozen=True)
class Slot:
    """A seat in use, or used before: then without a user, or with a lapsed lease. `version` moves with each change."""

    number: int
    user_id: str
    lease_until: datetime
    sessions: tuple[str, ...]
    version: int

    def held(self, now: datetime) -> bool:
        """Whether somebody sits there. Nobody's is free whatever its lease says: clocks can go back."""
        return bool(self.user_id) and self.lease_until > now


@dataclass(frozen=True)
class SlotClaim:
    """The slot to write, the one it replaces, and the sessions that end because there would be too many."""

    before: Slot | None
    after: Slot
    ended: tuple[str, ...]


def seats_at(account: Account, now: datetime) -> int:
    """The seats at a moment: an unpaid trial that is over leaves those of the starter plan."""
    if account.paid_until is None and account.trial_ends_at is not None and account.trial_ends_at <= now:
        return PLANS[STARTER]
    return account.seats


def claim_slot(
    slots: Sequence[Slot], seats: int, user_id: str, session_id: str, held: int | None, now: datetime
) -> SlotClaim | None:
    """The slot that a user takes for one more session, None when all are held by others.

    `held` is the number on the user's item. Free slots are tried from a place that differs by user, so that users who
    log in at once do not all reach for the same one."""
    by_number = {slot.number: slot for slot in slots if slot.number < seats}
    own = by_number.get(held) if held is not None else None
    until = now + timedelta(seconds=LEASE_SECONDS)
    if own is not None and own.user_id == user_id:
        others = tuple(one for one in own.sessions if one != session_id)
        kept = others[-(MAX_SESSIONS - 1) :]
        after = replace(own, lease_until=until, sessions=(*kept, session_id), version=own.version + 1)
        return SlotClaim(own, after, others[: len(others) - len(kept)])
    if sum(slot.held(now) and slot.user_id != user_id for slot in slots) >= seats:
        return None  # a smaller plan: slots beyond it are held until they lapse
    first = crc32(user_id.encode()) % seats
    for number in ((first + step) % seats for step in range(seats)):
        slot = by_number.get(number)
        if slot is None or not slot.held(now):
            version = slot.version + 1 if slot else 1
            return SlotClaim(slot, Slot(number, user_id, until, (session_id,), version), ())
    return None


def without_session(slot: Slot, session_id: str, now: datetime) -> Slot:
    """The slot when a session has ended; with the last one it is free, and nobody's: a late call cannot renew it."""
    left = tuple(one for one in slot.sessions if one != session_id)
    if left:
        return replace(slot, sessions=left, version=slot.version + 1)
    return freed(slot, now)


def freed(slot: Slot, now: datetime) -> Slot:
    """The slot as nobody's."""
    return replace(slot, user_id="", lease_until=now, sessions=(), version=slot.version + 1)


def seats_used(slots: Sequence[Slot], now: datetime) -> int:
    """How many seats are held."""
    return sum(slot.held(now) for slot in slots)
