"""A forecast says what a run does: with whom it begins its flow, and whom it leaves out, and why (PRODUCT G8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.flow_starts import FlowStart
from recado.domain.task_reach import Reach, left_out, there_already
from recado.services.tasks import NewTask
from recado.storage.channels import ChannelRecord
from recado.storage.flows import DynamoFlows
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN, ANA_USER, MENU
from tests.reception import CHANNEL, DEPARTMENT, A

HOURS = 3_600
WORD = {"name": "volta", "language": "pt_BR", "variables": []}
OPENS = {"a": {"type": "send_template", "template": WORD}}
SILENT = {"a": {"type": "delay", "seconds": 60, "next": "b"}, "b": {"type": "queue"}}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    """Customers of all kinds: out of the window, within it, waiting, in service, led by a flow; one who never wrote,
    and one without a number."""
    monkeypatch.setattr("time.sleep", clock.move)
    made = task_world(clock, ids)
    made.approve("volta", "Olá!")
    says = (f"5511987654{number:03d}" for number in range(10))

    def chat() -> Any:
        before = {one.id for one in made.reception.chats()}
        made.say("Oi", sender=next(says))
        (new,) = [one for one in made.reception.chats() if one.id not in before]
        return new

    for wait_h in (25, 0):
        made.container.chat_actions.close(ADMIN, chat().id)
        clock.move(wait_h * HOURS)
    chat()
    made.agent()
    made.container.chat_actions.transfer_to_agent(ADMIN, chat().id, ANA_USER)
    flow_id = made.publish(MENU["steps"], "hello")
    made.container.flow_starting.in_chat(ADMIN, chat().id, FlowStart(flow_id, "user"))
    made.run()
    assert {one.situation for one in made.reception.chats()} == {"closed", "queued", "in_service", "automatic"}
    made.people(1)
    made.container.contact_service.create(ADMIN, {"name": "Sem telefone", "email": "sem@example.com"})
    return made


def meets(world: TaskWorld, table: str, **settings: Any) -> None:
    foretold(world, world.task(table, **settings))


def foretold(world: TaskWorld, task_id: str) -> dict[str, int]:
    """The forecast, and then the run; whom both leave out."""
    told = world.container.task_forecast.of(ADMIN, task_id)
    assert told.audience == told.acted_on + sum(told.left_out.values()) == told.free + told.template + told.unreachable
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    found = world.targets()
    left = Counter({reason: number for (state, reason), number in found.items() if state in ("skipped", "failed")})
    assert (told.acted_on, told.left_out) == (found.total() - left.total(), dict(left))
    return told.left_out


ALL = {"when_in_service": "run", "when_queued": "run", "when_automatic": "run"}


@pytest.mark.parametrize("table", ["contacts", "chats"])
@pytest.mark.parametrize("settings", [{}, {"when_queued": "run"}, {"when_in_service": "run"}, ALL], ids=str)
@pytest.mark.parametrize("begins", ["a word", "a template", "nothing", "a fallback"])
def test_it_is_what_the_run_does(world: TaskWorld, table: str, settings: Any, begins: str) -> None:
    steps = {"a template": OPENS, "nothing": SILENT}.get(begins)
    world.flow_id = world.publish(steps) if steps else world.flow_id
    meets(world, table, **settings, **({"template_fallback": WORD} if begins == "a fallback" else {}))


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ({"type": "queue"}, {"already_queued": 1}),
        ({"type": "transfer", "agent_id": ANA_USER}, {"already_transferred": 1}),
        ({"type": "change_department", "department_id": DEPARTMENT}, {"already_transferred": 1}),
        ({"type": "reopen"}, {"already_open": 3}),
        ({"type": "close"}, {}),
    ],
    ids=str,
)
def test_chats_that_are_there_already(world: TaskWorld, action: Any, left: Any) -> None:
    task = world.container.task_service.create(ADMIN, NewTask("Tarefa", "chats", action))
    assert foretold(world, task.id) == left


def test_a_chat_that_closed_meanwhile(world: TaskWorld) -> None:
    closed = next(one for one in world.reception.chats() if one.situation == "closed")
    now = world.clock.now()
    assert there_already({"type": "queue"}, closed, now) == "no_longer_meant"
    assert there_already({"type": "reopen"}, closed, now) is None


@pytest.mark.parametrize("table", ["contacts", "chats"])
def test_a_channel_that_sends_nothing(world: TaskWorld, table: str) -> None:
    channel = world.container.channels.get(A, CHANNEL)
    assert channel is not None
    ChannelRecord.of_channel(A, replace(channel, state="paused")).save()
    world.clock.move(61)
    meets(world, table, **ALL)


def test_what_is_gone_is_told(world: TaskWorld) -> None:
    task_id = world.task()
    flow = DynamoFlows().get(A, world.flow_id)
    assert flow is not None and DynamoFlows().delete(A, flow)
    told = world.container.task_forecast.of(ADMIN, task_id)
    assert [(one.pointer, one.code) for one in told.problems] == [("/action/flow_id", "not_found")]
    assert (told.acted_on, told.left_out) == (0, {"action_not_ready": told.audience})


def test_a_template_that_is_gone_is_told(world: TaskWorld) -> None:
    task_id = world.task(template_fallback=WORD)
    world.told("volta", "DELETED")
    told = world.container.task_forecast.of(ADMIN, task_id)
    assert [one.pointer for one in told.problems] == ["/action/template_fallback/name"]
    assert told.acted_on == 0


def test_who_is_left_out() -> None:
    words, late = frozenset({"send_text"}), Reach("template", "outside_window")
    assert left_out(Reach("free"), words, False, "queued") == "queued"
    assert left_out(Reach("free"), words, False, "closed") is None
    assert left_out(late, words, False, None) == "outside_window"
    assert left_out(late, words, True, None) is left_out(late, frozenset({"send_template"}), False, None) is None
    assert left_out(Reach("unreachable", "opted_out"), words, True, None) == "opted_out"
    assert left_out(Reach("unreachable", "opted_out"), frozenset(), False, None) is None
    assert left_out(Reach("unreachable", "no_address"), frozenset(), False, None) == "no_address"
