"""An import of contacts: how far it came, what became of each row, and what its undoing gives back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Any, Literal

from recado.domain.contact_columns import TEXTS
from recado.domain.contact_import_lanes import Window
from recado.domain.contacts import Contact
from recado.domain.csv_files import Layout
from recado.domain.files import UPLOAD_KEPT_FOR, File

State = Literal["queued", "running", "done", "failed", "undone"]
Stage = Literal["survey", "rows", "result", "undo"]
Outcome = Literal["created", "updated", "unchanged", "rejected"]
Undone = Literal["removed", "restored", "left"]
OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "rejected")
UNDONE: tuple[Undone, ...] = ("removed", "restored", "left")
KEPT = timedelta(days=30)
"""So long rows can be asked for and undone."""
WAY_BACK, RESULTS = -1, -2
"""Numbers of the way back over all rows, and of the lane in which tries at the file of results are counted."""
_FIRST_BACK = -10
MOST_PUT_OFF = 100
"""Contacts that a lane back puts off: with more it leaves all that is before to the way back over all rows."""
ERRORS_SHOWN = 20
"""Of a whole import: those of the first rows that were rejected."""
ERRORS_OF_ROW = 10
"""Told of one row at most."""
LOOKED_AT_AGAIN = timedelta(minutes=2)
"""An import that did not move for so long is asked for again."""
_TEXTS = (*TEXTS, "organization_id", "principal_id")
_CUSTOM = "custom."
_STATE = (
    *_TEXTS, "group_ids", "photo_file_id", "linked_ids", "more_phones", "more_emails", "merged_ids",
)  # fmt: skip
_STATE_OF = attrgetter(*_STATE)


@dataclass(frozen=True)
class Trouble:
    """Why something was refused: `row` and `column` where it is one row's, a stable `code`, a sentence."""

    code: str
    detail: str
    row: int | None = None
    column: str | None = None


@dataclass(frozen=True)
class ContactImport:
    """`mapping` is column → field. `total`, rows of the file, once they were counted; `counts` by outcome when all are
    done; `trouble` why it failed. `stage` is what is done next. `lanes` once the rows were counted."""

    id: str
    file_id: str
    file_name: str
    mapping: Mapping[str, str]
    dry_run: bool
    created_by: str
    created_at: datetime
    state: State = "queued"
    stage: Stage | None = "survey"
    total: int | None = None
    last_row: int = 1
    lanes: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[Trouble, ...] = ()
    trouble: Trouble | None = None
    result_file_id: str | None = None
    undo_counts: Mapping[str, int] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: int = 1

    @property
    def expires_at(self) -> datetime:
        """When its rows are gone."""
        return self.created_at + KEPT


@dataclass(frozen=True)
class Plan:
    """What the survey found so far: how the file is written, `size` and `etag` of its bytes, its windows. It goes on at
    byte `at`, where row `row` begins, until it is `complete`."""

    layout: Layout
    etag: str
    size: int
    windows: tuple[Window, ...]
    at: int
    row: int
    complete: bool = False

    @property
    def total(self) -> int:
        """Rows so far."""
        return sum(window.rows for window in self.windows)


@dataclass(frozen=True)
class Lane:
    """How far a lane came: in window `window`, up to row `row` (0: none of it). `tries`: how often work on what follows
    was begun. In lanes back rows fall, `window` is 1 at their end, and `put_off` are contacts whose rows the way back
    over all rows takes. Version 0 was never written."""

    number: int
    window: int = 0
    row: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[Trouble, ...] = ()
    tries: int = 0
    moved_at: datetime | None = None
    put_off: tuple[str, ...] = ()
    version: int = 0

    def after(self, rows: Sequence[Row]) -> Lane:
        """The lane with these rows more."""
        counts = dict(self.counts)
        for row in rows:
            counts[row.outcome] = counts.get(row.outcome, 0) + 1
        errors = [*self.errors, *(trouble for row in rows for trouble in row.troubles)][:ERRORS_SHOWN]
        return replace(self, row=rows[-1].number, counts=counts, errors=tuple(errors))


