"""Stores in memory that keep the same conditions as those of imports, so that thousands of rows take seconds; the
process may die before or after any write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from recado.domain.access import Caller
from recado.domain.chats import Event
from recado.domain.contact_claims import strongest_holder
from recado.domain.contact_imports import RESULTS, ContactImport, Lane, Plan, Row, created_row, updated_row
from recado.domain.contacts import Claim, Contact
from recado.domain.custom_fields import CustomField
from recado.domain.files import File
from recado.domain.groups import Group, name_key
from recado.domain.people import User
from recado.ports.contact_imports import ChangedSince, RowDone
from recado.ports.contacts import ClaimsTaken, ContactChange, ContactMoved, GroupsGone
from recado.ports.files import Found, Replaced
from recado.ports.groups import NameTaken
from recado.ports.sweeps import DuePage
from tests.deaths import Deaths

A = "accounta"
ADMIN = Caller(A, "admin", user_id=f"us_{A}_{'0' * 27}")


@dataclass
class Memory:
    """All that is stored."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    claims: dict[Claim, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    imports: dict[str, ContactImport] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    lanes: dict[tuple[str, int], Lane] = field(default_factory=dict)
    fields: list[CustomField] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    open_chats: set[str] = field(default_factory=set)
    commented: set[str] = field(default_factory=set)
    objects: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    deaths: Deaths = field(default_factory=Deaths)

    def of_phone(self, number: str) -> Contact:
        """Who holds a number."""
        return self.contacts[self.claims[Claim("phone", number)]]


