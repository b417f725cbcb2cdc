"""Imports in the tables: what is read is what was written, rows page, and a whole import with its way back."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from recado.domain.chats import Author, Event
from recado.domain.contact_erasure import Erasing
from recado.domain.contact_import_lanes import Window
from recado.domain.contact_imports import ContactImport, Lane, Plan, Row, Trouble
from recado.domain.csv_files import Layout
from recado.services.erasing_timelines import ErasingTimeline
from recado.storage.contact_imports import DynamoImports, ImportRecord, LaneRecord, PlanRecord, RowRecord
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contact_timelines import ContactTimelines
from recado.storage.contacts import ContactStore
from recado.storage.custom_fields import DynamoCustomFields
from recado.storage.groups import DynamoGroups
from recado.storage.imported_contacts import DynamoRowContacts, DynamoUndoneContacts
from tests.import_world import ADMIN, A, ImportWorld, csv_of
from tests.services.test_contact_imports import HEADER, counts, people


class StoredWorld(ImportWorld):
    """An import's world in the tables."""

    def __init__(self, clock: Any, ids: Any) -> None:
        super().__init__(clock, ids)
        self.store, self.contacts, self.groups, self.fields = (
            DynamoImports(),
            ContactStore(),
            DynamoGroups(),
            DynamoCustomFields(),
        )
        self.rows_of, self.undone_of, self.comments = DynamoRowContacts, DynamoUndoneContacts, ContactTimelines()
        self.connect()


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> StoredWorld:
    return StoredWorld(clock, ids)


@pytest.mark.parametrize(
    ("entity", "record", "otherwise"),
    [(ContactImport, ImportRecord, set()), (Plan, PlanRecord, set()), (Lane, LaneRecord, set()),
     (Row, RowRecord, {"number"})],
)  # fmt: skip
def test_every_field_has_its_attribute(entity: Any, record: Any, otherwise: set[str]) -> None:
    assert {field.name for field in fields(entity)} - set(record.get_attributes()) == otherwise


def test_what_is_read_is_what_was_written(world: StoredWorld, clock: Any, ids: Any) -> None:
    store, trouble = world.store, Trouble("invalid", "É.", 3, "Nome")
    one = ContactImport(
        ids.new("im", A), ids.new("fi", A), "a.csv", {"Nome": "name"}, True, "us", clock.now(), "running", "rows", 3, 4,
        2, {"created": 1}, (trouble,), trouble, "fi_2", {"left": 1}, clock.now(), clock.now(), 7,
    )  # fmt: skip
    store.create(A, one, clock.now())
    assert store.get(A, one.id) == one
    assert store.due(clock.now(), 160).found == [(A, one.id)]
    plan = Plan(
        Layout("utf-16-le", ";", ("Nome", "x"), 9, 2),
        "etag",
        99,
        (Window(9, 30, 2, 4, 2, ((9, 2), (20, 3))), Window(9, 30, 2, 4, 2)),
        30,
        4,
        True,
    )
    assert store.save_plan(A, one, plan)
    assert store.plan(A, one.id) == plan
    lane = Lane(1, 2, 3, {"created": 1}, (trouble,), 1, clock.now())
    assert store.save_lane(A, one, Lane(1), lane) == store.lane(A, one.id, 1) == replace(lane, version=1)
    assert store.lanes(A, one.id) == [replace(lane, version=1)]
    back = store.save_lane(A, one, Lane(-1), Lane(-1, row=8))
    assert (store.lane(A, one.id, -1), len(store.lanes(A, one.id))) == (back, 1)
    lane_back = store.save_lane(A, one, Lane(-12), Lane(-12, 1, 4, {"removed": 2}, put_off=("ct",)))
    assert store.ways_back(A, one.id) == [back, lane_back]
    row = Row(2, "updated", "ct", (trouble, trouble), {"name": None}, {"name": "Ana", "group_ids": ["gr"]}, "mark")
    assert store.put_row(A, one, row)
    assert store.row(A, one.id, 2) == row
    undone = replace(row, undone="left", undo_trouble=trouble)
    assert store.mark_undone(A, one.id, undone)
    assert store.row(A, one.id, 2) == undone
    store.forget_row(A, one.id, 2)
    assert store.row(A, one.id, 2) == Row(2, "updated", None, (trouble, trouble), undone="left", undo_trouble=trouble)


