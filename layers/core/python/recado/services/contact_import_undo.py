"""Undoing an import: its rows backwards, in as many lanes as it was made in. All rows about one contact are in one
lane, so that each finds its contact as it left it.

Addresses wander between contacts within a file, though. A row whose contact cannot get back what another still holds is
put off, and with it all that is earlier about this contact. When all lanes are through, and one of them put something
off, one way back goes over all rows once more, from the last to the first: only so does each step find them free.

What people changed since stays: a contact that an import made goes only while it is as the import left it and nobody
commented on it, and of one that it changed each field comes back only while it has the import's value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from recado.domain.access import Caller
from recado.domain.contact_import_lanes import lane_back, lanes_back
from recado.domain.contact_imports import (
    MOST_PUT_OFF,
    WAY_BACK,
    ContactImport,
    Lane,
    Row,
    Trouble,
    given_back,
    mark_of,
    number_back,
    stands,
    undone_so_far,
    without_refused,
)
from recado.domain.contacts import Contact
from recado.domain.errors import Busy, DomainError, Invalid, NotFound
from recado.ports.contact_imports import ChangedSince, ImportJournal, ImportStore, RowDone, UndoneContacts
from recado.ports.contacts import Comments
from recado.ports.core import Clock
from recado.services.contact_import_work import Asked, HasTime, Overtaken
from recado.services.contacts import ContactService

_READ = 500
"""Rows that are read together: most have some 300 bytes, and none more than an item, 400 KB."""
_AT_ONCE = 25
"""Rows that are undone between two places that are written down."""
_TRIES = 3
_CAREFUL_AFTER = 3
"""From so many tries on a lane goes row by row, and a row that breaks it is left."""
_GIVE_UP_AFTER = 6
"""After so many the next row is left unseen: it breaks whoever takes it."""
_FOR_GOOD = frozenset({"contact_has_open_chat"})
"""Refusals that no other row's undoing does away with, beside all of what a field says: a group that was deleted since
comes back with no row."""
_WRITTEN = ("created", "updated")
_FAILED = Trouble("failed", "The row could not be undone.")
_GONE = Trouble("contact_gone", "The contact was deleted or merged since.")
_COMMENTED = Trouble("commented_since", "Somebody commented on the contact: it stays as it is.")
_CHANGED = Trouble("changed_since", "The contact was changed since, or somebody wrote by it: it stays as it is.")


class ImportUndo:
    """The port `services.contact_import_work.ImportBack`. `made` gives contacts as undoing writes them, and the service
    over them."""

    def __init__(
        self,
        store: ImportStore,
        made: Callable[[ContactImport], tuple[UndoneContacts, ContactService, Caller]],
        comments: Comments,
        clock: Clock,
        journal: ImportJournal,
    ) -> None:
        self._store = store
        self._made = made
        self._comments = comments
        self._clock = clock
        self._journal = journal

    def __call__(self, a: str, one: ContactImport, lane: int, has_time: HasTime) -> Asked | None:
        """Go on with a lane; the number behind those of all lanes is the way back over all rows. Answers which is to be
        gone on with. Raises Overtaken, and what went wrong: it is taken up again."""
        lanes = lanes_back(one.lanes)
        over_all = lane >= lanes
        if over_all and not self._all_through(a, one):
            return None
        way = self._store.lane(a, one.id, WAY_BACK if over_all else number_back(lane))
        if not way.window and (not over_all or self._something_put_off(a, one)):
            way = self._further(a, one, way, None if over_all else lane, has_time)
            if not way.window:
                return Asked(lane, str(way.version))
        if over_all:
            self._end(a, one)
            return None
        return Asked(lanes, "0") if self._all_through(a, one) else None

    def standing(self, a: str, one: ContactImport, now: datetime) -> list[int]:
        """The lanes that nobody moved for some time; when all are through, the way back over all rows."""
        ways = {way.number: way for way in self._store.ways_back(a, one.id)}
        lanes = lanes_back(one.lanes)
        going = [lane for lane in range(lanes) if not ways.get(number_back(lane), Lane(lane)).window]
        if going:
            return [lane for lane in going if stands(ways.get(number_back(lane)), now)]
        return [lanes] if stands(ways.get(WAY_BACK), now) else []

    def _lanes(self, a: str, one: ContactImport) -> list[Lane]:
        return [way for way in self._store.ways_back(a, one.id) if way.number != WAY_BACK]

    def _all_through(self, a: str, one: ContactImport) -> bool:
        lanes = self._lanes(a, one)
        return len(lanes) == lanes_back(one.lanes) and all(lane.window for lane in lanes)

    def _something_put_off(self, a: str, one: ContactImport) -> bool:
        return any(lane.put_off for lane in self._lanes(a, one))

    def _further(self, a: str, one: ContactImport, begun: Lane, lane: int | None, has_time: HasTime) -> Lane:
        """The way back as far as there was time; of one lane, or (None) over all rows."""
        way = self._kept(a, one, begun, replace(begun, tries=begun.tries + 1))
        put_off = None if lane is None else [*way.put_off]
        back = _Back(a, one, self._store, self._comments, self._journal, *self._made(one), put_off)
        tries = way.tries
        at_once = 1 if tries > _CAREFUL_AFTER else _AT_ONCE
        while page := self._store.rows_before(a, one, way.row or one.last_row + 1, _READ):
            for rows in _some(_of_lane(page, lane, lanes_back(one.lanes)), at_once, page[-1].number):
                counts = Counter(way.counts)
                counts.update(undone for row in rows.rows if (undone := back.of(row, tries)))
                tries = min(tries, _GIVE_UP_AFTER)  # what comes behind the row that was given up is seen again
                after = replace(way, row=rows.place, counts=dict(counts), put_off=tuple(put_off or ()), tries=0)
                if len(after.put_off) >= MOST_PUT_OFF:
                    return self._kept(a, one, way, replace(after, window=1))
                way = self._kept(a, one, way, after)
                if not has_time():
                    return way
        return self._kept(a, one, way, replace(way, window=1, tries=0))

    def _kept(self, a: str, one: ContactImport, seen: Lane, lane: Lane) -> Lane:
        kept = self._store.save_lane(a, one, seen, replace(lane, moved_at=self._clock.now()))
        if kept is None:
            raise Overtaken
        return kept

    def _end(self, a: str, one: ContactImport) -> None:
        counts = undone_so_far(self._store.ways_back(a, one.id))
        after = replace(one, state="undone", stage=None, undo_counts=counts, finished_at=self._clock.now())
        self._store.change(a, one, after, None)


def _may_pass(refused: DomainError) -> bool:
    return not isinstance(refused, Invalid) and refused.code not in _FOR_GOOD


class _Some(NamedTuple):
    """Rows, and the place when they are undone."""

    rows: list[Row]
    place: int


def _of_lane(page: Sequence[Row], lane: int | None, lanes: int) -> list[Row]:
    """The rows of a page that wrote a contact, in all lanes or in one."""
    written = [row for row in page if row.outcome in _WRITTEN and row.contact_id]
    return written if lane is None else [row for row in written if lane_back(row.contact_id or "", lanes) == lane]


def _some(rows: Sequence[Row], at_once: int, end: int) -> Iterator[_Some]:
    """So many at once of those that were not undone yet; the last of them lead to `end`."""
    some: list[Row] = []
    left = at_once
    for row in rows:
        if not left:
            yield _Some(some, some[-1].number)
            some, left = [], at_once
        some.append(row)
        left -= not row.undone
    yield _Some(some, end)


class _Back:
    """Takes rows back. `put_off`: contacts whose rows are left for later, and more may become so; None: none is."""

    def __init__(
        self,
        a: str,
        one: ContactImport,
        store: ImportStore,
        comments: Comments,
        journal: ImportJournal,
        contacts: UndoneContacts,
        service: ContactService,
        caller: Caller,
        put_off: list[str] | None,
    ) -> None:
        self._a = a
        self._import = one
        self._store = store
        self._comments = comments
        self._journal = journal
        self._contacts = contacts
        self._service = service
        self._caller = caller
        self._put_off = put_off

    def of(self, row: Row, tries: int) -> str | None:
        """What undoing did with a row, which is tried for the `tries`th time; None where it is put off."""
        if row.undone or row.contact_id is None or row.contact_id in (self._put_off or ()):
            return row.undone
        if tries > _GIVE_UP_AFTER:
            return self._left(row, _FAILED)
        try:
            return self._taken_back(row, row.contact_id)
        except Exception as error:
            if isinstance(error, Busy) and self._put_off is not None:  # other lanes change who it is linked to
                self._put_off.append(row.contact_id)
                return None
            if tries <= _CAREFUL_AFTER:
                raise
            self._journal.row_failed(self._import.id, "undo", row.number, error)
            return self._left(row, _FAILED)

    def _taken_back(self, row: Row, contact_id: str) -> str | None:
        for _ in range(_TRIES):
            contact = self._contacts.get(self._a, contact_id)
            if contact is None:
                return self._left(row, _GONE)
            try:
                return self._removed(row, contact) if row.outcome == "created" else self._restored(row, contact)
            except (ChangedSince, NotFound):
                continue
            except RowDone:
                found = self._store.row(self._a, self._import.id, row.number)
                return found.undone if found else None
            except DomainError as refused:
                if self._put_off is not None and _may_pass(refused):
                    self._put_off.append(contact_id)
                    return None
                detail = refused.errors[0].detail if refused.errors else refused.detail
                return self._left(row, Trouble(refused.code, detail))
        raise Busy(f"undoing row {row.number}")

    def _removed(self, row: Row, contact: Contact) -> str:
        if mark_of(contact) != row.mark:
            return self._left(row, _CHANGED)
        if self._comments.has_comment(self._a, contact.id):
            return self._left(row, _COMMENTED)
        self._contacts.begin(replace(row, undone="removed"), contact.version)
        self._service.delete(self._caller, contact.id)
        return "removed"

    def _restored(self, row: Row, contact: Contact) -> str:
        back, kept = given_back(row, contact)
        if not back:
            return self._left(row, _CHANGED)
        told = [f"What was changed since stays: {', '.join(kept)}."] if kept else []
        try:
            return self._given_back(row, contact, back, told)
        except Invalid as refused:
            left, gone = without_refused(back, [error.pointer for error in refused.errors])
            if not gone or not left:
                raise
            return self._given_back(row, contact, left, [*told, f"These cannot be as before: {', '.join(gone)}."])

    def _given_back(self, row: Row, contact: Contact, back: Mapping[str, Any], told: Sequence[str]) -> str:
        trouble = Trouble("partly", " ".join(told)) if told else None
        restored = replace(row, undone="restored", undo_trouble=trouble)
        self._contacts.begin(restored, contact.version)
        self._service.change(self._caller, contact.id, back)
        if not self._contacts.written:
            self._store.mark_undone(self._a, self._import.id, restored)
        return "restored"

    def _left(self, row: Row, why: Trouble) -> str:
        self._store.mark_undone(self._a, self._import.id, replace(row, undone="left", undo_trouble=why))
        return "left"
