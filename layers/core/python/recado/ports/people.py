"""What the services of accounts, users, sessions and departments need of storage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from recado.domain.agents import AgentChange
from recado.domain.credentials import ApiToken, Session
from recado.domain.people import Account, Agent, Department, User
from recado.domain.seats import Slot, SlotClaim


class Passwords(Protocol):
    """Slow hashes of passwords."""

    def hash(self, password: str) -> str:
        """The hash to store."""
        ...

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right; without a hash it takes as long and is False."""
        ...


class Accounts(Protocol):
    """Accounts, for reading."""

    def get(self, a: str) -> Account | None: ...


class AccountStore(Protocol):
    """Accounts."""

    def create(self, account: Account, admin: User, department: Department) -> bool:
        """The account, its first admin and its default department at once; False when the e-mail is taken."""
        ...

    def get(self, a: str) -> Account | None: ...

    def change(self, a: str, name: str, locale: str, time_zone: str) -> None: ...


class UserStore(Protocol):
    """Users and the directory of their log-in e-mails."""

    def get(self, a: str, user_id: str) -> User | None: ...

    def read(self, a: str, user_ids: Sequence[str]) -> list[User]:
        """Those of the users that exist, in the order of the ids."""
        ...

    def page(self, a: str, limit: int, after: str | None) -> list[User]: ...

    def find(self, email: str) -> tuple[str, str] | None:
        """(account, user id) of a log-in e-mail in the whole deployment."""
        ...

    def create(self, a: str, user: User) -> bool:
        """False when the e-mail is taken."""
        ...

    def change(self, a: str, before: User, after: User) -> frozenset[str]:
        """What stood against it: `email` taken, `user` changed meanwhile, `account` would lose its last admin. Empty:
        done."""
        ...

    def delete(self, a: str, user: User, agent: AgentChange | None) -> frozenset[str]:
        """With the agent that leaves every department. What stood against it, as `change` says; `agent` when it
        changed meanwhile."""
        ...


class SessionStore(Protocol):
    """Sessions, the seats they need, and failed log-ins."""

    def get(self, a: str, session_id: str) -> Session | None: ...

    def slots(self, a: str) -> list[Slot]: ...

    def held(self, a: str, user_id: str) -> int | None:
        """The number of the slot on the user's item; None when there is none."""
        ...

    def log_in(self, a: str, session: Session | None, claim: SlotClaim, held: int | None) -> bool:
        """Take the slot, and write the session with it (None: it is there already). False when a slot, the user's or
        the session's item moved."""
        ...

    def renew(self, a: str, user_id: str, number: int, until: datetime) -> bool:
        """Move the end of a seat's lease; False when the seat is no longer the user's."""
        ...

    def log_out(self, a: str, session_id: str, before: Slot | None, after: Slot | None) -> bool:
        """End a session and write the slot without it (None: there is none). False when the slot moved."""
        ...

    def end_all(self, a: str, before: Slot, after: Slot) -> bool:
        """End the sessions of a slot and write it without them. False when the slot moved."""
        ...

    def failed_logins(self, email: str, now: datetime) -> tuple[int, datetime | None]:
        """How many in the running window, and when that ends."""
        ...

    def count_failed_login(self, email: str, now: datetime) -> None: ...


class CredentialStore(Protocol):
    """What a bearer token needs to be judged, each in one call of consistent reads."""

    def session(self, a: str, session_id: str, user_id: str) -> tuple[Session, User, Agent] | None:
        """None when one of them is gone or the session is another user's."""
        ...

    def api_token(self, a: str, token_id: str, user_id: str) -> ApiToken | None:
        """None when it or the user who made it is gone, or another made it."""
        ...


class ApiTokenStore(Protocol):
    """API tokens."""

    def get(self, a: str, token_id: str) -> ApiToken | None: ...

    def page(self, a: str, limit: int, after: str | None) -> list[ApiToken]: ...

    def create(self, a: str, token: ApiToken) -> None: ...

    def change(self, a: str, token: ApiToken) -> bool:
        """False when it was deleted."""
        ...

    def delete(self, a: str, token_id: str) -> None: ...


class DepartmentStore(Protocol):
    """Departments and which of them is the default."""

    def get(self, a: str, department_id: str) -> Department | None: ...

    def default(self, a: str) -> str | None: ...

    def all(self, a: str) -> list[Department]: ...

    def create(self, a: str, department: Department, default: bool, look_at: datetime) -> bool: ...

    def change(self, a: str, before: Department, after: Department, default: bool, look_at: datetime) -> bool: ...

    def delete(self, a: str, department: Department) -> bool: ...

    def open_chats(self, a: str, department_id: str) -> bool: ...
