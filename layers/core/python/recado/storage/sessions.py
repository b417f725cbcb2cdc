"""Sessions, the slots that are the contracted seats, and the count of failed log-ins."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.domain.credentials import FAILED_LOGIN_WINDOW, Session
from recado.domain.seats import Slot, SlotClaim
from recado.storage import keys
from recado.storage.people import UserRecord, user_key
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, condition_failed, guard

_SLOT_SEEN = guard(
    "seat-as-seen",
    "two users log in to the last seat at once, or one whose lease lapsed renews as another takes the seat",
)
_SEAT_OF_USER = guard(
    "one-seat-per-user", "a user logs in on two devices at once and would hold two seats; or is deleted meanwhile"
)
_SLOT_MINE = guard("seat-still-mine", "a lapsed seat was taken by another user as its old holder's heartbeat comes")
_WINDOW_OVER = guard("failed-logins-window-over", "failed log-ins at once would each begin the count anew")
_SESSION_LIVES = guard(
    "session-lives-to-take-a-seat",
    "a call of a session takes its lapsed seat again as the session logs out: nobody would free it",
)


class SessionRecord(WorkspaceRecord):
    """SESSION."""

    id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    secret_hash = UnicodeAttribute()
    created_at = TimeAttribute()
    expires_at = TimeAttribute()

    def session(self) -> Session:
        """The entity."""
        return self.to(Session)


class SlotRecord(WorkspaceRecord):
    """SLOT: one contracted seat."""

    number = NumberAttribute()
    user_id = UnicodeAttribute()
    lease_until = TimeAttribute()
    sessions = JSONAttribute()
    version = NumberAttribute()

    @classmethod
    def of_slot(cls, a: str, slot: Slot) -> SlotRecord:
        """The item of a slot."""
        return cls.of(
            slot, pk=keys.workspace_pk(a, "SEATS"), sk=keys.slot_sk(slot.number), sessions=list(slot.sessions)
        )

    def slot(self) -> Slot:
        """The entity."""
        return self.to(Slot, number=int(self.number), sessions=tuple(self.sessions), version=int(self.version))


class FailedLoginsRecord(WorkspaceRecord):
    """Failed log-ins of an e-mail, known or not, in one window."""

    failures = NumberAttribute()
    window_ends = TimeAttribute()


def session_key(a: str, session_id: str) -> tuple[str, str]:
    """The key of SESSION."""
    return keys.session_pk(a, session_id), "SESSION"


class SessionStore:
    """Sessions and seats of the workspace table (port: recado/ports/people.py)."""

    def get(self, a: str, session_id: str) -> Session | None:
        """A session, expired ones too until they are swept; None when it ended."""
        for record in SessionRecord.batch_get([session_key(a, session_id)], consistent_read=True):
            return record.session()
        return None

    def slots(self, a: str) -> list[Slot]:
        """Every seat that was ever taken."""
        return [record.slot() for record in SlotRecord.query(keys.workspace_pk(a, "SEATS"), consistent_read=True)]

    def held(self, a: str, user_id: str) -> int | None:
        """The number of the slot on the user's item; None when there is none."""
        for record in UserRecord.batch_get([user_key(a, user_id)], consistent_read=True):
            return None if record.seat is None else int(record.seat)
        return None

    def log_in(self, a: str, session: Session | None, claim: SlotClaim, held: int | None) -> bool:
        """Take the slot, and write the session with it. `session` None: it exists, and only its seat is taken again.

        False when a slot, the user's or the session's item moved."""
        slot = claim.after
        tx = Transaction()
        tx.put("slot", SlotRecord.of_slot(a, slot), _as_seen(claim.before))
        user = UserRecord(*user_key(a, slot.user_id))
        none = UserRecord.pk.exists() & UserRecord.seat.does_not_exist()
        tx.update(
            "user",
            user,
            [UserRecord.seat.set(slot.number)],
            _SEAT_OF_USER(none if held is None else UserRecord.seat == held),
        )
        if session is None:
            own = SessionRecord(*session_key(a, slot.sessions[-1]))
            tx.check("session", own, _SESSION_LIVES(SessionRecord.pk.exists()))
        else:
            tx.put("session", _session_record(a, session))
        for ended in claim.ended:
            tx.delete(f"ended:{ended}", SessionRecord(*session_key(a, ended)))
        return tx.committed()

    def renew(self, a: str, user_id: str, number: int, until: datetime) -> bool:
        """Move the end of a seat's lease; False when the seat is no longer the user's."""
        record = SlotRecord(keys.workspace_pk(a, "SEATS"), keys.slot_sk(number))
        actions: list[Action] = [SlotRecord.lease_until.set(until), SlotRecord.version.add(1)]
        try:
            record.update(actions, condition=_SLOT_MINE(SlotRecord.user_id == user_id))
        except UpdateError as error:
            if not condition_failed(error):
                raise
            return False
        return True

    def log_out(self, a: str, session_id: str, before: Slot | None, after: Slot | None) -> bool:
        """End a session and write the slot without it (None: there is none). False when the slot moved."""
        tx = Transaction()
        tx.delete("session", SessionRecord(*session_key(a, session_id)))
        if after is not None:
            tx.put("slot", SlotRecord.of_slot(a, after), _as_seen(before))
        return tx.committed()

    def end_all(self, a: str, before: Slot, after: Slot) -> bool:
        """End the sessions of a slot and write it without them. False when the slot moved."""
        tx = Transaction()
        for session_id in before.sessions:
            tx.delete(f"ended:{session_id}", SessionRecord(*session_key(a, session_id)))
        tx.put("slot", SlotRecord.of_slot(a, after), _as_seen(before))
        return tx.committed()

    def failed_logins(self, email: str, now: datetime) -> tuple[int, datetime | None]:
        """How many in the running window, and when that ends."""
        for record in FailedLoginsRecord.batch_get([_failures_key(email)], consistent_read=True):
            if record.window_ends > now:
                return int(record.failures), record.window_ends
        return 0, None

    def count_failed_login(self, email: str, now: datetime) -> None:
        """One more in the running window, or the first of a new one that ends 15 minutes from now."""
        ends = now + FAILED_LOGIN_WINDOW
        record = FailedLoginsRecord(*_failures_key(email), failures=1, window_ends=ends, ttl=int(ends.timestamp()))
        over = FailedLoginsRecord.pk.does_not_exist() | (FailedLoginsRecord.window_ends <= now)
        try:
            record.save(condition=_WINDOW_OVER(over))
        except PutError as error:
            if not condition_failed(error):
                raise
            FailedLoginsRecord(*_failures_key(email)).update([FailedLoginsRecord.failures.add(1)])


def _failures_key(email: str) -> tuple[str, str]:
    return keys.directory_pk("failed-logins", email), "DIR"


def _session_record(a: str, session: Session) -> SessionRecord:
    ttl = int(session.expires_at.timestamp())
    return SessionRecord.of(session, pk=keys.session_pk(a, session.id), sk="SESSION", ttl=ttl)


def _as_seen(slot: Slot | None) -> Condition | None:
    return _SLOT_SEEN(SlotRecord.pk.does_not_exist() if slot is None else SlotRecord.version == slot.version)
