"""Statuses that name no message but a time: all that was sent by then."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.messages import Sender, StatusUpdate
from recado.ports.core import NoAnswer
from recado.services.statuses import StatusService
from recado.storage.statuses import DynamoStatuses
from tests.sending_world import CHANNEL, A, World, refuses


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def statuses(world: World) -> StatusService:
    return StatusService(DynamoStatuses(), world.outbox)


def test_a_status_until_a_time_reaches_what_was_sent_by_then_and_nothing_else(world: World) -> None:
    sent = []
    for number in range(3):
        sent.append(world.write(text=f"before {number}"))
        world.work()
        world.clock.move(1)
    note = world.write(text="note", internal=True)
    world.provider.script = [refuses(131026)]
    failed = world.write(text="failed")
    world.work()
    world.provider.script = [NoAnswer()]
    unknown = world.write(text="unknown")
    world.work()
    until = world.clock.now()
    world.clock.move(1)
    later = world.write(text="later")
    world.work()
    waiting = world.write(text="waiting")

    def told(status: Any, at: Any) -> str:
        person = Sender(world.key.sender)
        return statuses(world).apply(A, CHANNEL, StatusUpdate(None, None, status, at, recipient=person, until=at))

    def shown() -> list[str]:
        stored = [world.outbox.message(A, world.key, one.seq) for one in (*sent, note, failed, unknown, later, waiting)]
        return [one.status for one in stored if one]

    rest = ["sent", "failed", "unknown"]
    assert told("delivered", sent[1].created_at) == "moved"
    assert shown() == ["delivered", "delivered", "sent", *rest, "sent", "queued"]
    assert told("read", until) == "moved"
    assert shown() == ["read", "read", "read", *rest, "sent", "queued"]
    assert told("delivered", until) == "stands"
    assert told("read", until) == "stands"
    assert told("read", world.clock.now()) == "moved"
    assert shown() == ["read", "read", "read", *rest, "read", "queued"]


def test_a_status_until_a_time_of_somebody_unknown(world: World) -> None:
    until = world.clock.now()
    update = StatusUpdate(None, None, "read", until, recipient=Sender("u:1"), until=until)
    assert statuses(world).apply(A, CHANNEL, update) == "stands"


def test_an_own_id_in_an_echo_settles_the_send_before_its_answer(world: World) -> None:
    """The echo overtakes the answer to the request: there is one message, and its provider id is known."""
    message = world.write()

    def echoed() -> Any:
        update = StatusUpdate("wamid.1", message.id, "sent", world.clock.now(), recipient=Sender(world.key.sender))
        assert statuses(world).apply(A, CHANNEL, update) in ("moved", "stands")
        return world.provider.accepts()

    world.provider.script = [echoed]
    world.work()
    stored = world.message(message.id)
    assert (stored.status, stored.provider_id) == ("sent", "wamid.1")
    assert world.thread.last_seq == stored.seq
