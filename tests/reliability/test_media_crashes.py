"""A crash before and after every write of the media worker, lost answers, doubled and shuffled commands: each message
ends with one accepted file, whose bytes lie there once, or with one reason."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError
from pynamodb.exceptions import PynamoDBException

from recado.ports.fetching import Place
from tests.fetching_world import FetchWorld, status
from tests.file_samples import png
from tests.handlers.conftest import stack as stack
from tests.handlers.stack import Stack

WRITES = {"UpdateItem", "PutObject", "TransactWriteItems"}
"""In this order: the attempt begins, the bytes are put, file and message are settled at once."""


class Crash(BaseException):
    """The function is gone in the middle of its work: nothing in it gets to handle this."""


@pytest.fixture
def world(stack: Stack, clock: Any) -> FetchWorld:
    return FetchWorld(stack, clock)


@contextmanager
def writes(around: Callable[[int, Callable[[], Any]], Any]) -> Iterator[list[str]]:
    """Each write to the tables and the bucket is made by `around(number, write)`; their names so far."""
    original = BaseClient._make_api_call
    made: list[str] = []

    def call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        if operation not in WRITES:
            return original(client, operation, parameters)
        made.append(operation)
        return around(len(made), lambda: original(client, operation, parameters))

    BaseClient._make_api_call = call  # type: ignore[method-assign]
    try:
        yield made
    finally:
        BaseClient._make_api_call = original  # type: ignore[method-assign]


def deliver(world: FetchWorld, place: Place) -> bool:
    """One command; whether it has to come again."""
    try:
        world.service.fetch(place)
    except (Crash, ConnectionClosedError, PynamoDBException):  # the queue brings the command again
        return True
    return False


def sweep_and_work(world: FetchWorld, clock: Any, places: list[Place]) -> None:
    """The minute's work, until nothing is due any more."""
    for _ in range(30):
        clock.move(200)
        while world.service.sweep(100).done:
            for place in places:
                deliver(world, place)
        if all(world.file(place)["state"] != "pending" for place in places):
            return
    raise AssertionError("a placeholder stays for ever")


@pytest.mark.parametrize("how", ["before", "after", "answer lost"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_crash_at_each_write_of_a_file(world: FetchWorld, clock: Any, how: str, number: int) -> None:
    place = world.arrive()

    def crash(at: int, write: Callable[[], Any]) -> Any:
        if at != number:
            return write()
        if how != "before":
            write()
        raise ConnectionClosedError(endpoint_url="http://127.0.0.1") if how == "answer lost" else Crash

    with writes(crash) as made:
        deliver(world, place)
    assert made[:number] == ["UpdateItem", "PutObject", "TransactWriteItems"][:number]
    deliver(world, place)
    sweep_and_work(world, clock, [place])
    world.assert_accepted(place, world.provider.content)


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_crash_at_each_write_of_a_refusal(world: FetchWorld, clock: Any, how: str) -> None:
    for number in (1, 2):
        place = world.arrive()

        def crash(at: int, write: Callable[[], Any], number: int = number) -> Any:
            if at == number and how == "before":
                raise Crash
            answer = write()
            if at == number:
                raise Crash
            return answer

        world.provider.content = b"<html><script>"
        with writes(crash):
            assert deliver(world, place)
        sweep_and_work(world, clock, [place])
        assert (world.file(place)["reason"], world.objects()) == ("type_not_taken", {})


def test_doubled_shuffled_commands_with_crashes_and_trouble(world: FetchWorld, clock: Any) -> None:
    chance = random.Random(20261129)
    contents: dict[int, bytes] = {}
    places = []
    for number in range(8):
        places.append(world.arrive({"provider_id": f"media-{number}"}))
        contents[places[-1].seq] = world.provider.content = png(300)
    commands = [place for place in places for _ in range(chance.randint(1, 3))]
    chance.shuffle(commands)

    def sometimes(_: int, write: Callable[[], Any]) -> Any:
        if chance.random() < 0.15:
            raise Crash
        answer = write()
        if chance.random() < 0.15:
            raise Crash
        return answer

    world.provider.script = [status(500), status(503), status(429, retry_after="400")]
    with writes(sometimes):
        while commands:
            place = commands.pop()
            if deliver(world, place) and chance.random() < 0.5:
                commands.insert(0, place)
    sweep_and_work(world, clock, places)
    files = [world.file(place) for place in places]
    assert {one["state"] for one in files} == {"accepted"}
    assert len({one["id"] for one in files}) == len(places) == len(world.objects())
