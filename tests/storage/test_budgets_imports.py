"""What a row of an import costs: written, found as it is, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.import_stores import ADMIN
from tests.import_world import csv_of
from tests.recording import Calls, record
from tests.storage.test_contact_imports import StoredWorld

ROWS = 5
HEADER = ("name", "mobile", "email", "city", "organization")


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> Iterator[StoredWorld]:
    """Its organization is there already."""
    world = StoredWorld(clock, ids)
    world.run(csv_of([("Zoë", "", "z@example.com", "", "Empresa")], HEADER))
    yield world


def people() -> bytes:
    rows = [
        (f"João da Silva {n}", f"11 9{8000_0000 + n}", f"joao{n}@example.com", "São Paulo", "Empresa")
        for n in range(ROWS)
    ]
    return csv_of(rows, HEADER)


def lane(world: StoredWorld, body: bytes) -> tuple[str, Calls]:
    """An import, and what its rows cost."""
    import_id = world.begin(body)
    while world.store.get(ADMIN.account, import_id).stage == "survey":
        command = world.queue.sent.pop(0).body
        world.work.work(command["account"], import_id, command["stage"], command["lane"], lambda: True)
    with record() as calls:
        world.work.work(ADMIN.account, import_id, "rows", 0, lambda: True)
    world.finish(import_id)
    return import_id, calls


def test_a_row_costs_its_contact_and_two_units_more(world: StoredWorld) -> None:
    import_id, calls = lane(world, people())
    transactions = [call for call in calls.log if call.operation == "dynamodb:TransactWriteItems"]
    assert len(transactions) == ROWS
    each = sum(call.cost.wru for call in transactions) / ROWS
    operations = [len(call.parameters["TransactItems"]) for call in transactions]
    print(f"\na row that makes a contact: {each:.1f} WRU in {max(operations)} operations")
    assert each <= 2 * max(operations) + 2, "of them 2 for the row; an event is 1 to 2 KB"
    assert max(operations) <= 19
    others = calls.wru - sum(call.cost.wru for call in transactions)
    assert others <= 4, "the lane's place: when it begins, for each 25 rows, at its end, and the next stage"
    reads = sum(calls.operations.values()) - len(transactions)
    assert reads <= 14, calls.operations
    _, again = lane(world, people())
    print(f"a row that changes nothing: {(again.wru - 4) / ROWS:.1f} WRU, {again.rru / ROWS:.1f} RRU")
    assert (again.wru - 4) / ROWS <= 1
    world.imports.undo(ADMIN, import_id)
    with record() as back:
        world.finish(import_id)
    print(f"undoing one that made a contact: {back.wru / ROWS:.1f} WRU, {back.rru / ROWS:.1f} RRU")
    assert back.wru / ROWS <= each + 4
