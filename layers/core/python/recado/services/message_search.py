"""What was said with a contact, on all channels, newest first; all of it, or what holds a text.

Threads are read backwards, side by side, and merged by the time their messages were recorded. One call reads a bounded
number of messages, so a page may be short, even empty, and have a following one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from recado.domain.access import Caller
from recado.domain.chats import Chat, Message, ThreadKey
from recado.domain.contacts import Contact
from recado.domain.errors import NotFound
from recado.domain.message_search import says, wanted_text
from recado.domain.moments import rfc3339
from recado.ports.message_search import SaidMessages

MAX_READ = 2_000
"""Messages that one call reads at most, beside the first of each thread."""
_PAGE, _LEAST_PAGE = 200, 10

Place = tuple[str, dict[str, int]]
"""Where a page ended: the time of its last message, and the seq reached in each thread of which it took something."""


class ContactById(Protocol):
    """Contacts, one at a time."""

    def resolved(self, a: str, contact_id: str) -> Contact | None:
        """The contact of an id, or the one that it was merged into."""
        ...


class SeenChats(Protocol):
    """The one gate to chats (services.chats)."""

    def seen(self, caller: Caller, chat_ids: Sequence[str]) -> Mapping[str, Chat]:
        """Those of the chats that the caller may see."""
        ...


class MessageSearch:
    """The history of contacts. What lies in no chat (what the company wrote elsewhere while none was open, changes of
    a number) is for admins."""

    def __init__(self, contacts: ContactById, said: SaidMessages, gate: SeenChats) -> None:
        self._contacts = contacts
        self._said = said
        self._gate = gate

    def page(
        self, caller: Caller, contact_id: str, q: str | None, limit: int, after: Place | None
    ) -> tuple[list[Message], Place | None]:
        """Messages of the chats that the caller may see, and where to go on. Raises NotFound."""
        contact = self._contacts.resolved(caller.account, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        wanted = wanted_text(q)
        own = (contact.id, *contact.merged_ids)
        keys = self._said.threads(caller.account, contact)
        size = max(_LEAST_PAGE, (_PAGE if wanted else limit + 1) // max(1, len(keys)))
        strands = [_Strand(self._said, caller.account, key, size, after) for key in keys]
        visible: dict[str, bool] = {}
        found: list[Message] = []
        last, read = after[0] if after else "", 0
        while True:
            for strand in strands:
                while strand.is_dry and (read < MAX_READ or not strand.has_begun):
                    fresh = strand.draw()
                    read += len(fresh)
                    self._learn(caller, fresh, visible)
            newest = max((one for one in strands if one.waiting), key=lambda one: one.head, default=None)
            if newest is None and not any(one.is_dry for one in strands):
                return found, None
            if newest is None or len(found) == limit or any(one.is_dry for one in strands):
                return found, (last, {one.mark: one.reached for one in strands if one.reached is not None})
            message = newest.take()
            last = rfc3339(message.created_at)
            if message.contact_id in own and visible[message.chat_id] and says(message, wanted):
                found.append(message)

    def _learn(self, caller: Caller, messages: Sequence[Message], visible: dict[str, bool]) -> None:
        unknown = {message.chat_id for message in messages} - visible.keys()
        if caller.role == "admin":
            visible.update(dict.fromkeys(unknown, True))
            return
        seen = self._gate.seen(caller, sorted(unknown - {""}))
        visible.update({chat_id: chat_id in seen for chat_id in unknown})


class _Strand:
    """A thread as it is read backwards. `waiting`: read but not taken yet."""

    def __init__(self, said: SaidMessages, a: str, key: ThreadKey, size: int, after: Place | None) -> None:
        self._said, self._a, self._key, self._size = said, a, key, size
        self.mark = sha256(f"{key.channel_id}#{key.sender}".encode()).hexdigest()[:8]
        self.waiting: deque[Message] = deque()
        self.reached: int | None = after[1].get(self.mark) if after else None
        self._until = after[0] if after and self.reached is None else None
        self._below = self.reached
        self._more = True
        self.has_begun = False

    @property
    def is_dry(self) -> bool:
        """Whether it must be read on before it is known what comes next."""
        return not self.waiting and self._more

    @property
    def head(self) -> tuple[datetime, str, int]:
        """The place of the next message among those of all threads."""
        return self.waiting[0].created_at, self.mark, self.waiting[0].seq

    def draw(self) -> Sequence[Message]:
        """Read on; what was read. What came since the first page, in a thread that no page has taken anything of, is
        passed over."""
        stretch = self._said.back(self._a, self._key, self._below, 1, self._size)
        self.has_begun, self._more = True, stretch.more
        self.waiting.extend(stretch.messages)
        if stretch.messages:
            self._below = stretch.messages[-1].seq
        while self._until is not None and self.waiting:
            if rfc3339(self.waiting[0].created_at) <= self._until:
                self._until = None
            else:
                self.take()
        return stretch.messages

    def take(self) -> Message:
        """The next message."""
        message = self.waiting.popleft()
        self.reached = message.seq
        return message