def test_rows_page_over_partitions_and_empty_lines(world: StoredWorld, clock: Any, ids: Any) -> None:
    one = ContactImport(ids.new("im", A), "fi", "a.csv", {}, False, "us", clock.now(), last_row=40_000)
    numbers = [2, 3, 499, 500, 501, 1000, 39_999, 40_000]
    for number in numbers:
        world.store.put_row(A, one, Row(number, "unchanged"))
    found, after, pages = list[int](), 0, 0
    while after is not None:
        rows, after = world.store.rows(A, one, after, 3)
        found += [row.number for row in rows]
        pages += 1
    assert (found, pages) == (numbers, 4)
    back, before = list[int](), 40_001
    while rows := world.store.rows_before(A, one, before, 3):
        back += [row.number for row in rows]
        before = back[-1]
    assert back == numbers[::-1]


def test_a_whole_import_is_done_told_found_again_and_undone(world: StoredWorld) -> None:
    body = csv_of([*people(4), ("", "", "", "", "", ""), *people(1, "Natal"), ("Só", "", "", "", "", "")], HEADER)
    done = world.run(body)
    assert (done["state"], counts(done)) == ("done", (5, 1, 0, 1))
    rows, _ = world.imports.rows(ADMIN, done["id"], 200, None)
    assert [(one["row"], one["outcome"]) for one in rows][-3:] == [(6, "rejected"), (7, "updated"), (8, "created")]
    contact = world.contacts.get(A, rows[0]["contact_id"])
    assert (contact.name, contact.city, len(contact.group_ids)) == ("João da Silva 0", "Natal", 0)
    events = [one.event() for one in ContactEventRecord.query(f"{A}#E#{contact.id}")]
    assert [(one.type, one.data["import_id"], one.data["import_row"]) for one in events] == [
        ("contact.created", done["id"], 2),
        ("contact.updated", done["id"], 7),
    ]
    again = world.run(body)
    assert counts(again) == (0, 2, 4, 1), "one contact is of Recife in row 2, of Natal in row 7"
    assert world.undo(again["id"])["undo"] == {"removed": 0, "restored": 2, "left": 0}
    assert world.undo(done["id"])["undo"] == {"removed": 5, "restored": 1, "left": 0}
    assert world.contacts.get(A, contact.id) is None


def test_a_contact_with_a_comment_is_not_undone(world: StoredWorld, clock: Any, ids: Any) -> None:
    done = world.run(csv_of(people(2), HEADER))
    rows, _ = world.imports.rows(ADMIN, done["id"], 200, None)
    told, other = (row["contact_id"] for row in rows)
    comment = Event(
        ids.new("ev", A), "contact.commented", clock.now(), Author("user", "us"), {"text": "VIP"}, contact_id=told
    )
    world.contacts.comment(A, comment)
    assert world.undo(done["id"])["undo"] == {"removed": 1, "restored": 0, "left": 1}
    assert (world.contacts.get(A, told) is None, world.contacts.get(A, other) is None) == (False, True)


def test_rows_forget_a_contact_that_is_erased(world: StoredWorld) -> None:
    class Timelines:
        def erase_own(self, *_: Any) -> None: ...

        def own_events(self, a: str, contact_id: str, limit: int) -> list[Any]:
            return [one.event() for one in ContactEventRecord.query(f"{A}#E#{contact_id}")]

    done = world.run(csv_of(people(1), HEADER))
    changed = world.run(csv_of(people(1, "Natal"), HEADER))
    contact_id = world.store.row(A, done["id"], 2).contact_id
    nothing: Any = SimpleNamespace(find=lambda *_: None)
    work = Erasing("er", (contact_id,), (), (), world.clock.now(), world.clock.now())
    ErasingTimeline(cast(Any, Timelines()), nothing, nothing, world.store).page(A, work)
    assert world.store.row(A, done["id"], 2) == Row(2, "created")
    assert world.store.row(A, changed["id"], 2) == Row(2, "updated")
