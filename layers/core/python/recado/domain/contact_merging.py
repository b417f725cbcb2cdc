"""Two contacts who turn out to be one person (PRODUCT H9): nothing of either is lost, and it can be undone.

The kept contact takes what it lacks. What both have it keeps, but for numbers and addresses, which are the person's
too: they become `more_phones` and `more_emails`. The other's id leads to the kept one from then on; chats keep the id
they were opened under."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recado.domain.contact_claims import MAX_IDENTITIES
from recado.domain.contacts import Contact
from recado.domain.custom_fields import MAX_VALUES_CHARACTERS
from recado.domain.errors import Conflict
from recado.domain.groups import MAX_GROUPS_OF_CONTACT

MAX_MERGED = 10
"""Ids that lead to one contact: its chats and events lie under each of them."""
MAX_MORE = 5
_TAKEN_WHERE_LACKING = (
    "name", "mobile", "mobile_given", "phone", "phone_given", "email", "birthday", "address", "city", "district",
    "state", "country", "organization_id", "photo_file_id", "attribution",
)  # fmt: skip
_JOINED = ("group_ids", "identities", "merged_ids", "more_phones", "more_emails", "claims")


@dataclass(frozen=True)
class Merge:
    """A merge as it was made: both contacts before, and the kept one after. `undone_at` None: it stands."""

    id: str
    kept: Contact
    other: Contact
    after: Contact
    made_at: datetime
    made_by: str
    undone_at: datetime | None = None


def check_merge(kept: Contact, other: Contact) -> None:
    """Raises Conflict `same_contact`, or `contact_has_links` for who is linked to, or a principal of, a third one."""
    if kept.id == other.id:
        raise Conflict("These are one contact already.", code="same_contact")
    linked = {other.principal_id, *other.linked_ids} - {None, kept.id}
    if linked or (kept.principal_id not in (None, other.id) and other.linked_ids):
        raise Conflict(
            "The other contact is linked to a third one: take that link back first.", code="contact_has_links"
        )


def merged(kept: Contact, other: Contact, now: datetime) -> Contact:
    """The kept contact with what the other has. Raises Conflict `too_large_to_merge` when that would be more than a
    contact holds."""
    taken: dict[str, Any] = {name: getattr(kept, name) or getattr(other, name) for name in _TAKEN_WHERE_LACKING}
    if kept.mobile:
        taken["mobile_given"] = kept.mobile_given
    if kept.phone:
        taken["phone_given"] = kept.phone_given
    shown = {taken["mobile"], taken["phone"]}
    phones = (*kept.more_phones, other.mobile, other.phone, *other.more_phones)
    emails = (*kept.more_emails, other.email, *other.more_emails)
    after = replace(
        kept,
        **taken,
        notes="\n\n".join(one for one in (kept.notes, other.notes) if one) or None,
        custom_fields={**other.custom_fields, **kept.custom_fields},
        more_phones=_each_once(one for one in phones if one and one not in shown),
        more_emails=_each_once(one for one in emails if one and one.casefold() != (taken["email"] or "").casefold()),
        group_ids=_each_once((*kept.group_ids, *other.group_ids)),
        identities=_each_once((*kept.identities, *other.identities)),
        merged_ids=_each_once((*kept.merged_ids, other.id, *other.merged_ids)),
        claims=_each_once((*kept.claims, *other.claims)),
        principal_id=None if kept.principal_id == other.id else kept.principal_id,
        linked_ids=tuple(one for one in kept.linked_ids if one != other.id),
        updated_at=now,
        version=kept.version + 1,
    )
    bounds = (
        (after.group_ids, MAX_GROUPS_OF_CONTACT), (after.identities, MAX_IDENTITIES), (after.merged_ids, MAX_MERGED),
        (after.more_phones, MAX_MORE), (after.more_emails, MAX_MORE),
    )  # fmt: skip
    values_fit = len(json.dumps(after.custom_fields, ensure_ascii=False)) <= MAX_VALUES_CHARACTERS
    if not values_fit or any(len(values) > most for values, most in bounds):
        raise too_large()
    return after


def taken_apart(merge: Merge, kept: Contact, now: datetime) -> tuple[Contact, Contact]:
    """The kept contact as it is now without what the merge brought, and the other as it was. What was changed since
    stays with the kept one, and with it what it learned since."""
    before, after, other = merge.kept, merge.after, merge.other
    undone: dict[str, Any] = {
        name: getattr(before, name)
        for name in (*_TAKEN_WHERE_LACKING, "notes", "principal_id")
        if getattr(kept, name) == getattr(after, name)
    }
    for name in _JOINED:
        brought = set(getattr(after, name)) - set(getattr(before, name))
        undone[name] = tuple(one for one in getattr(kept, name) if one not in brought)
    if other.id in before.linked_ids:
        undone["linked_ids"] = _each_once((*kept.linked_ids, other.id))
    undone["custom_fields"] = {
        slug: value
        for slug, value in kept.custom_fields.items()
        if slug in before.custom_fields or slug not in after.custom_fields or value != after.custom_fields[slug]
    }
    left = replace(kept, **undone, updated_at=now, version=kept.version + 1)
    if left.principal_id and left.linked_ids:  # what was linked since would make two levels
        left = replace(left, principal_id=None, linked_ids=tuple(one for one in left.linked_ids if one != other.id))
        other = replace(other, principal_id=None, linked_ids=())
    held = tuple(claim for claim in other.claims if claim in kept.claims and claim not in before.claims)
    return left, replace(other, claims=held, updated_at=now, version=other.version + 1)


def too_large() -> Conflict:
    """What both have is more than one contact or one transaction holds."""
    detail = "Together they have more numbers, identities, groups, values or merged contacts than one contact may."
    return Conflict(detail, code="too_large_to_merge")


def _each_once(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))
