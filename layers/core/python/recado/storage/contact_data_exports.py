"""Exports of all that is kept of one contact, and the reading of it (docs/data-model.md, LGPD)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from recado.domain.chats import Chat, Event, Message, ThreadKey
from recado.domain.contact_data_exports import DataExport
from recado.domain.contact_merging import Merge
from recado.domain.exports import KEPT_FOR
from recado.domain.flow_executions import Execution, TraceLine
from recado.ports.contact_data_exports import DuePlace
from recado.storage import keys
from recado.storage.chat_records import ByContact, ChatEventRecord, ChatRecord, MessageRecord
from recado.storage.contact_merges import MergeRecord
from recado.storage.contact_records import ContactEventRecord
from recado.storage.due import Due, due_records
from recado.storage.exports import LongExportRecord
from recado.storage.flow_executions import DynamoExecutions, ExecutionRecord
from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import Transaction, guard

_KIND = "DATAEXPORTS"
_PAGE = 100
DATA_EXPORT_SEEN = guard(
    "data-export-moves-from-seen-version",
    "two workers write one export at once, or it is erased with its contact meanwhile: it would be there again",
)
DATA_EXPORT_DUE = guard(
    "data-export-is-there-to-look-at",
    "an export ends, or is erased, while the sweep puts it off: half an item would be looked at for ever",
)


class DataExportRecord(LongExportRecord, WorkspaceRecord):
    """DATAEXPORT: ends by `ttl`, with its file."""

    contact_id = UnicodeAttribute()
    contact_ids = JSONAttribute()
    due = Due()

    @classmethod
    def of_export(cls, a: str, export: DataExport) -> DataExportRecord:
        """The item of an export."""
        pk = keys.data_exports_pk(a, export.contact_id)
        return cls.of_any(_KIND, export, pk, KEPT_FOR, contact_ids=list(export.contact_ids))

    def export(self) -> DataExport:
        """The entity."""
        return self.to(DataExport, contact_ids=tuple(self.contact_ids), **self.known())


class DynamoDataExports:
    """The port `recado.ports.contact_data_exports.DataExportStore`."""

    def create(self, a: str, export: DataExport) -> None:
        """1 put."""
        DataExportRecord.of_export(a, export).save()

    def get(self, a: str, contact_id: str, export_id: str) -> DataExport | None:
        """1 RRU."""
        found = DataExportRecord.find(keys.data_exports_pk(a, contact_id), export_id)
        return None if found is None else found.export()

    def all(self, a: str, contact_id: str) -> list[DataExport]:
        """1 query backwards."""
        pk = keys.data_exports_pk(a, contact_id)
        found = DataExportRecord.query(pk, scan_index_forward=False, consistent_read=True)
        return [record.export() for record in found]

    def move(self, a: str, before: DataExport, after: DataExport) -> bool:
        """1 transactional put: what was written is not taken for another's when its answer is lost."""
        tx = Transaction()
        seen = DATA_EXPORT_SEEN(DataExportRecord.version == before.version)
        tx.put("export", DataExportRecord.of_export(a, after), seen)
        return tx.committed()

    def due(self, now: datetime, limit: int) -> tuple[list[DuePlace], bool]:
        """16 queries of the index, over all accounts."""
        records, more = due_records(_KIND, DataExportRecord, now, limit)
        return [DuePlace(*_account_and_contact(one.pk), one.sk) for one in records], more

    def look_again_at(self, place: DuePlace, when: datetime) -> None:
        """1 WRU, and the index."""
        there = DATA_EXPORT_DUE(DataExportRecord.due_sk.exists())
        DataExportRecord(keys.data_exports_pk(place.a, place.contact_id), place.export_id).put_off(when, there)


class DynamoContactData:
    """The port `recado.ports.contact_data_exports.ContactData`. What is not asked for is not read."""

    def merges(self, a: str, contact_id: str) -> Iterator[Merge]:
        """1 query a page."""
        found = MergeRecord.query(keys.merges_pk(a, contact_id), consistent_read=True, page_size=_PAGE)
        return (record.merge() for record in found)

    def events(self, a: str, contact_id: str) -> Iterator[Event]:
        """1 query a page."""
        found = ContactEventRecord.query(keys.contact_events_pk(a, contact_id), consistent_read=True, page_size=_PAGE)
        return (record.event() for record in found)

    def chats(self, a: str, contact_id: str) -> Iterator[Chat]:
        """1 query of the index a page, 1 get each."""
        found = ChatRecord.by_contact.query(
            keys.index_pk(a, contact_id),
            ByContact.co_sk.startswith("CHAT#"),
            scan_index_forward=False,
            page_size=_PAGE,
        )
        records = (ChatRecord.find(one.pk, one.sk) for one in found)
        return (record.chat() for record in records if record is not None)

    def events_of(self, a: str, chat_id: str) -> Iterator[Event]:
        """1 query a page."""
        prefix = ChatEventRecord.sk.startswith(keys.event_sk(""))
        found = ChatEventRecord.query(keys.chat_pk(a, chat_id), prefix, consistent_read=True, page_size=_PAGE)
        return (record.event() for record in found)

    def executions(self, a: str, contact_id: str) -> Iterator[tuple[Execution, list[TraceLine]]]:
        """1 query of the index a page, 1 get and 1 query each."""
        found = ExecutionRecord.of_contact.query(
            keys.index_pk(a, contact_id),
            ByContact.co_sk.startswith("EXEC#"),
            scan_index_forward=False,
            page_size=_PAGE,
        )
        records = (ExecutionRecord.find(one.pk, one.sk) for one in found)
        store = DynamoExecutions()
        return ((one.execution(), store.trace(a, one.id)) for one in records if one is not None)

    def messages(self, a: str, thread: ThreadKey) -> Iterator[Message]:
        """1 query a page."""
        prefix = MessageRecord.sk.startswith("MSG#")
        found = MessageRecord.query(keys.thread_pk(a, thread), prefix, consistent_read=True, page_size=_PAGE)
        return (record.message() for record in found)


def _account_and_contact(pk: str) -> tuple[str, str]:
    a, _, contact_id = pk.split("#", 2)
    return a, contact_id
