"""The timeline of a contact (PRODUCT H6): its events, those of its chats, and what people write into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado.domain.access import Caller, can_see_chat
from recado.domain.chats import Author, Event
from recado.domain.contacts import Contact
from recado.domain.errors import Invalid, NotFound
from recado.domain.ids import is_id
from recado.ports.chats import ChatStore, DepartmentList
from recado.ports.contacts import CommentedContacts, ContactGone, Timelines
from recado.ports.core import Clock, Ids
from recado.services.views import event_view


class ContactTimelineService:
    """Answers are public shapes."""

    def __init__(
        self,
        contacts: CommentedContacts,
        timelines: Timelines,
        chats: ChatStore,
        departments: DepartmentList,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._contacts = contacts
        self._timelines = timelines
        self._chats = chats
        self._departments = departments
        self._clock = clock
        self._ids = ids

    def page(
        self, caller: Caller, contact_id: str, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Events of a contact and of those chats the caller may see, newest first; a page may be short
        and have a following one. Raises NotFound."""
        contact = self._read(caller.account, contact_id)
        if after is not None and not is_id(after, "ev", caller.account):
            raise Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
        page = self._timelines.page(caller.account, (contact.id, *contact.merged_ids), limit, after)
        return [event_view(event) for event in self._visible(caller, page.items)], page.next

    def comment(self, caller: Caller, contact_id: str, text: str) -> dict[str, Any]:
        """Write a comment into the timeline (`contact.commented`); answers the entry. Raises NotFound."""
        contact_id = self._read(caller.account, contact_id).id
        event_id, now = self._ids.new("ev", caller.account), self._clock.now()
        data = {"contact_id": contact_id, "text": text}
        event = Event(event_id, "contact.commented", now, Author("user", caller.id), data, contact_id=contact_id)
        try:
            self._contacts.comment(caller.account, event)
        except ContactGone:
            raise NotFound("There is no such contact.") from None
        return event_view(event)

    def _visible(self, caller: Caller, events: Sequence[Event]) -> list[Event]:
        chat_ids = list(dict.fromkeys(event.chat_id for event in events if event.chat_id))
        if caller.role == "admin" or not chat_ids:
            return list(events)
        modes = {one.id: one.access for one in self._departments.all(caller.account)}
        chats = self._chats.read(caller.account, chat_ids)
        seen = {chat.id for chat in chats if can_see_chat(caller, chat, modes.get(chat.department_id, "agent"))}
        return [event for event in events if event.chat_id is None or event.chat_id in seen]

    def _read(self, a: str, contact_id: str) -> Contact:
        contact = self._contacts.resolved(a, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        return contact
