"""Users as the rows of an import name them: by id, by e-mail address, or by a name that only one of them has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from recado.domain.contact_search import fold
from recado.domain.errors import FieldError
from recado.domain.ids import is_id
from recado.domain.people import User
from recado.ports.core import Clock
from recado.ports.people import UserStore

_KEPT = timedelta(seconds=10)
_AT_ONCE = 500


class ContactImportAgents:
    """Knows the users of the account that it was asked about last, as they were ten seconds ago at most. An account has
    as many as its admins added one by one."""

    def __init__(self, users: UserStore, clock: Clock) -> None:
        self._users = users
        self._clock = clock
        self._account = ""
        self._read_at: datetime | None = None
        self._ids: Mapping[str, list[str]] = {}

    def found(self, a: str, text: str, pointer: str) -> tuple[str, list[FieldError]]:
        """The id of the user that a cell means; the text itself, and why, where it means none. That an id is a user's
        is for who writes it to say."""
        if is_id(text, "us", a):
            return text, []
        ids = self._known(a).get(_letters(text), [])
        if len(ids) == 1:
            return ids[0], []
        if ids:
            detail = f"More than one user is called “{text[:100]}”. Give the e-mail address."
            return text, [FieldError(pointer, "ambiguous", detail)]
        detail = "There is no user of this name or e-mail address."
        return text, [FieldError(pointer, "not_found", detail)]

    def _known(self, a: str) -> Mapping[str, list[str]]:
        """Ids by address and by name: an address is one user's, whoever is called so too."""
        now = self._clock.now()
        if self._account != a or self._read_at is None or not timedelta(0) <= now - self._read_at < _KEPT:
            users = self._read(a)
            by_name: dict[str, list[str]] = {}
            for user in users:
                by_name.setdefault(_letters(user.name), []).append(user.id)
            self._ids = by_name | {_letters(user.email): [user.id] for user in users}
            self._account, self._read_at = a, now
        return self._ids

    def _read(self, a: str) -> list[User]:
        users: list[User] = []
        while page := self._users.page(a, _AT_ONCE, users[-1].id if users else None):
            users += page
        return users


def _letters(text: str) -> str:
    """Without case, accents and how many blanks stand where."""
    return " ".join(fold(text).split())
