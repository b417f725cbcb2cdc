"""Contacts as people work with them: find, add, edit, link, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado.domain import contact_rules
from recado.domain.access import Caller
from recado.domain.chats import Author
from recado.domain.contact_search import parse_query
from recado.domain.contacts import Contact
from recado.domain.errors import Busy, Conflict, Invalid
from recado.domain.groups import GroupKind
from recado.domain.ids import is_id
from recado.ports.contacts import (
    ConnectedChannels,
    ContactChange,
    ContactLists,
    ContactMoved,
    ContactPage,
    Contacts,
    Reach,
    Timelines,
)
from recado.ports.core import Clock, Ids
from recado.ports.people import Accounts
from recado.services.contact_references import ContactReferences
from recado.services.contact_shapes import ContactShapes
from recado.services.contact_writing import TRIES, ContactWriting


class ContactService(ContactWriting):
    """All that people do with contacts but their timelines. Answers are public shapes."""

    _contacts: Contacts

    def __init__(
        self,
        contacts: Contacts,
        lists: ContactLists,
        timelines: Timelines,
        references: ContactReferences,
        shapes: ContactShapes,
        channels: ConnectedChannels,
        reach: Reach,
        accounts: Accounts,
        clock: Clock,
        ids: Ids,
    ) -> None:
        super().__init__(contacts, references, shapes, channels, reach, accounts, clock, ids)
        self._lists = lists
        self._timelines = timelines

    def page(
        self,
        caller: Caller,
        text: str | None,
        limit: int,
        after: str | None,
        group: tuple[GroupKind, str] | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the contacts that a search text finds or that are in a group, of all without either. Raises Invalid
        for a cursor of something else."""
        text = (text or "").strip()
        page = (
            self._members(caller.account, group, limit, after)
            if group
            else self.find(caller.account, text, limit, after)
        )
        return self._views(caller.account, page.items), page.next

    def views_of(self, caller: Caller, contact_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those of the contacts that exist, in their order."""
        found = self._contacts.get_many(caller.account, contact_ids)
        return self._views(caller.account, [found[one] for one in contact_ids if one in found])

    def get(self, caller: Caller, contact_id: str) -> dict[str, Any]:
        """One contact; by the id of one that was merged into it, with that id as `merged_from`. Raises NotFound."""
        a = caller.account
        contact = self._read(a, contact_id)
        view = self._view(a, contact, self._channels.connected(a))
        return view if contact.id == contact_id else {**view, "merged_from": contact_id}

    def family(self, caller: Caller, contact_id: str) -> tuple[str, ...]:
        """The contact's id and those of all that were merged into it, whichever of them is asked for: its chats lie
        under each. Raises NotFound."""
        contact = self._read(caller.account, contact_id)
        return (contact.id, *contact.merged_ids)

    def family_of(self, caller: Caller, contact_id: str) -> tuple[str, ...]:
        """As `family`; of a contact that is gone, its own id."""
        contact = self._contacts.resolved(caller.account, contact_id)
        return (contact_id,) if contact is None else (contact.id, *contact.merged_ids)

    def link(self, caller: Caller, contact_id: str, principal_id: str | None) -> dict[str, Any]:
        """Link a contact to its principal, or to none. Raises NotFound, Invalid, Conflict `same_contact`,
        `principal_is_linked`, `contact_has_linked`, `too_many_linked`."""
        event = "contact.linked" if principal_id else "contact.unlinked"
        return self._changed(caller, contact_id, {"principal_id": principal_id}, event, "/contact_id")

    def leave(self, a: str, contact_id: str, kind: GroupKind, group_id: str) -> bool:
        """Take a contact out of a group that was deleted; False when there is no such contact."""
        for _ in range(TRIES):
            before = self._contacts.get(a, contact_id)
            if before is None:
                return False
            left: dict[str, Any] = {"group_ids": tuple(one for one in before.group_ids if one != group_id)}
            if kind == "organization" and before.organization_id == group_id:
                left = {"organization_id": None}
            after = contact_rules.changed(before, left, self._clock.now())
            if after is before:
                return False
            try:
                self._contacts.change(a, before, after, self.told(a, "contact.updated", after, Author("system")))
            except ContactMoved:
                continue
            return True
        raise Busy(f"change of {contact_id}")

    def delete(self, caller: Caller, contact_id: str) -> None:
        """Delete a contact with all it is found by; its chats stay and keep its id, and who was linked to it stands
        alone. 409 `contact_has_open_chat` while somebody talks with it; a chat that opens at this very moment may still
        be left with the id of a contact that is gone."""
        a = caller.account
        for _ in range(TRIES):
            contact = self._read(a, contact_id)
            if any(self._timelines.has_open_chat(a, one) for one in (contact.id, *contact.merged_ids)):
                raise Conflict("Close the contact's open chats first.", code="contact_has_open_chat")
            contact, others = self.alone(caller, contact)
            try:
                self._contacts.delete(a, contact, self._event(caller, "contact.deleted", contact), others)
            except ContactMoved:
                continue
            return
        raise Busy(f"deletion of {contact_id}")

    def alone(self, caller: Caller, contact: Contact) -> tuple[Contact, list[ContactChange]]:
        """Who was linked to a contact that is to go stands alone now; the contact as it is then, and how its principal
        changes with its going. Raises NotFound."""
        for linked_id in contact.linked_ids:
            self._let_go(caller, linked_id, contact.id)
        if contact.linked_ids:
            contact = self._read(caller.account, contact.id)
        _, others = self._linked(caller, contact, None, "")
        return contact, others

    def find(self, a: str, text: str, limit: int, after: str | None) -> ContactPage:
        """A page of the contacts that a text finds, of all without one. Raises Invalid for a cursor of something
        else."""
        if is_id(text, "ct", a):
            contact = self._contacts.resolved(a, text)
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

    def _members(self, a: str, group: tuple[GroupKind, str], limit: int, after: str | None) -> ContactPage:
        if after is not None and not is_id(after, "ct", a):
            raise _no_cursor()
        kind, group_id = group
        return self._lists.members(a, kind, group_id, limit, after)

    def _let_go(self, caller: Caller, linked_id: str, principal_id: str) -> None:
        """Who is linked to a contact that goes stands alone; whoever is linked elsewhere by now is left."""
        linked = self._contacts.get(caller.account, linked_id)
        if linked is not None and linked.principal_id == principal_id:
            self.link(caller, linked_id, None)

    def _views(self, a: str, contacts: Sequence[Contact]) -> list[dict[str, Any]]:
        connected = self._channels.connected(a)
        return self._shapes.each(a, [(contact, self._reach.channels(contact, connected)) for contact in contacts])


def _no_cursor() -> Invalid:
    return Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
