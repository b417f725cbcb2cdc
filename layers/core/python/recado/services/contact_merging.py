"""Merging contacts, and undoing that (PRODUCT H9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.access import Caller
from recado.domain.chats import Author, Event
from recado.domain.contact_merging import Merge, check_merge, merged, taken_apart
from recado.domain.contacts import Contact
from recado.domain.errors import Busy, Conflict, Invalid, NotFound
from recado.domain.ids import is_id
from recado.ports.contacts import ContactMoved, Contacts, GroupsGone, Merges
from recado.ports.core import Clock, Ids
from recado.ports.groups import GroupStore
from recado.services.contact_shapes import ContactShapes
from recado.services.contacts import ContactService
from recado.services.views import moment

_TRIES = 5


class ContactMerging:
    """Whoever was merged is nobody's to find any more, and all that is theirs is the kept contact's; nothing of it is
    destroyed. Open chats stay, also two on one channel."""

    def __init__(
        self,
        contacts: Contacts,
        merges: Merges,
        groups: GroupStore,
        told: ContactService,
        shapes: ContactShapes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._contacts = contacts
        self._merges = merges
        self._groups = groups
        self._told = told
        self._shapes = shapes
        self._clock = clock
        self._ids = ids

    def merge(self, caller: Caller, kept_id: str, other_id: str) -> Merge:
        """Merge the other into the kept one; who was merged so before is found. Raises NotFound, Invalid, Conflict
        `same_contact`, `contact_has_links`, `too_large_to_merge`."""
        a = caller.account
        for _ in range(_TRIES):
            kept = self._contacts.resolved(a, kept_id)
            if kept is None:
                raise NotFound("There is no such contact.")
            other = self._contacts.get(a, other_id) if is_id(other_id, "ct", a) else None
            if other is None:
                return self._made_before(a, kept, other_id)
            check_merge(kept, other)
            now = self._clock.now()
            after = merged(kept, other, now)
            merge = Merge(self._ids.new("mg", a), kept, other, after, now, caller.id)
            try:
                self._merges.merge(a, merge, self._events(caller, "contact.merged", after, other))
            except (ContactMoved, GroupsGone):
                continue
            return merge
        raise Busy(f"merge into {kept_id}")

    def undo(self, caller: Caller, kept_id: str, merge_id: str) -> None:
        """Both contacts as they were; what was changed in the kept one since stays with it. Raises NotFound, Conflict
        `contact_merged` while the kept one is merged into a third."""
        a = caller.account
        for _ in range(_TRIES):
            merge = self._merges.get(a, kept_id, merge_id)
            if merge is None or merge.undone_at is not None:
                raise NotFound("There is no such merge, or it was undone.")
            kept = self._contacts.get(a, kept_id)
            if kept is None:
                detail = "The contact was merged into another one since, or deleted: undo that merge first."
                raise Conflict(detail, code="contact_merged")
            now = self._clock.now()
            left, other = taken_apart(merge, kept, now)
            other = self._without_gone_groups(a, other)
            events = self._events(caller, "contact.unmerged", left, other)
            try:
                self._merges.undo(a, replace(merge, undone_at=now), kept, left, other, events)
            except (ContactMoved, GroupsGone):
                continue
            return
        raise Busy(f"undoing {merge_id}")

    def of(self, caller: Caller, contact_id: str) -> list[dict[str, Any]]:
        """The merges of a contact in their public shape, oldest first. Raises NotFound."""
        kept = self._contacts.resolved(caller.account, contact_id)
        if kept is None:
            raise NotFound("There is no such contact.")
        return [self._view(caller.account, merge) for merge in self._merges.of(caller.account, kept.id)]

    def _made_before(self, a: str, kept: Contact, other_id: str) -> Merge:
        if other_id in kept.merged_ids:
            found = next((one for one in self._merges.of(a, kept.id) if _stands(one, other_id)), None)
            if found is not None:
                return found
        raise Invalid.field("/contact_id", "not_found", "There is no such contact.")

    def _without_gone_groups(self, a: str, contact: Contact) -> Contact:
        """Groups that were deleted meanwhile are not entered again."""
        groups = self._groups.get_many(a, "group", contact.group_ids) if contact.group_ids else {}
        organization_id = contact.organization_id
        if organization_id and self._groups.get(a, "organization", organization_id) is None:
            organization_id = None
        kept = tuple(one for one in contact.group_ids if one in groups)
        return replace(contact, group_ids=kept, organization_id=organization_id)

    def _events(self, caller: Caller, event_type: str, kept: Contact, other: Contact) -> tuple[Event, Event]:
        """A fact of each; that of the kept one says who the other is."""
        actor = Author("user", caller.id)
        of_kept = self._told.told(caller.account, event_type, kept, actor)
        of_kept = replace(of_kept, data={**of_kept.data, "other_id": other.id})
        of_other = self._told.told(caller.account, event_type, other, actor)
        return of_kept, replace(of_other, data={**of_other.data, "other_id": kept.id})

    def _view(self, a: str, merge: Merge) -> dict[str, Any]:
        """A merge with the other contact as it was."""
        return {
            "id": merge.id,
            "contact": self._shapes.of(a, merge.other, {}),
            "made_at": moment(merge.made_at),
            "made_by": merge.made_by,
            "undone_at": moment(merge.undone_at),
        }


def _stands(merge: Merge, other_id: str) -> bool:
    return merge.other.id == other_id and merge.undone_at is None
