"""What listing and reading chats needs of storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recado.domain.chats import Chat, Event, Message, Situation, Thread, ThreadKey
from recado.domain.people import Department


@dataclass(frozen=True)
class ChatFilter:
    """Which chats of an account; None = any, and no contacts = those of all. The period is that of their opening, both
    ends included."""

    situation: Situation | None = None
    department_id: str | None = None
    agent_id: str | None = None
    channel_id: str | None = None
    contact_ids: tuple[str, ...] = ()
    opened_from: datetime | None = None
    opened_to: datetime | None = None
    served_by: str | None = None
    """A user who serves the chat or did at any time; `agent_id` serves it now, or did when it closed."""


class ChatStore(Protocol):
    """Chats, their threads and their messages."""

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """A chat, strongly consistent."""
        ...

    def thread(self, a: str, key: ThreadKey) -> Thread | None:
        """A thread, strongly consistent."""
        ...

    def ids(self, a: str, wanted: ChatFilter, before: str | None, limit: int) -> list[str]:
        """At most `limit` ids, newest first, of chats older than `before`, from one index: the most telling part of
        the filter is used, the rest is for the reader to test."""
        ...

    def read(self, a: str, chat_ids: Sequence[str]) -> list[Chat]:
        """Those of the chats that exist, in the order of the ids."""
        ...

    def threads(self, a: str, thread_keys: Sequence[ThreadKey]) -> Mapping[ThreadKey, Thread]:
        """Those of the threads that exist."""
        ...

    def messages(self, a: str, chat: Chat, after: int, limit: int) -> list[Message]:
        """The chat's messages with a greater seq, in order."""
        ...

    def find_message(self, a: str, thread: ThreadKey, message_id: str) -> Message | None:
        """A message of the thread by its id, looked for among the newest thousands."""
        ...

    def events(self, a: str, chat_id: str, event_types: Sequence[str], after: str | None, limit: int) -> list[Event]:
        """Facts of these types of a chat, oldest first, with a later id than `after`."""
        ...


class DepartmentList(Protocol):
    """The departments of an account."""

    def all(self, a: str) -> Sequence[Department]:
        """Every department; an account has few."""
        ...
