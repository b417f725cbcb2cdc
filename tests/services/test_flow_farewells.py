"""What a flow says when it gives a chat away: the place in the queue, the agent, the department (PRODUCT F1, F2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.flow_starts import FlowStart
from recado.storage.chat_records import wait_record
from tests.flow_world import ADMIN, ANA_USER, FlowWorld, fresh_world
from tests.reception import DEPARTMENT, A
from tests.reliability.test_inbound_crashes import Crash

PLACE = "{{system.department}}: você é o {{ system.queue_position }}º da fila, {{system.agent}}"


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    return fresh_world(clock, ids)


def waiting(world: FlowWorld, department_id: str, count: int) -> None:
    """Others who wait there already."""
    world.enter_by(None)
    world.say("Primeiro")
    for number in range(count):
        at = world.clock.now() - timedelta(minutes=number + 1)
        one = replace(world.chat, id=f"{world.chat.id[:-1]}{number}", department_id=department_id, queued_at=at)
        wait_record(A, one).save()


def support(world: FlowWorld) -> str:
    made = world.container.department_service.create(A, "Suporte", False, {})
    return made.department.id


def led(world: FlowWorld, steps: Any) -> None:
    """The customer's chat is led by these steps."""
    flow_id = world.publish(steps)
    world.container.flow_starting.in_chat(ADMIN, world.chat.id, FlowStart(flow_id, "user"))
    world.run()


@pytest.mark.parametrize("by", ["queue", "transfer"])
def test_a_customer_is_told_their_place_where_they_go(world: FlowWorld, by: str) -> None:
    department_id = support(world)
    waiting(world, department_id, 2)
    led(world, {"a": {"type": by, "department_id": department_id, "text": PLACE}})
    assert world.texts() == ["Primeiro", "→ Suporte: você é o 3º da fila, "]
    assert (world.chat.situation, world.chat.department_id) == ("queued", department_id)
    message = world.messages()[-1]
    assert world.trace() == [("a", by, f"{by}{'red' if by == 'transfer' else 'd'}, message {message.id}")]


@pytest.mark.parametrize(("others", "place"), [(2, "3"), (3, "3+"), (4, "3+")])
def test_a_place_that_is_not_counted_is_told_so(
    world: FlowWorld, monkeypatch: pytest.MonkeyPatch, others: int, place: str
) -> None:
    monkeypatch.setattr("recado.services.variables.MOST_WAITING", 3)
    department_id = support(world)
    waiting(world, department_id, others)
    led(world, {"a": {"type": "queue", "department_id": department_id, "text": "{{system.queue_position}}"}})
    assert world.texts()[-1] == f"→ {place}"


def test_a_text_before_tells_the_place_in_the_own_department(world: FlowWorld) -> None:
    waiting(world, DEPARTMENT, 1)
    led(world, {"a": {"type": "send_text", "text": PLACE, "next": "b"}, "b": {"type": "queue"}})
    assert world.texts()[-1] == "→ Vendas: você é o 2º da fila, "


def test_a_customer_is_told_who_serves_them(world: FlowWorld) -> None:
    world.agent()
    waiting(world, DEPARTMENT, 0)
    led(world, {"a": {"type": "transfer", "agent_id": ANA_USER, "text": "{{system.agent}} atende você."}})
    assert world.texts()[-1] == "→ Ana atende você."
    assert (world.chat.situation, world.chat.agent_id) == ("in_service", ANA_USER)


def test_a_text_that_is_refused_holds_nobody_up(world: FlowWorld) -> None:
    waiting(world, DEPARTMENT, 0)
    world.clock.move(25 * 3_600)
    led(world, {"a": {"type": "queue", "text": "Um momento"}})
    assert world.texts() == ["Primeiro"] and world.chat.situation == "queued"
    assert world.trace()[0][2].startswith("queued, outside_window")
    assert (world.execution.state, world.execution.reason) == ("finished", "queue")


def test_who_dies_between_the_text_and_the_queue_says_it_once(
    world: FlowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(world, DEPARTMENT, 0)
    flow_id = world.publish({"a": {"type": "queue", "text": "Um momento"}})
    world.container.flow_starting.in_chat(ADMIN, world.chat.id, FlowStart(flow_id, "user"))
    queue = world.container.chat_actions.queue

    def dies(*_: Any) -> None:
        raise Crash

    monkeypatch.setattr(world.container.chat_actions, "queue", dies)
    [one] = world.commands()
    with pytest.raises(Crash):
        world.look(one)
    assert world.texts()[1:] == ["→ Um momento"] and world.chat.situation == "automatic"
    monkeypatch.setattr(world.container.chat_actions, "queue", queue)
    world.look(one, 2)
    assert world.texts()[1:] == ["→ Um momento"] and world.chat.situation == "queued"


def test_names_of_contacts(world: FlowWorld) -> None:
    waiting(world, DEPARTMENT, 0)
    organization = world.container.group_service.create(A, "organization", "Padaria Ipê")
    contact_id = world.chat.contact_id
    given = {"name": " Maria da Silva", "organization_id": organization.id}
    world.container.contact_service.change(ADMIN, contact_id, given)
    text = "{{contact.first_name}} da {{contact.organization}}|"
    led(
        world,
        {
            "a": {"type": "send_text", "text": text, "next": "only"},
            "only": {"type": "send_text", "text": "{{\n contact.first_name\t}}", "next": "b"},
            "b": {"type": "set_field", "field": "name", "value": "{{vazio}}", "next": "c"},
            "c": {"type": "send_text", "text": text},
        },
    )
    assert world.texts()[1:] == ["→ Maria da Padaria Ipê|", "→ Maria", "→  da Padaria Ipê|"]
