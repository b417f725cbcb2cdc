"""Contacts as people work with them: find, add, edit, link, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from recado.domain import contact_rules
from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.chats import Author, Event
from recado.domain.contact_links import check_link, with_linked, without_linked
from recado.domain.contact_search import parse_query
from recado.domain.contacts import Claim, Contact
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.groups import GroupKind
from recado.domain.ids import is_id
from recado.ports.contacts import (
    ClaimsTaken,
    ConnectedChannels,
    ContactChange,
    ContactLists,
    ContactMoved,
    ContactPage,
    Contacts,
    GroupsGone,
    Reach,
    Timelines,
)
from recado.ports.core import Clock, Ids
from recado.ports.people import Accounts
from recado.services.contact_references import ContactReferences
from recado.services.contact_shapes import ContactShapes

_TRIES = 5


class ContactService:
    """All that people do with contacts but their timelines. Answers are public shapes."""

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
        self._contacts = contacts
        self._lists = lists
        self._timelines = timelines
        self._references = references
        self._shapes = shapes
        self._channels = channels
        self._reach = reach
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

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

    def create(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Add a contact. 409 `contact_exists` with `contact_ids` when its numbers or address belong to others; as
        `link` for a `principal_id`."""
        a = caller.account
        for _ in range(_TRIES):
            values = self._checked(a, given, None)
            now = self._clock.now()
            contact = contact_rules.created(self._ids.new("ct", a), values, now)
            contact, others = self._linked(caller, contact, given.get("principal_id"), "/principal_id")
            event = self._event(caller, "contact.created", contact)
            try:
                self._contacts.create(a, contact, event, others)
            except ClaimsTaken as taken:
                raise self._conflict(a, contact, taken.claims) from taken
            except (ContactMoved, GroupsGone):
                continue
            return dict(event.data)
        raise Busy("creation of a contact")

    def change(self, caller: Caller, contact_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Write the given fields over a contact's, whatever else was changed meanwhile; what is as it was writes
        nothing. Raises as `create` and NotFound."""
        return self._changed(caller, contact_id, given, "contact.updated", "/principal_id")

    def wrong(self, caller: Caller, given: Mapping[str, Any], before: Contact | None) -> list[FieldError]:
        """What is wrong with these fields of a contact, of a new one without it, as far as that shows before they are
        written."""
        return self._judged(caller.account, given, before)[1]

    def link(self, caller: Caller, contact_id: str, principal_id: str | None) -> dict[str, Any]:
        """Link a contact to its principal, or to none. Raises NotFound, Invalid, Conflict `same_contact`,
        `principal_is_linked`, `contact_has_linked`, `too_many_linked`."""
        event = "contact.linked" if principal_id else "contact.unlinked"
        return self._changed(caller, contact_id, {"principal_id": principal_id}, event, "/contact_id")

    def leave(self, a: str, contact_id: str, kind: GroupKind, group_id: str) -> bool:
        """Take a contact out of a group that was deleted; False when there is no such contact."""
        for _ in range(_TRIES):
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
        for _ in range(_TRIES):
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

    def _members(self, a: str, group: tuple[GroupKind, str], limit: int, after: str | None) -> ContactPage:
        if after is not None and not is_id(after, "ct", a):
            raise _no_cursor()
        kind, group_id = group
        return self._lists.members(a, kind, group_id, limit, after)

    # -- writing
    # ------------------------------------------------------------------------------------------------------------

    def _changed(
        self, caller: Caller, contact_id: str, given: Mapping[str, Any], event_type: str, pointer: str
    ) -> dict[str, Any]:
        a = caller.account
        for _ in range(_TRIES):
            before = self._read(a, contact_id)
            after = contact_rules.changed(before, self._checked(a, given, before), self._clock.now())
            others: Sequence[ContactChange] = ()
            if "principal_id" in given:
                after, others = self._linked(caller, after, given["principal_id"], pointer)
            if after == before:
                return self._view(a, before, self._channels.connected(a))
            if after.version == before.version:
                after = replace(after, version=before.version + 1, updated_at=self._clock.now())
            event = self._event(caller, event_type, after)
            try:
                self._contacts.change(a, before, after, event, others)
            except ClaimsTaken as taken:
                raise self._conflict(a, after, taken.claims) from taken
            except (ContactMoved, GroupsGone):
                continue
            return dict(event.data)
        raise Busy(f"change of {contact_id}")

    def _checked(self, a: str, given: Mapping[str, Any], before: Contact | None) -> dict[str, Any]:
        """The fields as a contact holds them. Raises Invalid with a pointer to each that is wrong."""
        values, errors = self._judged(a, given, before)
        if errors:
            raise Invalid("Some fields are wrong.", errors=errors)
        return values

    def _judged(
        self, a: str, given: Mapping[str, Any], before: Contact | None
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """As `_checked`, with the errors."""
        numbers = any(given.get(name) for name in (*contact_rules.PHONES, "custom_fields"))
        account = self._accounts.get(a) if numbers else None
        region = contact_rules.region_of(account.locale) if account else contact_rules.DEFAULT_REGION
        values, errors = contact_rules.cleaned(given, region)
        referred, wrong = self._references.checked(a, given, before, region)
        unknown = contact_rules.nobody(given) if before is None else []
        return {**values, **referred}, [*unknown, *errors, *wrong]

    # -- links
    # --------------------------------------------------------------------------------------------------------------

    def _linked(
        self, caller: Caller, contact: Contact, principal_id: str | None, pointer: str
    ) -> tuple[Contact, list[ContactChange]]:
        """The contact with this principal, or with none, and what that changes of the old and the new one."""
        if contact.principal_id == (principal_id or None):
            return contact, []
        a, now = caller.account, self._clock.now()
        changes: list[ContactChange] = []
        if contact.principal_id and (old := self._contacts.get(a, contact.principal_id)):
            left = without_linked(old, contact.id, now)
            if left is not old:
                changes.append(ContactChange(old, left, self._event(caller, "contact.unlinked", left)))
        if principal_id:
            principal = self._contacts.get(a, principal_id) if is_id(principal_id, "ct", a) else None
            if principal is None:
                raise Invalid.field(pointer, "not_found", "There is no such contact.")
            check_link(contact, principal)
            joined = with_linked(principal, contact.id, now)
            if joined is not principal:
                changes.append(ContactChange(principal, joined, self._event(caller, "contact.linked", joined)))
        return replace(contact, principal_id=principal_id or None), changes

    def _let_go(self, caller: Caller, linked_id: str, principal_id: str) -> None:
        """Who is linked to a contact that goes stands alone; whoever is linked elsewhere by now is left."""
        linked = self._contacts.get(caller.account, linked_id)
        if linked is not None and linked.principal_id == principal_id:
            self.link(caller, linked_id, None)

    # -- shapes
    # -------------------------------------------------------------------------------------------------------------

    def _read(self, a: str, contact_id: str) -> Contact:
        contact = self._contacts.resolved(a, contact_id)
        if contact is None:
            raise _not_found()
        return contact

    def _views(self, a: str, contacts: Sequence[Contact]) -> list[dict[str, Any]]:
        connected = self._channels.connected(a)
        return self._shapes.each(a, [(contact, self._reach.channels(contact, connected)) for contact in contacts])

    def _view(self, a: str, contact: Contact, connected: Sequence[Channel]) -> dict[str, Any]:
        return self._shapes.of(a, contact, self._reach.channels(contact, connected))

    def _event(self, caller: Caller, event_type: str, contact: Contact) -> Event:
        return self.told(caller.account, event_type, contact, Author("user", caller.id))

    def told(self, a: str, event_type: str, contact: Contact, actor: Author) -> Event:
        """The fact that a contact is so now."""
        view = self._view(a, contact, self._channels.connected(a))
        return Event(self._ids.new("ev", a), event_type, self._clock.now(), actor, view, contact_id=contact.id)

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


def _not_found() -> NotFound:
    return NotFound("There is no such contact.")


def _no_cursor() -> Invalid:
    return Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
