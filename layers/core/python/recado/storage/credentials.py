"""Everything that a bearer token needs to be judged, in one call of consistent reads."""

from __future__ import annotations

from recado.domain.credentials import ApiToken, Session
from recado.domain.people import Agent, User
from recado.storage.agents import AgentRecord, agent_key
from recado.storage.people import ApiTokenRecord, UserRecord, token_key, user_key
from recado.storage.sessions import SessionRecord, session_key


class _SessionUserOrAgent(SessionRecord, UserRecord, AgentRecord):
    """Any of the three items, for reading them in one call."""


class _TokenOrUser(ApiTokenRecord, UserRecord):
    """Either of the two items, for reading both in one call."""


class CredentialStore:
    """Sessions and API tokens with whom they belong to (port: recado/ports/people.py)."""

    def session(self, a: str, session_id: str, user_id: str) -> tuple[Session, User, Agent] | None:
        """The session with its user and their agent; None when one of them is gone or the session is another
        user's."""
        wanted = [session_key(a, session_id), user_key(a, user_id), agent_key(a, user_id)]
        found = {(one.pk, one.sk): one for one in _SessionUserOrAgent.batch_get(wanted, consistent_read=True)}
        if len(found) < len(wanted):
            return None
        session, user, agent = (found[key] for key in wanted)
        return (session.session(), user.user(), agent.agent()) if session.user_id == user_id else None

    def api_token(self, a: str, token_id: str, user_id: str) -> ApiToken | None:
        """The token; None when it is gone, another made it, or the user who made it is gone or no admin any more: what
        it may do, they have to be allowed to do."""
        wanted = [token_key(a, token_id), user_key(a, user_id)]
        found = {(one.pk, one.sk): one for one in _TokenOrUser.batch_get(wanted, consistent_read=True)}
        if len(found) < len(wanted):
            return None
        token, maker = found[token_key(a, token_id)].token(), found[user_key(a, user_id)].user()
        return token if token.created_by == user_id and maker.role == "admin" else None
