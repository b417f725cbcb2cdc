"""Imports of contacts over any stores, those in memory unless others are given."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from recado.domain.access import Caller
from recado.domain.contact_imports import ContactImport, mark_of
from recado.domain.contacts import Contact
from recado.domain.files import File, served_key
from recado.ports.core import Command
from recado.services.contact_import_agents import ContactImportAgents
from recado.services.contact_import_file import ImportFile
from recado.services.contact_import_groups import ContactImportGroups
from recado.services.contact_import_takers import ImportTakers, caller_of
from recado.services.contact_import_undo import ImportUndo
from recado.services.contact_import_work import ContactImportWork
from recado.services.contact_imports import ContactImportService
from recado.services.contact_references import ContactReferences
from recado.services.contact_shapes import ContactShapes
from recado.services.contact_writing import ContactWriting
from recado.services.contacts import ContactService
from recado.services.custom_fields import RememberedFields
from recado.services.groups import GroupService
from recado.services.references import References
from tests.deaths import Died
from tests.import_stores import (
    ADMIN,
    A,
    Memory,
    MemoryContacts,
    MemoryFields,
    MemoryFiles,
    MemoryGroups,
    MemoryImports,
    MemoryRowContacts,
    MemoryUndoneContacts,
    MemoryUsers,
)


class _Nothing:
    """Ports that imports do not need: no channels, no account, no lists."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def connected(self, a: str) -> list[Any]:
        return []

    def channels(self, contact: Contact, connected: Any) -> dict[str, bool]:
        return {}

    def get(self, a: str, *_: Any) -> Any:
        return None

    def has_open_chat(self, a: str, contact_id: str) -> bool:
        return contact_id in self.memory.open_chats

    def has_comment(self, a: str, contact_id: str) -> bool:
        return contact_id in self.memory.commented


class NoResults:
    """The file of results."""

    def write(self, a: str, one: ContactImport) -> str:
        return f"fi_{a}_{'f' * 27}"


@dataclass
class Told:
    """Rows that were given up: stage, row, what was raised."""

    rows: list[tuple[str, int, Exception]] = field(default_factory=list)

    def row_failed(self, import_id: str, stage: str, row: int, error: Exception) -> None:
        self.rows.append((stage, row, error))


@dataclass
class Waiting:
    """A queue whose commands wait, in any order."""

    sent: list[Command] = field(default_factory=list)

    def send(self, commands: Sequence[Command]) -> None:
        self.sent += commands


