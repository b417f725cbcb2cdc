"""What exports of contacts need of the tables and of the bucket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from recado.domain.chats import Event
from recado.domain.contact_exports import ContactExport, Part, Place
from recado.domain.contacts import Contact
from recado.domain.files import File
from recado.domain.groups import GroupKind
from recado.ports.sweeps import DuePage


class ExportStore(Protocol):
    """The items of exports. False: the export is no longer at the version that was read; nothing was written."""

    def create(self, a: str, export: ContactExport) -> None: ...

    def get(self, a: str, export_id: str) -> ContactExport | None:
        """One, strongly consistent."""
        ...

    def page(self, a: str, limit: int, after: str | None) -> list[ContactExport]:
        """The newest first, from before the export id `after` on, strongly consistent."""
        ...

    def move(self, a: str, before: ContactExport, after: ContactExport) -> bool:
        """Write a step."""
        ...

    def finish(self, a: str, before: ContactExport, after: ContactExport, file: File, event: Event) -> bool:
        """Write the last step, the file and the fact at once."""
        ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Exports that nobody has brought further in time."""
        ...

    def look_again_at(self, a: str, export_id: str, when: datetime) -> None:
        """Put the next look off; it is no step."""
        ...


class ContactsRead(NamedTuple):
    """Contacts in the order of their place, and where the next are read; None behind the last."""

    contacts: Sequence[Contact]
    next: Place | None


class ContactPages(Protocol):
    """All contacts of an account or a group, in an order that no change of them alters."""

    def read(self, a: str, group: tuple[GroupKind, str] | None, place: Place) -> ContactsRead:
        """The next some hundred from a place on, strongly consistent; there may be none and a `next` all the same."""
        ...


class UploadGone(Exception):
    """There is no such upload: it was completed, given up, or lay there for too long."""


class ExportObjects(Protocol):
    """Files of the files bucket that are written in parts. A file is there once it is complete, never before."""

    def begin(self, key: str, content_type: str, disposition: str) -> str:
        """The id of a new upload. One that nobody knows of is thrown away after a day."""
        ...

    def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """Write a part (again); S3's name for its bytes. Raises UploadGone."""
        ...

    def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the file of these parts, in this order. Raises UploadGone."""
        ...

    def exists(self, key: str) -> bool:
        """Whether the file is there."""
        ...

    def give_up(self, key: str, upload_id: str) -> None:
        """Throw the parts away."""
        ...

    def remove(self, key: str) -> None:
        """Delete the file."""
        ...


class ExportJournal(Protocol):
    """What workers tell of exports."""

    def stepped(self, export_id: str, outcome: str, done: int, size: int) -> None:
        """How far one is: `waits` for another worker, `done`, `failed`, `overtaken`."""
        ...

    def not_enqueued(self, export_id: str, error: Exception) -> None:
        """The queue did not take the command; the minute's look will send it."""
        ...