class MemoryContacts:
    """Contacts with their claims, as `storage.contacts` writes them."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def get(self, a: str, contact_id: str) -> Contact | None:
        return self.memory.contacts.get(contact_id)

    resolved = get

    def get_many(self, a: str, contact_ids: Sequence[str]) -> dict[str, Contact]:
        return {one: self.memory.contacts[one] for one in contact_ids if one in self.memory.contacts}

    def holders(self, a: str, claims: Sequence[Claim]) -> dict[Claim, str]:
        return {claim: self.memory.claims[claim] for claim in claims if claim in self.memory.claims}

    def find_by_claims(self, a: str, claims: Sequence[Claim]) -> str | None:
        return strongest_holder(claims, self.holders(a, claims))

    def create(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        self.write(None, contact, event, others)

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        self.write(before, after, event, others)

    def delete(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        self.write(contact, None, event, others)

    def write(
        self,
        before: Contact | None,
        after: Contact | None,
        event: Event,
        others: Sequence[ContactChange] = (),
        beside: Callable[[], Callable[[], None]] = lambda: lambda: None,
    ) -> None:
        """All or nothing; `beside` raises, or answers what is written too."""
        self.memory.deaths.around(lambda: self._write(before, after, event, others, beside))

    def _write(
        self,
        before: Contact | None,
        after: Contact | None,
        event: Event,
        others: Sequence[ContactChange],
        beside: Callable[[], Callable[[], None]],
    ) -> None:
        memory = self.memory
        more = beside()
        for seen in filter(None, (before, *(other.before for other in others))):
            stored = memory.contacts.get(seen.id)
            if stored is None or stored.version != seen.version:
                raise ContactMoved
        if before is None and after is not None and after.id in memory.contacts:
            raise ContactMoved
        held, taken = set(before.claims if before else ()), set(after.claims if after else ())
        if others_hold := tuple(claim for claim in taken - held if claim in memory.claims):
            raise ClaimsTaken(others_hold)
        if after and any(
            one not in memory.groups for one in (*after.group_ids, *filter(None, [after.organization_id]))
        ):
            raise GroupsGone
        for claim in held - taken:
            del memory.claims[claim]
        for changed in (*filter(None, [after]), *(other.after for other in others)):
            memory.contacts[changed.id] = changed
        if after is None and before is not None:
            del memory.contacts[before.id]
        elif after is not None:
            memory.claims |= dict.fromkeys(taken, after.id)
        memory.events.append(event)
        more()


class MemoryRowContacts(MemoryContacts):
    """As `storage.imported_contacts.DynamoRowContacts`."""

    made: frozenset[str] = frozenset()

    def __init__(self, memory: Memory, one: ContactImport) -> None:
        super().__init__(memory)
        self.one, self.number, self.key = one, 0, ""
        self.seen_of_key: str | None = None
        self.written: Row | None = None

    def begin(self, number: int, key: str) -> None:
        self.number, self.key, self.written, self.seen_of_key = number, key, None, None

    def foresee(self, a: str, claims: Sequence[Claim], contact_ids: Sequence[str]) -> None: ...

    def forget(self) -> None: ...

    def contact_of_key(self, a: str, key: str) -> str | None:
        self.seen_of_key = self.memory.keys.get(key)
        return self.seen_of_key

    def create(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        self._with_row(None, contact, event, others, created_row(self.number, contact))

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        self._with_row(before, after, event, others, updated_row(self.number, before, after))

    def _with_row(
        self, before: Contact | None, after: Contact, event: Event, others: Sequence[ContactChange], row: Row
    ) -> None:
        place = self.one.id, row.number

        def beside() -> Callable[[], None]:
            if place in self.memory.rows:
                raise RowDone
            if self.key and before is None and self.memory.keys.get(self.key) != self.seen_of_key:
                raise ClaimsTaken(())
            return write

        def write() -> None:
            self.memory.rows[place] = row
            if self.key and before is None:
                self.memory.keys[self.key] = after.id

        self.write(before, after, event, others, beside)
        self.written = row


class MemoryUndoneContacts(MemoryContacts):
    """As `storage.imported_contacts.DynamoUndoneContacts`."""

    def __init__(self, memory: Memory, one: ContactImport) -> None:
        super().__init__(memory)
        self.one, self.row, self.version, self.written = one, Row(0, "rejected"), 0, False

    def begin(self, row: Row, version: int) -> None:
        self.row, self.version, self.written = row, version, False

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        self._marked(before, after, event, others)

    def delete(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        self._marked(contact, None, event, others)

    def _marked(self, before: Contact, after: Contact | None, event: Event, others: Sequence[ContactChange]) -> None:
        ours, place = before.id == self.row.contact_id, (self.one.id, self.row.number)
        if ours and before.version != self.version:
            raise ChangedSince

        def beside() -> Callable[[], None]:
            if ours and self.memory.rows[place].undone:
                raise RowDone
            return write

        def write() -> None:
            if ours:
                self.memory.rows[place] = self.row

        self.write(before, after, event, others, beside)
        self.written = self.written or ours


class MemoryImports:
    """As `storage.contact_imports.DynamoImports`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def create(self, a: str, one: ContactImport, due: datetime) -> None:
        self.memory.imports[one.id], self.memory.due[one.id] = one, due

    def get(self, a: str, import_id: str) -> ContactImport | None:
        return self.memory.imports.get(import_id)

    def page(self, a: str, limit: int, after: str | None) -> list[ContactImport]:
        ids = sorted((one for one in self.memory.imports if after is None or one < after), reverse=True)
        return [self.memory.imports[one] for one in ids[:limit]]

    def change(self, a: str, before: ContactImport, after: ContactImport, due: datetime | None) -> bool:
        def write() -> bool:
            if self.memory.imports[before.id].version != before.version:
                return False
            self.memory.imports[before.id] = replace(after, version=before.version + 1)
            self.memory.due.pop(before.id, None)
            if due:
                self.memory.due[before.id] = due
            return True

        return bool(self.memory.deaths.around(write))

    def due(self, now: datetime, limit: int) -> DuePage:
        return DuePage([(A, one) for one, at in self.memory.due.items() if at <= now], False)

    def look_again_at(self, a: str, import_id: str, when: datetime) -> None:
        if import_id in self.memory.due:
            self.memory.due[import_id] = when

    def plan(self, a: str, import_id: str) -> Plan | None:
        return self.memory.plans.get(import_id)

    def save_plan(self, a: str, one: ContactImport, plan: Plan) -> bool:
        def write() -> bool:
            seen = self.memory.plans.get(one.id)
            if seen is not None and seen.at >= plan.at:
                return False
            self.memory.plans[one.id] = plan
            return True

        return bool(self.memory.deaths.around(write))

    def lane(self, a: str, import_id: str, number: int) -> Lane:
        return self.memory.lanes.get((import_id, number), Lane(number))

    def lanes(self, a: str, import_id: str) -> list[Lane]:
        return [lane for (one, number), lane in self.memory.lanes.items() if one == import_id and number >= 0]

    def ways_back(self, a: str, import_id: str) -> list[Lane]:
        return [
            lane
            for (one, number), lane in self.memory.lanes.items()
            if one == import_id and number < 0 and number != RESULTS
        ]

    def save_lane(self, a: str, one: ContactImport, seen: Lane, lane: Lane) -> Lane | None:
        def write() -> Lane | None:
            if self.lane(a, one.id, lane.number).version != seen.version:
                return None
            kept = self.memory.lanes[one.id, lane.number] = replace(lane, version=seen.version + 1)
            return kept

        kept: Lane | None = self.memory.deaths.around(write)
        return kept

    def put_row(self, a: str, one: ContactImport, row: Row) -> bool:
        def write() -> bool:
            return self.memory.rows.setdefault((one.id, row.number), row) is row

        return bool(self.memory.deaths.around(write))

    def row(self, a: str, import_id: str, number: int) -> Row | None:
        return self.memory.rows.get((import_id, number))

    def rows(self, a: str, one: ContactImport, after: int, limit: int) -> tuple[list[Row], int | None]:
        every = self.rows_of(one.id)
        found = [row for row in every if row.number > after][:limit]
        return found, (found[-1].number if found and found[-1] is not every[-1] else None)

    def rows_before(self, a: str, one: ContactImport, before: int, limit: int) -> list[Row]:
        return [row for row in reversed(self.rows_of(one.id)) if row.number < before][:limit]

    def forget_row(self, a: str, import_id: str, number: int) -> None:
        raise NotImplementedError

    def mark_undone(self, a: str, import_id: str, row: Row) -> bool:
        def write() -> bool:
            if self.memory.rows[import_id, row.number].undone:
                return False
            self.memory.rows[import_id, row.number] = row
            return True

        return bool(self.memory.deaths.around(write))

    def rows_of(self, import_id: str) -> list[Row]:
        return [row for (one, _), row in sorted(self.memory.rows.items(), key=lambda item: item[0]) if one == import_id]


