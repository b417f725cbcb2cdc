"""Groups and organizations of contacts (PRODUCT H10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from recado.domain.contact_rules import region_of
from recado.domain.errors import Busy, Conflict, Invalid, NotFound
from recado.domain.groups import Group, GroupKind, name_key
from recado.ports.core import Clock, Ids
from recado.ports.groups import GroupPage, GroupStore, NameTaken
from recado.ports.people import AccountStore
from recado.ports.sweeps import Swept
from recado.services.contact_references import ContactReferences
from recado.services.custom_fields import RememberedFields
from recado.services.references import References
from recado.services.views import moment

_TRIES = 5
_AT_ONCE = 200
"""Contacts that leave deleted groups in one page: some 20 ms each, and a page has to end in the reserve of the tick."""
_GROUPS = 16
"""Groups that a page looks at: 16 queries each, though it had one contact."""
_FAILED_AGAIN = timedelta(minutes=1)
_PREFIXES: dict[GroupKind, str] = {"group": "gr", "organization": "og"}


class Leavers(Protocol):
    """Contacts that leave a deleted group (services.contacts)."""

    def leave(self, a: str, contact_id: str, kind: GroupKind, group_id: str) -> bool:
        """Take the contact out; False when there is no such contact."""
        ...


class GroupService:
    """Who deletes a group takes it from its contacts: from then on nobody enters it, and the minute's look empties
    it."""

    def __init__(
        self,
        groups: GroupStore,
        fields: RememberedFields,
        references: ContactReferences,
        used: References,
        accounts: AccountStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._groups = groups
        self._fields = fields
        self._references = references
        self._used = used
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    def page(self, a: str, kind: GroupKind, text: str | None, limit: int, after: str | None) -> GroupPage:
        """By name, those whose name begins with the text, whatever its case and accents."""
        return self._groups.page(a, kind, name_key(text or ""), limit, after)

    def get(self, a: str, kind: GroupKind, group_id: str) -> Group:
        """Raises NotFound."""
        group = self._groups.get(a, kind, group_id)
        if group is None:
            raise NotFound(f"There is no such {kind}.")
        return group

    def create(self, a: str, kind: GroupKind, name: str, given: Mapping[str, Any] | None = None) -> Group:
        """A new one; `given` are custom fields of an organization. Raises Invalid, Conflict `name_taken`."""
        values = self._fields_of(a, kind, given or {}, None)
        now = self._clock.now()
        group = Group(self._ids.new(_PREFIXES[kind], a), kind, _name(name), now, now, values)
        try:
            self._groups.create(a, group)
        except NameTaken:
            raise _taken(kind) from None
        return group

    def change(
        self, a: str, kind: GroupKind, group_id: str, name: str | None, given: Mapping[str, Any] | None = None
    ) -> Group:
        """Another name, other values of custom fields, or both; None leaves it. Raises NotFound, Invalid, Conflict
        `name_taken`."""
        for _ in range(_TRIES):
            before = self.get(a, kind, group_id)
            fields: dict[str, Any] = {} if name is None else {"name": _name(name)}
            if given is not None:
                fields["custom_fields"] = self._fields_of(a, kind, given, before)
            after = replace(before, **fields)
            if after == before:
                return before
            after = replace(after, updated_at=self._clock.now(), version=before.version + 1)
            try:
                if self._groups.change(a, before, after):
                    return after
            except NameTaken:
                raise _taken(kind) from None
        raise Busy(f"change of {group_id}")

    def delete(self, a: str, kind: GroupKind, group_id: str) -> None:
        """Raises NotFound, Conflict `in_use`."""
        for _ in range(_TRIES):
            seen = self.get(a, kind, group_id)
            self._used.refuse(a, [group_id], "The group" if kind == "group" else "The organization")
            if self._groups.delete(a, seen, self._clock.now()):
                return
        raise Busy(f"deletion of {group_id}")

    def view(self, a: str, group: Group) -> dict[str, Any]:
        """A group in its public shape; of an organization, with its fields."""
        return self.views(a, [group])[0]

    def views(self, a: str, groups: Sequence[Group]) -> list[dict[str, Any]]:
        """As `view`, for a page."""
        values = self._fields.shown(a, "organizations", [group.custom_fields for group in groups])
        return [_view(group, own) for group, own in zip(groups, values, strict=True)]

    def _fields_of(self, a: str, kind: GroupKind, given: Mapping[str, Any], before: Group | None) -> Mapping[str, Any]:
        if kind == "group":
            return {}
        account = self._accounts.get(a)
        region = region_of(account.locale if account else "")
        old = before.custom_fields if before else None
        values, errors = self._references.field_values(a, "organizations", given, old, region)
        if errors:
            raise Invalid("Some fields are wrong.", errors=errors)
        return values


def _view(group: Group, values: Mapping[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {"id": group.id, "name": group.name}
    if group.kind == "organization":
        shape["custom_fields"] = values
    return {**shape, "created_at": moment(group.created_at), "updated_at": moment(group.updated_at)}


class DeletedGroups:
    """Takes contacts out of groups that were deleted."""

    def __init__(self, groups: GroupStore, contacts: Leavers, clock: Clock) -> None:
        self._groups = groups
        self._contacts = contacts
        self._clock = clock

    def empty_due(self, limit: int) -> Swept:
        """The sweep: contacts of deleted groups leave them, some in all; of an empty group nothing is left. Doing it
        again is harmless. A group that raises is looked at again in a minute."""
        now = self._clock.now()
        page = self._groups.deleted(now, min(limit, _GROUPS))
        more, left, failed = page.more, 0, dict[str, Exception]()
        for looked, (a, group_id) in enumerate(page.found):
            if left == _AT_ONCE:
                return Swept(looked, left, True, failed)
            most = _AT_ONCE - left
            try:
                count = self._empty(a, group_id, most)
            except Exception as error:  # whatever it is, it stops no other group
                failed[group_id] = error
                self._groups.look_again_at(a, group_id, now + _FAILED_AGAIN)
                continue
            left += count
            more = more or count == most
        return Swept(len(page.found), left, more, failed)

    def _empty(self, a: str, group_id: str, most: int) -> int:
        kind = self._groups.kind_of_deleted(a, group_id)
        if kind is None:
            return 0
        members = self._groups.member_ids(a, kind, group_id, most)
        for contact_id in members:
            if not self._contacts.leave(a, contact_id, kind, group_id):
                self._groups.forget_member(a, kind, group_id, contact_id)
        if len(members) < most:
            self._groups.forget_deleted(a, group_id)
        return len(members)


def _name(name: str) -> str:
    return " ".join(name.split())


def _taken(kind: GroupKind) -> Conflict:
    return Conflict(f"There is {'an' if kind == 'organization' else 'a'} {kind} of this name.", code="name_taken")
