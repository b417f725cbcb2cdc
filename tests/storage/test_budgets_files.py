"""What a file may cost from its announcement to its link (docs/data-model.md §3, I1 and I2)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.errors import NotFound
from tests.fetching_world import FetchWorld, status
from tests.file_samples import png
from tests.handlers.conftest import stack as stack
from tests.handlers.stack import BUCKETS, Stack
from tests.recording import Calls, record

A = "accounta"
ADMIN = Caller(A, "admin", user_id="us_accounta_1")


def of(calls: Calls, service: str) -> dict[str, int]:
    """Calls of a service by their names."""
    return {
        name.partition(":")[2]: times
        for name, times in calls.operations.items()
        if name.startswith(f"{service}:")
    }  # fmt: skip


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf"])
def test_a_file(stack: Stack, content_type: str) -> None:
    door, checks = stack.container.file_service, stack.container.file_checks
    with record() as calls:
        file, form = door.announce(ADMIN, "service", None, "nota", content_type, len(png()))
    assert (of(calls, "dynamodb"), of(calls, "s3"), calls.wru, calls.rru) == ({"PutItem": 1}, {}, 1, 0)
    key: Any = form.fields["key"]
    stack.s3.put_object(Bucket=BUCKETS["FILES_BUCKET"], Key=key, Body=png())
    with record() as calls:
        outcome = checks.arrived(key).outcome
    assert (of(calls, "dynamodb"), calls.wru, calls.rru) == ({"GetItem": 1, "UpdateItem": 1}, 1, 1)
    accepted = outcome == "accepted"
    assert of(calls, "s3").pop("CopyObject", 0) == int(accepted) == int(content_type == "image/png")
    assert sum(of(calls, "s3").values()) <= 5
    with record() as calls:
        door.link(A, door.get(ADMIN, file.id))
    assert (of(calls, "dynamodb"), of(calls, "s3"), calls.wru, calls.rru) == ({"GetItem": 1}, {}, 0, 1)


def test_a_file_of_a_message(stack: Stack, clock: Any) -> None:
    """An attempt that succeeds, one that fails, and a sweep that finds it."""
    world = FetchWorld(stack, clock)
    place = world.arrive()
    with record() as calls:
        world.service.fetch(place)
    assert of(calls, "dynamodb") == {"GetItem": 2, "UpdateItem": 1, "TransactWriteItems": 1}
    assert (of(calls, "s3"), calls.wru, calls.rru) == ({"PutObject": 1}, 7, 2)
    place = world.arrive()
    world.provider.script = [status(429, retry_after="300")]
    with record() as calls:
        world.service.fetch(place)
    assert (of(calls, "dynamodb"), calls.wru, calls.rru) == ({"GetItem": 2, "UpdateItem": 2}, 2, 2)
    clock.move(300)
    with record() as calls:
        assert world.service.sweep(100).done == 1
    assert (of(calls, "dynamodb"), calls.wru, calls.rru) == ({"Query": 16, "GetItem": 1, "UpdateItem": 1}, 1, 9)


def test_a_file_of_a_chat(stack: Stack, clock: Any) -> None:
    """For somebody who did not send it: the last 25 chats that it is in."""
    world = FetchWorld(stack, clock)
    file = world.work(world.arrive())
    agent = Caller(A, "agent", user_id="us_accounta_9")
    with record() as calls, pytest.raises(NotFound):
        stack.container.file_service.get(agent, file["id"])
    assert of(calls, "dynamodb") == {"GetItem": 1, "Query": 1, "BatchGetItem": 1}
    assert calls.rru <= 3
