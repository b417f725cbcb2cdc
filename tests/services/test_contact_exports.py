"""Exports of contacts: what is in the file, and that nothing which stops a worker is seen in it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.contact_columns import COLUMNS
from recado.domain.contact_exports import LEASE, MOST_TRIES, ContactExport, failed, pause, rate, total
from recado.domain.csv_cells import read
from recado.domain.exports import KEPT_FOR
from recado.domain.files import served_key
from recado.domain.groups import Group
from recado.services.contact_exports import export_view
from tests.export_world import A, ExportWorld, Killed


@pytest.fixture
def world(clock: Any, ids: Any) -> ExportWorld:
    return ExportWorld(clock, ids)


def filled(world: ExportWorld, count: int) -> ExportWorld:
    for number in range(count):
        world.add(number, name=f"Maria, «{number}»\n=1+1", mobile=f"+55119{number:08d}", notes="ç" * (number % 60))
    return world


def rows_of(file: bytes, separator: str = ",") -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""), delimiter=separator)
    return [{name: read(cell) for name, cell in row.items()} for row in rows]


def test_every_contact_is_one_row(world: ExportWorld) -> None:
    export_id = filled(world, 3_000).ask()
    export = world.to_the_end(export_id)
    rows = rows_of(world.file(export_id))
    assert {row["id"] for row in rows} == set(world.tables.contacts) and len(rows) == 3_000
    for row in rows:
        contact = world.tables.contacts[row["id"]]
        assert (row["name"], row["mobile"]) == (contact.name, contact.mobile)
    assert (export.done, export.size) == (3_000, len(world.file(export_id)))
    assert len(export.parts) > 20 and world.bucket.uploads == {}


def test_an_empty_account_is_a_header(world: ExportWorld) -> None:
    export_id = world.ask()
    export = world.to_the_end(export_id)
    assert world.file(export_id) == (",".join(COLUMNS) + "\r\n").encode()
    assert (export.done, total(export), rate(export)) == (0, (0, False), None)


def test_what_comes_of_it(world: ExportWorld) -> None:
    export_id = filled(world, 10).ask()
    export = world.to_the_end(export_id)
    file = world.tables.files[export.file_id]
    assert (file.feature, file.state, file.content_type, file.size) == ("import", "accepted", "text/csv", export.size)
    assert file.name == "contacts-2026-03-02.csv"
    assert export.finished_at is not None and file.kept_until == export.finished_at + KEPT_FOR
    assert not file.is_gone(file.kept_until - timedelta(seconds=1)) and file.is_gone(file.kept_until)
    [event] = world.tables.events
    assert (event.type, event.actor) == ("contact.exported", export.author)
    assert event.data == export_view(export) and event.data["file_id"] == export.file_id
    assert world.journal.outcomes == ["done"]


def test_for_excel(world: ExportWorld) -> None:
    world.add(1, name="=1;João", notes="a;=b")
    export_id = world.ask(("name", "notes"), format="excel")
    world.to_the_end(export_id)
    file = world.file(export_id)
    assert file == '\ufeffname;notes\r\n"\'=1;João";"a;\'=b"\r\n'.encode()
    assert rows_of(file, ";") == [{"name": "=1;João", "notes": "a;=b"}]


def test_names_of_groups_and_organizations(world: ExportWorld) -> None:
    now = world.clock.now()
    for one, kind, name in (
        ("gr_1", "group", "VIP"), ("gr_2", "group", "A|B"), ("og_1", "organization", "Loja"),
    ):  # fmt: skip
        world.tables.groups[one] = Group(one, kind, name, now, now)  # type: ignore[arg-type]
    world.add(1, name="Ana", group_ids=("gr_2", "gr_gone", "gr_1"), organization_id="og_1")
    world.add(2, name="Bia", organization_id="og_gone")
    world.groups.unseen.add("gr_1")
    export_id = world.ask(("name", "organization", "groups"))
    world.to_the_end(export_id)
    rows = sorted(rows_of(world.file(export_id)), key=lambda row: row["name"])
    assert rows == [
        {"name": "Ana", "organization": "Loja", "groups": "A\\|B|VIP"},
        {"name": "Bia", "organization": "", "groups": ""},
    ]


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_killed_at_every_call_it_makes_the_same_file(clock: Any, ids: Any, carried_out: bool) -> None:
    whole = filled(ExportWorld(clock, ids, steps=3), 400)
    whole_id = whole.ask()
    whole.to_the_end(whole_id)
    last = whole.fate.calls
    assert last > 40
    for at in range(1, last + 1):
        world = ExportWorld(clock, ids, steps=3)
        world.tables.contacts = whole.tables.contacts
        export_id = world.ask()
        world.fate.at, world.fate.carried_out = at, carried_out
        try:
            world.run(export_id)
        except Killed:
            world.fate.at = None
        export = world.to_the_end(export_id)
        assert world.file(export_id) == whole.file(whole_id), at
        assert (export.done, len(world.tables.events)) == (400, 1)


def test_killed_again_and_again_it_still_ends(world: ExportWorld) -> None:
    export_id = filled(world, 1_500).ask()
    deaths = 0
    for at in range(3, 40):
        world.fate.at = world.fate.calls + 2 + at % 9
        try:
            world.run(export_id)
        except Killed:
            deaths += 1
        if world.tables.exports[export_id].is_over:
            break
    world.fate.at = None
    world.to_the_end(export_id)
    assert deaths > 5
    assert Counter(row["id"] for row in rows_of(world.file(export_id))) == Counter(list(world.tables.contacts))


@pytest.mark.parametrize(("parts", "outcomes"), [(10**9, ["done"]), (2, ["waits", "overtaken"])])
def test_two_workers_at_once_make_one_file(clock: Any, ids: Any, parts: int, outcomes: list[str]) -> None:
    """While the first reads its second page, another takes the export over and brings it to its end, or some way; the
    first one's part counts for nothing."""
    world = filled(ExportWorld(clock, ids, steps=parts), 1_000)
    export_id = world.ask()
    turns = iter(range(1_000))

    def meanwhile() -> None:
        if next(turns) == 1:
            world.run(export_id)

    world.tables.meanwhile = meanwhile
    world.run(export_id)
    assert world.journal.outcomes == outcomes
    world.to_the_end(export_id)
    assert Counter(row["id"] for row in rows_of(world.file(export_id))) == Counter(list(world.tables.contacts))
    assert len(world.tables.events) == 1


