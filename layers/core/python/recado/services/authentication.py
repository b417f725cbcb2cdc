"""From a bearer token to a Caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from recado.domain.access import Caller
from recado.domain.credentials import Presented, proves, read_token
from recado.domain.errors import NotFound, Unauthenticated
from recado.ports.core import Clock
from recado.ports.people import ApiTokenStore, SessionStore, UserStore
from recado.services.presence import PresenceService
from recado.services.sessions import SessionService

REMEMBERED = timedelta(seconds=10)
_MOST = 10_000


@dataclass(frozen=True)
class _Known:
    """What storage said of a token, and when."""

    secret_hash: str
    caller: Caller
    read_at: datetime
    expires_at: datetime | None = None


class Authentication:
    """Tokens are read from storage at most every 10 s, so an ended session or a changed role holds that long in other
    processes. The secret is compared at every call, and wrong ones are never remembered."""

    def __init__(
        self,
        sessions: SessionStore,
        users: UserStore,
        tokens: ApiTokenStore,
        presence: PresenceService,
        session_service: SessionService,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._users = users
        self._tokens = tokens
        self._presence = presence
        self._session_service = session_service
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def caller(self, token: str) -> Caller:
        """Who presents the token; a session's seat and lease are renewed. Raises Unauthenticated, and Conflict
        `seat_limit_reached` when the session's seat lapsed and all are taken."""
        presented = read_token(token)
        known = self._find(presented) if presented else None
        if presented is None or known is None or not proves(presented.secret, known.secret_hash):
            raise Unauthenticated("This token is not valid, or no longer.")
        if known.expires_at is not None and known.expires_at <= self._clock.now():
            raise Unauthenticated("This session has expired. Log in again.", code="session_expired")
        self._remember(presented.id, known)
        caller = known.caller
        if caller.user_id is not None and caller.session_id is not None:
            self._session_service.keep_alive(caller.account, caller.user_id, caller.session_id)
        return caller

    def forget(self, public_id: str) -> None:
        """A session or token ended or changed in this process."""
        self._known.pop(public_id, None)

    def _find(self, presented: Presented) -> _Known | None:
        known = self._known.get(presented.id)
        if known is not None and timedelta(0) <= self._clock.now() - known.read_at < REMEMBERED:
            return known
        self._known.pop(presented.id, None)
        return self._session(presented) if presented.is_session else self._token(presented)

    def _session(self, presented: Presented) -> _Known | None:
        a = presented.account
        session = self._sessions.get(a, presented.id)
        user = self._users.get(a, session.user_id) if session else None
        if session is None or user is None or (user.credentials_at and session.created_at < user.credentials_at):
            return None
        try:
            memberships = self._presence.get(a, user.id)[0].memberships
        except NotFound:
            return None  # the user is being deleted
        caller = Caller(a, user.role, user_id=user.id, session_id=session.id, memberships=memberships)
        return _Known(session.secret_hash, caller, self._clock.now(), session.expires_at)

    def _token(self, presented: Presented) -> _Known | None:
        token = self._tokens.get(presented.account, presented.id)
        if token is None:
            return None
        caller = Caller(presented.account, "admin", token_id=token.id, scopes=frozenset(token.scopes))
        return _Known(token.secret_hash, caller, self._clock.now())

    def _remember(self, public_id: str, known: _Known) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[public_id] = known
