"""A flow leads a chat from the customer's first message to an agent's queue (PRODUCT F1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow_world import MENU, FlowWorld, fresh_world
from tests.reception import DEPARTMENT


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    return fresh_world(clock, ids)


def test_a_customer_is_asked_and_comes_into_the_queue(world: FlowWorld) -> None:
    flow_id = world.publish(MENU["steps"], "hello")
    world.enter_by(flow_id)
    world.say("Oi")
    assert (world.chat.situation, world.chat.flow_id, world.chat.queued_at) == ("automatic", flow_id, None)
    assert world.reception.waiting() == []
    world.run()
    assert world.texts() == ["Oi", "→ Olá!", "→ Vendas ou suporte?"]
    assert (world.execution.state, world.execution.waits_for) == ("waiting", "answer")
    world.say("vendas")
    world.run()
    world.say("Maria Silva")
    world.run()
    assert world.texts()[3:] == ["vendas", "→ Seu nome?", "Maria Silva", "→ Obrigado, Maria Silva."]
    chat = world.chat
    assert (chat.situation, chat.department_id, chat.execution_id, chat.flow_id) == ("queued", DEPARTMENT, None, None)
    assert [one.id for one in world.reception.waiting()] == [chat.id]
    done = world.execution
    assert (done.state, done.reason, done.look_at, done.variables["name"]) == ("finished", "queue", None, "Maria Silva")
    assert [one.type for one in world.facts()] == ["chat.started", "flow.started", "flow.finished", "chat.queued"]
    thread = world.reception.thread()
    assert thread is not None
    assert (thread.led_by, thread.unread) == (None, 3)
    assert {one.author.type for one in world.messages() if one.direction == "outbound"} == {"flow"}
    assert [one[:2] for one in world.trace()] == [
        ("hello", "send_text"), ("menu", "ask_choice"), ("menu", "answer"), ("name", "ask"), ("name", "answer"),
        ("set", "set_field"), ("thanks", "send_text"), ("queue", "queue"),
    ]  # fmt: skip
