"""What keeping to a provider's speed may cost (docs/data-model.md §3, G9)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.speed import Bucket
from recado.services.pacing import Pacing
from recado.storage.speeds import DynamoSpeeds
from tests.recording import record
from tests.sending_world import CHANNEL, A, World

EIGHTY = Bucket("", 80, 8)


@pytest.fixture
def pacing(dynamodb: Any, clock: Any) -> Pacing:
    return Pacing(DynamoSpeeds(), clock)


def test_a_lone_message(pacing: Pacing) -> None:
    with record() as calls:
        assert pacing.wait_s(A, CHANNEL, EIGHTY) == 0
    assert (calls.operations, calls.wru, calls.rru) == ({"dynamodb:UpdateItem": 1}, 1, 0)


def test_a_busy_worker_takes_the_slots_of_a_second_with_few_writes(pacing: Pacing, clock: Any) -> None:
    for _ in range(10):
        pacing.wait_s(A, CHANNEL, EIGHTY)
    clock.move(1)
    with record() as calls:
        for _ in range(10):
            pacing.wait_s(A, CHANNEL, EIGHTY)
    assert (calls.operations, calls.wru) == ({"dynamodb:UpdateItem": 1}, 1)


def test_what_finds_no_slot_and_stands_in_line(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    assert world.channel is not None
    world.channel = world.channel._replace(settings={**world.channel.settings, "messages_per_second": "1"})
    messages = [world.post() for _ in range(6)]
    started = clock.at
    for message in messages[:5]:
        clock.at = started
        world.outbound.send(A, message)
    clock.at = started
    with record() as calls:
        world.outbound.send(A, messages[5])  # OUT, MSG, THREAD, the head of the line; then LINE and OUT
    assert (calls.wru, calls.rru) == (2, 4)


def test_working_off_a_line_costs_its_place(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    assert world.channel is not None
    world.channel = world.channel._replace(settings={**world.channel.settings, "messages_per_second": "1"})
    messages = [world.post() for _ in range(5)]
    started = clock.at
    for message in messages:
        clock.at = started
        world.outbound.send(A, message)
    clock.move(10)
    with record() as calls:
        world.outbound.work_off(A, CHANNEL, "0")
    assert len(world.provider.sent) == 5
    # the slot, the claim, the outcome, the place; the head before and after beside what a send reads
    assert (calls.wru, calls.rru) == (1 + 1 + 6 + 1, 5 + 2)
