"""Flows end by themselves: nothing goes on for ever, nobody is forgotten, a moment's error is no end (PRODUCT
F1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import MessageError
from recado.domain.errors import Busy
from recado.domain.flow_progress import MAX_ANSWERS, MAX_STEPS
from recado.domain.flow_starts import FlowStart
from recado.domain.openings import MAX_FLOWS_IN_A_ROW
from recado.storage.chat_records import MessageRecord
from recado.storage.flow_executions import ExecutionRecord
from recado.storage.groups import DynamoGroups
from tests.flow_world import ADMIN, ANA_USER, FlowWorld, fresh_world
from tests.reception import A
from tests.reliability.test_inbound_crashes import Crash, writes

ASK = {
    "a": {"type": "send_text", "text": "Olá!", "next": "b"},
    "b": {"type": "ask", "text": "Nome?", "save_as": "name", "next": "b"},
    "again": {"type": "ask", "text": "CPF?", "save_as": "cpf", "next": "b"},
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


def test_a_machine_that_answers_at_once_comes_to_people(world: FlowWorld, clock: Any) -> None:
    """A menu whose answers it does not know is put to it, and it thanks for each message."""
    world.enter_by(world.publish({"a": {"type": "ask", "text": "Nome?", "save_as": "name", "next": "a"}}))
    world.say("Oi")
    world.run()
    for _ in range(30):
        clock.move(1)
        world.say("Obrigado por sua mensagem!")
        world.run()
    assert (world.execution.state, world.execution.reason) == ("failed", "too_many_answers")
    assert world.chat.situation == "queued"
    assert world.texts().count("→ Nome?") == 1 + MAX_ANSWERS
    assert world.trace()[-1] == ("a", "answer", "too_many_answers")


def test_a_silent_customer_is_written_to_twenty_times(world: FlowWorld, clock: Any) -> None:
    """Through the flows that one runs, with delays between them, and though each waits before it goes round."""
    greeting = {"a": {"type": "send_text", "text": "Novidades!", "next": "b"}, "b": {"type": "delay", "seconds": 60}}
    other = world.publish(greeting)
    first = world.publish(
        {**greeting, "b": {**greeting["b"], "next": "c"}, "c": {"type": "run_flow", "flow_id": other}}
    )
    flow = world.container.flow_service.change(
        A,
        other,
        {"steps": {**greeting, "b": {**greeting["b"], "next": "c"}, "c": {"type": "run_flow", "flow_id": first}}},
    )
    world.container.flow_service.publish(ADMIN, flow.id)
    world.enter_by(first)
    world.say("Oi")
    for _ in range(40):
        world.run()
        clock.move(61)
        world.container.flow_engine.look_due(160)
    assert (world.execution.state, world.execution.reason) == ("failed", "too_many_messages")
    assert world.texts() == ["Oi"] + ["→ Novidades!"] * 20
    assert world.chat.situation == "queued"


def test_a_machine_that_opens_chat_after_chat_comes_to_people(world: FlowWorld, clock: Any) -> None:
    """The flow answers and closes, and the answer to that opens the next chat; a customer who comes back later is led
    by it again."""
    world.enter_by(
        world.publish({"a": {"type": "send_text", "text": "Já fechamos.", "next": "b"}, "b": {"type": "close"}})
    )
    for _ in range(15):
        world.say("Obrigado por sua mensagem!")
        world.run()
        clock.move(1)
    assert world.texts().count("→ Já fechamos.") == MAX_FLOWS_IN_A_ROW
    [waits] = world.reception.waiting()
    assert len(world.reception.chats()) == MAX_FLOWS_IN_A_ROW + 1
    world.container.chat_actions.close(ADMIN, waits.id)
    clock.move(61)
    world.say("Oi, sou eu")
    world.run()
    assert world.texts()[-1] == "→ Já fechamos."
    for _ in range(15):
        clock.move(60)
        world.say("Oi")
        world.run()
    assert world.texts().count("→ Já fechamos.") == MAX_FLOWS_IN_A_ROW + 16


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
    """The queue would bring the command again after ten seconds."""
    begin(world)
    steps, errors = world.container.flow_steps, [Busy("a"), Busy("b"), RuntimeError("throttled")]
    do = steps.do
    monkeypatch.setattr(steps, "do", lambda *given: do(*given) if not errors else (_ for _ in ()).throw(errors.pop()))
    world.say("Ana")
    assert world.run() == 1
    assert world.texts()[3:] == ["Ana", "→ Nome?"]
    assert world.pauses == [0.2, 1.0, 3.0]


def test_what_took_too_long_is_left_to_the_queue(world: FlowWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of its own would have the name of the one that is worked on, and the queue would drop it."""
    begin(world)

    def slow(*_: Any) -> None:
        world.clock.move(19.9)
        raise RuntimeError

    monkeypatch.setattr(world.container.flow_steps, "do", slow)
    world.say("Ana")
    [look] = world.commands()
    with pytest.raises(RuntimeError):
        world.look(look)
    assert world.pauses == [] and world.commands() == []


