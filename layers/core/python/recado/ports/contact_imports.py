"""What imports of contacts need from outside: where they are kept, and contacts that are written with their rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from recado.domain.contact_imports import ContactImport, Lane, Plan, Row, Stage
from recado.domain.contacts import Claim
from recado.ports.contacts import Contacts, WrittenContacts
from recado.ports.sweeps import DuePage


class RowDone(Exception):
    """Another delivery of the same work was faster with this row; nothing was written."""


class ChangedSince(Exception):
    """The contact is no longer as it was looked at; nothing was written. Look again."""


class ImportStore(Protocol):
    """Imports of an account, their lanes and rows. False: it is no longer as it was read."""

    def create(self, a: str, one: ContactImport, due: datetime) -> None:
        """Write a new import that is looked at again at `due`."""
        ...

    def get(self, a: str, import_id: str) -> ContactImport | None:
        """One, strongly consistent."""
        ...

    def page(self, a: str, limit: int, after: str | None) -> Sequence[ContactImport]:
        """Newest first, from before the import id `after` on."""
        ...

    def change(self, a: str, before: ContactImport, after: ContactImport, due: datetime | None) -> bool:
        """Write a change of an import as it was read; `due` as in `create`, None: never again."""
        ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Imports that are to be looked at."""
        ...

    def look_again_at(self, a: str, import_id: str, when: datetime) -> None:
        """Put it off."""
        ...

    def plan(self, a: str, import_id: str) -> Plan | None:
        """What the survey found so far."""
        ...

    def save_plan(self, a: str, one: ContactImport, plan: Plan) -> bool:
        """Write what was found; False when another survey was further already."""
        ...

    def lane(self, a: str, import_id: str, number: int) -> Lane:
        """A lane; one that never moved is at its beginning."""
        ...

    def lanes(self, a: str, import_id: str) -> list[Lane]:
        """Those that moved, strongly consistent, without those that lead back."""
        ...

    def ways_back(self, a: str, import_id: str) -> list[Lane]:
        """The lanes back and the way back over all rows, as far as they moved; strongly consistent."""
        ...

    def save_lane(self, a: str, one: ContactImport, seen: Lane, lane: Lane) -> Lane | None:
        """Write a lane as it was `seen`; answers it with its new version, None when somebody else moved it."""
        ...

    def put_row(self, a: str, one: ContactImport, row: Row) -> bool:
        """Write what became of a row; False when that was written before."""
        ...

    def row(self, a: str, import_id: str, number: int) -> Row | None:
        """One row, strongly consistent."""
        ...

    def rows(self, a: str, one: ContactImport, after: int, limit: int) -> tuple[list[Row], int | None]:
        """So many rows, without what they changed, behind row `after`, and behind which one to go on, None at the end;
        may be fewer before it."""
        ...

    def rows_before(self, a: str, one: ContactImport, before: int, limit: int) -> list[Row]:
        """So many rows before row `before`, backwards; strongly consistent, empty at the beginning only."""
        ...

    def forget_row(self, a: str, import_id: str, number: int) -> None:
        """A contact is erased: the row stands, and nothing of what it said."""
        ...

    def mark_undone(self, a: str, import_id: str, row: Row) -> bool:
        """Write what undoing did with a row; False when that was written before."""
        ...


class ImportJournal(Protocol):
    """What workers tell of imports."""

    def row_failed(self, import_id: str, stage: Stage, row: int, error: Exception) -> None:
        """A row broke its last careful try, and is told as failed or left."""
        ...


class RowContacts(WrittenContacts, Protocol):
    """Contacts as one import writes them: each with the row it is for, in one transaction. `create` and `change` raise
    RowDone too."""

    @property
    def written(self) -> Row | None:
        """What was written since `begin`."""
        ...

    @property
    def made(self) -> Collection[str]:
        """Ids of contacts that are there for these rows alone: those of a trial."""
        ...

    def begin(self, number: int, key: str) -> None:
        """What is written next is for this row; `key` as `Given.key`."""
        ...

    def foresee(self, a: str, claims: Sequence[Claim], contact_ids: Sequence[str]) -> None:
        """Read together what rows will need; it is known until something of it is written here, or `forget`."""
        ...

    def forget(self) -> None:
        """Read everything anew."""
        ...

    def contact_of_key(self, a: str, key: str) -> str | None:
        """Whom a row with this key (`Given.key`) made."""
        ...


class UndoneContacts(Contacts, Protocol):
    """Contacts as undoing writes them: each with the mark at its row, in one transaction. `change` and `delete` raise
    RowDone and ChangedSince too."""

    @property
    def written(self) -> bool:
        """Whether that was written since `begin`."""
        ...

    def begin(self, row: Row, version: int) -> None:
        """What is written next gives back what this row did to its contact as of this version; it is `row`, with what
        undoing did, that is written."""
        ...
