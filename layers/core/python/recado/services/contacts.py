"""Contacts as people work with them: find, add, edit, delete, comment, and their timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from recado.domain import contact_rules
from recado.domain.access import Caller, can_see_chat
from recado.domain.channels import Channel
from recado.domain.chats import Author, Event
from recado.domain.contact_search import parse_query
from recado.domain.contacts import Claim, Contact
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.ids import is_id
from recado.ports.chats import ChatStore, DepartmentList
from recado.ports.contacts import (
    ClaimsTaken,
    ConnectedChannels,
    ContactGone,
    ContactLists,
    ContactMoved,
    ContactPage,
    Contacts,
    Reach,
    Timelines,
)
from recado.ports.core import Clock, Ids
from recado.ports.people import AccountStore
from recado.services.views import contact_view, event_view

_TRIES = 5


def contact_event(
    event_id: str, event_type: str, at: datetime, actor: Author, contact: Contact, channels: Mapping[str, bool]
) -> Event:
    """The fact that a contact was created, changed or deleted (`contact.created`, `contact.updated`,
    `contact.deleted`)."""
    return Event(event_id, event_type, at, actor, contact_view(contact, channels), contact_id=contact.id)


class ContactService:
    """All that the API does with contacts. Answers are public shapes."""

    def __init__(
        self,
        contacts: Contacts,
        lists: ContactLists,
        timelines: Timelines,
        channels: ConnectedChannels,
        reach: Reach,
        chats: ChatStore,
        departments: DepartmentList,
        accounts: AccountStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._contacts = contacts
        self._lists = lists
        self._timelines = timelines
        self._channels = channels
        self._reach = reach
        self._chats = chats
        self._departments = departments
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    def page(
        self, caller: Caller, text: str | None, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the contacts that a search text finds, of all without one. Raises Invalid for a cursor of something
        else."""
        page = self.find(caller.account, (text or "").strip(), limit, after)
        connected = self._channels.connected(caller.account)
        return [self._view(contact, connected) for contact in page.items], page.next

    def get(self, caller: Caller, contact_id: str) -> dict[str, Any]:
        """One contact. Raises NotFound."""
        return self._view(self._read(caller.account, contact_id), self._channels.connected(caller.account))

    def create(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Add a contact. 409 `contact_exists` with `contact_ids` when its numbers or address belong to others."""
        a, now = caller.account, self._clock.now()
        values = self._cleaned(a, given)
        contact = contact_rules.created(self._ids.new("ct", a), values, now)
        event = self._event(caller, "contact.created", contact)
        try:
            self._contacts.create(a, contact, event)
        except ClaimsTaken as taken:
            raise self._conflict(a, contact, taken.claims) from taken
        return dict(event.data)

    def change(self, caller: Caller, contact_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Write the given fields over a contact's, whatever else was changed meanwhile; what is as it was writes
        nothing. Raises as `create` and NotFound."""
        a = caller.account
        values = self._cleaned(a, given)
        for _ in range(_TRIES):
            before = self._read(a, contact_id)
            after = contact_rules.changed(before, values, self._clock.now())
            if after is before:
                return self._view(before, self._channels.connected(a))
            event = self._event(caller, "contact.updated", after)
            try:
                self._contacts.change(a, before, after, event)
            except ClaimsTaken as taken:
                raise self._conflict(a, after, taken.claims) from taken
            except ContactMoved:
                continue
            return dict(event.data)
        raise Busy(f"change of {contact_id}")

    def delete(self, caller: Caller, contact_id: str) -> None:
        """Delete a contact with all it is found by; its chats stay and keep its id. 409 `contact_has_open_chat` while
        somebody talks with it; a chat that opens at this very moment may still be left with the id of a contact that is
        gone."""
        a = caller.account
        for _ in range(_TRIES):
            contact = self._read(a, contact_id)
            if self._timelines.has_open_chat(a, contact_id):
                raise Conflict("Close the contact's open chats first.", code="contact_has_open_chat")
            try:
                self._contacts.delete(a, contact, self._event(caller, "contact.deleted", contact))
            except ContactMoved:
                continue
            return
        raise Busy(f"deletion of {contact_id}")

    def timeline(
        self, caller: Caller, contact_id: str, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Events of a contact and of those chats the caller may see, newest first; a page may be short
        and have a following one. Raises NotFound."""
        self._read(caller.account, contact_id)
        if after is not None and not is_id(after, "ev", caller.account):
            raise _no_cursor()
        page = self._timelines.page(caller.account, contact_id, limit, after)
        return [event_view(event) for event in self._visible(caller, page.items)], page.next

    def comment(self, caller: Caller, contact_id: str, text: str) -> dict[str, Any]:
        """Write a comment into the timeline (`contact.commented`); answers the entry. Raises NotFound."""
        event_id, now = self._ids.new("ev", caller.account), self._clock.now()
        data = {"contact_id": contact_id, "text": text}
        event = Event(event_id, "contact.commented", now, _actor(caller), data, contact_id=contact_id)
        try:
            self._contacts.comment(caller.account, event)
        except ContactGone:
            raise _not_found() from None
        return event_view(event)

    def find(self, a: str, text: str, limit: int, after: str | None) -> ContactPage:
        """A page of the contacts that a text finds, of all without one. Raises Invalid for a cursor of something
        else."""
        if is_id(text, "ct", a):
            contact = self._contacts.get(a, text)
            return ContactPage((contact,) if contact else (), None)
        if not text:
            if after is not None and not is_id(after, "ct", a):
                raise _no_cursor()
            return self._lists.page(a, limit, after)
        query = parse_query(text)
        if query is None:
            return ContactPage((), None)
        try:
            return self._lists.search(a, query, limit, after)
        except ValueError:
            raise _no_cursor() from None

    def _cleaned(self, a: str, given: Mapping[str, Any]) -> dict[str, Any]:
        numbers = any(given.get(name) for name in contact_rules.PHONES)
        account = self._accounts.get(a) if numbers else None
        region = contact_rules.region_of(account.locale) if account else contact_rules.DEFAULT_REGION
        return contact_rules.cleaned(given, region)

    def _visible(self, caller: Caller, events: Sequence[Event]) -> list[Event]:
        chat_ids = list(dict.fromkeys(event.chat_id for event in events if event.chat_id))
        if caller.role == "admin" or not chat_ids:
            return list(events)
        modes = {one.id: one.access for one in self._departments.all(caller.account)}
        chats = self._chats.read(caller.account, chat_ids)
        seen = {chat.id for chat in chats if can_see_chat(caller, chat, modes.get(chat.department_id, "agent"))}
        return [event for event in events if event.chat_id is None or event.chat_id in seen]

    def _read(self, a: str, contact_id: str) -> Contact:
        contact = self._contacts.get(a, contact_id)
        if contact is None:
            raise _not_found()
        return contact

    def _view(self, contact: Contact, connected: Sequence[Channel]) -> dict[str, Any]:
        return contact_view(contact, self._reach.channels(contact, connected))

    def _event(self, caller: Caller, event_type: str, contact: Contact) -> Event:
        channels = self._reach.channels(contact, self._channels.connected(caller.account))
        event_id = self._ids.new("ev", caller.account)
        return contact_event(event_id, event_type, self._clock.now(), _actor(caller), contact, channels)

    def _conflict(self, a: str, contact: Contact, taken: Sequence[Claim]) -> Conflict:
        """Who holds what is asked anew: the holder may have let go of it meanwhile, then `contact_ids` is empty and
        trying again is right."""
        holders = self._contacts.holders(a, taken)
        fields = dict.fromkeys(contact_rules.field_of(claim, contact) for claim in taken)
        errors = [FieldError(f"/{field}", "taken", "Another contact has this already.") for field in fields]
        ids = list(dict.fromkeys(holders[claim] for claim in taken if claim in holders))
        return Conflict(
            "There is such a contact already.", code="contact_exists", errors=errors, extra={"contact_ids": ids}
        )


def _actor(caller: Caller) -> Author:
    return Author("user", caller.id)


def _not_found() -> NotFound:
    return NotFound("There is no such contact.")


def _no_cursor() -> Invalid:
    return Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
