"""Races of workers that go on with exports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recado.domain.chats import Author, Event
from recado.domain.contact_exports import ContactExport, begun, finished, further, uploading
from recado.storage.contact_exports import DynamoExports, ExportRecord
from recado.storage.files import DynamoFiles
from tests.storage.scenarios import scenario

A = "accounta"


def an_export(clock: Any, ids: Any) -> ContactExport:
    author = Author("user", ids.new("us", A))
    return ContactExport(ids.new("ex", A), ids.new("fi", A), author, clock.now(), ("id", "name"), due=clock.now())


@scenario("export-moves-from-seen-version")
def two_workers_go_on_with_one_export(clock: Any, ids: Any) -> None:
    store, asked = DynamoExports(), an_export(clock, ids)
    store.create(A, asked)
    held = uploading(begun(asked, clock.now()), "upload", clock.now())
    assert store.move(A, asked, held)
    # One is taken for dead, another takes its place and writes the first hundred as a part of its own.
    other = begun(held, clock.now())
    assert store.move(A, held, other)
    written = further(other, "etag-of-the-other", 5_000, 100, None, clock.now())
    assert store.move(A, other, written)
    store.move(A, held, further(held, "etag", 5_000, 100, None, clock.now()))
    assert store.get(A, asked.id) == written, "the part that counts is that of who was taken for dead"
    done = finished(held, clock.now())
    event = Event(ids.new("ev", A), "contact.exported", clock.now(), asked.author, {})
    store.finish(A, held, done, done.file(), event)
    assert DynamoFiles().get(A, asked.file_id) is None, "told to be done by who was overtaken"


@scenario("export-is-there-to-look-at")
def an_export_ends_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    store, asked = DynamoExports(), an_export(clock, ids)
    store.create(A, asked)
    later = clock.now() + timedelta(minutes=1)
    assert store.due(clock.now(), 160).found == [(A, asked.id)]
    done = finished(asked, clock.now())
    event = Event(ids.new("ev", A), "contact.exported", clock.now(), asked.author, {})
    assert store.finish(A, asked, done, done.file(), event)
    store.look_again_at(A, asked.id, later)
    record = ExportRecord.find(f"{A}#EXPORTS", asked.id)
    assert record is not None and record.due_sk is None, "it would be looked at for ever"
