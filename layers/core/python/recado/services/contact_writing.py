"""Contacts as they are added and changed, by people and by lists: what is wrong is told with its field, and each change
is written with its fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from recado.domain import contact_rules
from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.chats import Author, Event
from recado.domain.contact_links import check_link, with_linked, without_linked
from recado.domain.contacts import Claim, Contact
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.ids import is_id
from recado.ports.contacts import (
    ClaimsTaken,
    ConnectedChannels,
    ContactChange,
    ContactMoved,
    GroupsGone,
    Reach,
    WrittenContacts,
)
from recado.ports.core import Clock, Ids
from recado.ports.people import Accounts
from recado.services.contact_references import ContactReferences
from recado.services.contact_shapes import ContactShapes

TRIES = 5
"""At a contact that others change at the same moment."""


class ContactWriting:
    """Adds and changes contacts. Answers are public shapes."""

    def __init__(
        self,
        contacts: WrittenContacts,
        references: ContactReferences,
        shapes: ContactShapes,
        channels: ConnectedChannels,
        reach: Reach,
        accounts: Accounts,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._contacts = contacts
        self._references = references
        self._shapes = shapes
        self._channels = channels
        self._reach = reach
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    def create(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Add a contact. 409 `contact_exists` with `contact_ids` when its numbers or address belong to others; as
        `link` for a `principal_id`."""
        a = caller.account
        for _ in range(TRIES):
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

    def _changed(
        self, caller: Caller, contact_id: str, given: Mapping[str, Any], event_type: str, pointer: str
    ) -> dict[str, Any]:
        a = caller.account
        for _ in range(TRIES):
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
        a, now, principal = caller.account, self._clock.now(), None
        if principal_id and principal_id != contact.principal_id:
            principal = self._contacts.resolved(a, principal_id) if is_id(principal_id, "ct", a) else None
            if principal is None:
                raise Invalid.field(pointer, "not_found", "There is no such contact.")
            principal_id = principal.id
        if contact.principal_id == (principal_id or None):
            return contact, []
        changes: list[ContactChange] = []
        if contact.principal_id and (old := self._contacts.get(a, contact.principal_id)):
            left = without_linked(old, contact.id, now)
            if left is not old:
                changes.append(ContactChange(old, left, self._event(caller, "contact.unlinked", left)))
        if principal is not None:
            check_link(contact, principal)
            joined = with_linked(principal, contact.id, now)
            if joined is not principal:
                changes.append(ContactChange(principal, joined, self._event(caller, "contact.linked", joined)))
        return replace(contact, principal_id=principal_id or None), changes

    def _read(self, a: str, contact_id: str) -> Contact:
        contact = self._contacts.resolved(a, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        return contact

    def _view(self, a: str, contact: Contact, connected: Sequence[Channel]) -> dict[str, Any]:
        return self._shapes.of(a, contact, self._reach.channels(contact, connected))

    def _event(self, caller: Caller, event_type: str, contact: Contact) -> Event:
        actor = caller.author if caller.flow_id else Author("user", caller.id)
        return self.told(caller.account, event_type, contact, actor)

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
