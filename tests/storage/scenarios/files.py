"""Races of files."""

from __future__ import annotations

from typing import Any

from recado.domain.files import File
from recado.storage.files import DynamoFiles
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
                settled = store.accept(A, file, f"etag-{number}", clock.now())
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
    assert not store.accept(A, file, "etag", clock.now()), "what was gone is there again"
    stored = store.get(A, file.id)
    assert stored is not None and stored.state == "pending"
