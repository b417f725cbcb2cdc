"""Chats found by a text: by what was said in them, for one contact's; else by whose they are.

One call does a bounded amount of work, so a page may be short, even empty, and have a following one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.errors import Invalid
from recado.domain.ids import is_id
from recado.domain.message_search import says, wanted_text
from recado.ports.chats import ChatFilter
from recado.ports.contacts import ContactPage
from recado.ports.message_search import SaidMessages
from recado.services.chats import ChatService

MAX_READ = 2_000
"""Messages that one call reads at most, and a page more."""
CHATS_AT_ONCE = 50
"""Chats in which one call looks at most, beside the one it goes on with."""
CONTACTS_AT_ONCE = 24
"""Contacts whose chats are merged; those of the next ones follow."""
_PAGE = 200


class ContactsByText(Protocol):
    """The search for contacts (services.contacts)."""

    def find(self, a: str, text: str, limit: int, after: str | None) -> ContactPage:
        """Contacts by words of name or e-mail, number or id. Raises Invalid for a cursor of something else."""
        ...


class ChatSearch:
    """Finds chats that a caller may see."""

    def __init__(self, chats: ChatService, contacts: ContactsByText, said: SaidMessages) -> None:
        self._chats = chats
        self._contacts = contacts
        self._said = said

    def page(
        self, caller: Caller, wanted: ChatFilter, q: str, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Chats in their public shape, newest first, and where to go on. With contacts in the filter: in which a
        message holds the text. Without: the chat of that id, or the chats of the contacts whom the text finds. Raises
        Invalid for a cursor of something else."""
        a, text = caller.account, q.strip()
        if is_id(text, "ca", a) and not wanted.contact_ids:
            found = self._chats.matching(caller, wanted, [text])
            return self._chats.views(a, found), None
        search = self._in_contact if wanted.contact_ids else self._of_contacts
        chats, following = search(caller, wanted, text, limit, after)
        return self._chats.views(a, chats), following

    def _of_contacts(
        self, caller: Caller, wanted: ChatFilter, text: str, limit: int, after: str | None
    ) -> tuple[list[Chat], str | None]:
        """The cursor: which contacts, a tab, and after which of their chats."""
        contacts_after, _, before = (after or "").partition("\t")
        page = self._contacts.find(caller.account, text, CONTACTS_AT_ONCE, contacts_after or None)
        ids = tuple(one for contact in page.items for one in (contact.id, *contact.merged_ids))
        if not ids:
            return [], None if page.next is None else f"{page.next}\t"
        chats, following = self._chats.chats(caller, replace(wanted, contact_ids=ids), limit, before or None)
        if following is not None:
            return chats, f"{contacts_after}\t{following}"
        return chats, None if page.next is None else f"{page.next}\t"

    def _in_contact(
        self, caller: Caller, wanted: ChatFilter, text: str, limit: int, after: str | None
    ) -> tuple[list[Chat], str | None]:
        """The cursor: the chat looked through last or, with an `@`, the one being looked through, down to that seq."""
        before, _, seq = (after or "").partition("@")
        if after is not None and not (is_id(before, "ca", caller.account) and (seq or "0").isdecimal()):
            raise Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
        half_read = {before: int(seq)} if seq else {}
        look = _Look(self._said, caller.account, wanted_text(text), half_read)
        chats, following = self._chats.chats(caller, wanted, CHATS_AT_ONCE, before or None)
        found: list[Chat] = []
        end = before or None
        for chat in [*self._chats.matching(caller, wanted, list(half_read)), *chats]:
            if len(found) == limit or look.is_over:
                return found, end
            holds, stopped_at = look.through(chat)
            if stopped_at is not None:
                return found, f"{chat.id}@{stopped_at}"
            end = chat.id
            if holds:
                found.append(chat)
        return found, following


class _Look:
    """Looks through chats for a text, as far as one call may. `half_read`: down to which seq a chat was read."""

    def __init__(self, said: SaidMessages, a: str, wanted: str, half_read: Mapping[str, int]) -> None:
        self._said, self._a, self._wanted, self._half_read = said, a, wanted, half_read
        self._read = 0

    @property
    def is_over(self) -> bool:
        """Whether this call has read enough."""
        return self._read >= MAX_READ

    def through(self, chat: Chat) -> tuple[bool, int | None]:
        """Whether a message of the chat holds the text; if the call was over before that was known, the seq reached."""
        below = self._half_read.get(chat.id, None if chat.last_seq is None else chat.last_seq + 1)
        while True:
            stretch = self._said.back(self._a, chat.thread, below, chat.first_seq, _PAGE)
            self._read += len(stretch.messages)
            if any(one.chat_id == chat.id and says(one, self._wanted) for one in stretch.messages):
                return True, None
            if not stretch.more:
                return False, None
            below = stretch.messages[-1].seq
            if self.is_over:
                return False, below
