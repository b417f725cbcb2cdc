"""Races of files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.chats import Author, Message, ThreadKey
from recado.domain.fetching import Fetching, begun
from recado.domain.files import File
from recado.ports.fetching import Place
from recado.storage import keys
from recado.storage.chat_records import MessageRecord
from recado.storage.fetches import DynamoFetches
from recado.storage.files import DynamoFiles, FileRecord
from tests.storage.scenarios import scenario

A = "accounta"


def announced(clock: Any, ids: Any) -> File:
    file = File(ids.new("fi", A), "service", "nota.pdf", "application/pdf", 10, "us_1", clock.now())
    DynamoFiles().create(A, file)
    return file


@scenario("file-is-settled-once")
def a_file_arrives_twice(clock: Any, ids: Any) -> None:
    store = DynamoFiles()
    for first, second in (("reject", "accept"), ("accept", "reject"), ("accept", "accept")):
        file = announced(clock, ids)
        for number, verdict in enumerate((first, second)):
            if verdict == "accept":
                settled = store.accept(A, file, f"etag-{number}", None, clock.now())
            else:
                settled = store.reject(A, file, "type_differs", clock.now())
            assert settled == (number == 0), "settled twice"
        stored = store.get(A, file.id)
        assert stored is not None
        assert (stored.state, stored.etag) == (("rejected", None) if first == "reject" else ("accepted", "etag-0"))


@scenario("file-is-accepted-in-time")
def a_files_time_ends_while_it_is_checked(clock: Any, ids: Any) -> None:
    store = DynamoFiles()
    file = announced(clock, ids)
    clock.move(24 * 3600)
    assert file.is_gone(clock.now())
    assert not store.accept(A, file, "etag", None, clock.now()), "what was gone is there again"
    stored = store.get(A, file.id)
    assert stored is not None and stored.state == "pending"


@scenario("file-is-kept-on-in-time")
def a_file_is_taken_up_as_its_time_ends(clock: Any, ids: Any) -> None:
    store, week = DynamoFiles(), timedelta(days=7)
    file, began = announced(clock, ids), clock.now()
    assert store.accept(A, file, "etag", began + week, began)
    assert store.keep_until(A, file, began + 2 * week, clock.now())
    assert store.keep_until(A, file, began + week, clock.now()), "it is kept at least so long"
    stored = store.get(A, file.id)
    assert stored is not None and stored.kept_until == began + 2 * week, "its end came earlier"
    clock.move(14 * 86_400)
    assert not store.keep_until(A, file, began + 5 * week, clock.now()), "what was told to be gone is there again"
    gone = announced(clock, ids)
    FileRecord(keys.file_pk(A, gone.id), "FILE").delete()
    assert not store.keep_until(A, gone, began + 5 * week, clock.now())
    assert store.get(A, gone.id) is None, "a part of an item is left for ever"


@scenario("fetch-is-begun-from-seen-attempt")
def two_workers_begin_one_fetch(clock: Any, ids: Any) -> None:
    store, place = DynamoFetches(), with_placeholder(clock, ids)
    seen = found(place)
    first, second = begun(seen, 0, clock.now()), begun(seen, 60, clock.now())
    assert store.take(place, seen, first)
    assert not store.take(place, seen, second), "begun twice from one attempt"
    assert store.take(place, first, begun(first, 0, clock.now()))
    assert not store.put_off(place, first, clock.now()), "what another has begun is put off"
    assert found(place).attempt == 2


@scenario("file-of-message-is-settled-once")
def two_workers_end_one_fetch(clock: Any, ids: Any) -> None:
    store, file = DynamoFetches(), File(ids.new("fi", A), "service", "a.png", "image/png", 3, "", clock.now())
    file = replace(file, state="accepted", etag="etag")
    for first, second in (("reject", "accept"), ("accept", "reject")):
        place = with_placeholder(clock, ids)
        seen = found(place)
        for number, verdict in enumerate((first, second)):
            settled = store.accept(place, seen, file) if verdict == "accept" else store.reject(place, seen, "expired")
            assert settled == (number == 0), "settled twice"
        record = MessageRecord.find(keys.thread_pk(A, place.thread), keys.message_sk(place.seq))
        assert record is not None
        assert (record.message().file or {})["state"] == first + "ed"


@scenario("fetch-is-there-to-look-at")
def a_file_is_settled_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    store, place = DynamoFetches(), with_placeholder(clock, ids)
    assert store.reject(place, found(place), "expired")
    store.look_again_at(place, clock.now())
    record = MessageRecord.find(keys.thread_pk(A, place.thread), keys.message_sk(place.seq))
    assert record is not None and record.due_sk is None, "it would be looked at for ever"


def with_placeholder(clock: Any, ids: Any) -> Place:
    """A message whose file is to be fetched."""
    thread, now = ThreadKey(f"ch_{A}_{1:027x}", "x:1"), clock.now()
    message = Message(
        ids.new("ms", A), "", "", thread, 1, "inbound", "image", "", "received", Author("contact", ""), now, now,
        file={"id": None, "state": "pending", "reason": None},
    )  # fmt: skip
    MessageRecord.of_message(A, message).save()
    return Place(A, thread, 1)


def found(place: Place) -> Fetching:
    fetching = DynamoFetches().get(place)
    assert fetching is not None
    return fetching
