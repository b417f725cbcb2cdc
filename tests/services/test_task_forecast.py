"""A forecast says what a run does: with whom it begins its flow, and whom it leaves out, and why (PRODUCT G8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.task_reach import Reach, left_out
from recado.storage.channels import ChannelRecord
from recado.storage.flows import DynamoFlows
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN, ANA_USER, MENU
from tests.reception import CHANNEL, A

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
    made.container.presence.create(A, ANA_USER, None)
    made.container.chat_actions.transfer_to_agent(ADMIN, chat().id, ANA_USER)
    flow_id = made.publish(MENU["steps"], "hello")
    made.enter_by(flow_id)
    chat()
    made.run()
    made.people(1)
    made.container.contact_service.create(ADMIN, {"name": "Sem telefone", "email": "sem@example.com"})
    return made


def meets(world: TaskWorld, table: str, **settings: Any) -> None:
    """The forecast, and then the run."""
    task_id = world.task(table, **settings)
    told = world.container.task_forecast.of(ADMIN, task_id)
    assert told.audience == told.acted_on + sum(told.left_out.values()) == told.free + told.template + told.unreachable
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    found = world.targets()
    left = Counter({reason: number for (state, reason), number in found.items() if state in ("skipped", "failed")})
    assert (told.acted_on, told.left_out) == (found.total() - left.total(), dict(left))


ALL = {"when_in_service": "run", "when_queued": "run", "when_automatic": "run"}


@pytest.mark.parametrize("table", ["contacts", "chats"])
@pytest.mark.parametrize("settings", [{}, {"when_queued": "run"}, {"when_in_service": "run"}, ALL], ids=str)
@pytest.mark.parametrize("begins", ["a word", "a template", "nothing", "a fallback"])
def test_it_is_what_the_run_does(world: TaskWorld, table: str, settings: Any, begins: str) -> None:
    steps = {"a template": OPENS, "nothing": SILENT}.get(begins)
    world.flow_id = world.publish(steps) if steps else world.flow_id
    meets(world, table, **settings, **({"template_fallback": WORD} if begins == "a fallback" else {}))


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
