"""Log-in, log-out, heartbeats, and the seats that they take and free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from recado.domain.access import Caller
from recado.domain.credentials import MAX_FAILED_LOGINS, SESSION_LIFE, Session, hash_of, token_of
from recado.domain.errors import Busy, Conflict, Forbidden, TooMany, Unauthenticated
from recado.domain.people import HEARTBEAT_SECONDS, LEASE_SECONDS, User
from recado.domain.seats import claim_slot, freed, seats_at, without_session
from recado.domain.users import normal_email
from recado.ports.core import Clock, Ids
from recado.ports.people import AccountStore, Passwords, SessionStore, UserStore
from recado.services.presence import PresenceService

_TRIES = 10
_REMEMBERED = 10_000


@dataclass(frozen=True)
class LoggedIn:
    """What a log-in gives; the token is never shown again."""

    token: str
    user: User
    session: Session


class SessionService:
    """Sessions hold a seat of their account. Where slots are fought over, it reads again and decides again, up to ten
    times."""

    def __init__(
        self,
        sessions: SessionStore,
        accounts: AccountStore,
        users: UserStore,
        passwords: Passwords,
        presence: PresenceService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._users = users
        self._passwords = passwords
        self._presence = presence
        self._clock = clock
        self._ids = ids
        self._renewed: dict[tuple[str, str], datetime] = {}

    def log_in(self, email: str, password: str) -> LoggedIn:
        """Raises Unauthenticated, TooMany after 10 failures in 15 minutes, Conflict `seat_limit_reached`.

        Failures are counted after the password was tried, so that right ones never wait for each other; tries sent at
        the same moment may together pass the limit by their number."""
        email, now = normal_email(email), self._clock.now()
        failures, ends = self._sessions.failed_logins(email, now)
        if failures >= MAX_FAILED_LOGINS and ends is not None:
            wait = max(1, int((ends - now).total_seconds()))
            raise TooMany(
                "Too many failed log-ins. Try again later.", code="too_many_logins", extra={"retry_after_s": wait}
            )
        found = self._users.find(email)
        user = self._users.get(*found) if found else None
        right = self._passwords.matches(user.password_hash if user else None, password)
        if found is None or user is None or not right:
            self._sessions.count_failed_login(email, now)
            raise Unauthenticated("The e-mail or the password is wrong.", code="wrong_credentials")
        return self.start(found[0], user)

    def start(self, a: str, user: User) -> LoggedIn:
        """A new session of a user who has proved who they are. Raises Conflict `seat_limit_reached`."""
        now, secret = self._clock.now(), self._ids.secret()
        session = Session(self._ids.new("se", a), user.id, hash_of(secret), now, now + SESSION_LIFE)
        self._take_seat(a, user.id, session.id, session)
        self._presence.renew(a, user.id, force=True)
        return LoggedIn(token_of(session.id, user.id, secret), user, session)

    def keep_alive(self, a: str, user_id: str, session_id: str) -> None:
        """A call of a session came: renew seat and presence, at most every 30 s from this process.

        A seat that lapsed is taken again; Conflict `seat_limit_reached` when others have them all, Unauthenticated
        when the session was logged out meanwhile."""
        now = self._clock.now()
        last = self._renewed.get((a, user_id))
        if last is not None and timedelta(0) <= now - last < timedelta(seconds=HEARTBEAT_SECONDS):
            return
        held = self._sessions.held(a, user_id)
        until = now + timedelta(seconds=LEASE_SECONDS)
        if held is None or not self._sessions.renew(a, user_id, held, until):
            self._take_seat(a, user_id, session_id, None)
        self._presence.renew(a, user_id)
        self._remember(a, user_id, now)

    def log_out(self, caller: Caller) -> None:
        """End the caller's session; with their last one the seat is free and the agent disconnected."""
        if caller.user_id is None or caller.session_id is None:
            raise Forbidden("Only a session can end itself.")
        a, user_id, session_id = caller.account, caller.user_id, caller.session_id
        for _ in range(_TRIES):
            slot = next((one for one in self._sessions.slots(a) if one.user_id == user_id), None)
            left = without_session(slot, session_id, self._clock.now()) if slot else None
            if self._sessions.log_out(a, session_id, slot, left):
                self._renewed.pop((a, user_id), None)
                if left is None or not left.sessions:
                    self._presence.disconnect(a, user_id)
                return
        raise Busy(f"seat of {user_id}")

    def end_all(self, a: str, user_id: str) -> None:
        """Free the seat of a user who was deleted, and end the sessions on it. Nobody can log in as them any more, so
        repeating it does no harm; should it not come to this, the seat is free when its lease ends."""
        for _ in range(_TRIES):
            slot = next((one for one in self._sessions.slots(a) if one.user_id == user_id), None)
            if slot is None or self._sessions.end_all(a, slot, freed(slot, self._clock.now())):
                return
        raise Busy(f"seat of {user_id}")

    def _take_seat(self, a: str, user_id: str, session_id: str, session: Session | None) -> None:
        account = self._accounts.get(a)
        if account is None:
            raise Unauthenticated("The account is gone.")
        for _ in range(_TRIES):
            now, held = self._clock.now(), self._sessions.held(a, user_id)
            claim = claim_slot(self._sessions.slots(a), seats_at(account, now), user_id, session_id, held, now)
            if claim is None:
                detail = "All contracted seats are in use. Somebody has to log out first."
                raise Conflict(detail, code="seat_limit_reached", extra={"seats": seats_at(account, now)})
            if self._sessions.log_in(a, session, claim, held):
                self._remember(a, user_id, now)
                return
            if session is None and self._sessions.get(a, session_id) is None:
                raise Unauthenticated("The session has ended.")
        raise Busy(f"seats of {a}")

    def _remember(self, a: str, user_id: str, now: datetime) -> None:
        if len(self._renewed) >= _REMEMBERED:
            self._renewed.clear()
        self._renewed[a, user_id] = now
