"""What an export of all that is kept of one contact needs of the tables and of the bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from recado.domain.chats import Chat, Event, Message, ThreadKey
from recado.domain.contact_data_exports import DataExport
from recado.domain.contact_merging import Merge
from recado.domain.flow_executions import Execution, TraceLine


class DuePlace(NamedTuple):
    """Where an export that is due lies."""

    a: str
    contact_id: str
    export_id: str


class DataExportStore(Protocol):
    """The items of exports. False: the export is no longer at the version that was read, or gone."""

    def create(self, a: str, export: DataExport) -> None: ...

    def get(self, a: str, contact_id: str, export_id: str) -> DataExport | None:
        """One, strongly consistent."""
        ...

    def all(self, a: str, contact_id: str) -> list[DataExport]:
        """Those of a contact, the newest first; a contact has a few."""
        ...

    def move(self, a: str, before: DataExport, after: DataExport) -> bool:
        """Write a step."""
        ...

    def due(self, now: datetime, limit: int) -> tuple[list[DuePlace], bool]:
        """Exports that nobody has ended in time, and whether there are more."""
        ...

    def look_again_at(self, place: DuePlace, when: datetime) -> None:
        """Put the next look off; it is no step."""
        ...


class ContactData(Protocol):
    """What is kept of a contact, read on as it is asked for."""

    def merges(self, a: str, contact_id: str) -> Iterator[Merge]:
        """Merges into it."""
        ...

    def events(self, a: str, contact_id: str) -> Iterator[Event]:
        """Its own, oldest first."""
        ...

    def chats(self, a: str, contact_id: str) -> Iterator[Chat]:
        """The newest first."""
        ...

    def events_of(self, a: str, chat_id: str) -> Iterator[Event]:
        """Of a chat, oldest first."""
        ...

    def executions(self, a: str, contact_id: str) -> Iterator[tuple[Execution, Sequence[TraceLine]]]:
        """What flows did in its chats, the newest first."""
        ...

    def messages(self, a: str, thread: ThreadKey) -> Iterator[Message]:
        """All of a thread, of whomever."""
        ...


class FileChunks(Protocol):
    """Bytes of files."""

    def chunks(self, key: str, size: int) -> Iterator[bytes]:
        """The object in pieces of so many bytes; none where there is no such object."""
        ...

    def remove_under(self, prefix: str) -> None:
        """Delete every object whose key begins so."""
        ...
