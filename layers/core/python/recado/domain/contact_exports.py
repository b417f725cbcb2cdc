"""An export of contacts into a CSV file: what was asked for, how far it is, and each step of the way.

`version` moves by one with each step, and names the part of the file that whoever made the step may write next: no two
workers ever write one part, and a part counts only once the step behind it was written."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from recado.domain.contact_columns import Names, cells_maker
from recado.domain.contacts import Contact
from recado.domain.csv_cells import column_written
from recado.domain.exports import Export
from recado.domain.file_types import CSV
from recado.domain.files import File
from recado.domain.groups import GroupKind

ExportFormat = Literal["csv", "excel"]
ExportFailure = Literal["contact_erased", "gave_up", "too_large", "upload_gone"]
"""`contact_erased`: it held, or was to hold, a contact that was erased."""
PLACES = 16
"""The parts in which the contacts of an account or a group are read, one after the other, each in the order of ids."""
PART_BYTES = 5 * 1_048_576
"""A part of the file ends with the page that reaches it; S3 takes none below but the last."""
MOST_PARTS = 4_000
"""20 GB; the places of all parts lie in one item."""
MOST_AT_ONCE = 10
"""Exports of an account that are not over."""
REMEMBERED_FOR = timedelta(days=90)
"""How long an export that is over is listed."""
LEASE = timedelta(seconds=170)
"""After so long without a step whoever makes it counts as dead: longer than a function of the worker runs."""
MOST_TRIES = 8
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 30, 900
_ENCODING: dict[ExportFormat, tuple[str, str]] = {"csv": (",", ""), "excel": (";", "\ufeff")}
"""Separator, and what the file begins with."""


class Place(NamedTuple):
    """Where the next page is read: one of PLACES, behind a contact's id; from its beginning without one."""

    shard: int = 0
    after: str | None = None


START = Place()


class Part(NamedTuple):
    """A part of the file that is written: its number, and S3's name for its bytes."""

    number: int
    etag: str


@dataclass(frozen=True)
class ContactExport(Export):
    """`group_kind` and `group_id`: of whom, of all without them. `columns` are names of the header. `place` None: every
    contact was read. `tries`: since it last came further."""

    columns: tuple[str, ...]
    format: ExportFormat = "csv"
    group_kind: GroupKind | None = None
    group_id: str | None = None
    _: KW_ONLY
    upload_id: str | None = None
    parts: tuple[Part, ...] = ()
    place: Place | None = START
    started_at: datetime | None = None
    moved_at: datetime | None = None

    def file(self) -> File:
        """The file of an export that is done."""
        made_at = self.finished_at or self.created_at
        return File(
            self.file_id, "import", f"contacts-{made_at:%Y-%m-%d}.csv", CSV, self.size, self.author.id or "", made_at,
            state="accepted", etag=self.mark, kept_until=self.kept_until,
        )  # fmt: skip


def begun(export: ContactExport, now: datetime) -> ContactExport:
    """Somebody begins to work on it."""
    started = export.started_at or now
    return replace(_moved(export, now), state="running", started_at=started, tries=export.tries + 1)


def uploading(export: ContactExport, upload_id: str, now: datetime) -> ContactExport:
    """The file was begun."""
    return replace(_moved(export, now), upload_id=upload_id)


def further(
    export: ContactExport, etag: str, size: int, rows: int, place: Place | None, now: datetime
) -> ContactExport:
    """The part that `version` names is written, with so many bytes and contacts, and the next one begins at `place`."""
    part = Part(export.version, etag)
    parts, done = (*export.parts, part), export.done + rows
    return replace(_moved(export, now), parts=parts, size=export.size + size, done=done, place=place, tries=0)


def finished(export: ContactExport, now: datetime) -> ContactExport:
    """The file is there."""
    return replace(_moved(export, now), state="done", finished_at=now, due=None)


def failed(export: ContactExport, reason: ExportFailure, now: datetime) -> ContactExport:
    """It will not come any further."""
    return replace(_moved(export, now), state="failed", finished_at=now, reason=reason, due=None)


def pause(tries: int) -> timedelta:
    """After how long an export that broke is taken up again."""
    return timedelta(seconds=min(_FIRST_PAUSE_S * 2 ** max(tries - 1, 0), _LONGEST_PAUSE_S))


def total(export: ContactExport) -> tuple[int | None, bool]:
    """How many contacts there will be, and whether that is an estimate: contacts lie evenly in all places, so it is
    reckoned from those that were read to their end. None before the first was."""
    if export.place is None:
        return export.done, False
    return (export.done * PLACES // export.place.shard, True) if export.place.shard else (None, True)


def rate(export: ContactExport) -> float | None:
    """Contacts a second since somebody began; None before the first were read."""
    if export.started_at is None or export.moved_at is None or not export.done:
        return None
    seconds = (export.moved_at - export.started_at).total_seconds()
    return round(export.done / max(seconds, 0.001), 1)


class ExportRows:
    """Makes lines of contacts, in UTF-8; `agents` as `domain.contact_columns.cells_maker`."""

    def __init__(self, columns: Sequence[str], file_format: ExportFormat, agents: Collection[str] = ()) -> None:
        separator, self._start = _ENCODING[file_format]
        self._columns = columns
        self._cells = cells_maker(columns, file_format == "excel", agents)
        self._buffer = io.StringIO(newline="")
        self._write = csv.writer(self._buffer, delimiter=separator).writerows

    def header(self) -> bytes:
        """The beginning of the file."""
        self._buffer.write(self._start)
        self._write([self._columns])
        return self._taken()

    def lines(self, contacts: Sequence[Contact], names: Names) -> bytes:
        """A line for each contact. Column by column: what is true of all cells of one is found out once."""
        columns = [column_written(cells) for cells in self._cells(contacts, names)]
        self._write(zip(*columns, strict=True))
        return self._taken()

    def _taken(self) -> bytes:
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text.encode()


def _moved(export: ContactExport, now: datetime) -> ContactExport:
    """A step further: who makes it has time until it is due."""
    return replace(export, version=export.version + 1, moved_at=now, due=now + LEASE)
