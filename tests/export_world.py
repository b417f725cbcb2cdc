"""Exports of contacts against fakes of tables and bucket, which can be made to die at any call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from recado.domain.chats import Author, Event
from recado.domain.contact_columns import COLUMNS
from recado.domain.contact_exports import PLACES, ContactExport, Part, Place
from recado.domain.contacts import Contact
from recado.domain.files import File, served_key
from recado.domain.groups import Group, GroupKind
from recado.domain.ids import make_id
from recado.ports.contact_exports import ContactsRead, UploadGone
from recado.ports.core import Command
from recado.ports.sweeps import DuePage
from recado.services.contact_export_work import ContactExportWork
from recado.storage.keys import shard_of
from tests.import_stores import Memory, MemoryFields, MemoryUsers

A = "accounta"
PAGE = 40


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


@dataclass
class Fate:
    """At which call to the outside the process dies, and whether that call was still carried out."""

    at: int | None = None
    carried_out: bool = False
    calls: int = 0

    def __call__(self, act: Callable[[], Any]) -> Any:
        """Make a call."""
        self.calls += 1
        dies = self.calls == self.at
        if dies and not self.carried_out:
            raise Killed
        answer = act()
        if dies:
            raise Killed
        return answer


@dataclass
class Tables:
    """EXPORTs with their conditions, and the contacts."""

    fate: Fate
    exports: dict[str, ContactExport] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    """Runs before each page is read."""

    def create(self, a: str, export: ContactExport) -> None:
        self.exports[export.id] = export

    def get(self, a: str, export_id: str) -> ContactExport | None:
        return self.exports.get(export_id)

    def page(self, a: str, limit: int, after: str | None) -> list[ContactExport]:
        ids = sorted((one for one in self.exports if after is None or one < after), reverse=True)
        return [self.exports[one] for one in ids[:limit]]

    def move(self, a: str, before: ContactExport, after: ContactExport) -> bool:
        return bool(self.fate(lambda: self._move(before, after)))

    def finish(self, a: str, before: ContactExport, after: ContactExport, file: File, event: Event) -> bool:
        def finish() -> bool:
            if not self._move(before, after):
                return False
            self.files[file.id] = file
            self.events.append(event)
            return True

        return bool(self.fate(finish))

    def _move(self, before: ContactExport, after: ContactExport) -> bool:
        if self.exports[before.id].version != before.version:
            return False
        self.exports[before.id] = after
        return True

    def due(self, now: datetime, limit: int) -> DuePage:
        return DuePage([(A, one.id) for one in self.exports.values() if one.due and one.due <= now], False)

    def look_again_at(self, a: str, export_id: str, when: datetime) -> None:
        export = self.exports[export_id]
        if export.due is not None:
            object.__setattr__(export, "due", when)

    def read(self, a: str, group: tuple[GroupKind, str] | None, place: Place) -> ContactsRead:
        def page() -> ContactsRead:
            self.meanwhile()
            found = [one for one in self._shards()[place.shard] if place.after is None or one.id > place.after][:PAGE]
            if len(found) == PAGE:
                return ContactsRead(found, Place(place.shard, found[-1].id))
            return ContactsRead(found, Place(place.shard + 1) if place.shard + 1 < PLACES else None)

        answer: ContactsRead = self.fate(page)
        return answer

    def _shards(self) -> list[list[Contact]]:
        shards: list[list[Contact]] = [[] for _ in range(PLACES)]
        for contact_id in sorted(self.contacts):
            shards[int(shard_of(contact_id), 16)].append(self.contacts[contact_id])
        return shards


class Groups:
    """Names of groups; `unseen` are not found by a read that is only eventually consistent."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.unseen: set[str] = set()

    def get(self, a: str, kind: GroupKind, group_id: str) -> Group | None:
        return self._tables.groups.get(group_id)

    def get_many(self, a: str, kind: GroupKind, group_ids: Sequence[str]) -> dict[str, Group]:
        assert len(group_ids) <= 100
        known = self._tables.groups
        return {one: known[one] for one in group_ids if one in known and one not in self.unseen}


