"""Undoing an import: its rows backwards, one after the other, so that each finds its contact as it left it.

What people changed since stays: a contact that an import made goes only while it is as the import left it and nobody
commented on it, and of one
that it changed each field comes back only while it has the import's value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from recado.domain.access import Caller
from recado.domain.contact_imports import (
    UNDONE,
    WAY_BACK,
    ContactImport,
    Lane,
    Row,
    Trouble,
    given_back,
    mark_of,
    summed,
)
from recado.domain.contacts import Contact
from recado.domain.errors import Busy, DomainError, NotFound
from recado.ports.contact_imports import ChangedSince, ImportJournal, ImportStore, RowDone, UndoneContacts
from recado.ports.contacts import Comments
from recado.ports.core import Clock
from recado.services.contacts import ContactService

_AT_ONCE = 25
_TRIES = 3
_CAREFUL_AFTER = 3
"""From so many tries on the way back goes row by row, and a row that breaks it is left."""
_GIVE_UP_AFTER = 6
"""After so many the next row is left unseen: it breaks whoever takes it."""
_FAILED = Trouble("failed", "The row could not be undone.")
_GONE = Trouble("contact_gone", "The contact was deleted or merged since.")
_COMMENTED = Trouble("commented_since", "Somebody commented on the contact: it stays as it is.")
_CHANGED = Trouble("changed_since", "The contact was changed since, or somebody wrote by it: it stays as it is.")


class ImportUndo:
    """Undoes one import after another. `made` gives contacts as undoing writes them, and the service over them."""

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

    def __call__(self, a: str, one: ContactImport, has_time: Callable[[], bool]) -> bool:
        """Go on with it; False when there was no time for all. Raises what went wrong: it is taken up again."""
        way = _Way(a, one, self._store, self._comments, self._journal, *self._made(one))
        begun = self._store.lane(a, one.id, WAY_BACK)
        lane = self._kept(a, one, begun, replace(begun, tries=begun.tries + 1))
        tries = lane.tries if lane else 0
        at_once = 1 if tries > _CAREFUL_AFTER else _AT_ONCE
        while lane and (rows := self._store.rows_before(a, one, lane.row or one.last_row + 1, at_once)):
            counts = Counter(lane.counts)
            counts.update(undone for row in rows if (undone := way.back(row, tries)))
            tries = min(tries, _GIVE_UP_AFTER)  # what comes behind the row that was given up is seen again
            lane = self._kept(a, one, lane, replace(lane, row=rows[-1].number, counts=dict(counts), tries=0))
            if lane and not has_time():
                return False
        if lane:
            self._end(a, one, lane)
        return True

    def _kept(self, a: str, one: ContactImport, seen: Lane, lane: Lane) -> Lane | None:
        """None: somebody else goes on with it."""
        return self._store.save_lane(a, one, seen, replace(lane, moved_at=self._clock.now()))

    def _end(self, a: str, one: ContactImport, lane: Lane) -> None:
        counts = summed([lane.counts], UNDONE)
        now = self._clock.now()
        after = replace(one, state="undone", stage=None, undo_counts=counts, finished_at=now)
        self._store.change(a, one, after, None)


class _Way:
    """The way back of one import."""

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
    ) -> None:
        self._a = a
        self._import = one
        self._store = store
        self._comments = comments
        self._journal = journal
        self._contacts = contacts
        self._service = service
        self._caller = caller

    def back(self, row: Row, tries: int) -> str | None:
        """What undoing did with a row, which is tried for the `tries`th time; None where there was nothing to undo."""
        if row.undone or row.outcome not in ("created", "updated") or row.contact_id is None:
            return row.undone
        if tries > _GIVE_UP_AFTER:
            return self._left(row, _FAILED)
        try:
            return self._taken_back(row, row.contact_id)
        except Exception as error:
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
        detail = f"What was changed since stays: {', '.join(kept)}."
        restored = replace(row, undone="restored", undo_trouble=Trouble("partly", detail) if kept else None)
        self._contacts.begin(restored, contact.version)
        self._service.change(self._caller, contact.id, back)
        if not self._contacts.written:
            self._store.mark_undone(self._a, self._import.id, restored)
        return "restored"

    def _left(self, row: Row, why: Trouble) -> str:
        self._store.mark_undone(self._a, self._import.id, replace(row, undone="left", undo_trouble=why))
        return "left"
