"""Imports of contacts: the import itself, its plan, its lanes, and what became of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, replace
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.domain.contact_import_lanes import LANES, Window
from recado.domain.contact_imports import (
    RESULTS,
    WAY_BACK,
    ContactImport,
    Lane,
    Outcome,
    Plan,
    Row,
    Trouble,
    Undone,
    number_back,
)
from recado.domain.csv_files import Layout
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.due import Due, due_page
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

IMPORT_SEEN = guard("import-from-seen-version", "an import is undone twice at once, or ends while it is begun again")
IMPORT_DUE = guard("import-is-there-to-look-at", "an import ends while the sweep puts it off: it is looked at for ever")
PLAN_FORWARD = guard("import-plan-goes-forward", "a survey that was thought dead throws windows away that lanes are in")
LANE_SEEN = guard("import-lane-from-seen-version", "two workers are in one lane: rows are counted twice, or left out")
ROW_ONCE = guard("import-row-once", "a row is done again by who did not see that it was done: it changes its contact")
UNDONE_ONCE = guard(
    "import-row-undone-once", "a row is undone again: what somebody wrote into the contact since is taken back"
)
KEY_UNMOVED = guard(
    "import-key-as-seen",
    "a file is imported twice at once: a row that has nothing to be found by makes two contacts",
)
ROW_THERE = guard("import-row-is-there", "a row ends by its time while it is forgotten: an empty one is left for ever")

_COLLECTION = "IMPORTS"
_OTHER_LANES = {WAY_BACK: "UNDO", RESULTS: "RESULTS"} | {number_back(lane): f"UNDO#{lane:02d}" for lane in range(LANES)}
_ROWS = 500
"""Rows of one partition."""
_PARTITIONS = 50
"""Looked through for one page: a file may have many empty lines."""


class ImportRecord(WorkspaceRecord):
    """IMPORT."""

    id = UnicodeAttribute()
    file_id = UnicodeAttribute()
    file_name = UnicodeAttribute()
    mapping = JSONAttribute()
    dry_run = BooleanAttribute()
    created_by = UnicodeAttribute()
    created_at = TimeAttribute()
    state = UnicodeAttribute()
    stage = UnicodeAttribute(null=True)
    total = NumberAttribute(null=True)
    last_row = NumberAttribute()
    lanes = NumberAttribute()
    counts = JSONAttribute(null=True)
    errors = JSONAttribute(null=True)
    trouble = JSONAttribute(null=True)
    result_file_id = UnicodeAttribute(null=True)
    undo_counts = JSONAttribute(null=True)
    started_at = TimeAttribute(null=True)
    finished_at = TimeAttribute(null=True)
    version = NumberAttribute()
    due = Due()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)

    @classmethod
    def of_import(cls, a: str, one: ContactImport, due: datetime | None) -> ImportRecord:
        """The item of an import."""
        place = {"due_pk": keys.due_pk(_COLLECTION, one.id), "due_sk": keys.stamp(due)} if due else {}
        return cls.of(
            one,
            pk=keys.workspace_pk(a, _COLLECTION),
            sk=one.id,
            mapping=dict(one.mapping),
            counts=dict(one.counts) or None,
            errors=[asdict(error) for error in one.errors] or None,
            trouble=_item(one.trouble),
            undo_counts=None if one.undo_counts is None else dict(one.undo_counts),
            **place,
        )

    def imported(self) -> ContactImport:
        """The entity."""
        return self.to(
            ContactImport,
            stage=self.stage,
            total=None if self.total is None else int(self.total),
            last_row=int(self.last_row),
            lanes=int(self.lanes),
            counts=self.counts or {},
            errors=_troubles(self.errors),
            trouble=_trouble(self.trouble),
            version=int(self.version),
        )


class PlanRecord(WorkspaceRecord):
    """PLAN of an import."""

    layout = JSONAttribute()
    etag = UnicodeAttribute()
    size = NumberAttribute()
    windows = JSONAttribute()
    at = NumberAttribute()
    row = NumberAttribute()
    complete = BooleanAttribute()


class LaneRecord(WorkspaceRecord):
    """LANE of an import, or one that leads back."""

    number = NumberAttribute()
    window = NumberAttribute()
    row = NumberAttribute()
    counts = JSONAttribute(null=True)
    errors = JSONAttribute(null=True)
    tries = NumberAttribute()
    moved_at = TimeAttribute(null=True)
    put_off = JSONAttribute(null=True)
    version = NumberAttribute()

    def lane(self) -> Lane:
        """The entity."""
        numbers = {name: int(getattr(self, name)) for name in ("number", "window", "row", "tries", "version")}
        put_off = tuple(self.put_off or ())
        return self.to(Lane, counts=self.counts or {}, errors=_troubles(self.errors), put_off=put_off, **numbers)


class RowRecord(WorkspaceRecord):
    """ROW of an import."""

    outcome = UnicodeAttribute()
    contact_id = UnicodeAttribute(null=True)
    troubles = JSONAttribute(null=True)
    before = JSONAttribute(null=True)
    after = JSONAttribute(null=True)
    mark = UnicodeAttribute(null=True)
    undone = UnicodeAttribute(null=True)
    undo_trouble = JSONAttribute(null=True)

    @classmethod
    def of_row(cls, a: str, import_id: str, row: Row, expires_at: datetime | None) -> RowRecord:
        """The item of a row."""
        return cls.of(
            row,
            pk=_rows_pk(a, import_id, row.number),
            sk=_row_sk(row.number),
            troubles=[asdict(trouble) for trouble in row.troubles] or None,
            before=dict(row.before) or None,
            after=dict(row.after) or None,
            undo_trouble=_item(row.undo_trouble),
            ttl=int(expires_at.timestamp()) if expires_at else None,
        )

    def said(self) -> Row:
        """The entity."""
        return Row(
            int(self.sk),
            cast(Outcome, self.outcome),
            self.contact_id,
            _troubles(self.troubles),
            self.before or {},
            self.after or {},
            self.mark,
            cast("Undone | None", self.undone),
            _trouble(self.undo_trouble),
        )


class RowKeyRecord(WorkspaceRecord):
    """Whom a row made that has nothing to be found by."""

    contact_id = UnicodeAttribute()


class DynamoImports:
    """The port `recado.ports.contact_imports.ImportStore`."""

    def create(self, a: str, one: ContactImport, due: datetime) -> None:
        """1 WRU for each KB, and the index."""
        ImportRecord.of_import(a, one, due).save()

    def get(self, a: str, import_id: str) -> ContactImport | None:
        """1 RRU."""
        found = ImportRecord.find(keys.workspace_pk(a, _COLLECTION), import_id)
        return None if found is None else found.imported()

    def page(self, a: str, limit: int, after: str | None) -> list[ContactImport]:
        """One query backwards."""
        earlier = ImportRecord.sk < after if after else None
        found = ImportRecord.query(
            keys.workspace_pk(a, _COLLECTION), earlier, scan_index_forward=False, limit=limit, page_size=limit
        )
        return [record.imported() for record in found]

    def change(self, a: str, before: ContactImport, after: ContactImport, due: datetime | None) -> bool:
        """1 WRU for each KB, and the index."""
        after = replace(after, version=before.version + 1)
        return _put(ImportRecord.of_import(a, after, due), IMPORT_SEEN(ImportRecord.version == before.version))

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page(_COLLECTION, ImportRecord, now, limit)

    def look_again_at(self, a: str, import_id: str, when: datetime) -> None:
        """Moves the place in the index."""
        try:
            ImportRecord(keys.workspace_pk(a, _COLLECTION), import_id).update(
                [ImportRecord.due_sk.set(keys.stamp(when))], condition=IMPORT_DUE(ImportRecord.due_sk.exists())
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise

    def plan(self, a: str, import_id: str) -> Plan | None:
        """1 RRU for each 4 KB; some 130 windows of a million rows are 4 KB."""
        found = PlanRecord.find(keys.import_pk(a, import_id), "PLAN")
        if found is None:
            return None
        encoding, separator, columns, start, row = found.layout
        layout = Layout(encoding, separator, tuple(columns), start, row)
        windows = tuple(_window(window) for window in found.windows)
        return Plan(layout, found.etag, int(found.size), windows, int(found.at), int(found.row), found.complete)

    def save_plan(self, a: str, one: ContactImport, plan: Plan) -> bool:
        """1 WRU for each KB."""
        layout = plan.layout
        record = PlanRecord(
            keys.import_pk(a, one.id),
            "PLAN",
            layout=[layout.encoding, layout.separator, layout.columns, layout.start, layout.row],
            etag=plan.etag,
            size=plan.size,
            windows=[astuple(window) for window in plan.windows],
            at=plan.at,
            row=plan.row,
            complete=plan.complete,
            ttl=int(one.expires_at.timestamp()),
        )
        return _put(record, PLAN_FORWARD(PlanRecord.pk.does_not_exist() | (PlanRecord.at < plan.at)))

    def lane(self, a: str, import_id: str, number: int) -> Lane:
        """1 RRU."""
        found = LaneRecord.find(keys.import_pk(a, import_id), _lane_sk(number))
        return Lane(number) if found is None else found.lane()

    def lanes(self, a: str, import_id: str) -> list[Lane]:
        """One query, strongly consistent."""
        return self._lanes(a, import_id, "LANE#")

    def ways_back(self, a: str, import_id: str) -> list[Lane]:
        """One query, strongly consistent."""
        return self._lanes(a, import_id, "UNDO")

    def _lanes(self, a: str, import_id: str, beginning: str) -> list[Lane]:
        own = LaneRecord.sk.startswith(beginning)
        return [one.lane() for one in LaneRecord.query(keys.import_pk(a, import_id), own, consistent_read=True)]

    def save_lane(self, a: str, one: ContactImport, seen: Lane, lane: Lane) -> Lane | None:
        """1 WRU for each KB."""
        lane = replace(lane, version=seen.version + 1)
        record = LaneRecord.of(
            lane,
            pk=keys.import_pk(a, one.id),
            sk=_lane_sk(lane.number),
            counts=dict(lane.counts) or None,
            errors=[asdict(error) for error in lane.errors] or None,
            put_off=list(lane.put_off) or None,
            ttl=int(one.expires_at.timestamp()),
        )
        as_seen = LaneRecord.version == seen.version if seen.version else LaneRecord.pk.does_not_exist()
        return lane if _put(record, LANE_SEEN(as_seen)) else None

    def put_row(self, a: str, one: ContactImport, row: Row) -> bool:
        """1 WRU."""
        return _put(RowRecord.of_row(a, one.id, row, one.expires_at), ROW_ONCE(RowRecord.pk.does_not_exist()))

    def row(self, a: str, import_id: str, number: int) -> Row | None:
        """1 RRU."""
        found = RowRecord.find(_rows_pk(a, import_id, number), _row_sk(number))
        return None if found is None else found.said()

    def rows(self, a: str, one: ContactImport, after: int, limit: int) -> tuple[list[Row], int | None]:
        """One query for each 500 rows, at most 50."""
        found: list[Row] = []
        first = (after + 1) // _ROWS
        for partition in range(first, min(first + _PARTITIONS, one.last_row // _ROWS + 1)):
            behind = RowRecord.sk > _row_sk(after)
            left = limit - len(found)
            records = RowRecord.query(
                _partition_pk(a, one.id, partition),
                behind,
                limit=left,
                page_size=left,
                attributes_to_get=["sk", "outcome", "contact_id", "troubles", "undone", "undo_trouble"],
            )
            found += [record.said() for record in records]
            if len(found) == limit:
                return found, (found[-1].number if found[-1].number < one.last_row else None)
        end = (first + _PARTITIONS) * _ROWS - 1
        return found, (end if end < one.last_row else None)

    def rows_before(self, a: str, one: ContactImport, before: int, limit: int) -> list[Row]:
        """One query for each 500 rows until there are some."""
        for partition in range((before - 1) // _ROWS, -1, -1):
            earlier = RowRecord.sk < _row_sk(before)
            records = RowRecord.query(
                _partition_pk(a, one.id, partition),
                earlier,
                consistent_read=True,
                scan_index_forward=False,
                limit=limit,
                page_size=limit,
            )
            if found := [record.said() for record in records]:
                return found
        return []

    def forget_row(self, a: str, import_id: str, number: int) -> None:
        """1 WRU. Without what it changed there is nothing to give back."""
        record = RowRecord(_rows_pk(a, import_id, number), _row_sk(number))
        actions: list[Action] = [
            one.remove() for one in (RowRecord.contact_id, RowRecord.before, RowRecord.after, RowRecord.mark)
        ]
        try:
            record.update(actions, condition=ROW_THERE(RowRecord.outcome.exists()))
        except UpdateError as error:
            if not condition_failed(error):
                raise

    def mark_undone(self, a: str, import_id: str, row: Row) -> bool:
        """1 WRU."""
        record = RowRecord.of_row(a, import_id, row, None)
        try:
            record.update(marks_of(row), condition=UNDONE_ONCE(not_undone()))
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True


def marks_of(row: Row) -> list[Action]:
    """What undoing writes into the item of a row."""
    actions: list[Action] = [RowRecord.undone.set(str(row.undone))]
    if row.undo_trouble:
        actions.append(RowRecord.undo_trouble.set(_item(row.undo_trouble)))
    return actions


def not_undone() -> Condition:
    """That a row stands and undoing did nothing with it yet."""
    stands: Condition = RowRecord.outcome.exists() & RowRecord.undone.does_not_exist()
    return stands


def _window(item: list[Any]) -> Window:
    start, end, row, next_row, rows, slices = item
    return Window(start, end, row, next_row, rows, tuple((at, first) for at, first in slices))


def _put(record: WorkspaceRecord, condition: Condition | None) -> bool:
    try:
        record.save(condition=condition)
    except PutError as error:
        if condition_failed(error):
            return False
        raise
    return True


def _rows_pk(a: str, import_id: str, number: int) -> str:
    return _partition_pk(a, import_id, number // _ROWS)


def _partition_pk(a: str, import_id: str, partition: int) -> str:
    return keys.import_rows_pk(a, import_id, partition)


def _row_sk(number: int) -> str:
    return f"{number:08d}"


def _lane_sk(number: int) -> str:
    return _OTHER_LANES.get(number) or f"LANE#{number:02d}"


def _item(trouble: Trouble | None) -> dict[str, Any] | None:
    return None if trouble is None else asdict(trouble)


def _trouble(item: dict[str, Any] | None) -> Trouble | None:
    return None if item is None else Trouble(**item)


def _troubles(items: Sequence[dict[str, Any]] | None) -> tuple[Trouble, ...]:
    return tuple(Trouble(**item) for item in items or ())
