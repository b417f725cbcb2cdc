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
from recado.ports.contact_imports import ChangedSince, ImportStore, RowDone, UndoneContacts
from recado.ports.contacts import Comments
from recado.ports.core import Clock
from recado.services.contacts import ContactService

_AT_ONCE = 25
_TRIES = 3
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
    ) -> None:
        self._store = store
        self._made = made
        self._comments = comments
        self._clock = clock

    def __call__(self, a: str, one: ContactImport, has_time: Callable[[], bool]) -> bool:
        """Go on with it; False when there was no time for all. Raises what went wrong: it is taken up again."""
        way = _Way(a, one, self._store, self._comments, *self._made(one))
        lane = self._store.lane(a, one.id, WAY_BACK)
        while rows := self._store.rows_before(a, one, lane.row or one.last_row + 1, _AT_ONCE):
            counts = Counter(lane.counts)
            counts.update(undone for row in rows if (undone := way.back(row)))
            after = replace(lane, row=rows[-1].number, counts=dict(counts), moved_at=self._clock.now())
            kept = self._store.save_lane(a, one, lane, after)
            if kept is None:
                return True
            lane = kept
            if not has_time():
                return False
        self._end(a, one, lane)
        return True

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
        contacts: UndoneContacts,
        service: ContactService,
        caller: Caller,
    ) -> None:
        self._a = a
        self._import = one
        self._store = store
        self._comments = comments
        self._contacts = contacts
        self._service = service
        self._caller = caller

    def back(self, row: Row) -> str | None:
        """What undoing did with a row; None where there was nothing to undo."""
        if row.undone or row.outcome not in ("created", "updated") or row.contact_id is None:
            return row.undone
        for _ in range(_TRIES):
            contact = self._contacts.get(self._a, row.contact_id)
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
