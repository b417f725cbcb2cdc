"""Flows end by themselves: nothing goes on for ever, nobody is forgotten, a moment's error is no end (PRODUCT
F1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.errors import Busy
from recado.domain.flow_runs import MAX_STEPS
from recado.storage.flow_executions import ExecutionRecord
from tests.flow_world import FlowWorld, fresh_world
from tests.reception import A

ASK = {
    "a": {"type": "send_text", "text": "Olá!", "next": "b"},
    "b": {"type": "ask", "text": "Nome?", "save_as": "name", "next": "b"},
    "sorry": {"type": "close"},
}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    return fresh_world(clock, ids)


def begin(world: FlowWorld, **of_question: Any) -> None:
    """The flow waits at its question."""
    world.enter_by(world.publish({**ASK, "b": {**ASK["b"], **of_question}}))
    world.say("Oi")
    world.run()
    assert (world.execution.state, world.texts()) == ("waiting", ["Oi", "→ Olá!", "→ Nome?"])


def test_a_question_without_a_time_waits_a_day(world: FlowWorld, clock: Any) -> None:
    begin(world)
    clock.move(86_399)
    assert world.container.flow_engine.look_due(160).done == 0
    clock.move(1)
    assert world.container.flow_engine.look_due(160).done == 1
    world.run()
    assert (world.chat.situation, world.execution.reason) == ("queued", "end")


def test_two_machines_do_not_answer_each_other_for_ever(world: FlowWorld) -> None:
    begin(world)
    nearly = replace(world.execution, place=MAX_STEPS - 1)
    ExecutionRecord.of_execution(A, nearly).save()
    for answer in ("Olá", "Olá!"):
        assert world.chat.situation == "automatic"
        world.say(answer)
        world.run()
    assert (world.execution.state, world.execution.reason) == ("failed", "too_many_steps")
    assert world.chat.situation == "queued"


def test_what_fails_for_a_moment_is_tried_again_at_once(world: FlowWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue would bring the command again after six minutes."""
    begin(world)
    steps, errors = world.container.flow_steps, [Busy("a"), Busy("b"), RuntimeError("throttled")]
    do = steps.do
    monkeypatch.setattr(steps, "do", lambda *given: do(*given) if not errors else (_ for _ in ()).throw(errors.pop()))
    world.say("Ana")
    assert world.run() == 1
    assert world.texts()[3:] == ["Ana", "→ Nome?"]
    assert world.pauses == [0.2, 1.0, 3.0]
