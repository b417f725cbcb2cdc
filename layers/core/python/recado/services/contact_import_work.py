"""The work of imports of contacts: count the rows, take them window by window in lanes, write down what came of them.

It may be stopped anywhere and goes on where it was. A row is written in one transaction with its contact, so whoever
does it again finds it done; a lane's place is written from the place that was seen, so counts are of each row once. The
lane that ends a window last asks for the next one, and asks again when it is asked again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from recado.domain.contact_import_columns import RowReader, check_mapping
from recado.domain.contact_import_lanes import Window, lanes_for, lanes_of, windows
from recado.domain.contact_imports import (
    LOOKED_AT_AGAIN,
    OUTCOMES,
    RESULTS,
    ContactImport,
    Lane,
    Plan,
    Row,
    Stage,
    Trouble,
    first_errors,
    stands,
    summed,
)
from recado.domain.csv_files import CsvRefused, Record, records, sniffed
from recado.domain.custom_fields import CustomField
from recado.domain.errors import Invalid
from recado.ports.contact_imports import ImportJournal, ImportStore
from recado.ports.core import Clock, Command, Queue
from recado.ports.files import Found, Replaced
from recado.ports.sweeps import Swept
from recado.services.contact_import_file import ImportFile
from recado.services.contact_import_rows import Prepared, RowTaker, failed

_PARTS_BETWEEN_SAVES = 64
_AT_ONCE = 25
"""Rows whose contacts are read together, and between two places that are written down."""
_CAREFUL_AFTER = 3
"""From so many tries on a lane goes row by row, and a row that breaks it is refused."""
_GIVE_UP_AFTER = 6
"""After so many the next row is refused unseen: it breaks whoever takes it."""
_FAILED_AGAIN = timedelta(seconds=60)

_RESULT_TRIES = 3
"""An import is done without the file of its results rather than not at all."""


class HasTime(Protocol):
    """Whether there is time for some more rows."""

    def __call__(self) -> bool: ...


class Takers(Protocol):
    """Makes what takes the rows of an import."""

    def of(self, a: str, one: ContactImport, reader: RowReader) -> RowTaker: ...

    def fields(self, a: str) -> Sequence[CustomField]:
        """The custom fields of contacts, read anew."""
        ...

    def proposed(self, columns: Sequence[str], fields: Sequence[CustomField]) -> dict[str, str]:
        """What columns mean by their names."""
        ...


class ImportResults(Protocol):
    """Writes the file that says what became of each row."""

    def write(self, a: str, one: ContactImport) -> str:
        """The id of the file."""
        ...


class Asked(NamedTuple):
    """A lane that is to be gone on with, and what tells this time from others."""

    lane: int
    turn: str


class ImportBack(Protocol):
    """Undoes imports in lanes."""

    def __call__(self, a: str, one: ContactImport, lane: int, has_time: HasTime) -> Asked | None:
        """Go on with a lane; answers which is next, if any."""
        ...

    def standing(self, a: str, one: ContactImport, now: datetime) -> list[int]:
        """The lanes that nobody moved for some time."""
        ...


class Overtaken(Exception):
    """Somebody else goes on with this."""


class ContactImportWork:
    """Goes on with imports. Whoever asks says how long there is time."""

    def __init__(
        self,
        store: ImportStore,
        file: ImportFile,
        takers: Takers,
        results: ImportResults,
        undo: ImportBack,
        queue: Queue,
        clock: Clock,
        journal: ImportJournal,
    ) -> None:
        self._store = store
        self._file = file
        self._takers = takers
        self._results = results
        self._undo = undo
        self._queue = queue
        self._clock = clock
        self._journal = journal

    def work(self, a: str, import_id: str, stage: Stage, lane: int, has_time: HasTime) -> None:
        """Bring an import further that is at this stage; at another one that was done. Raises what went wrong: it is
        taken up again."""
        one = self._store.get(a, import_id)
        if one is None or one.stage != stage:
            return
        try:
            if stage == "survey":
                self._survey(a, one, has_time)
            elif stage == "rows":
                self._lane(a, one, lane, has_time)
            elif stage == "result":
                self._finish(a, one)
            elif asked := self._undo(a, one, lane, has_time):
                self._ask(a, one, [asked.lane], asked.turn)
        except (Replaced, CsvRefused, Invalid) as refused:
            self._fail(a, one, _trouble(refused))
        except Overtaken:
            return

    def sweep(self, limit: int) -> Swept:
        """Imports that did not come further, or whose command got lost, go into the queue again. One that breaks is put
        off, so that it stands before no other."""
        now = self._clock.now()
        page = self._store.due(now, limit)
        sent, errors = 0, dict[str, Exception]()
        for a, import_id in page.found:
            try:
                one = self._store.get(a, import_id)
                if one is not None and one.stage is not None:
                    sent += self._ask(a, one, self._standing(a, one, now), f"{now:%d%H%M%S}")
                self._store.look_again_at(a, import_id, now + LOOKED_AT_AGAIN)
            except Exception as error:  # whatever it is, it stops no other
                errors[import_id] = error
                with suppress(Exception):  # what failed first is told; the import stays due
                    self._store.look_again_at(a, import_id, now + _FAILED_AGAIN)
        return Swept(len(page.found), sent, page.more, errors)

    def _standing(self, a: str, one: ContactImport, now: datetime) -> list[int]:
        """The lanes that nobody moved for some time. One that ended its window asks for the next, and moves when the
        others do."""
        if one.stage == "undo":
            return self._undo.standing(a, one, now)
        if one.stage != "rows":
            return [0]
        moved = {lane.number: lane for lane in self._store.lanes(a, one.id)}
        return [number for number in range(one.lanes) if stands(moved.get(number), now)]

    def _survey(self, a: str, one: ContactImport, has_time: HasTime) -> None:
        """Count the rows, and find where windows begin."""
        if one.state == "queued":
            if not self._file.taken_up(a, one, self._clock.now()):
                raise Replaced
            one = self._moved(a, one, replace(one, state="running", started_at=self._clock.now()))
        key, found = self._place(a, one)
        plan = self._store.plan(a, one.id)
        if plan is None:
            layout = sniffed(self._file.head(key, found))
            fields = self._takers.fields(a)
            mapping = one.mapping or self._takers.proposed(layout.columns, fields)
            check_mapping(mapping, layout.columns, fields)
            if mapping != one.mapping:
                one = self._moved(a, one, replace(one, mapping=mapping))
            plan = Plan(layout, found.etag, found.size, (), layout.start, layout.row)
        if not plan.complete:
            plan = self._surveyed(a, one, plan, key, found, has_time)
        if not plan.complete:
            self._ask(a, one, [0], str(plan.at))
            return
        lanes = lanes_for(plan.total)
        stage: Stage = "rows" if plan.total else "result"
        after = replace(one, stage=stage, total=plan.total, last_row=max(1, plan.row - 1), lanes=lanes)
        one = self._moved(a, one, after)
        self._ask(a, one, range(lanes if plan.total else 1), "0")

    def _surveyed(self, a: str, one: ContactImport, plan: Plan, key: str, found: Found, has_time: HasTime) -> Plan:
        """The plan with what there was time for. Raises CsvRefused, Replaced."""
        parts = _Counted(self._file.parts(key, _as_planned(plan, found), plan.at, plan.size))
        read = records(parts, plan.layout, plan.at, plan.row)
        keys = RowReader(plan.layout, one.mapping, self._takers.fields(a)).keys_of
        for window in windows(read, keys, plan.at, plan.row):
            plan = replace(plan, windows=(*plan.windows, window), at=window.end, row=window.next_row)
            if plan.at < plan.size and (parts.count >= _PARTS_BETWEEN_SAVES or not has_time()):
                self._save(a, one, plan)
                parts.count = 0
                if not has_time():
                    return plan
        plan = replace(plan, at=plan.size + 1, complete=True)  # behind every window: it is written once
        self._save(a, one, plan)
        return plan

    def _save(self, a: str, one: ContactImport, plan: Plan) -> None:
        if not self._store.save_plan(a, one, plan):
            raise Overtaken

    def _lane(self, a: str, one: ContactImport, number: int, has_time: HasTime) -> None:
        """Take a lane to the end of its window, and to the next one if the others are there."""
        plan = self._store.plan(a, one.id)
        if plan is None:
            raise Overtaken
        seen = self._store.lane(a, one.id, number)
        if seen.window < len(plan.windows) and not self._waits(a, one, seen):
            lane = self._window(a, one, plan, seen, has_time)
            if lane.window == seen.window:
                self._ask(a, one, [number], f"{lane.window}-{lane.row}-{lane.version}")
                return
            seen = lane
        lanes = self._store.lanes(a, one.id)
        ended = min(lane.window for lane in lanes) if len(lanes) == one.lanes else 0
        if ended == len(plan.windows):
            after = self._moved(a, one, replace(one, stage="result"))
            self._ask(a, after, [0], "0")
        elif ended == seen.window:
            self._ask(a, one, range(one.lanes), str(ended))

    def _waits(self, a: str, one: ContactImport, lane: Lane) -> bool:
        """Whether others are in the window before."""
        if lane.window == 0 or lane.row:
            return False
        lanes = self._store.lanes(a, one.id)
        return len(lanes) < one.lanes or any(other.window < lane.window for other in lanes)

    def _window(self, a: str, one: ContactImport, plan: Plan, lane: Lane, has_time: HasTime) -> Lane:
        """The lane as far as there was time in its window; in the next one when it was done."""
        lane = self._kept(a, one, lane, replace(lane, tries=lane.tries + 1))
        reader = RowReader(plan.layout, one.mapping, self._takers.fields(a))
        taker = self._takers.of(a, one, reader)
        rows = self._rows_of(a, one, plan, plan.windows[lane.window], lane.number, reader)
        if one.dry_run:
            for row in taker.prepared([record for record in rows if record.row <= lane.row]):
                taker.take(row)
        left = [record for record in rows if record.row > lane.row]
        if lane.tries > _GIVE_UP_AFTER and left:
            lane = self._refused(a, one, lane, left.pop(0).row)
        careful = lane.tries > _CAREFUL_AFTER
        size = 1 if careful else _AT_ONCE
        for at in range(0, len(left), size):
            if at and not has_time():
                return lane
            self._check_goes_on(a, one)
            done = [self._taken(a, one, taker, row, careful) for row in taker.prepared(left[at : at + size])]
            lane = self._kept(a, one, lane, replace(lane.after(done), tries=0))
        return self._kept(a, one, lane, replace(lane, window=lane.window + 1, row=0, tries=0))

    def _check_goes_on(self, a: str, one: ContactImport) -> None:
        """Another lane may have found the file gone: rows that are written now would not be undone. Raises
        Overtaken."""
        now = self._store.get(a, one.id)
        if now is None or now.stage != one.stage:
            raise Overtaken

    def _rows_of(
        self, a: str, one: ContactImport, plan: Plan, window: Window, lane: int, reader: RowReader
    ) -> list[Record]:
        """The rows of a window that are a lane's."""
        key, found = self._place(a, one)
        found = _as_planned(plan, found)
        if window.slices:
            own_slice = window.slice_of(lane)
            if own_slice is None:
                return []
            start, end, row = own_slice
            return list(records(self._file.parts(key, found, start, end), plan.layout, start, row))
        parts = self._file.parts(key, found, window.start, window.end)
        every = list(records(parts, plan.layout, window.start, window.row))
        keys = [reader.keys_of(record) for record in every]
        return [record for record, own in zip(every, lanes_of(keys, one.lanes), strict=True) if own == lane]

    def _taken(self, a: str, one: ContactImport, taker: RowTaker, prepared: Prepared, careful: bool) -> Row:
        """What became of a row, written down."""
        try:
            row, written = taker.take(prepared)
        except Exception as error:
            if not careful:
                raise
            self._journal.row_failed(one.id, "rows", prepared.number, error)
            row, written = failed(prepared.number), False
        if one.dry_run:
            row, written = taker.shown(row), False
        if written or self._store.put_row(a, one, row):
            return row
        return self._store.row(a, one.id, row.number) or row

    def _refused(self, a: str, one: ContactImport, lane: Lane, number: int) -> Lane:
        row = failed(number)
        if not self._store.put_row(a, one, row):
            row = self._store.row(a, one.id, number) or row
        return self._kept(a, one, lane, replace(lane.after([row]), tries=0))

    def _kept(self, a: str, one: ContactImport, seen: Lane, lane: Lane) -> Lane:
        kept = self._store.save_lane(a, one, seen, replace(lane, moved_at=self._clock.now()))
        if kept is None:
            raise Overtaken
        return kept

    def _finish(self, a: str, one: ContactImport) -> None:
        """Count what the lanes counted, and write the file of results."""
        lanes = self._store.lanes(a, one.id)
        counts, errors = summed((lane.counts for lane in lanes), OUTCOMES), first_errors(lanes)
        tried = self._store.lane(a, one.id, RESULTS)
        result = None
        if tried.tries < _RESULT_TRIES:
            self._kept(a, one, tried, replace(tried, tries=tried.tries + 1))
            result = self._results.write(a, one)
        after = replace(
            one,
            state="done",
            stage=None,
            counts=counts,
            errors=errors,
            result_file_id=result,
            finished_at=self._clock.now(),
        )
        self._moved(a, one, after)

    def _fail(self, a: str, one: ContactImport, trouble: Trouble) -> None:
        one = self._store.get(a, one.id) or one
        lanes = self._store.lanes(a, one.id)
        after = replace(
            one,
            state="failed",
            stage=None,
            counts=summed((lane.counts for lane in lanes), OUTCOMES),
            errors=(trouble, *first_errors(lanes)),
            trouble=trouble,
            started_at=one.started_at or self._clock.now(),
            finished_at=self._clock.now(),
        )
        self._moved(a, one, after)

    def _place(self, a: str, one: ContactImport) -> tuple[str, Found]:
        place = self._file.found(a, one.file_id)
        if place is None:
            raise Replaced
        return place

    def _moved(self, a: str, before: ContactImport, after: ContactImport) -> ContactImport:
        due = self._clock.now() + LOOKED_AT_AGAIN if after.stage else None
        if not self._store.change(a, before, after, due):
            raise Overtaken
        return replace(after, version=before.version + 1)

    def _ask(self, a: str, one: ContactImport, lanes: Sequence[int], turn: str) -> int:
        commands = [import_command(a, one, lane, turn) for lane in lanes]
        if commands:
            self._queue.send(commands)
        return len(commands)


def import_command(a: str, one: ContactImport, lane: int, turn: str) -> Command:
    """The command by which a worker goes on with an import; `turn` tells commands of one stage and lane apart. Each is
    a group of its own: the items say who may work, and no group is ever stopped by a worker that died."""
    name = f"{one.id}-{one.stage}-{lane}-{turn}"
    body: dict[str, Any] = {"account": a, "import_id": one.id, "stage": one.stage, "lane": lane}
    return Command(name, name, body)


class _Counted:
    """Parts, and how many were taken."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.count += 1
            yield part


def _as_planned(plan: Plan, found: Found) -> Found:
    """Raises Replaced."""
    if (found.etag, found.size) != (plan.etag, plan.size):
        raise Replaced
    return found


def _trouble(refused: Exception) -> Trouble:
    if isinstance(refused, CsvRefused):
        return Trouble(refused.code, refused.detail, refused.row)
    if isinstance(refused, Invalid) and refused.errors:
        first = refused.errors[0]
        column = first.pointer.removeprefix("/mapping").removeprefix("/").replace("~1", "/").replace("~0", "~")
        return Trouble(first.code, first.detail, 1, column or None)
    return Trouble("file_gone", "The file is not there any more.")
