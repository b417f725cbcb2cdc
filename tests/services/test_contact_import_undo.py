"""Undoing imports of contacts: what comes back, what stays, and rows that break it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.contact_import_lanes import LANES
from recado.domain.contact_imports import WAY_BACK, Trouble, without_refused
from recado.domain.errors import Conflict
from recado.ports.contacts import ContactMoved
from tests.deaths import Died
from tests.import_world import ADMIN, A, ImportWorld, csv_of
from tests.services.test_contact_imports import HEADER, counts, people


@pytest.fixture
def world(clock: Any, ids: Any) -> ImportWorld:
    return ImportWorld(clock, ids)


def test_undoing_leaves_what_was_changed_since(world: ImportWorld) -> None:
    world.run(csv_of(people(4, "Olinda"), HEADER))
    done = world.run(csv_of([*people(7, "Natal"), ("Zoë", "", "z@example.com", "", "", "")], HEADER))
    assert counts(done) == (4, 4, 0, 0)
    every = list(world.memory.contacts.values())
    world.people.change(ADMIN, every[0].id, {"city": "Bahia"})
    world.people.change(ADMIN, every[1].id, {"notes": "VIP"})
    world.people.change(ADMIN, every[4].id, {"notes": "VIP"})
    world.memory.open_chats.add(every[5].id)
    world.people.delete(ADMIN, every[6].id)
    undone = world.undo(done["id"])
    assert undone["undo"] == {"removed": 1, "restored": 3, "left": 4}
    rows, _ = world.imports.rows(ADMIN, done["id"], 100, None)
    assert [(one["undone"], one["undo_reason"]) for one in rows] == [
        ("left", "changed_since"),
        ("restored", None),
        ("restored", None),
        ("restored", None),
        ("left", "changed_since"),
        ("left", "contact_has_open_chat"),
        ("left", "contact_gone"),
        ("removed", None),
    ]
    cities = [one.city for one in world.memory.contacts.values()]
    assert cities == ["Bahia", "Olinda", "Olinda", "Olinda", "Natal", "Natal"]
    assert world.imports.undo(ADMIN, done["id"])["state"] == "undone", "again it is answered as it is"


def test_undoing_takes_no_contact_with_a_comment_away(world: ImportWorld) -> None:
    done = world.run(csv_of(people(3), HEADER))
    _, second, _ = world.memory.contacts
    world.memory.commented.add(second)
    assert world.undo(done["id"])["undo"] == {"removed": 2, "restored": 0, "left": 1}
    assert list(world.memory.contacts) == [second]
    rows, _ = world.imports.rows(ADMIN, done["id"], 100, None)
    assert [one["undo_reason"] for one in rows] == [None, "commented_since", None]


def test_a_failed_import_writes_no_row_behind_the_way_back(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """One lane finds the file gone while another is in the midst of its rows: what it wrote on would stay for ever."""
    import_id = world.begin(csv_of(people(1_200), HEADER))
    while world.store.get(A, import_id).stage == "survey":
        world._deliver(world.queue.sent.pop(0), 10**9)
    read = world.objects.read
    monkeypatch.setattr(world.objects, "read", lambda *asked: _failing_meanwhile(world, import_id, read, *asked))
    done = world.finish(import_id)
    assert (done["state"], done["reason"], len(world.memory.contacts)) == ("failed", "file_gone", 0)
    with pytest.raises(Conflict) as refused:
        world.imports.undo(ADMIN, import_id)
    assert refused.value.code == "import_not_over"
    world.clock.move(181)
    assert world.undo(import_id)["state"] == "undone"


def _failing_meanwhile(world: ImportWorld, import_id: str, read: Any, *asked: Any) -> bytes:
    """What is read, after which another lane lets the import fail."""
    found = bytes(read(*asked))
    one = world.store.get(A, import_id)
    if one.stage == "rows":
        world.work._fail(A, one, Trouble("file_gone", "gone"))
    return found


@pytest.mark.parametrize("dies", [False, True])
def test_a_row_that_breaks_its_undoing_again_and_again_is_left(
    world: ImportWorld, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    """An import would be undone for ever, and be one of the five that may run at once."""
    done = world.run(csv_of(people(40), HEADER))
    ids = list(world.memory.contacts)
    written = world.contacts.__class__.write

    def write(self: Any, before: Any, *others: Any) -> None:
        if before is not None and before.id == ids[30]:
            if dies:
                raise Died
            raise OSError
        written(self, before, *others)

    monkeypatch.setattr("tests.import_stores.MemoryContacts.write", write)
    world.imports.undo(ADMIN, done["id"])
    undone = None
    while undone is None:
        try:
            undone = world.finish(done["id"])
        except OSError:
            continue
    assert (undone["state"], undone["undo"]) == ("undone", {"removed": 39, "restored": 0, "left": 1})
    assert list(world.memory.contacts) == [ids[30]]
    rows, _ = world.imports.rows(ADMIN, done["id"], 100, None)
    assert {one["undo_reason"] for one in rows} == {None, "failed"}
    assert [(stage, row) for stage, row, _ in world.told.rows] == ([] if dies else [("undo", 32)])


def wandered(world: ImportWorld, count: int = 30) -> tuple[str, dict[str, str]]:
    """An import by which each contact's address became the next one's, and what was before it. It goes back in lanes as
    if it were larger."""
    header = ("name", "mobile", "email")
    one_by_one = [(f"Ana {n}", f"+55119{8000_0000 + n}", f"a{n}@example.com") for n in range(count)]
    world.run(csv_of(one_by_one, header))
    before = world.state()
    rows = [("", f"+55119{8000_0000 + n}", f"a{n + 1}@example.com") for n in reversed(range(count))]
    done = world.run(csv_of([*rows, ("Bia", "", "a0@example.com")], header))
    assert counts(done) == (1, count, 0, 0)
    world.memory.imports[done["id"]] = replace(world.memory.imports[done["id"]], lanes=LANES)
    return done["id"], before


@pytest.mark.parametrize("most", [100, 2])
def test_addresses_that_wandered_between_contacts_come_back_from_all_lanes(
    world: ImportWorld, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whichever lane is first finds an address held by a contact of another lane; one lane puts off a few contacts at
    most, and then all that is left of it."""
    monkeypatch.setattr("recado.services.contact_import_undo.MOST_PUT_OFF", most)
    import_id, before = wandered(world)
    world.memory.deaths.each, turns = 0.01, random.Random(7)
    world.imports.undo(ADMIN, import_id)
    undone = world.finish(import_id, lambda: turns.randrange(1, 5))
    ways = world.store.ways_back(A, import_id)
    put_off = [len(way.put_off) for way in ways]
    assert (sum(put_off) > 2, max(put_off) <= most, len(ways)) == (True, True, LANES + 1)
    assert (undone["undo"], world.state()) == ({"removed": 1, "restored": 30, "left": 0}, before)


