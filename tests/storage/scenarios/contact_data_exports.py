"""Races of exports of one contact's data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.chats import Author
from recado.domain.contact_data_exports import DataExport, begun, finished
from recado.ports.contact_data_exports import DuePlace
from recado.storage import keys
from recado.storage.contact_data_exports import DataExportRecord, DynamoDataExports
from tests.storage.scenarios import scenario

A = "acctaaaa"
CONTACT = f"ct_{A}_{1:027x}"


def an_export(clock: Any, ids: Any) -> DataExport:
    now, store = clock.now(), DynamoDataExports()
    export = DataExport(ids.new("dx", A), ids.new("fi", A), Author("user", "us_1"), now, CONTACT, (CONTACT,), due=now)
    store.create(A, export)
    return export


@scenario("data-export-moves-from-seen-version")
def an_export_is_erased_while_it_is_written(clock: Any, ids: Any) -> None:
    store, export = DynamoDataExports(), an_export(clock, ids)
    taken = begun(export, clock.now())
    assert store.move(A, export, taken)
    assert not store.move(A, export, begun(export, clock.now())), "two workers write it"
    DataExportRecord(keys.data_exports_pk(A, CONTACT), export.id).delete()
    store.move(A, taken, finished(taken, 1, 1, clock.now()))
    assert store.all(A, CONTACT) == [], "it is there again"


@scenario("data-export-is-there-to-look-at")
def an_export_ends_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    store, export = DynamoDataExports(), an_export(clock, ids)
    taken = begun(export, clock.now())
    assert store.move(A, export, taken)
    assert store.move(A, taken, finished(taken, 1, 1, clock.now()))
    store.look_again_at(DuePlace(A, CONTACT, export.id), clock.now() + timedelta(minutes=1))
    assert store.due(clock.now() + timedelta(days=1), 16) == ([], False)
    assert store.get(A, CONTACT, export.id) == replace(finished(taken, 1, 1, clock.now()))
