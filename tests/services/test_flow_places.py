"""Who waited when a flow began with them keeps their place when it fails (PRODUCT E4, G6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from recado.domain.chats import Chat
from recado.domain.flow_starts import FlowStart
from recado.storage.chats import DynamoChats
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN, ANA_USER
from tests.reception import A

FAILS = {"a": {"type": "transfer", "agent_id": ANA_USER}}
QUEUES = {"a": {"type": "queue"}}
ENDS = {"a": {"type": "send_text", "text": "Olá"}}
ASKS = {"a": {"type": "ask", "text": "Nome?", "save_as": "name"}}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    return task_world(clock, ids)


def two_wait(world: TaskWorld) -> list[str]:
    """Two chats, the one that waits longer first."""
    world.say("Oi", sender="5511987650001")
    world.clock.move(60)
    world.say("Oi", sender="5511987650002")
    world.clock.move(60)
    return [one.id for one in world.reception.waiting()]


def begin(world: TaskWorld, chat_id: str, steps: Mapping[str, Any]) -> None:
    world.container.flow_starting.in_chat(ADMIN, chat_id, FlowStart(world.publish(steps), "user"))
    world.run()


def chat(world: TaskWorld, chat_id: str) -> Chat:
    found = DynamoChats().chat(A, chat_id)
    assert found is not None
    return found


def test_a_flow_that_fails_leaves_the_place(world: TaskWorld) -> None:
    world.agent(cap=1, load=1)
    first, second = two_wait(world)
    before = chat(world, first).queued_at
    begin(world, first, FAILS)
    assert [one.id for one in world.reception.waiting()] == [first, second]
    assert chat(world, first).queued_at == before


def test_one_that_takes_the_place_of_another_flow_too(world: TaskWorld) -> None:
    world.agent(cap=1, load=1)
    first, second = two_wait(world)
    begin(world, first, ASKS)
    assert (chat(world, first).situation, [one.id for one in world.reception.waiting()]) == ("automatic", [second])
    begin(world, first, FAILS)
    assert [one.id for one in world.reception.waiting()] == [first, second]


def test_a_run_that_is_cancelled_leaves_the_places(world: TaskWorld) -> None:
    both = two_wait(world)
    task_id = world.task("chats", when_queued="run")
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    assert world.reception.waiting() == []
    world.say("Oi", sender="5511987650003")
    [later] = world.reception.waiting()
    world.clock.move(60)
    world.container.task_run_service.cancel(ADMIN, task_id, world.run_id)
    world.run()
    assert [one.id for one in world.reception.waiting()] == [*both, later.id]


@pytest.mark.parametrize("steps", [QUEUES, ENDS])
def test_a_flow_that_comes_to_its_end_puts_them_last(world: TaskWorld, steps: Mapping[str, Any]) -> None:
    first, second = two_wait(world)
    begin(world, first, steps)
    assert [one.id for one in world.reception.waiting()] == [second, first]


def test_who_was_served_has_no_place(world: TaskWorld) -> None:
    world.agent(cap=2, load=0)
    first, second = two_wait(world)
    world.container.presence.create(A, ANA_USER, None)
    world.container.chat_actions.transfer_to_agent(ADMIN, first, ANA_USER)
    begin(world, first, {"a": {"type": "set_field", "field": "custom.gone", "value": "x"}})
    assert [one.id for one in world.reception.waiting()] == [second, first]
