"""Users: who is registered in an account. Their presence, cap and memberships are the agent's
(services/presence.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import Busy, Conflict, Forbidden, Invalid, NotFound
from recado.domain.people import Agent, Presence, Role, User
from recado.domain.users import checked_email, checked_password, checked_phone
from recado.ports.core import Clock, Ids
from recado.ports.people import Passwords, UserStore
from recado.services.presence import PresenceService
from recado.services.references import References
from recado.services.sessions import SessionService

_TRIES = 5


@dataclass(frozen=True)
class SeenUser:
    """A user and what distribution knows of them; `lease_until` None: not connected."""

    user: User
    agent: Agent
    lease_until: datetime | None


class UserService:
    """Users of an account. The last admin stays: the account counts its admins, and the count is moved under the
    condition that one is left, in the transaction that demotes or deletes."""

    def __init__(
        self,
        users: UserStore,
        sessions: SessionService,
        passwords: Passwords,
        presence: PresenceService,
        references: References,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = passwords
        self._presence = presence
        self._references = references
        self._clock = clock
        self._ids = ids

    def get(self, a: str, user_id: str) -> SeenUser:
        """Raises NotFound."""
        user = self._user(a, user_id)
        agent, lease_until = self._presence.get(a, user_id)
        return SeenUser(user, agent, lease_until)

    def page(self, a: str, limit: int, after: str | None) -> tuple[list[SeenUser], str | None]:
        """A page of users, oldest first, and the last id when there may be more."""
        users = self._users.page(a, limit, after)
        agents = self._presence.read(a, [user.id for user in users])
        seen = [SeenUser(user, *agents[user.id]) for user in users if user.id in agents]
        return seen, users[-1].id if len(users) == limit else None

    def create(
        self,
        a: str,
        name: str,
        email: str,
        role: Role,
        max_chats: int | None,
        password: str | None,
        phone: str | None = None,
    ) -> SeenUser:
        """Raises Invalid, Conflict `email_taken`. The agent comes first: a user without one could not be given
        anything."""
        address = checked_email(email)
        number = None if phone is None else checked_phone(phone)
        if password is None:
            detail = "Give the user a password: this installation cannot send invitations."
            raise Invalid.field("/password", "password_required", detail)
        hashed = self._passwords.hash(checked_password(password))
        now = self._clock.now()
        user = User(
            self._ids.new("us", a),
            name,
            address,
            role,
            now,
            password_hash=hashed,
            max_chats=max_chats,
            credentials_at=now,
            phone=number,
        )
        self._presence.create(a, user.id, max_chats)
        if not self._users.create(a, user):
            self._presence.remove(a, user.id)
            raise Conflict("This e-mail is registered already.", code="email_taken")
        return self.get(a, user.id)

    def change(self, a: str, user_id: str, changes: Mapping[str, Any]) -> SeenUser:
        """Change name, email, role, max_chats, phone or password; a new password ends the user's sessions. Raises
        Invalid, NotFound, Conflict `email_taken` or `last_admin`."""
        fields = dict(changes)
        if "email" in fields:
            fields["email"] = checked_email(fields["email"])
        if fields.get("phone") is not None:
            fields["phone"] = checked_phone(fields["phone"])
        if "password" in fields:
            fields["password_hash"] = self._passwords.hash(checked_password(fields.pop("password")))
            fields["credentials_at"] = self._clock.now()
        for _ in range(_TRIES):
            before = self._user(a, user_id)
            failed = self._users.change(a, before, replace(before, **fields))
            if not failed:
                if "max_chats" in fields:
                    self._presence.set_cap(a, user_id, fields["max_chats"])
                return self.get(a, user_id)
            _refuse(failed)
        raise Busy(f"user {user_id}")

    def delete(self, a: str, user_id: str) -> None:
        """Delete a user without open chats, with their agent, their sessions and their seat. Raises NotFound, Conflict
        `user_has_chats`, `last_admin` or `in_use`."""
        self._references.refuse(a, [user_id], "The user")
        for _ in range(_TRIES):
            failed = self._users.delete(a, self._user(a, user_id), self._presence.leaving(a, user_id))
            if not failed:
                self._sessions.end_all(a, user_id)
                return
            _refuse(failed)
        raise Busy(f"user {user_id}")

    def set_presence(self, caller: Caller, user_id: str, status: Presence, reason: str | None) -> SeenUser:
        """One's own presence, or anybody's for an admin. Raises Forbidden, NotFound."""
        if caller.role != "admin" and caller.user_id != user_id:
            raise Forbidden("Only an admin sets the presence of others.")
        self._user(caller.account, user_id)
        self._presence.set_presence(caller.account, user_id, status, reason)
        return self.get(caller.account, user_id)

    def _user(self, a: str, user_id: str) -> User:
        user = self._users.get(a, user_id)
        if user is None:
            raise NotFound("There is no such user.")
        return user


def _refuse(failed: frozenset[str]) -> None:
    """Raises what reading again cannot mend; a user who changed meanwhile is read again."""
    if "email" in failed:
        raise Conflict("This e-mail is registered already.", code="email_taken")
    if "account" in failed and "user" not in failed:
        raise Conflict("An account keeps at least one admin.", code="last_admin")
