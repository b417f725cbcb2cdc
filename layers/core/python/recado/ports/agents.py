"""What the presence, distribution and chat services need of storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from recado.domain.agents import AgentChange
from recado.domain.chat_moves import MoveCommit
from recado.domain.chats import Chat, Event, Thread, ThreadKey
from recado.domain.distribution import Seat
from recado.domain.people import Agent, Department
from recado.ports.sweeps import DuePage, Owned


class AgentStore(Protocol):
    """Agents and their leases; a False means a race was lost and nothing changed."""

    def create(self, a: str, user_id: str, cap: int | None) -> bool: ...

    def get(self, a: str, user_id: str) -> tuple[Agent, datetime | None] | None: ...

    def read(self, a: str, user_ids: Iterable[str]) -> dict[str, tuple[Agent, datetime | None]]: ...

    def change(self, a: str, change: AgentChange) -> bool: ...

    def connect(self, a: str, change: AgentChange, now: datetime) -> bool: ...

    def disconnect(
        self, a: str, change: AgentChange, lapsed_at: datetime | None, look_at: datetime | None = None
    ) -> bool: ...

    def renew(self, a: str, user_id: str, until: datetime) -> bool: ...

    def remove(self, a: str, change: AgentChange) -> bool: ...

    def gone(self, a: str, user_id: str) -> tuple[Agent, int] | None: ...

    def look_for_gone(self, a: str, agent: Agent, when: datetime | None, looks: int) -> None: ...

    def members(self, a: str, department_id: str) -> list[str]: ...

    def read_all(self, wanted: Iterable[Owned]) -> dict[Owned, tuple[Agent, datetime | None]]: ...

    def due(self, now: datetime, limit: int) -> DuePage: ...

    def look_again(self, times: Mapping[Owned, datetime]) -> dict[Owned, Exception]: ...


class DistributionStore(Protocol):
    """The reads of a decision."""

    def queue(self, a: str, department_id: str, limit: int) -> tuple[int, str | None, list[Chat]]: ...

    def members_after(self, a: str, department_id: str, cursor: str | None, limit: int) -> list[Seat]: ...

    def members_up_to(self, a: str, department_id: str, cursor: str, limit: int) -> list[Seat]: ...

    def ring_between(self, a: str, department_id: str, after: str, up_to: str, limit: int) -> list[Seat]: ...

    def read(
        self, a: str, user_ids: Iterable[str], chats: Sequence[Chat]
    ) -> tuple[dict[str, tuple[Agent, datetime | None]], dict[ThreadKey, Thread]]: ...

    def anybody(self, a: str, department_id: str) -> bool: ...

    def untold(self, a: str, department_id: str, limit: int) -> tuple[str | None, list[Chat]]: ...

    def tell(self, a: str, department_id: str, seen: str | None, last: Chat, events: Sequence[Event]) -> bool: ...

    def count_between(self, a: str, department_id: str, after: str, up_to: str) -> int: ...


class ChatMoveStore(Protocol):
    """The one writer of chat states."""

    def commit(self, a: str, commit: MoveCommit) -> frozenset[str]: ...

    def is_done(self, a: str, act_id: str) -> bool:
        """Whether a move of this act was written."""
        ...

    def operations(self, a: str, commit: MoveCommit) -> int: ...


class ChatReads(Protocol):
    """Consistent reads of one chat and its thread."""

    def chat(self, a: str, chat_id: str) -> Chat | None: ...

    def thread(self, a: str, key: ThreadKey) -> Thread | None: ...


class Departments(Protocol):
    """Departments by id."""

    def get(self, a: str, department_id: str) -> Department | None: ...

    def default(self, a: str) -> str | None: ...


class Hours(Protocol):
    """Business hours."""

    def open(self, a: str, department: Department) -> bool:
        """Whether the department works now."""
        ...

    def opens_at(self, a: str, department: Department) -> datetime | None:
        """When it opens next; None while it is open, or when it never does."""
        ...


class Waker(Protocol):
    """Asks for a look at departments; losing it is no harm, the tables' streams ask again."""

    def wake(self, a: str, department_ids: Sequence[str], cause: str) -> None: ...
