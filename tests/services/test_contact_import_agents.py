"""Custom fields that hold an agent, in lists: by id, address or name; and what exports show of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.custom_fields import CustomField
from recado.domain.people import User
from tests.export_world import ExportWorld
from tests.import_world import ADMIN, A, ImportWorld, csv_of

HEADER = ("Nome", "E-mail", "Gerente")


@pytest.fixture
def world(clock: Any, ids: Any) -> ImportWorld:
    world = ImportWorld(clock, ids)
    world.memory.fields.append(FIELD)
    for user in USERS:
        world.memory.users[user.id] = user
    return world


def user(number: int, name: str, email: str) -> User:
    return User(f"us_{A}_{number:027x}", name, email, "agent", FIELD.created_at)


FIELD = CustomField("cf_1", "contacts", "gerente", "Gerente", "agent", datetime(2026, 3, 2, tzinfo=UTC))
ANA, BIA, OTHER_BIA = USERS = (
    user(1, "Ana  Gonçalves", "ana@example.com"),
    user(2, "Bia", "bia@example.com"),
    user(3, "BIA", "b.souza@example.com"),
)


@pytest.mark.parametrize("cell", [ANA.id, "ANA@example.com", "ana goncalves", "Ana Gonçalves", " ana gonçalves "])
def test_an_agent_is_found_by_id_address_and_name(world: ImportWorld, cell: str) -> None:
    rows = csv_of([("Caio", "c@example.com", cell)], HEADER)
    seen = world.imports.preview(ADMIN, world.file(rows), {})["rows"][0]
    assert (seen["outcome"], seen["contact"]["custom_fields"]) == ("created", {"gerente": ANA.id})
    for dry_run, outcome in ((True, "created"), (False, "created"), (False, "unchanged")):
        done = world.run(rows, dry_run=dry_run)
        assert [one for _, one, *_ in world.outcomes(done["id"])] == [outcome]
    [contact] = world.memory.contacts.values()
    assert contact.custom_fields == {"gerente": ANA.id}


@pytest.mark.parametrize(
    ("cell", "reason"),
    [("bia", "ambiguous"), ("Zoë", "not_found"), ("z@example.com", "not_found"), (f"us_{A}_{9:027x}", "not_found")],
)
def test_who_is_not_found_or_not_alone_is_told(world: ImportWorld, cell: str, reason: str) -> None:
    for dry_run in (True, False):
        done = world.run(csv_of([("Caio", "c@example.com", cell)], HEADER), dry_run=dry_run)
        assert world.outcomes(done["id"]) == [(2, "rejected", reason, "Gerente")]
    assert not world.memory.contacts


def test_who_is_not_found_is_not_looked_for_again(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the rows beside it were read for together would be read one by one, three times over."""
    forgotten: list[Any] = []
    monkeypatch.setattr("tests.import_stores.MemoryRowContacts.forget", lambda self: forgotten.append(self))
    done = world.run(csv_of([(f"Caio {n}", f"c{n}@example.com", "Zoë") for n in range(3)], HEADER))
    assert (done["rejected"], forgotten) == (3, [])


def test_an_address_says_which_of_two_of_one_name(world: ImportWorld) -> None:
    world.run(csv_of([("Caio", "c@example.com", "b.souza@example.com")], HEADER))
    [contact] = world.memory.contacts.values()
    assert contact.custom_fields == {"gerente": OTHER_BIA.id}


def test_users_are_read_for_many_rows_at_once(world: ImportWorld) -> None:
    world.run(csv_of([(f"Caio {n}", f"c{n}@example.com", "ana gonçalves") for n in range(100)], HEADER))
    assert world.users.pages == 2, "the one with all of them, and the empty one behind it"


def test_an_export_shows_addresses_and_imports_as_it_is(world: ImportWorld, clock: Any, ids: Any) -> None:
    """Of an agent who is gone the id is shown, and stands."""
    gone = user(9, "Gone", "gone@example.com")
    world.memory.users[gone.id] = gone
    rows = [("Caio", "c@example.com", ANA.email), ("Davi", "d@example.com", "Gone"), ("Eva", "e@example.com", "")]
    world.run(csv_of(rows, HEADER))
    del world.memory.users[gone.id]
    exports = ExportWorld(clock, ids)
    exports.users.memory = exports.fields.memory = world.memory
    exports.tables.contacts |= world.memory.contacts
    export_id = exports.ask(("id", "name", "cf_gerente"))
    exports.to_the_end(export_id)
    file = exports.file(export_id)
    assert sorted(line.split(",")[1:] for line in file.decode().splitlines()[1:]) == [
        ["Caio", ANA.email],
        ["Davi", gone.id],
        ["Eva", ""],
    ]
    done = world.run(file)
    assert (done["unchanged"], done["total"]) == (3, 3), done["errors"]
