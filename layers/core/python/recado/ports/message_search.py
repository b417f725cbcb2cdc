"""What searching in what was said needs of storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from recado.domain.chats import Message, ThreadKey
from recado.domain.contacts import Contact


class Stretch(NamedTuple):
    """Messages of a thread, newest first; `more`: there are older ones in the bounds that were asked for."""

    messages: Sequence[Message]
    more: bool


class SaidMessages(Protocol):
    """All that was said, by thread."""

    def threads(self, a: str, contact: Contact) -> Sequence[ThreadKey]:
        """Where a contact has written or was written to."""
        ...

    def back(self, a: str, thread: ThreadKey, below: int | None, first: int, limit: int) -> Stretch:
        """At most `limit` messages with a seq from `first` up to, but not including, `below` (None: the end), of about
        a megabyte at most."""
        ...
