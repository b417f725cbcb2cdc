"""Imports of contacts as admins ask for them (PRODUCT H8): previewed, begun, looked at, undone. The work is that of
`services.contact_import_work`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from recado.domain.access import Caller
from recado.domain.contact_import_columns import Given, RowReader, check_mapping
from recado.domain.contact_import_lanes import lanes_back
from recado.domain.contact_imports import (
    LOOKED_AT_AGAIN,
    OUTCOMES,
    UNDONE,
    ContactImport,
    Row,
    Trouble,
    first_errors,
    summed,
    undone_so_far,
)
from recado.domain.contacts import Contact
from recado.domain.csv_files import MAX_RECORD_BYTES, CsvRefused, Layout, records, sniffed
from recado.domain.errors import Conflict, FieldError, Invalid, NotFound
from recado.domain.files import File
from recado.domain.ids import is_id, sibling_id
from recado.ports.contact_imports import ImportStore, RowContacts
from recado.ports.core import Clock, Ids, Queue
from recado.ports.files import Found, Replaced
from recado.ports.idempotency import Attempt
from recado.services.contact_import_file import ImportFile
from recado.services.contact_import_rows import RowTaker
from recado.services.contact_import_work import Takers, import_command
from recado.services.files import FileService
from recado.services.views import moment

MOST_AT_ONCE = 5
"""Imports of an account that are not over."""
_LOOKED_AT = 50
"""Among so many imports, the newest, those that are not over are counted."""
_PREVIEWED = 10
_PREVIEWED_BYTES = 4 * 1_048_576
"""So much of a file is read for its first rows: one of its lines may be as long as the file."""
_UNDO_STATES = ("done", "failed")
_LAST_ROWS_WITHIN = timedelta(minutes=3)
"""A lane sees within 25 rows that its import failed; no worker runs longer."""


class ContactImportService:
    """Answers are public shapes. `trials` makes what takes rows and writes nothing."""

    def __init__(
        self,
        store: ImportStore,
        files: FileService,
        file: ImportFile,
        takers: Takers,
        trials: Callable[[str, ContactImport, RowReader], tuple[RowTaker, RowContacts]],
        queue: Queue,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._files = files
        self._file = file
        self._takers = takers
        self._trials = trials
        self._queue = queue
        self._clock = clock
        self._ids = ids

    def create(
        self,
        caller: Caller,
        file_id: str,
        mapping: Mapping[str, str],
        dry_run: bool,
        attempt: Attempt | None = None,
    ) -> dict[str, Any]:
        """Begin an import; without a mapping columns mean what their names say. With an `attempt` its id comes from it:
        what an earlier run of the request wrote is the answer. A file that cannot be read is told of by the import.
        Raises NotFound, Invalid, Conflict `file_not_accepted`, `too_many_imports`."""
        a = caller.account
        import_id = sibling_id("im", attempt.origin) if attempt else self._ids.new("im", a)
        if attempt and attempt.again and (before := self._store.get(a, import_id)):
            return self._view(a, before)
        file, key, found = self._taken(caller, file_id)
        if mapping:
            try:
                layout = sniffed(self._file.head(key, found))
            except CsvRefused:  # the import tells of it; a mapping that nobody checked may fit no item
                mapping = {}
            else:
                check_mapping(mapping, layout.columns, self._takers.fields(a))
        self._check_room(a)
        now = self._clock.now()
        one = ContactImport(import_id, file.id, file.name, dict(mapping), dry_run, caller.id, now)
        self._store.create(a, one, now + LOOKED_AT_AGAIN)
        self._queue.send([import_command(a, one, 0, "0")])
        return self._view(a, one)

    def get(self, caller: Caller, import_id: str) -> dict[str, Any]:
        """Raises NotFound."""
        return self._view(caller.account, self._read(caller.account, import_id))

    def page(self, caller: Caller, limit: int, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The newest first."""
        if after is not None and not is_id(after, "im", caller.account):
            raise Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
        found = self._store.page(caller.account, limit + 1, after)
        shown = [self._view(caller.account, one) for one in found[:limit]]
        return shown, shown[-1]["id"] if len(found) > limit else None

    def rows(
        self, caller: Caller, import_id: str, limit: int, after: int | None
    ) -> tuple[list[dict[str, Any]], int | None]:
        """What became of the rows, in their order; a page with a cursor may be short. Raises NotFound."""
        one = self._read(caller.account, import_id)
        found, following = self._store.rows(caller.account, one, after or 0, limit)
        return [row_view(row) for row in found], following

    def undo(self, caller: Caller, import_id: str) -> dict[str, Any]:
        """Undo what an import did; one that is being undone, or was, is answered as it is. Raises NotFound, Conflict
        `import_not_over`, `nothing_to_undo`, `too_late_to_undo`, `import_changed`."""
        a = caller.account
        one = self._read(a, import_id)
        if one.stage == "undo" or one.state == "undone":
            return self._view(a, one)
        if one.state not in _UNDO_STATES:
            raise Conflict("The import is still running. Undo it when it is over.", code="import_not_over")
        if (
            one.state == "failed"
            and one.lanes
            and self._clock.now() < (one.finished_at or one.created_at) + _LAST_ROWS_WITHIN
        ):
            detail = "The import failed a moment ago: its last rows may be on their way. Undo it in three minutes."
            raise Conflict(detail, code="import_not_over")
        if one.dry_run:
            raise Conflict("A dry run wrote no contacts.", code="nothing_to_undo")
        if self._clock.now() >= one.expires_at:
            raise Conflict("What the import did is remembered for 30 days.", code="too_late_to_undo")
        after = replace(one, state="running", stage="undo", undo_counts=dict.fromkeys(UNDONE, 0), finished_at=None)
        if not self._store.change(a, one, after, self._clock.now() + LOOKED_AT_AGAIN):
            raise Conflict("Somebody else undoes it at this moment. Read it again.", code="import_changed")
        self._queue.send([import_command(a, after, lane, "0") for lane in range(lanes_back(after.lanes))])
        return self._view(a, after)

    def preview(self, caller: Caller, file_id: str, mapping: Mapping[str, str]) -> dict[str, Any]:
        """How the file is written, what its columns mean (by `mapping`, else by their names), and what its first rows
        would become. Raises NotFound, Conflict `file_not_accepted`, Invalid with the reason and row of a file that
        cannot be read."""
        a = caller.account
        file, key, found = self._taken(caller, file_id)
        try:
            layout = sniffed(self._file.head(key, found))
        except CsvRefused as refused:
            raise Invalid.field("/file_id", refused.code, f"Row {refused.row}: {refused.detail}") from None
        fields = self._takers.fields(a)
        names = dict(mapping) or self._takers.proposed(layout.columns, fields)
        if mapping:
            check_mapping(mapping, layout.columns, fields)
        one = ContactImport(self._ids.new("im", a), file.id, file.name, names, True, caller.id, self._clock.now())
        reader = RowReader(layout, names, fields)
        return {
            "encoding": layout.encoding,
            "separator": layout.separator,
            "columns": [{"name": column, "field": names.get(column)} for column in layout.columns],
            "rows": self._previewed(a, one, reader, layout, key, found),
        }

    def _previewed(
        self, a: str, one: ContactImport, reader: RowReader, layout: Layout, key: str, found: Found
    ) -> list[dict[str, Any]]:
        taker, contacts = self._trials(a, one, reader)
        end = min(found.size, layout.start + _PREVIEWED_BYTES)
        read = records(self._file.parts(key, found, layout.start, end), layout, layout.start, layout.row)
        # What begins so near to the end may go on behind it.
        last = end if end == found.size else end - MAX_RECORD_BYTES
        whole = (one for one in read if one.end <= last or one.wrong == "row_too_long")
        first = list(islice(whole, _PREVIEWED))
        shown = []
        for record, prepared in zip(first, taker.prepared(first), strict=True):
            row, _ = taker.take(prepared)
            contact = contacts.get(a, row.contact_id) if row.contact_id else None
            becomes = _becomes(prepared.said, contact) if contact else {}
            shown.append({**row_view(taker.shown(row)), "cells": record.cells, "contact": becomes})
        return shown

    def _taken(self, caller: Caller, file_id: str) -> tuple[File, str, Found]:
        """The file, where it lies, and as what. Raises NotFound, Invalid, Conflict, each pointing to `/file_id`."""
        try:
            file = self._files.get(caller, file_id)
        except NotFound as unknown:
            raise NotFound(unknown.detail, errors=[FieldError("/file_id", "not_found", unknown.detail)]) from None
        if file.feature != "import":
            raise Invalid.field("/file_id", "feature_not_imported", f"The file was uploaded for {file.feature}.")
        if file.state != "accepted":
            detail = "The file was rejected." if file.state == "rejected" else "The file did not arrive yet."
            raise Conflict(
                detail,
                code="file_not_accepted",
                errors=[FieldError("/file_id", file.state, detail)],
                extra={"file_state": file.state, **({"reason": file.reason} if file.reason else {})},
            )
        try:
            place = self._file.at(caller.account, file)
        except Replaced:
            place = None
        if place is None:
            detail = "The file is not there any more."
            raise NotFound(detail, errors=[FieldError("/file_id", "not_found", detail)])
        return file, *place

    def _check_room(self, a: str) -> None:
        """Two that are begun at the same moment may each count as the last one: the bound is one of cost."""
        going = [one for one in self._store.page(a, _LOOKED_AT, None) if one.stage is not None]
        if len(going) >= MOST_AT_ONCE:
            detail = f"{MOST_AT_ONCE} imports are still running. Wait for one of them."
            raise Conflict(detail, code="too_many_imports", extra={"limit": MOST_AT_ONCE})

    def _read(self, a: str, import_id: str) -> ContactImport:
        one = self._store.get(a, import_id)
        if one is None:
            raise NotFound("There is no such import.")
        return one

    def _view(self, a: str, one: ContactImport) -> dict[str, Any]:
        if one.stage in ("rows", "result"):
            lanes = self._store.lanes(a, one.id)
            one = replace(one, counts=summed((lane.counts for lane in lanes), OUTCOMES), errors=first_errors(lanes))
        undone = one.undo_counts
        if one.stage == "undo":
            undone = undone_so_far(self._store.ways_back(a, one.id))
        url = self._files.link_of(a, one.result_file_id) if one.result_file_id else None
        return {**import_view(one, undone), "rate": self._rate(one), "result_url": url}

    def _rate(self, one: ContactImport) -> float | None:
        """Rows a second since it began."""
        done = sum(one.counts.values())
        if one.started_at is None or not done:
            return None
        seconds = ((one.finished_at or self._clock.now()) - one.started_at).total_seconds()
        return round(done / max(seconds, 0.001), 1)