class Bucket:
    """S3 as far as multipart uploads go: parts may be written again, only the last may be small."""

    def __init__(self, fate: Fate, least_part: int) -> None:
        self._fate = fate
        self._least_part = least_part
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self.largest_part = 0

    def begin(self, key: str, content_type: str, disposition: str) -> str:
        def begin() -> str:
            upload_id = f"upload-{len(self.uploads)}-{len(self.objects)}"
            self.uploads[upload_id] = {}
            return upload_id

        return str(self._fate(begin))

    def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        def put() -> str:
            assert 1 <= number <= 10_000
            self.largest_part = max(self.largest_part, len(body))
            self._parts(upload_id)[number] = body
            return f"etag-{hash(body)}"

        return str(self._fate(put))

    def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        def complete() -> None:
            known = self._parts(upload_id)
            assert parts and [part.number for part in parts] == sorted({part.number for part in parts})
            assert all(part.etag == f"etag-{hash(known[part.number])}" for part in parts), "InvalidPart"
            assert all(len(known[part.number]) >= self._least_part for part in parts[:-1]), "EntityTooSmall"
            self.objects[key] = b"".join(known[part.number] for part in parts)
            del self.uploads[upload_id]

        self._fate(complete)

    def exists(self, key: str) -> bool:
        return key in self.objects

    def remove(self, key: str) -> None:
        self._fate(lambda: self.objects.pop(key, None))

    def give_up(self, key: str, upload_id: str) -> None:
        self._fate(lambda: self.uploads.pop(upload_id, None))

    def _parts(self, upload_id: str) -> dict[int, bytes]:
        if upload_id not in self.uploads:
            raise UploadGone
        return self.uploads[upload_id]


class Line:
    """A queue whose sends may be the last thing a process does."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self.waiting: list[Command] = []
        self.sent = 0

    def send(self, commands: Sequence[Command]) -> None:
        self._fate(lambda: self.waiting.extend(commands))
        self.sent += len(commands)


@dataclass
class Told:
    """The journal."""

    outcomes: list[str] = field(default_factory=list)

    def stepped(self, export_id: str, outcome: str, done: int, size: int) -> None:
        self.outcomes.append(outcome)

    def not_enqueued(self, export_id: str, error: Exception) -> None:
        self.outcomes.append("not_enqueued")


class ExportWorld:
    """One account, its exports and a worker. `steps` of a worker are as many parts as it has time for."""

    def __init__(self, clock: Any, ids: Any, part_bytes: int = 6_000, steps: int = 10**9) -> None:
        self.clock, self.ids, self._part_bytes, self._steps = clock, ids, part_bytes, steps
        self.fate = Fate()
        self.tables, self.bucket = Tables(self.fate), Bucket(self.fate, part_bytes * 5 // 6)
        memory = Memory()
        self.users, self.fields = MemoryUsers(memory), MemoryFields(memory)
        self.groups, self.queue, self.journal = Groups(self.tables), Line(self.fate), Told()

    @property
    def work(self) -> ContactExportWork:
        """A fresh worker, as in a fresh process."""
        tables: Any = self.tables
        users: Any = self.users
        beside = self.queue, self.clock, self.ids, self.journal
        return ContactExportWork(
            tables, tables, self.groups, self.fields, users, self.bucket, *beside, part_bytes=self._part_bytes
        )

    def add(self, number: int, **fields: Any) -> Contact:
        """A contact whose id follows from the number."""
        contact_id = make_id("ct", A, self.clock.now(), f"{number:016x}")
        contact = Contact(contact_id, self.clock.now(), self.clock.now(), **fields)
        self.tables.contacts[contact_id] = contact
        return contact

    def ask(self, columns: Sequence[str] = COLUMNS, **fields: Any) -> str:
        """An export that waits, its command on its way; its id."""
        author = Author("user", "us_accounta_1")
        now = self.clock.now()
        export = ContactExport(
            self.ids.new("ex", A), self.ids.new("fi", A), author, now, tuple(columns), due=now, **fields
        )
        self.tables.create(A, export)
        return export.id

    def run(self, export_id: str, version: int | None = None) -> None:
        """A worker gets the command for an export as it is now."""
        version = self.tables.exports[export_id].version if version is None else version
        time = iter(range(self._steps - 1))
        self.work.work(A, export_id, version, lambda: next(time, None) is not None)

    def to_the_end(self, export_id: str, most: int = 400) -> ContactExport:
        """Minutes pass; whatever waits is worked on, whoever dies is dead."""
        for _ in range(most):
            if self.tables.exports[export_id].is_over:
                return self.tables.exports[export_id]
            while self.queue.waiting:
                command = self.queue.waiting.pop(0).body
                self._survive(partial(self.run, command["export_id"], command["version"]))
            self.clock.move(60)
            self._survive(partial(self.work.sweep, 160))
        raise AssertionError("it never ends")

    def _survive(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except (Killed, ConnectionError):
            self.fate.at = None

    def file(self, export_id: str) -> bytes:
        """The file of an export that is done."""
        export = self.tables.exports[export_id]
        assert export.state == "done"
        return self.bucket.objects[served_key(A, export.file_id, export.mark)]
