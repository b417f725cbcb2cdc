"""What holding departments against their agents and chats needs of storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from recado.domain.chats import Chat
from recado.domain.people import Agent
from recado.domain.reconciliation import Counting, Drift, Head, Places, Waiting

T = TypeVar("T")


@dataclass(frozen=True)
class Read(Generic[T]):
    """What a read found, with the drifts `unreadable` of what it could not read, and where to go on."""

    found: T
    unreadable: Sequence[Drift] = ()
    following: str | None = None


@dataclass(frozen=True)
class Mark:
    """Where a check of a department goes on: in which part, after what; and when it began."""

    part: str
    after: str | None
    began_at: datetime


class ReconciliationStore(Protocol):
    """Reads are strongly consistent unless said otherwise. A repair that answers False lost a race: nothing changed."""

    def mark(self, a: str, department_id: str) -> Mark | None: ...

    def keep_mark(self, a: str, department_id: str, mark: Mark, now: datetime) -> None:
        """Keep where to go on, for two days from now."""
        ...

    def drop_mark(self, a: str, department_id: str) -> None: ...

    def agents(self, a: str, user_ids: Iterable[str]) -> Read[dict[str, Agent]]: ...

    def listed_places(self, a: str, department_id: str, after: str | None, limit: int) -> Read[dict[str, Places]]:
        """The items of `limit` members by user, with every RING item of that stretch."""
        ...

    def places(self, a: str, department_id: str, wanted: Mapping[str, Iterable[str]]) -> dict[str, Places]:
        """The items at places, by user."""
        ...

    def mend_places(
        self, a: str, department_id: str, user_id: str, agent: Agent | None, found: Places, expected: Places
    ) -> bool:
        """Write what is expected, while the agent is still as seen (None: there is none)."""
        ...

    def users(self, a: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """User ids of the account and where to go on."""
        ...

    def listed_waits(self, a: str, department_id: str, after: str | None, limit: int) -> Read[list[Waiting]]:
        """The oldest waiting items."""
        ...

    def listed_queued(self, a: str, department_id: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """Ids of chats that wait in the department as far as the index knows, and where to go on."""
        ...

    def chats(self, a: str, chat_ids: Sequence[str]) -> Read[dict[str, Chat]]: ...

    def waits(self, a: str, department_id: str, wanted: Iterable[tuple[str, datetime]]) -> list[Waiting]:
        """Those of the WAIT items (chat id, since when) that exist."""
        ...

    def mend_wait(
        self, a: str, department_id: str, chat_id: str, chat: Chat | None, found: Sequence[Waiting], waits_here: bool
    ) -> bool:
        """Leave no WAIT item of the chat, or (`waits_here`) exactly the right one, while CHAT is still as seen."""
        ...

    def head(self, a: str, department_id: str) -> Read[Head | None]: ...

    def mend_head(self, a: str, department_id: str, found: Head, sane: Head) -> bool:
        """Write the head, while it is still as found."""
        ...

    def in_service(self, a: str, user_id: str) -> list[str]:
        """Ids of chats in service of an agent as far as the index knows, which lags."""
        ...

    def countings(self, a: str) -> dict[str, Counting]:
        """Every counting that is kept, by user: of agents whose load was wrong, so there are few."""
        ...

    def keep_counting(self, a: str, counting: Counting) -> None: ...

    def drop_counting(self, a: str, user_id: str) -> None: ...


class DriftJournal(Protocol):
    """Where drifts are told."""

    def found(self, a: str, department_id: str, drift: Drift) -> None: ...
