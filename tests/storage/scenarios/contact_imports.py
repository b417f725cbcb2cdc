"""Races about imports of contacts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from recado.domain.chats import Author, Event
from recado.domain.contact_import_lanes import Window
from recado.domain.contact_imports import ContactImport, Plan, Row
from recado.domain.contacts import Contact
from recado.domain.csv_files import Layout
from recado.ports.contact_imports import RowDone
from recado.ports.contacts import ClaimsTaken, ContactMoved
from recado.storage.contact_imports import DynamoImports, ImportRecord, RowRecord
from recado.storage.contacts import ContactStore
from recado.storage.imported_contacts import DynamoRowContacts, DynamoUndoneContacts
from tests.storage.scenarios import scenario

A = "accounta"


def begun(clock: Any, ids: Any, due: datetime | None = None) -> ContactImport:
    one = ContactImport(ids.new("im", A), ids.new("fi", A), "a.csv", {}, False, "us", clock.now(), last_row=9)
    DynamoImports().create(A, one, due or clock.now())
    return one


def event(clock: Any, ids: Any, contact: Contact) -> Event:
    return Event(ids.new("ev", A), "contact.updated", clock.now(), Author("system"), {}, contact_id=contact.id)


def imported(clock: Any, ids: Any, one: ContactImport) -> Contact:
    contacts = DynamoRowContacts(one)
    contact = Contact(ids.new("ct", A), clock.now(), clock.now(), name="Ana")
    contacts.begin(2, "")
    contacts.create(A, contact, event(clock, ids, contact))
    return contact


@scenario("import-from-seen-version")
def an_import_is_undone_twice(clock: Any, ids: Any) -> None:
    store, one = DynamoImports(), begun(clock, ids)
    assert store.change(A, one, replace(one, state="undone", stage=None), None)
    store.change(A, one, replace(one, state="running", stage="undo"), clock.now())
    found = store.get(A, one.id)
    assert found is not None and found.state == "undone", "it runs again"


@scenario("import-is-there-to-look-at")
def an_import_ends_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    store, one = DynamoImports(), begun(clock, ids)
    store.change(A, one, replace(one, state="done", stage=None), None)
    store.look_again_at(A, one.id, clock.now() + timedelta(minutes=2))
    found = ImportRecord.find(f"{A}#IMPORTS", one.id)
    assert found is not None and found.due_sk is None


@scenario("import-plan-goes-forward")
def a_survey_that_was_thought_dead_writes(clock: Any, ids: Any) -> None:
    store, one = DynamoImports(), begun(clock, ids)
    layout = Layout("utf-8", ",", ("name",), 5, 2)
    whole = Plan(layout, "etag", 9, (Window(5, 9, 2, 3, 1),), 10, 3, complete=True)
    store.save_plan(A, one, whole)
    store.save_plan(A, one, Plan(layout, "etag", 9, (), 5, 2))
    assert store.plan(A, one.id) == whole


@scenario("import-lane-from-seen-version")
def two_workers_are_in_one_lane(clock: Any, ids: Any) -> None:
    store, one = DynamoImports(), begun(clock, ids)
    seen = store.save_lane(A, one, store.lane(A, one.id, 3), store.lane(A, one.id, 3))
    assert seen is not None
    store.save_lane(A, one, seen, seen.after([Row(2, "created")]))
    store.save_lane(A, one, seen, seen.after([Row(2, "unchanged")]))
    assert [lane.counts for lane in store.lanes(A, one.id)] == [{"created": 1}]


@scenario("import-row-once")
def a_row_is_done_again(clock: Any, ids: Any) -> None:
    one = begun(clock, ids)
    contact = imported(clock, ids, one)
    store = ContactStore()
    before = store.get(A, contact.id)
    assert before is not None
    by_somebody = replace(before, name="Ana Maria", version=2)
    store.change(A, before, by_somebody, event(clock, ids, contact))
    again = DynamoRowContacts(one)
    again.begin(2, "")
    seen = store.get(A, contact.id)
    assert seen is not None
    with suppress(RowDone):
        again.change(A, seen, replace(seen, name="Ana", version=3), event(clock, ids, contact))
    found = store.get(A, contact.id)
    assert found is not None and found.name == "Ana Maria", "the row changed it a second time"


@scenario("import-key-as-seen")
def a_file_is_imported_twice_at_once(clock: Any, ids: Any) -> None:
    made = list[str]()
    imports = [DynamoRowContacts(begun(clock, ids)) for _ in range(2)]
    for contacts in imports:
        contacts.begin(2, "key")
        assert contacts.contact_of_key(A, "key") is None
    for contacts in imports:
        contact = Contact(ids.new("ct", A), clock.now(), clock.now(), name="Ana")
        with suppress(ClaimsTaken):
            contacts.create(A, contact, event(clock, ids, contact))
            made.append(contact.id)
    assert len(made) == 1
    assert imports[1].contact_of_key(A, "key") == made[0], "and the other finds it"
    contact = Contact(ids.new("ct", A), clock.now(), clock.now(), name="Ana")
    imports[1].create(A, contact, event(clock, ids, contact))
    assert imports[1].contact_of_key(A, "key") == contact.id, "one that is gone by now is followed by another"


@scenario("import-row-undone-once")
def a_row_is_undone_again(clock: Any, ids: Any) -> None:
    one = begun(clock, ids)
    contact = imported(clock, ids, one)
    store, imports = ContactStore(), DynamoImports()
    row = imports.row(A, one.id, 2)
    assert row is not None
    assert imports.mark_undone(A, one.id, replace(row, undone="left"))
    seen = store.get(A, contact.id)
    assert seen is not None
    again = DynamoUndoneContacts(one)
    again.begin(replace(row, undone="removed"), seen.version)
    with suppress(RowDone):
        again.delete(A, seen, event(clock, ids, contact))
    assert store.get(A, contact.id) is not None


@scenario("import-undone-contact-unmoved")
def a_comment_comes_while_a_contact_is_taken_away(clock: Any, ids: Any) -> None:
    one = begun(clock, ids)
    contact = imported(clock, ids, one)
    store, row = ContactStore(), DynamoImports().row(A, one.id, 2)
    seen = store.get(A, contact.id)
    assert seen is not None and row is not None
    undone = DynamoUndoneContacts(one)
    undone.begin(replace(row, undone="removed"), seen.version)
    comment = Event(ids.new("ev", A), "contact.commented", clock.now(), Author("system"), {}, contact_id=contact.id)
    store.comment(A, comment)
    with suppress(ContactMoved):
        undone.delete(A, seen, event(clock, ids, contact))
    assert store.get(A, contact.id) is not None


@scenario("import-row-is-there")
def a_row_ends_while_it_is_forgotten(clock: Any, ids: Any) -> None:
    store, one = DynamoImports(), begun(clock, ids)
    store.put_row(A, one, Row(2, "unchanged", ids.new("ct", A)))
    RowRecord(f"{A}#IMPORT#{one.id}#0", "00000002").delete()
    store.forget_row(A, one.id, 2)
    assert RowRecord.find(f"{A}#IMPORT#{one.id}#0", "00000002") is None
