"""All contacts of an account or a group, page by page: shard after shard, in each by id. An id never moves, so a
contact that is there from the first page to the last is read exactly once, whatever is added or deleted beside it."""

from __future__ import annotations

from recado.domain.contact_exports import Place
from recado.domain.contacts import Contact
from recado.domain.groups import GroupKind
from recado.ports.contact_exports import ContactsRead
from recado.storage import keys
from recado.storage.contact_records import ContactRecord, MembershipRecord
from recado.storage.groups import MEMBERSHIPS

_AT_ONCE = 250
"""Contacts of a page: some 350 KB as they lie in the table, 20 MB at the very worst."""
_MEMBERS_AT_ONCE = 100
"""As many as one batch get takes."""
_SHOWN = [
    "id", "created_at", "updated_at", "version", "name", "mobile", "phone", "email", "birthday", "address", "city",
    "district", "state", "country", "notes", "organization_id", "group_ids", "custom_fields", "principal_id",
]  # fmt: skip
"""What of a contact has columns; claims and search tokens, most of the item, stay where they are."""


class DynamoExportedContacts:
    """The port `recado.ports.contact_exports.ContactPages`."""

    def read(self, a: str, group: tuple[GroupKind, str] | None, place: Place) -> ContactsRead:
        """1 query; of a group, 1 query and 1 batch get of at most 100 contacts."""
        return self._all(a, place) if group is None else self._members(a, *group, place)

    def _all(self, a: str, place: Place) -> ContactsRead:
        # Nothing in the partition sorts before its contacts; what lies behind them are their search tokens.
        first = f"{keys.contact_sk(place.after)}\0" if place.after else keys.contact_sk("")
        found = ContactRecord.query(
            keys.contact_shard(a, f"{place.shard:x}"),
            ContactRecord.sk.between(first, keys.contact_sk("\U0010ffff")),
            consistent_read=True,
            limit=_AT_ONCE,
            page_size=_AT_ONCE,
            attributes_to_get=_SHOWN,
        )
        contacts = [record.contact() for record in found]
        return ContactsRead(contacts, _behind(place, contacts[-1].id if len(contacts) == _AT_ONCE else None))

    def _members(self, a: str, kind: GroupKind, group_id: str, place: Place) -> ContactsRead:
        found = MembershipRecord.query(
            keys.membership_shard(a, MEMBERSHIPS[kind], group_id, f"{place.shard:x}"),
            MembershipRecord.sk > place.after if place.after else None,
            consistent_read=True,
            limit=_MEMBERS_AT_ONCE,
            page_size=_MEMBERS_AT_ONCE,
        )
        ids = [str(record.sk) for record in found]
        wanted = [(keys.contact_pk(a, one), keys.contact_sk(one)) for one in ids]
        records = ContactRecord.batch_get(wanted, consistent_read=True, attributes_to_get=_SHOWN) if wanted else ()
        known = {record.id: record.contact() for record in records}
        contacts = [known[one] for one in ids if one in known and _is_in(known[one], kind, group_id)]
        return ContactsRead(contacts, _behind(place, ids[-1] if len(ids) == _MEMBERS_AT_ONCE else None))


def _is_in(contact: Contact, kind: GroupKind, group_id: str) -> bool:
    """Whether the contact is still in it: it may leave between the two reads."""
    return contact.organization_id == group_id if kind == "organization" else group_id in contact.group_ids


def _behind(place: Place, last: str | None) -> Place | None:
    """The next place: behind the last contact of a full page, else the next shard, none behind the last."""
    if last is not None:
        return Place(place.shard, last)
    return Place(place.shard + 1) if place.shard + 1 < keys.SHARDS else None