@dataclass(frozen=True)
class Row:
    """What became of a row; `troubles` why it was rejected, at most ERRORS_OF_ROW. `before` and `after`: the fields
    that it changed, as they were and became; `mark`: what the contact that it created was like. `undone` says what
    undoing did."""

    number: int
    outcome: Outcome
    contact_id: str | None = None
    troubles: tuple[Trouble, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    mark: str | None = None
    undone: Undone | None = None
    undo_trouble: Trouble | None = None


def kept_until(one: ContactImport, file: File) -> datetime:
    """The end of a file that an import takes up: its own, as far as bytes of that age are kept at all."""
    return min(one.expires_at, file.created_at + UPLOAD_KEPT_FOR + KEPT)


def number_back(lane: int) -> int:
    """The number of a lane back among all lanes."""
    return _FIRST_BACK - lane


def stands(lane: Lane | None, now: datetime) -> bool:
    """Whether nobody moved a lane for some time, or ever."""
    return lane is None or lane.moved_at is None or now - lane.moved_at >= LOOKED_AT_AGAIN


def undone_so_far(ways: Sequence[Lane]) -> dict[str, int]:
    """Rows by what undoing did, of all lanes back and the way back over all rows, which counts again what they did."""
    over_all = summed((way.counts for way in ways if way.number == WAY_BACK), UNDONE)
    in_lanes = summed((way.counts for way in ways if way.number <= _FIRST_BACK), UNDONE)
    return {name: max(over_all[name], in_lanes[name]) for name in UNDONE}


def summed(counts: Iterable[Mapping[str, int]], names: Sequence[str]) -> dict[str, int]:
    """Counts of several lanes together."""
    every = list(counts)
    return {name: sum(int(one.get(name, 0)) for one in every) for name in names}


def first_errors(lanes: Iterable[Lane]) -> tuple[Trouble, ...]:
    """The first of what the lanes noted, in the order of rows."""
    every = [trouble for lane in lanes for trouble in lane.errors]
    return tuple(sorted(every, key=lambda one: one.row or 0)[:ERRORS_SHOWN])


def created_row(number: int, contact: Contact) -> Row:
    """A row that made a contact."""
    return Row(number, "created", contact.id, mark=mark_of(contact))


def updated_row(number: int, before: Contact, after: Contact) -> Row:
    """A row that changed a contact."""
    was, became = _fields(before), _fields(after)
    changed = [name for name in {**was, **became} if was.get(name) != became.get(name)]
    old, new = ({name: one.get(name) for name in changed} for one in (was, became))
    for name in ("mobile", "phone"):
        if name in old:
            old[f"{name}_given"] = getattr(before, f"{name}_given")
    return Row(number, "updated", after.id, before=old, after=new)


def mark_of(contact: Contact) -> str:
    """Says whether a contact is as it was: all that people or channels may have changed, but not when."""
    held = [*_STATE_OF(contact)]
    held += [sorted(contact.custom_fields.items()), [(one.channel_id, one.key) for one in contact.identities]]
    return sha256(repr(held).encode("utf-8", "replace")).hexdigest()[:32]


def given_back(row: Row, contact: Contact) -> tuple[dict[str, Any], list[str]]:
    """What to write into the contact so that it is as before the row, and the fields that somebody changed since, which
    stay."""
    now = _fields(contact)
    kept = [name for name, value in row.after.items() if now.get(name) != value]
    back: dict[str, Any] = {}
    for name in row.after:
        if name in kept:
            continue
        value = row.before.get(name)
        if name.startswith(_CUSTOM):
            back.setdefault("custom_fields", {})[name.removeprefix(_CUSTOM)] = value
        else:
            back[name] = (row.before.get(f"{name}_given") if value else None) or value
    return back, kept


def without_refused(back: Mapping[str, Any], pointers: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """What is left of `given_back` when what these point at cannot be written any more, and the fields that are not."""
    left = {name: dict(value) if name == "custom_fields" else value for name, value in back.items()}
    refused: list[str] = []
    for pointer in pointers:
        _, name, *rest = (*pointer.split("/"), "")
        custom = left.get("custom_fields", {})
        if name == "custom_fields" and custom.pop(rest[0], left) is not left:
            refused.append(f"{_CUSTOM}{rest[0]}")
        elif name != "custom_fields" and left.pop(name, left) is not left:
            refused.append(name)
    if not left.get("custom_fields", True):
        del left["custom_fields"]
    return left, refused


def _fields(contact: Contact) -> dict[str, Any]:
    """Fields that rows change, each custom one of its own, as JSON has them."""
    held: dict[str, Any] = {name: getattr(contact, name) for name in _TEXTS}
    held["group_ids"] = list(contact.group_ids)
    return held | {f"{_CUSTOM}{slug}": value for slug, value in contact.custom_fields.items()}