# -- messages that fail later ------------------------------------------------------------------------------------------


def fails(world: FlowWorld, seq: int) -> None:
    """The provider says that a message that it took was not delivered; the workers are told, twice."""
    message = world.messages()[seq - 1]
    error = MessageError("131026", "Message undeliverable")
    failed = replace(message, status="failed", error=error)
    MessageRecord.of_message(A, failed).save()
    for _ in range(2):
        world.container.flow_engine.message_failed(A, message.chat_id, seq)


@pytest.mark.parametrize("seq", [2, 3])
def test_nobody_waits_for_an_answer_to_what_was_not_delivered(world: FlowWorld, seq: int) -> None:
    begin(world)
    fails(world, seq)
    assert (world.execution.state, world.execution.reason) == ("failed", "message_failed")
    assert [one.id for one in world.reception.waiting()] == [world.chat.id]
    assert world.trace()[-1] == ("b", "ask", "message_failed: 131026 Message undeliverable")
    told = [(one.type, one.data.get("cause")) for one in world.facts()]
    assert told.count(("chat.queued", "flow_failed")) == 1


def test_a_question_that_was_not_delivered_goes_on_at_its_on_error_once(world: FlowWorld) -> None:
    begin(world, on_error="again")
    fails(world, 3)
    assert (world.texts()[3:], world.execution.state) == (["→ CPF?"], "waiting")
    fails(world, 4)
    assert (world.execution.reason, world.chat.situation) == ("message_failed", "queued")


def test_who_wrote_since_is_there(world: FlowWorld) -> None:
    begin(world)
    world.say("Ana")
    fails(world, 3)
    assert (world.execution.state, world.texts()[3:]) == ("waiting", ["Ana", "→ Nome?"])


def test_what_failed_of_another_flow_ends_nothing(world: FlowWorld) -> None:
    begin(world)
    other = world.publish({"a": {**ASK["b"], "next": "a"}})
    world.container.flow_starting.in_chat(ADMIN, world.chat.id, FlowStart(other, "user"))
    world.run()
    fails(world, 3)
    assert sorted(one.state for one in world.executions) == ["aborted", "waiting"]


def test_an_agent_keeps_the_chat_whatever_failed_before(world: FlowWorld) -> None:
    begin(world)
    world.agent()
    world.container.chat_actions.assume(Caller(A, "admin", user_id=ANA_USER), world.chat.id)
    fails(world, 3)
    assert (world.chat.situation, world.execution.state) == ("in_service", "aborted")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_a_failure_is_seen_to(world: FlowWorld, moment: str) -> None:
    begin(world)
    happened = False

    def dies(_: int, write: Callable[[], Any]) -> Any:
        nonlocal happened
        if happened:
            return write()
        happened = True
        if moment == "after":
            write()
        raise Crash

    with pytest.raises(Crash), writes(dies):
        fails(world, 3)
    fails(world, 3)
    assert (world.execution.reason, world.chat.situation) == ("message_failed", "queued")
    assert [one.type for one in world.facts()].count("flow.finished") == 1


def test_a_condition_that_names_what_is_gone_is_an_error_and_not_a_no(world: FlowWorld) -> None:
    vip = world.container.group_service.create(A, "group", "VIP")
    steps = {
        "a": {"type": "condition", "filter": {"field": "group", "op": "ne", "value": vip.id}, "then": "b", "else": "b"},
        "b": {"type": "send_text", "text": "Olá"},
    }
    world.enter_by(world.publish(steps))
    assert DynamoGroups().delete(A, vip, world.clock.now()), "at the moment of the publishing, when nothing named it"
    world.say("Oi")
    world.run()
    assert (world.execution.state, world.execution.reason) == ("failed", "not_found")
    assert (world.chat.situation, world.texts()) == ("queued", ["Oi"])
