"""The principal contact (PRODUCT H4): others are linked to one, one level deep, nobody to themselves, so no cycles."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from recado.domain.contacts import Contact
from recado.domain.errors import Conflict

MAX_LINKED = 100


def check_link(contact: Contact, principal: Contact) -> None:
    """Raises Conflict `same_contact`, `principal_is_linked`, `contact_has_linked` or `too_many_linked`."""
    if contact.id == principal.id:
        raise Conflict("A contact is not its own principal.", code="same_contact")
    if principal.principal_id is not None:
        detail = "That contact is linked to another one: link to its principal instead."
        raise Conflict(detail, code="principal_is_linked", extra={"contact_id": principal.principal_id})
    if contact.linked_ids:
        detail = "Others are linked to this contact: it is a principal itself, and links have one level."
        raise Conflict(detail, code="contact_has_linked", extra={"contact_ids": list(contact.linked_ids)})
    if contact.id not in principal.linked_ids and len(principal.linked_ids) >= MAX_LINKED:
        detail = f"At most {MAX_LINKED} contacts are linked to one."
        raise Conflict(detail, code="too_many_linked", extra={"limit": MAX_LINKED})


def with_linked(principal: Contact, contact_id: str, now: datetime) -> Contact:
    """The principal with one more linked to it; the very same object when it is linked already."""
    if contact_id in principal.linked_ids:
        return principal
    linked = (*principal.linked_ids, contact_id)
    return replace(principal, linked_ids=linked, updated_at=now, version=principal.version + 1)


def without_linked(principal: Contact, contact_id: str, now: datetime) -> Contact:
    """The principal with one less; the very same object when it was not linked."""
    if contact_id not in principal.linked_ids:
        return principal
    linked = tuple(one for one in principal.linked_ids if one != contact_id)
    return replace(principal, linked_ids=linked, updated_at=now, version=principal.version + 1)