class MemoryGroups:
    """As `storage.groups.DynamoGroups`, as far as imports go."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def get(self, a: str, kind: Any, group_id: str) -> Group | None:
        return self.memory.groups.get(group_id)

    def get_many(self, a: str, kind: Any, group_ids: Sequence[str]) -> dict[str, Group]:
        return {one: self.memory.groups[one] for one in group_ids if one in self.memory.groups}

    def by_names(self, a: str, kind: Any, names: Sequence[str]) -> dict[str, str]:
        every = {name_key(one.name): one.id for one in self.memory.groups.values() if one.kind == kind}
        return {name: every[name] for name in names if name in every}

    def create(self, a: str, group: Group) -> None:
        if self.by_names(a, group.kind, [name_key(group.name)]):
            raise NameTaken
        self.memory.groups[group.id] = group


class MemoryUsers:
    """Users, as far as lists name them."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.pages = 0

    def get(self, a: str, user_id: str) -> User | None:
        return self.memory.users.get(user_id)

    def read(self, a: str, user_ids: Sequence[str]) -> list[User]:
        assert len(user_ids) <= 100
        return [self.memory.users[one] for one in user_ids if one in self.memory.users]

    def page(self, a: str, limit: int, after: str | None) -> list[User]:
        self.pages += 1
        return [self.memory.users[one] for one in sorted(self.memory.users) if after is None or one > after][:limit]


class MemoryFields:
    """Custom fields."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def all(self, a: str, table: str) -> list[CustomField]:
        return [one for one in self.memory.fields if one.table == table]


class MemoryFiles:
    """Items and objects of files."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def get(self, a: Any, file_id: str) -> File | None:
        return self.memory.files.get(file_id)

    def link_of(self, a: str, file_id: str) -> str | None:
        return f"https://files/{file_id}"

    def look(self, key: str) -> Found | None:
        body = self.memory.objects.get(key)
        return None if body is None else Found(str(hash(body)), len(body))

    def read(self, key: str, found: Found, offset: int, length: int) -> bytes:
        if self.look(key) != found:
            raise Replaced
        return self.memory.objects[key][offset : offset + length]
