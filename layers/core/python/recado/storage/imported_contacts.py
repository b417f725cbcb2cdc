"""Contacts as imports write them, and take them back: each with its row, in one transaction, so that a row is done
once whatever dies or comes twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pynamodb.expressions.condition import Condition

from recado.domain.chats import Event
from recado.domain.contact_imports import ContactImport, Row, created_row, updated_row
from recado.domain.contacts import Claim, Contact
from recado.ports.contact_imports import ChangedSince, RowDone
from recado.ports.contacts import ContactChange
from recado.storage import keys
from recado.storage.contact_imports import (
    KEY_UNMOVED,
    ROW_ONCE,
    UNDONE_ONCE,
    RowKeyRecord,
    RowRecord,
    marks_of,
    not_undone,
)
from recado.storage.contact_records import ContactRecord
from recado.storage.contacts import ContactStore, add_contact, change_contact, delete_contact, relink, why_lost
from recado.storage.transaction import Cancelled, Transaction, guard

UNDONE_UNMOVED = guard(
    "import-undone-contact-unmoved",
    "somebody comments on a contact while undoing takes it away: what they wrote is about nobody",
)

_ROW = "import:row"
_KEY_LASTS_S = 400 * 24 * 3600


class DynamoRowContacts(ContactStore):
    """The port `recado.ports.contact_imports.RowContacts`, of one import."""

    made: frozenset[str] = frozenset()

    def __init__(self, one: ContactImport) -> None:
        self._import = one
        self._number = 0
        self._key = ""
        self._seen_of_key: str | None = None
        self._holders: dict[Claim, str | None] = {}
        self._contacts: dict[str, Contact] = {}
        self.written: Row | None = None

    def begin(self, number: int, key: str) -> None:
        """What is written next is for this row."""
        self._number, self._key, self.written = number, key, None
        self._seen_of_key = None

    def foresee(self, a: str, claims: Sequence[Claim], contact_ids: Sequence[str]) -> None:
        """One BatchGetItem for each 100 claims and for each 100 contacts, strongly consistent."""
        self.forget()
        held = super().holders(a, claims)
        self._holders = {claim: held.get(claim) for claim in claims}
        wanted = dict.fromkeys((*contact_ids, *held.values()))
        places = [(keys.contact_pk(a, one), keys.contact_sk(one)) for one in wanted]
        found = ContactRecord.batch_get(places, consistent_read=True) if places else ()
        self._contacts = {record.id: record.contact() for record in found}

    def forget(self) -> None:
        """Read everything anew."""
        self._holders.clear()
        self._contacts.clear()

    def get(self, a: str, contact_id: str) -> Contact | None:
        """One contact as it is known, else strongly consistent."""
        return self._contacts.get(contact_id) or super().get(a, contact_id)

    def holders(self, a: str, claims: Sequence[Claim]) -> dict[Claim, str]:
        """Who holds these, as it is known, else strongly consistent."""
        if any(claim not in self._holders for claim in claims):
            return super().holders(a, claims)
        return {claim: holder for claim in claims if (holder := self._holders[claim])}

    def contact_of_key(self, a: str, key: str) -> str | None:
        """1 RRU. It is written anew only as it was seen here."""
        found = RowKeyRecord.find(keys.import_key_pk(a, key), "KEY")
        self._seen_of_key = None if found is None else found.contact_id
        return self._seen_of_key

    def create(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        """As ContactStore, with the row. Raises ClaimsTaken without a claim where another import made who is so."""
        row = created_row(self._number, contact)
        tx = Transaction()
        add_contact(tx, a, contact, self._told(event))
        relink(tx, a, others)
        if self._key:
            ttl = int(event.at.timestamp()) + _KEY_LASTS_S
            record = RowKeyRecord(keys.import_key_pk(a, self._key), "KEY", contact_id=contact.id, ttl=ttl)
            tx.put("import:key", record, KEY_UNMOVED(self._key_as_seen()))
        self._commit(tx, a, row, contact, contact.claims, others)

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        """As ContactStore, with the row."""
        tx = Transaction()
        change_contact(tx, a, before, after, self._told(event))
        relink(tx, a, others)
        self._commit(tx, a, updated_row(self._number, before, after), after, (*before.claims, *after.claims), others)

    def _key_as_seen(self) -> Condition:
        free: Condition = RowKeyRecord.pk.does_not_exist()
        return free if self._seen_of_key is None else free | (RowKeyRecord.contact_id == self._seen_of_key)

    def _commit(
        self,
        tx: Transaction,
        a: str,
        row: Row,
        contact: Contact,
        claims: Iterable[Claim],
        others: Sequence[ContactChange],
    ) -> None:
        record = RowRecord.of_row(a, self._import.id, row, self._import.expires_at)
        tx.put(_ROW, record, ROW_ONCE(RowRecord.pk.does_not_exist()))
        for claim in claims:
            self._holders.pop(claim, None)
        for one in (contact, *(other.after for other in others)):
            self._contacts.pop(one.id, None)
        _commit(tx, contact)
        self.written = row

    def _told(self, event: Event) -> Event:
        return replace(event, data={**event.data, "import_id": self._import.id, "import_row": self._number})


class DynamoUndoneContacts(ContactStore):
    """The port `recado.ports.contact_imports.UndoneContacts`, of one import."""

    def __init__(self, one: ContactImport) -> None:
        self._import = one
        self._row = Row(0, "rejected")
        self._version = 0
        self.written = False

    def begin(self, row: Row, version: int) -> None:
        """What is written next gives back what this row did, to its contact as of this version."""
        self._row, self._version, self.written = row, version, False

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        """As ContactStore, with the mark at the row."""
        self._check(before)
        tx = Transaction()
        change_contact(tx, a, before, after, self._told(event))
        relink(tx, a, others)
        self._commit(tx, a, after)

    def delete(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        """As ContactStore, with the mark at the row."""
        self._check(contact)
        tx = Transaction()
        delete_contact(tx, a, contact, self._told(event), UNDONE_UNMOVED)
        relink(tx, a, others)
        self._commit(tx, a, contact)

    def _check(self, before: Contact) -> None:
        if before.id == self._row.contact_id and before.version != self._version:
            raise ChangedSince

    def _commit(self, tx: Transaction, a: str, contact: Contact) -> None:
        if contact.id == self._row.contact_id:  # others that were linked to it are no matter of the row
            record = RowRecord.of_row(a, self._import.id, self._row, None)
            tx.update(_ROW, record, marks_of(self._row), UNDONE_ONCE(not_undone()))
        _commit(tx, contact)
        self.written = self.written or contact.id == self._row.contact_id

    def _told(self, event: Event) -> Event:
        more = {"import_id": self._import.id, "import_row": self._row.number, "import_undone": True}
        return replace(event, data={**event.data, **more})


def _commit(tx: Transaction, contact: Contact) -> None:
    """Raises RowDone where the row says so, else as ContactStore."""
    try:
        tx.commit()
    except Cancelled as lost:
        if _ROW in lost.failed:
            raise RowDone from lost
        raise why_lost(lost, contact) from lost
