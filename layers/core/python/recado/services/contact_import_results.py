"""The file that says what became of each row of an import: row, outcome, contact, column, reason, detail; of a row with
several errors each of the last three has as many values (`domain.contact_columns`). Written in parts, so that memory
does not grow with it; one that was begun and left is thrown away by the bucket."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

from recado.domain.contact_columns import joined
from recado.domain.contact_exports import PART_BYTES, Part
from recado.domain.contact_imports import ContactImport, Row
from recado.domain.csv_cells import row_written
from recado.domain.exports import KEPT_FOR
from recado.domain.file_types import CSV
from recado.domain.files import File, served_key
from recado.domain.ids import sibling_id
from recado.ports.contact_exports import ExportObjects
from recado.ports.contact_imports import ImportStore
from recado.ports.core import Clock
from recado.ports.files import FileStore
from recado.services.file_checks import disposition

_SERVED_AS = "text/csv; charset=utf-8"
_COLUMNS = ("row", "outcome", "contact_id", "column", "reason", "detail")
_NOTHING = ("", "", "")
_PAGE = 500


class ContactImportResults:
    """The port `services.contact_import_work.ImportResults`."""

    def __init__(self, store: ImportStore, files: FileStore, objects: ExportObjects, clock: Clock) -> None:
        self._store = store
        self._files = files
        self._objects = objects
        self._clock = clock

    def write(self, a: str, one: ContactImport) -> str:
        """The id of the file. Who writes it again writes the same file."""
        now = self._clock.now()
        file = File(
            sibling_id("fi", one.id), "import", f"results-{now:%Y-%m-%d}.csv", CSV, 0, one.created_by, now,
            state="accepted", etag=one.id, kept_until=now + KEPT_FOR,
        )  # fmt: skip
        size = self._upload(a, one, file)
        self._files.create(a, replace(file, size=size))
        return file.id

    def _upload(self, a: str, one: ContactImport, file: File) -> int:
        key = served_key(a, file.id, one.id)
        upload_id = self._objects.begin(key, _SERVED_AS, disposition(file))
        lines, size = _Lines(), 0
        parts: list[Part] = []
        after: int | None = 0
        while after is not None:
            rows, after = self._store.rows(a, one, after, _PAGE)
            lines.add(rows)
            if lines.size >= PART_BYTES or after is None:
                body = lines.taken()
                size += len(body)
                parts.append(Part(len(parts) + 1, self._objects.put_part(key, upload_id, len(parts) + 1, body)))
        self._objects.complete(key, upload_id, parts)
        return size


class _Lines:
    """Rows as lines of CSV, in UTF-8 with a byte order mark: people open them in spreadsheets."""

    def __init__(self) -> None:
        self._page = io.StringIO(newline="")
        self._page.write("\ufeff")
        self._writer = csv.writer(self._page)
        self._writer.writerow(_COLUMNS)
        self._part = bytearray()

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._part)

    def add(self, rows: list[Row]) -> None:
        """Lines for these rows."""
        self._writer.writerows((row.number, row.outcome, row.contact_id, *_why(row)) for row in rows)
        self._part += self._page.getvalue().encode("utf-8", "replace")
        self._page.seek(0)
        self._page.truncate()

    def taken(self) -> bytes:
        """What there is, and begin anew."""
        part = bytes(self._part)
        self._part.clear()
        return part


def _why(row: Row) -> Sequence[str]:
    """Column, reason and detail of a row that was rejected, for a spreadsheet."""
    if not row.troubles:
        return _NOTHING
    said = [(trouble.column or "", trouble.code, trouble.detail) for trouble in row.troubles]
    return row_written([joined(texts) for texts in zip(*said, strict=True)] if len(said) > 1 else said[0])