def test_what_comes_back_with_no_row_is_left_at_once(world: ImportWorld) -> None:
    """Who moves everybody into another organization deletes the old one: were each put off, the whole of a large import
    would go back in one lane."""
    header = ("name", "email", "organization")
    rows = [(f"Ana {n}", f"a{n}@example.com") for n in range(120)]
    world.run(csv_of([(*row, "Old") for row in rows], header))
    done = world.run(csv_of([(*row, "New") for row in rows], header))
    old, _ = world.memory.groups
    del world.memory.groups[old]
    assert world.undo(done["id"])["undo"] == {"removed": 0, "restored": 0, "left": 120}
    assert [way.put_off for way in world.store.ways_back(A, done["id"])] == [()]
    rows_told, _ = world.imports.rows(ADMIN, done["id"], 200, None)
    assert {one["undo_reason"] for one in rows_told} == {"invalid"}


def test_what_cannot_be_as_before_keeps_no_other_field_from_coming_back(world: ImportWorld) -> None:
    header = ("name", "email", "organization", "city")
    world.run(csv_of([("Ana", "a@example.com", "Old", "Natal")], header))
    done = world.run(csv_of([("Ana", "a@example.com", "New", "Recife")], header))
    old, new = world.memory.groups
    del world.memory.groups[old]
    assert world.undo(done["id"])["undo"] == {"removed": 0, "restored": 1, "left": 0}
    [contact] = world.memory.contacts.values()
    assert (contact.city, contact.organization_id) == ("Natal", new)
    [row], _ = world.imports.rows(ADMIN, done["id"], 10, None)
    assert (row["undo_reason"], row["undo_detail"]) == ("partly", "These cannot be as before: organization_id.")


