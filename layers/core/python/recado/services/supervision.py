"""Who follows single users, beside the departments they supervise (PRODUCT B3)."""

from __future__ import annotations

from recado.domain.agents import MAX_SUPERVISED
from recado.domain.errors import Conflict, NotFound
from recado.domain.people import User
from recado.ports.people import UserStore
from recado.services.presence import PresenceService


class SupervisionService:
    """The links lie in the follower's agent. Links to users who were deleted are passed over, and dropped when there is
    no room for another."""

    def __init__(self, users: UserStore, presence: PresenceService) -> None:
        self._users = users
        self._presence = presence

    def supervised(self, a: str, user_id: str) -> list[User]:
        """Whom the user follows, by id. Raises NotFound."""
        return self._users.read(a, sorted(self._presence.get(a, user_id)[0].supervised))

    def follow(self, a: str, user_id: str, supervised_id: str) -> User:
        """Answers who is followed; repeating it changes nothing. Raises NotFound, Conflict `same_user`,
        `restricted_supervisor` or `too_many_supervised`."""
        if user_id == supervised_id:
            raise Conflict("Nobody follows themselves.", code="same_user")
        supervisor, followed = self._user(a, user_id), self._user(a, supervised_id)
        if supervisor.role == "restricted":
            raise Conflict("A restricted user sees no chats of others.", code="restricted_supervisor")
        if supervised_id not in self._presence.get(a, user_id)[0].supervised:
            self._presence.set_supervised(a, user_id, lambda before: self._room(a, before) | {supervised_id})
        return followed

    def unfollow(self, a: str, user_id: str, supervised_id: str) -> None:
        """Raises NotFound when the user does not follow the other."""
        if supervised_id not in self._presence.get(a, user_id)[0].supervised:
            raise NotFound("The user does not follow this one.")
        self._presence.set_supervised(a, user_id, lambda before: before - {supervised_id})

    def _room(self, a: str, supervised: frozenset[str]) -> frozenset[str]:
        if len(supervised) < MAX_SUPERVISED:
            return supervised
        return frozenset(one.id for one in self._users.read(a, sorted(supervised)))

    def _user(self, a: str, user_id: str) -> User:
        user = self._users.get(a, user_id)
        if user is None:
            raise NotFound("There is no such user.")
        return user
