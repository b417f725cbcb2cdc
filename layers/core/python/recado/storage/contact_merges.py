"""Merges of contacts: one transaction each, and one to take it apart again."""

from __future__ import annotations

import json
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from recado.domain.chats import Event
from recado.domain.contact_merging import Merge, too_large
from recado.domain.contacts import Contact
from recado.storage import keys
from recado.storage.contact_records import ClaimRecord, ContactRecord
from recado.storage.contacts import MERGED, add_contact, change_contact, commit_contact, move_claims, remove_contact
from recado.storage.tables import ContactsRecord, TimeAttribute
from recado.storage.transaction import MAX_OPERATIONS, Transaction

MAX_ITEM_BYTES = 390_000
"""Of MERGE, which holds three contacts; an item may have 409,600 with its keys and names."""


class MergeRecord(ContactsRecord):
    """MERGE. The contacts are items as they lay in the table."""

    id = UnicodeAttribute()
    kept = JSONAttribute()
    other = JSONAttribute()
    after = JSONAttribute()
    made_at = TimeAttribute()
    made_by = UnicodeAttribute()
    undone_at = TimeAttribute(null=True)

    @classmethod
    def of_merge(cls, a: str, merge: Merge) -> MergeRecord:
        """The item of a merge."""
        items = {name: _item(a, getattr(merge, name)) for name in ("kept", "other", "after")}
        return cls.of(merge, pk=keys.merges_pk(a, merge.kept.id), sk=merge.id, **items)

    @property
    def size(self) -> int:
        """Bytes of the contacts; JSON is ASCII here."""
        return sum(len(json.dumps(one)) for one in (self.kept, self.other, self.after))

    def merge(self) -> Merge:
        """The entity."""
        return self.to(Merge, kept=_contact(self.kept), other=_contact(self.other), after=_contact(self.after))


class DynamoMerges:
    """The port `recado.ports.contacts.Merges`."""

    def get(self, a: str, kept_id: str, merge_id: str) -> Merge | None:
        """A merge, strongly consistent."""
        found = MergeRecord.find(keys.merges_pk(a, kept_id), merge_id)
        return None if found is None else found.merge()

    def of(self, a: str, kept_id: str) -> list[Merge]:
        """The merges of a kept contact, oldest first: one query."""
        return [record.merge() for record in MergeRecord.query(keys.merges_pk(a, kept_id), consistent_read=True)]

    def merge(self, a: str, merge: Merge, events: tuple[Event, Event]) -> None:
        """Both contacts as they were read, all that the other one held, and the way from its id to the kept one."""
        tx, moved = Transaction(), frozenset(merge.other.claims)
        change_contact(tx, a, merge.kept, merge.after, events[0], moved)
        remove_contact(tx, a, merge.other, events[1])
        move_claims(tx, a, merge.other.claims, merge.kept.id)
        leads = ClaimRecord(keys.claim_pk(a, MERGED, merge.other.id), "CLAIM", contact_id=merge.kept.id)
        tx.put("merged", leads)
        record = MergeRecord.of_merge(a, merge)
        if record.size > MAX_ITEM_BYTES:
            raise too_large()
        tx.put("merge", record)
        _commit(tx, merge.after)

    def undo(
        self, a: str, merge: Merge, kept: Contact, left: Contact, other: Contact, events: tuple[Event, Event]
    ) -> None:
        """The kept contact as it was read, the other one new, with the claims that are still there to be given back."""
        tx, moved = Transaction(), frozenset(other.claims)
        change_contact(tx, a, kept, left, events[0], moved)
        add_contact(tx, a, other, events[1], moved)
        move_claims(tx, a, other.claims, other.id)
        tx.delete("merged", ClaimRecord(keys.claim_pk(a, MERGED, other.id), "CLAIM"))
        tx.put("merge", MergeRecord.of_merge(a, merge))
        _commit(tx, left)


def _commit(tx: Transaction, contact: Contact) -> None:
    if len(tx) > MAX_OPERATIONS:
        raise too_large()
    commit_contact(tx, contact)


def _item(a: str, contact: Contact) -> dict[str, Any]:
    return ContactRecord.of_contact(a, contact).to_dynamodb_dict()


def _contact(item: dict[str, Any]) -> Contact:
    return ContactRecord.from_raw_data(item).contact()