@pytest.mark.parametrize(
    ("pointers", "left", "refused"),
    [
        (["/city"], {"custom_fields": {"a": 1, "b": None}}, ["city"]),
        (["/custom_fields/a"], {"city": "x", "custom_fields": {"b": None}}, ["custom.a"]),
        (["/custom_fields/a", "/custom_fields/b", "/custom_fields/b"], {"city": "x"}, ["custom.a", "custom.b"]),
        (["/name", "", "/custom_fields"], {"city": "x", "custom_fields": {"a": 1, "b": None}}, []),
    ],
)
def test_what_is_left_without_what_is_refused(pointers: list[str], left: Any, refused: list[str]) -> None:
    assert without_refused({"city": "x", "custom_fields": {"a": 1, "b": None}}, pointers) == (left, refused)


def test_a_contact_that_other_lanes_keep_busy_is_put_off(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contacts of one principal are in many lanes, and each that goes changes it."""
    done = world.run(csv_of(people(3), HEADER))
    _, second, _ = world.memory.contacts
    written, busy = world.contacts.__class__.write, iter([True] * 5)

    def write(self: Any, before: Any, *others: Any) -> None:
        if before is not None and before.id == second and next(busy, False):
            raise ContactMoved
        written(self, before, *others)

    monkeypatch.setattr("tests.import_stores.MemoryContacts.write", write)
    assert world.undo(done["id"])["undo"] == {"removed": 3, "restored": 0, "left": 0}
    assert [way.put_off for way in world.store.ways_back(A, done["id"])] == [(second,), ()]


def test_rows_go_back_side_by_side_and_are_counted_meanwhile(world: ImportWorld) -> None:
    done = world.run(csv_of(people(1_200), HEADER))
    world.imports.undo(ADMIN, done["id"])
    assert [one.body["lane"] for one in world.queue.sent] == [0, 1, 2]
    for _ in range(3):
        world._deliver(world.queue.sent.pop(0), 0)
    assert world.imports.get(ADMIN, done["id"])["undo"] == {"removed": 3 * 25, "restored": 0, "left": 0}
    assert world.finish(done["id"])["undo"] == {"removed": 1_200, "restored": 0, "left": 0}
    assert not [way for way in world.store.ways_back(A, done["id"]) if way.number == WAY_BACK], "nothing was put off"


def test_a_comment_that_comes_while_its_contact_is_taken_away_keeps_it(
    world: ImportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = world.run(csv_of(people(2), HEADER))
    _, second = world.memory.contacts
    looked = world.comments.has_comment

    def meanwhile(a: str, contact_id: str) -> bool:
        found = bool(looked(a, contact_id))
        if contact_id == second and not found:
            world.memory.commented.add(second)
            contact = world.memory.contacts[second]
            world.memory.contacts[second] = replace(contact, version=contact.version + 1)
        return found

    monkeypatch.setattr(world.comments, "has_comment", meanwhile)
    assert world.undo(done["id"])["undo"] == {"removed": 1, "restored": 0, "left": 1}
    assert list(world.memory.contacts) == [second]
    rows, _ = world.imports.rows(ADMIN, done["id"], 100, None)
    assert [one["undo_reason"] for one in rows] == [None, "commented_since"]
