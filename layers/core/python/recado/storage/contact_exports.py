"""Exports of contacts: what was asked for and how far each is (docs/data-model.md H8)."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from recado.domain.chats import Event
from recado.domain.contact_exports import REMEMBERED_FOR, ContactExport, Part, Place
from recado.domain.files import File
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.due import Due, due_page
from recado.storage.exports import LongExportRecord
from recado.storage.files import FileRecord
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, guard
from recado.storage.workspace_events import add_workspace_event

EXPORT_SEEN = guard(
    "export-moves-from-seen-version",
    "two workers go on with one export at once: contacts come twice, or a part of the file is another's",
)
EXPORT_DUE = guard(
    "export-is-there-to-look-at", "an export ends while the sweep puts it off: it would be looked at for ever"
)
_COLLECTION = "EXPORTS"


class ExportRecord(LongExportRecord, WorkspaceRecord):
    """EXPORT."""

    columns = JSONAttribute()
    format = UnicodeAttribute()
    group_kind = UnicodeAttribute(null=True)
    group_id = UnicodeAttribute(null=True)
    upload_id = UnicodeAttribute(null=True)
    parts = JSONAttribute(null=True)
    place = JSONAttribute(null=True)
    started_at = TimeAttribute(null=True)
    moved_at = TimeAttribute(null=True)
    due = Due()

    @classmethod
    def of_export(cls, a: str, export: ContactExport) -> ExportRecord:
        """The item of an export; one that is over goes by itself."""
        return cls.of_any(
            _COLLECTION,
            export,
            keys.workspace_pk(a, _COLLECTION),
            REMEMBERED_FOR,
            columns=list(export.columns),
            parts=[list(part) for part in export.parts] or None,
            place=None if export.place is None else list(export.place),
        )

    def export(self) -> ContactExport:
        """The entity."""
        return self.to(
            ContactExport,
            columns=tuple(self.columns),
            parts=tuple(Part(int(number), etag) for number, etag in self.parts or ()),
            place=None if self.place is None else Place(*self.place),
            **self.known(),
        )


class DynamoExports:
    """The port `recado.ports.contact_exports.ExportStore`."""

    def create(self, a: str, export: ContactExport) -> None:
        """1 put."""
        ExportRecord.of_export(a, export).save()

    def get(self, a: str, export_id: str) -> ContactExport | None:
        """1 RRU for each 4 KB."""
        found = ExportRecord.find(keys.workspace_pk(a, _COLLECTION), export_id)
        return None if found is None else found.export()

    def page(self, a: str, limit: int, after: str | None) -> list[ContactExport]:
        """1 query backwards."""
        before = ExportRecord.sk < after if after else None
        found = ExportRecord.query(
            keys.workspace_pk(a, _COLLECTION),
            before,
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
            page_size=limit,
        )
        return [record.export() for record in islice(found, limit)]

    def move(self, a: str, before: ContactExport, after: ContactExport) -> bool:
        """1 transactional put: what was written is not taken for another's when its answer is lost."""
        tx = Transaction()
        tx.put("export", ExportRecord.of_export(a, after), _seen(before))
        return tx.committed()

    def finish(self, a: str, before: ContactExport, after: ContactExport, file: File, event: Event) -> bool:
        """EXPORT, FILE and EVT in one transaction."""
        tx = Transaction()
        tx.put("export", ExportRecord.of_export(a, after), _seen(before))
        tx.put("file", FileRecord.of_file(a, file))
        add_workspace_event(tx, a, after.id, event)
        return tx.committed()

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page(_COLLECTION, ExportRecord, now, limit)

    def look_again_at(self, a: str, export_id: str, when: datetime) -> None:
        """1 update."""
        there = EXPORT_DUE(ExportRecord.due_sk.exists())
        ExportRecord(keys.workspace_pk(a, _COLLECTION), export_id).put_off(when, there)


def _seen(before: ContactExport) -> Condition | None:
    return EXPORT_SEEN(ExportRecord.version == before.version)
