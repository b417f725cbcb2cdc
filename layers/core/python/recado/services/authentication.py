"""From a bearer token to a Caller."""

from __future__ import annotations

from recado.domain.access import Caller
from recado.domain.credentials import Presented, proves, read_token
from recado.domain.errors import Unauthenticated
from recado.ports.core import Clock
from recado.ports.people import CredentialStore
from recado.services.sessions import SessionService


class Authentication:
    """Every call reads who presents the token, at once and consistently: an ended session, a revoked token, a deleted
    user, a changed role or membership holds from the next call on, in every process."""

    def __init__(self, credentials: CredentialStore, sessions: SessionService, clock: Clock) -> None:
        self._credentials = credentials
        self._sessions = sessions
        self._clock = clock

    def caller(self, token: str) -> Caller:
        """Who presents the token; a session's seat and lease are renewed. Raises Unauthenticated, and Conflict
        `seat_limit_reached` when the session's seat lapsed and all are taken."""
        presented = read_token(token)
        if presented is None:
            raise _refused()
        return self._session(presented) if presented.is_session else self._api_token(presented)

    def _session(self, presented: Presented) -> Caller:
        a = presented.account
        found = self._credentials.session(a, presented.id, presented.user_id)
        if found is None:
            raise _refused()
        session, user, agent = found
        if not proves(presented.secret, session.secret_hash):
            raise _refused()
        if user.credentials_at is not None and session.created_at < user.credentials_at:
            raise _refused()
        if session.expires_at <= self._clock.now():
            raise Unauthenticated("This session has expired. Log in again.", code="session_expired")
        self._sessions.keep_alive(a, user.id, session.id)
        return Caller(
            a,
            user.role,
            user_id=user.id,
            session_id=session.id,
            memberships=agent.memberships,
            supervised=agent.supervised,
        )

    def _api_token(self, presented: Presented) -> Caller:
        token = self._credentials.api_token(presented.account, presented.id, presented.user_id)
        if token is None or not proves(presented.secret, token.secret_hash):
            raise _refused()
        scopes = frozenset(token.scopes)
        return Caller(presented.account, "admin", user_id=token.created_by, token_id=token.id, scopes=scopes)


def _refused() -> Unauthenticated:
    return Unauthenticated("This token is not valid, or no longer.")