class ImportWorld:
    """Everything an import needs, in memory."""

    def __init__(self, clock: Any, ids: Any) -> None:
        self.memory, self.clock, self.ids, self.queue = Memory(), clock, ids, Waiting()
        memory: Any = self.memory
        self.told = Told()
        self.store: Any = MemoryImports(memory)
        self.contacts: Any = MemoryContacts(memory)
        self.groups: Any = MemoryGroups(memory)
        self.fields: Any = MemoryFields(memory)
        self.users = MemoryUsers(memory)
        self.rows_of: Any = lambda one: MemoryRowContacts(memory, one)
        self.undone_of: Any = lambda one: MemoryUndoneContacts(memory, one)
        self.files_of: Any = MemoryFiles
        self.comments: Any = _Nothing(self.memory)
        self.connect()

    def results(self, results: Any) -> None:
        """What writes the file of results."""
        self.work._results = results

    def connect(self) -> None:
        """The services over these stores."""
        memory, clock, ids = self.memory, self.clock, self.ids
        self.objects: Any = self.files_of(memory)
        nothing: Any = _Nothing(memory)
        users: Any = self.users
        remembered = RememberedFields(self.fields, clock)

        def writing(contacts: Any, names: Any, accounts: Any) -> ContactWriting:
            references = ContactReferences(names, remembered, users, nothing)
            shapes = ContactShapes(remembered)
            return ContactWriting(contacts, references, shapes, nothing, nothing, accounts, clock, ids)

        def service(contacts: Any, names: Any, accounts: Any) -> ContactService:
            references = ContactReferences(names, remembered, users, nothing)
            shapes = ContactShapes(remembered)
            return ContactService(
                contacts, nothing, nothing, references, shapes, nothing, nothing, accounts, clock, ids
            )

        references = ContactReferences(self.groups, remembered, nothing, nothing)
        group_service = GroupService(self.groups, remembered, references, References(), nothing, clock, ids)

        def undone(one: ContactImport) -> tuple[Any, ContactService, Caller]:
            contacts = self.undone_of(one)
            return contacts, service(contacts, self.groups, nothing), caller_of(one)

        takers = ImportTakers(
            self.store,
            nothing,
            self.fields,
            self.rows_of,
            lambda trial: ContactImportGroups(self.groups, group_service, clock, ids, trial),
            ContactImportAgents(users, clock),
            writing,
            ["pigeon"],
        )
        self.people = service(self.contacts, self.groups, nothing)
        file = ImportFile(self.objects, self.objects)
        self.work = ContactImportWork(
            self.store,
            file,
            takers,
            NoResults(),
            ImportUndo(self.store, undone, self.comments, clock, self.told),
            self.queue,
            clock,
            self.told,
        )
        self.imports = ContactImportService(
            self.store, self.objects, file, takers, takers.trial, self.queue, clock, ids
        )

    def file(self, body: bytes | str) -> str:
        """An uploaded file."""
        raw = body.encode() if isinstance(body, str) else body
        file_id = self.ids.new("fi", A)
        file = File(file_id, "import", "people.csv", "text/csv", len(raw), ADMIN.id, self.clock.now(), "accepted")
        self.memory.files[file_id] = replace(file, etag="etag")
        self.memory.objects[served_key(A, file_id, "etag")] = raw
        return file_id

    def begin(self, body: bytes | str, mapping: dict[str, str] | None = None, dry_run: bool = False) -> str:
        """The id of a new import."""
        return str(self.imports.create(ADMIN, self.file(body), mapping or {}, dry_run)["id"])

    def run(self, body: bytes | str, mapping: dict[str, str] | None = None, dry_run: bool = False) -> dict[str, Any]:
        """An import that was worked on until nothing was left to do."""
        return self.finish(self.begin(body, mapping, dry_run))

    def finish(self, import_id: str, turns: Callable[[], int] = lambda: 10**9) -> dict[str, Any]:
        """Work on it. `turns`: so often there is time. A worker that dies, or is out of commands, is helped by the
        sweep."""
        for _ in range(100_000):
            if self.store.get(A, import_id).stage is None:
                return self.imports.get(ADMIN, import_id)
            if self.queue.sent:
                self._deliver(self.queue.sent.pop(0), turns())
            else:
                self.clock.move(121)
                self.work.sweep(100)
        raise AssertionError("it does not end")

    def undo(self, import_id: str, turns: Callable[[], int] = lambda: 10**9) -> dict[str, Any]:
        """Undo it."""
        self.imports.undo(ADMIN, import_id)
        return self.finish(import_id, turns)

    def outcomes(self, import_id: str) -> list[tuple[int, str, str | None, str | None]]:
        """Row, outcome, reason, column."""
        rows, following = self.imports.rows(ADMIN, import_id, 10**6, None)
        assert following is None
        return [(one["row"], one["outcome"], one["reason"], one["column"]) for one in rows]

    def state(self) -> dict[str, str]:
        """What all contacts are like, by id."""
        return {one.id: mark_of(one) for one in self.memory.contacts.values()}

    def _deliver(self, command: Command, turns: int) -> None:
        left = iter(range(turns))
        body = command.body
        with suppress(Died):
            self.work.work(
                body["account"], body["import_id"], body["stage"], body["lane"], lambda: next(left, None) is not None
            )


def csv_of(rows: Iterable[Sequence[str]], header: Sequence[str], separator: str = ",") -> bytes:
    """A CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
