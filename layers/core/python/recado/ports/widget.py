"""What the online chat's doors need of storage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from recado.domain.chats import Message, ThreadKey
from recado.domain.people import User


class RateLimits(Protocol):
    """How often somebody may do something."""

    def take(self, a: str, what: str, most: int, now: datetime) -> int | None:
        """Count one more within this minute. None: it may be done; else the seconds after which it may."""
        ...


class ThreadMessages(Protocol):
    """A thread as the customer's page reads it."""

    def after(self, a: str, thread: ThreadKey, seq: int, limit: int) -> list[Message]:
        """All messages with a greater seq, notes too, in their order and strongly consistent. None is left out that was
        written before one that is told."""
        ...

    def at(self, a: str, thread: ThreadKey, seq: int) -> Message | None:
        """The message of a seq, strongly consistent."""
        ...


class AnnouncedFiles(Protocol):
    """What visitors announced, and may never send."""

    def keep_file(self, a: str, thread: ThreadKey, file_id: str) -> None:
        """A way from whose thread it would come in to the file."""
        ...


class UserNames(Protocol):
    """Users by their ids."""

    def read(self, a: str, user_ids: Sequence[str]) -> Sequence[User]:
        """Those of the users that exist."""
        ...