def test_a_file_of_which_nobody_will_tell_is_removed(world: ExportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact is erased, and with it the export, while a worker completes the file."""
    export_id = filled(world, 50).ask()
    complete = world.bucket.complete

    def meanwhile(*asked: Any) -> None:
        complete(*asked)
        before = world.tables.exports[export_id]
        assert world.tables.move(A, before, failed(before, "contact_erased", world.clock.now()))

    monkeypatch.setattr(world.bucket, "complete", meanwhile)
    world.run(export_id)
    assert world.journal.outcomes == ["overtaken"]
    assert (world.bucket.objects, world.tables.files, world.tables.events) == ({}, {}, [])


def test_a_command_that_comes_late_or_twice_does_nothing(world: ExportWorld) -> None:
    export_id = filled(world, 100).ask()
    world.run(export_id)
    calls = world.fate.calls
    for version in (0, 1, world.tables.exports[export_id].version):
        world.run(export_id, version)
    world.work.work(A, "ex_unknown", 0, lambda: True)
    assert world.fate.calls == calls


def test_contacts_that_come_and_go_meanwhile_move_no_other(world: ExportWorld) -> None:
    there = set(filled(world, 500).tables.contacts)
    numbers = iter(range(10_000, 20_000))
    gone: set[str] = set()

    def meanwhile() -> None:
        world.clock.move(1)
        world.add(next(numbers), name="new")
        gone.add(victim := sorted(there - gone)[0])
        world.tables.contacts.pop(victim, None)

    world.tables.meanwhile = meanwhile
    export_id = world.ask()
    world.to_the_end(export_id)
    seen = Counter(row["id"] for row in rows_of(world.file(export_id)))
    assert set(seen.values()) == {1}
    assert there - gone <= seen.keys()


def test_a_worker_without_time_hands_on(clock: Any, ids: Any) -> None:
    world = filled(ExportWorld(clock, ids, steps=2), 600)
    export_id = world.ask()
    world.run(export_id)
    export = world.tables.exports[export_id]
    assert (export.state, len(export.parts), world.journal.outcomes) == ("running", 2, ["waits"])
    [command] = world.queue.waiting
    assert command.body == {"account": A, "export_id": export_id, "version": export.version}
    world.to_the_end(export_id)
    assert len(rows_of(world.file(export_id))) == 600
    assert clock.now() - export.created_at < LEASE, "nobody waited for a lease to end"


def test_progress(clock: Any, ids: Any) -> None:
    world = filled(ExportWorld(clock, ids, steps=4), 1_600)
    export_id = world.ask()
    assert total(world.tables.exports[export_id]) == (None, True)
    world.tables.meanwhile = lambda: clock.move(0.1)
    world.run(export_id)
    export = world.tables.exports[export_id]
    expected, estimated = total(export)
    assert estimated and expected is not None and 1_200 < expected < 2_000
    assert rate(export) == pytest.approx(export.done / (clock.now() - export.created_at).total_seconds(), abs=0.1)
    assert total(world.to_the_end(export_id)) == (1_600, False)


def test_what_breaks_is_taken_up_after_a_pause_and_given_up_in_the_end(world: ExportWorld) -> None:
    export_id = filled(world, 200).ask()
    began = world.clock.now()

    def broken() -> None:
        raise ConnectionError

    world.tables.meanwhile = broken
    with pytest.raises(ConnectionError):
        world.run(export_id)
    assert world.tables.exports[export_id].due == began + pause(1)
    export = world.to_the_end(export_id)
    assert (export.state, export.reason, export.tries) == ("failed", "gave_up", MOST_TRIES)
    assert (world.bucket.uploads, world.bucket.objects, world.tables.files) == ({}, {}, {})
    assert timedelta(minutes=30) < world.clock.now() - began < timedelta(hours=2)


def test_what_breaks_for_a_while_is_brought_to_its_end(world: ExportWorld) -> None:
    export_id = filled(world, 900).ask()
    breaks = {2, 3, 4, 9, 15, 16, 21}
    turns = iter(range(1_000))

    def meanwhile() -> None:
        if next(turns) in breaks:
            raise ConnectionError

    world.tables.meanwhile = meanwhile
    with pytest.raises(ConnectionError):
        world.run(export_id)
    assert world.to_the_end(export_id).done == 900


def test_an_upload_that_is_gone_fails(clock: Any, ids: Any) -> None:
    world = filled(ExportWorld(clock, ids, steps=1), 300)
    export_id = world.ask()
    world.run(export_id)
    world.bucket.uploads.clear()
    export = world.to_the_end(export_id)
    assert (export.state, export.reason, world.tables.files) == ("failed", "upload_gone", {})


def test_an_export_that_cannot_be_read_stands_before_no_other(
    world: ExportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = filled(world, 10).ask(), world.ask()
    get = world.tables.get

    def breaks(a: str, export_id: str) -> ContactExport | None:
        if export_id == broken:
            raise ConnectionError
        return get(a, export_id)

    with monkeypatch.context() as patch:
        patch.setattr(world.tables, "get", breaks)
        swept = world.work.sweep(160)
        assert (swept.done, list(swept.failed)) == (1, [broken])
        assert world.work.sweep(160).seen == 0, "it is looked at again at once, for ever"
    world.run(other)
    world.clock.move(60)
    assert (world.work.sweep(160).done, world.to_the_end(broken).state) == (1, "done")


def test_more_parts_than_there_may_be_fail(world: ExportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recado.services.contact_export_work.MOST_PARTS", 3)
    export_id = filled(world, 600).ask()
    export = world.to_the_end(export_id)
    assert (export.state, export.reason, world.bucket.uploads) == ("failed", "too_large", {})


def test_the_sweep_leaves_alone_what_somebody_works_on(world: ExportWorld) -> None:
    export_id = filled(world, 300).ask()
    world.fate.at = 5
    with pytest.raises(Killed):
        world.run(export_id)
    world.fate.at = None
    world.clock.move(LEASE.total_seconds() - 1)
    assert world.work.sweep(160).done == 0
    world.clock.move(1)
    assert (world.work.sweep(160).done, world.work.sweep(160).done) == (1, 0)
    world.to_the_end(export_id)
    world.clock.move(10_000)
    assert world.work.sweep(160).seen == 0


def test_parts_are_as_large_as_the_bucket_wants_them_and_no_larger_than_a_page_more(world: ExportWorld) -> None:
    export_id = filled(world, 2_000).ask()
    world.to_the_end(export_id)
    assert world.bucket.largest_part < 6_000 + 40 * 400
    export = world.tables.exports[export_id]
    assert [part.number for part in export.parts] == sorted(part.number for part in export.parts)
    assert len(world.bucket.objects[served_key(A, export.file_id, export.mark)]) == export.size
