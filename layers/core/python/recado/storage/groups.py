"""Groups and organizations, the names they have, and those that were deleted and still have contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import cast

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from recado.domain.groups import Group, GroupKind, name_key
from recado.ports.groups import GroupPage, NameTaken
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.contact_records import MembershipRecord
from recado.storage.due import Due, due_page
from recado.storage.own_names import OwnName, change_named, create_named, delete_named
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, condition_failed, guard

NAME_FREE = guard(
    "group-name-free", "two people make a group of one name at once: a CSV file cannot say which it means"
)
GROUP_SEEN = guard("group-from-seen-version", "a group is renamed while it is deleted: its name is taken for ever")
GROUP_STANDS = guard("group-stands", "a contact enters a group while it is deleted: it stays in what is not there")
DELETED_DUE = guard("deleted-group-is-there-to-empty", "a group is emptied while it is put off: it is emptied for ever")

_COLLECTIONS: dict[GroupKind, str] = {"group": "GROUPS", "organization": "ORGANIZATIONS"}
MEMBERSHIPS: dict[GroupKind, str] = {"group": "GROUP", "organization": "ORG"}
_DELETED = "DELETEDGROUPS"


class GroupRecord(WorkspaceRecord):
    """GROUP or ORGANIZATION."""

    id = UnicodeAttribute()
    kind = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at = TimeAttribute()
    updated_at = TimeAttribute()
    custom_fields = JSONAttribute(null=True)
    version = NumberAttribute()

    @classmethod
    def of_group(cls, a: str, group: Group) -> GroupRecord:
        """The item of a group."""
        fields = dict(group.custom_fields) or None
        return cls.of(group, pk=_pk(a, group.kind), sk=group.id, custom_fields=fields)

    def group(self) -> Group:
        """The entity."""
        return self.to(Group, custom_fields=self.custom_fields or {}, version=int(self.version))


class GroupNameRecord(WorkspaceRecord):
    """The name of a group: whose it is."""

    group_id = UnicodeAttribute()


class DeletedGroupRecord(WorkspaceRecord):
    """A deleted group whose contacts have to leave it."""

    kind = UnicodeAttribute()
    due = Due()
    due_pk = UnicodeAttribute()
    due_sk = UnicodeAttribute()


class DynamoGroups:
    """The port `recado.ports.groups.GroupStore`."""

    def get(self, a: str, kind: GroupKind, group_id: str) -> Group | None:
        """One, strongly consistent."""
        found = GroupRecord.find(_pk(a, kind), group_id)
        return None if found is None else found.group()

    def get_many(self, a: str, kind: GroupKind, group_ids: Sequence[str]) -> dict[str, Group]:
        """Those of these that exist, eventually consistent, by id."""
        wanted = [(_pk(a, kind), one) for one in dict.fromkeys(group_ids)]
        return {record.id: record.group() for record in GroupRecord.batch_get(wanted)} if wanted else {}

    def by_names(self, a: str, kind: GroupKind, names: Sequence[str]) -> dict[str, str]:
        """Ids by the keys of names: one batch get for each 100, strongly consistent."""
        wanted = [(_names_pk(a, kind), one) for one in dict.fromkeys(names)]
        found = GroupNameRecord.batch_get(wanted, consistent_read=True) if wanted else ()
        return {str(record.sk): record.group_id for record in found}

    def page(self, a: str, kind: GroupKind, prefix: str, limit: int, after: str | None) -> GroupPage:
        """One query of names and one batch get; a page may be short where one is deleted meanwhile."""
        start = f"{after}\x00" if after and after >= prefix else prefix
        between = GroupNameRecord.sk.between(start or "\x00", f"{prefix}\U0010ffff")
        names = list(GroupNameRecord.query(_names_pk(a, kind), between, limit=limit + 1, page_size=limit + 1))
        shown = names[:limit]
        groups = self.get_many(a, kind, [record.group_id for record in shown])
        items = tuple(groups[record.group_id] for record in shown if record.group_id in groups)
        return GroupPage(items, str(shown[-1].sk) if len(names) > limit else None)

    def create(self, a: str, group: Group) -> None:
        """One transaction with its name. Raises NameTaken."""
        create_named(GroupRecord.of_group(a, group), _name(a, group))

    def change(self, a: str, before: Group, after: Group) -> bool:
        """Write a change, with another name where it has one. Raises NameTaken."""
        seen = GROUP_SEEN(GroupRecord.version == before.version)
        return change_named(GroupRecord.of_group(a, after), seen, _name(a, before).record, _name(a, after))

    def delete(self, a: str, group: Group, now: datetime) -> bool:
        """One transaction: the group, its name, and that its contacts have to leave."""
        tx = Transaction()
        seen = GROUP_SEEN(GroupRecord.version == group.version)
        delete_named(tx, GroupRecord(_pk(a, group.kind), group.id), seen, _name(a, group).record)
        place = keys.workspace_pk(a, _DELETED), group.id
        due_pk, due_sk = keys.due_pk(_DELETED, group.id), keys.stamp(now)
        tx.put("deleted", DeletedGroupRecord(*place, kind=group.kind, due_pk=due_pk, due_sk=due_sk))
        return tx.committed()

    def deleted(self, now: datetime, limit: int) -> DuePage:
        """16 queries."""
        return due_page(_DELETED, DeletedGroupRecord, now, limit)

    def kind_of_deleted(self, a: str, group_id: str) -> GroupKind | None:
        """Of which kind a deleted group was, strongly consistent."""
        found = DeletedGroupRecord.find(keys.workspace_pk(a, _DELETED), group_id)
        return None if found is None else cast(GroupKind, found.kind)

    def member_ids(self, a: str, kind: GroupKind, group_id: str, limit: int) -> list[str]:
        """So many contacts of a group, strongly consistent: up to 16 queries."""
        shards = (keys.membership_shard(a, MEMBERSHIPS[kind], group_id, f"{one:x}") for one in range(keys.SHARDS))
        records = (one for pk in shards for one in MembershipRecord.query(pk, consistent_read=True, page_size=limit))
        return [str(record.sk) for record in islice(records, limit)]

    def forget_member(self, a: str, kind: GroupKind, group_id: str, contact_id: str) -> None:
        """Take out who is no contact any more."""
        MembershipRecord(keys.membership_pk(a, MEMBERSHIPS[kind], group_id, contact_id), contact_id).delete()

    def forget_deleted(self, a: str, group_id: str) -> None:
        """Nobody is left in a deleted group."""
        DeletedGroupRecord(keys.workspace_pk(a, _DELETED), group_id).delete()

    def look_again_at(self, a: str, group_id: str, when: datetime) -> None:
        """Moves the place in the index."""
        try:
            DeletedGroupRecord(keys.workspace_pk(a, _DELETED), group_id).update(
                [DeletedGroupRecord.due_sk.set(keys.stamp(when))],
                condition=DELETED_DUE(DeletedGroupRecord.due_sk.exists()),
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise


def check_group(tx: Transaction, label: str, a: str, kind: GroupKind, group_id: str) -> None:
    """Require in a transaction that the group is there."""
    tx.check(label, GroupRecord(_pk(a, kind), group_id), GROUP_STANDS(GroupRecord.pk.exists()))


def _name(a: str, group: Group) -> OwnName:
    record = GroupNameRecord(_names_pk(a, group.kind), name_key(group.name), group_id=group.id)
    return OwnName(record, NAME_FREE(GroupNameRecord.pk.does_not_exist()), NameTaken)


def _pk(a: str, kind: GroupKind) -> str:
    return keys.workspace_pk(a, _COLLECTIONS[kind])


def _names_pk(a: str, kind: GroupKind) -> str:
    return keys.workspace_pk(a, f"{_COLLECTIONS[kind].removesuffix('S')}NAMES")
