"""What changed in the tables, as far as others are to learn of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from recado.domain.chats import Event, Message, ThreadKey


@dataclass(frozen=True)
class FactWritten:
    """An event item appeared."""

    event: Event


@dataclass(frozen=True)
class MessageChanged:
    """A message appeared (`before` None) or changed."""

    before: Message | None
    after: Message


@dataclass(frozen=True)
class DepartmentStirred:
    """A chat began to wait, or an agent became free, in a department."""

    department_id: str
    cause: str


@dataclass(frozen=True)
class SendRequested:
    """A message is to be sent to the provider."""

    message_id: str
    thread: ThreadKey
    correlation_id: str


@dataclass(frozen=True)
class FlowBegun:
    """A flow leads a chat."""

    execution_id: str
    chat_id: str


@dataclass(frozen=True)
class Change:
    """One change of account `a`. `id` is the same whenever the change is told again; `at` is when it was written."""

    a: str
    id: str
    at: datetime
    what: FactWritten | MessageChanged | DepartmentStirred | SendRequested | FlowBegun