def import_view(one: ContactImport, undone: Mapping[str, int] | None) -> dict[str, Any]:
    """An import in its public shape, without its rate and the link to its results; `undone` rows by what undoing did
    so far."""
    counts = summed([one.counts], OUTCOMES)
    return {
        "id": one.id,
        "file_id": one.file_id,
        "file_name": one.file_name,
        "mapping": dict(one.mapping),
        "dry_run": one.dry_run,
        "state": one.state,
        "stage": one.stage,
        "total": one.total,
        "done": sum(counts.values()),
        **counts,
        "errors": [_trouble_view(error) for error in one.errors],
        "reason": one.trouble.code if one.trouble else None,
        "undo": None if undone is None else summed([undone], UNDONE),
        "created_by": one.created_by,
        "created_at": moment(one.created_at),
        "started_at": moment(one.started_at),
        "finished_at": moment(one.finished_at),
        "expires_at": moment(one.expires_at),
    }


def row_view(row: Row) -> dict[str, Any]:
    """What became of a row in its public shape."""
    first, back = next(iter(row.troubles), None), row.undo_trouble
    return {
        "row": row.number,
        "outcome": row.outcome,
        "contact_id": row.contact_id,
        "column": first.column if first else None,
        "reason": first.code if first else None,
        "detail": first.detail if first else None,
        "errors": [{"column": one.column, "reason": one.code, "detail": one.detail} for one in row.troubles],
        "undone": row.undone,
        "undo_reason": back.code if back else None,
        "undo_detail": back.detail if back else None,
    }


def _trouble_view(trouble: Trouble) -> dict[str, Any]:
    return {"row": trouble.row, "column": trouble.column, "reason": trouble.code, "detail": trouble.detail}


def _becomes(said: Given, contact: Contact) -> dict[str, Any]:
    """The contact as far as the row speaks of it."""
    shown = {name: getattr(contact, name) for name in said.texts}
    if said.organization:
        shown["organization"] = said.organization
    if said.groups:
        shown["groups"] = said.groups
    if said.custom_fields:
        shown["custom_fields"] = {slug: contact.custom_fields.get(slug) for slug in said.custom_fields}
    return shown
