"""A run that is paused or cancelled writes to nobody more than those whose messages were written (PRODUCT G7)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.flow_executions import effect_origin
from recado.domain.task_runs import ENDED
from recado.ports.idempotency import Attempt
from recado.services.flow_steps import Standing
from recado.services.sending import NewMessage
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN
from tests.reception import A

CUSTOMERS = 4


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    return task_world(clock, ids)


def known(world: TaskWorld) -> None:
    """Customers who wrote a while ago, within the window, and whose chats are closed."""
    for one in range(CUSTOMERS):
        world.say("Oi", sender=f"55119876{one:05d}")
    for chat in world.reception.chats():
        world.container.chat_actions.close(ADMIN, chat.id)
    world.clock.move(60)


def begun(world: TaskWorld, table: str = "contacts", **settings: Any) -> str:
    """A run whose flows are begun, and nobody looked at them yet; its task."""
    task_id = world.task(table, **settings)
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    assert world.seen(task_id)["waiting"] == len(world.targets_of_all())
    return task_id


def written(world: TaskWorld) -> int:
    return sum(
        message.direction == "outbound"
        for chat in world.reception.chats()
        for message in world.container.chats.messages(A, chat, 0, 50)
    )


def test_who_was_not_written_to_is_not_written_to_after_cancel(world: TaskWorld) -> None:
    known(world)
    task_id = begun(world)
    answer = world.container.task_run_service.cancel(ADMIN, task_id, world.run_id)
    assert (answer["state"], answer["waiting"]) == ("cancelled", CUSTOMERS), "it is not told how many are on their way"
    world.run()
    assert written(world) == 0, "somebody was written to after the run was cancelled"
    assert {(one.state, one.reason) for one in world.executions} == {("aborted", "run_cancelled")}
    assert {one.situation for one in world.reception.chats()} == {"closed"} and world.reception.waiting() == []
    world.minute()
    after = world.seen(task_id)
    assert (after["waiting"], [after[state] for state in ENDED]) == (0, [0, 0, 0, 0])
    assert world.targets() == {("pending", None): CUSTOMERS}
    assert {one.sent for one in world.targets_of_all()} == {None}


def test_a_paused_run_is_gone_on_with_where_it_stood(world: TaskWorld) -> None:
    known(world)
    task_id = begun(world)
    world.container.task_run_service.pause(ADMIN, task_id, world.run_id)
    world.run()
    for _ in range(2):
        world.minute()
    assert written(world) == 0, "a paused run writes"
    assert {one.state for one in world.executions} == {"running"}
    world.container.task_run_service.resume(ADMIN, task_id, world.run_id)
    for _ in range(4):
        world.minute()
    assert written(world) == CUSTOMERS, "somebody was left out, or written to twice"
    assert world.seen(task_id)["state"] == "done" and world.seen(task_id)["executed"] == CUSTOMERS


def test_a_paused_run_whose_flow_begins_with_a_request_goes_on_soon(world: TaskWorld) -> None:
    asks = {"type": "http", "method": "GET", "url": "https://erp.example/", "next": "b", "on_error": "b"}
    world.flow_id = world.publish({"a": asks, "b": {"type": "send_text", "text": "Olá!"}})
    known(world)
    task_id = begun(world)
    world.container.task_run_service.pause(ADMIN, task_id, world.run_id)
    for _ in range(20):
        world.minute()
        world.request_queue.forget()
    assert written(world) == 0 and world.requests.asked == []
    world.container.task_run_service.resume(ADMIN, task_id, world.run_id)
    for _ in range(2):
        world.minute()
    assert written(world) == CUSTOMERS


def test_a_run_waits_for_the_server_that_its_flow_asks(world: TaskWorld) -> None:
    """All that stand at their requests lie in one queue, with those of everybody else: no run brings more there than
    it may have on their way."""
    asks = {"type": "http", "method": "GET", "url": "https://erp.example/", "next": "c", "on_error": "c"}
    says = {"type": "send_text", "text": "Olá!", "next": "b"}
    world.flow_id = world.publish({"a": says, "b": asks, "c": {"type": "send_text", "text": "Até!"}})
    known(world)
    task_id = begun(world)
    for one in world.queue.take():
        if "execution_id" in one.body:
            world.look(one)
    world.sent()
    world.clock.move(61)
    world.container.task_run_work.look_at_sends(160)
    assert len(world.request_queue.commands) == written(world) == world.seen(task_id)["waiting"] == CUSTOMERS
    for _ in range(4):
        world.minute()
    assert (written(world), world.seen(task_id)["executed"]) == (2 * CUSTOMERS, CUSTOMERS)


def test_a_chat_that_was_there_waits_for_people_after_cancel(world: TaskWorld) -> None:
    chat = world.waits()
    task_id = begun(world, "chats", when_queued="run")
    assert world.chat.situation == "automatic"
    world.container.task_run_service.cancel(ADMIN, task_id, world.run_id)
    world.run()
    assert (world.chat.id, world.chat.situation, written(world)) == (chat.id, "queued", 0)
    world.minute()
    assert world.targets() == {("pending", None): 1}


def test_what_was_written_by_a_worker_that_died_is_told_as_written(world: TaskWorld) -> None:
    world.say("Oi")
    world.container.chat_actions.close(ADMIN, world.chat.id)
    task_id = begun(world)
    (one,) = [one for one in world.executions if one.of_run]
    chat = world.container.chats.chat(A, one.chat_id)
    drawn = world.container.flow_library.version(A, one.flow_id, one.flow_version)
    assert chat is not None and drawn is not None
    caller, attempt = Standing(A, chat, one, drawn).caller, Attempt(effect_origin(A, one), again=True)
    world.container.sending_service.send(caller, chat.id, NewMessage(text="Posso ajudar?"), attempt=attempt)
    world.container.task_run_service.cancel(ADMIN, task_id, world.run_id)
    world.run()
    assert written(world) == 1
    world.minute()
    world.minute()
    assert world.targets() == {("executed", None): 1}


def test_a_flow_that_spoke_goes_on_after_cancel(world: TaskWorld) -> None:
    """The customer who was asked is answered."""
    world.say("Oi")
    world.container.chat_actions.close(ADMIN, world.chat.id)
    world.flow_id = world.publish(
        {
            "a": {"type": "ask", "text": "Quem?", "save_as": "name", "next": "b"},
            "b": {"type": "send_text", "text": "Ah!"},
        }
    )
    task_id = begun(world)
    world.run()
    world.container.task_run_service.cancel(ADMIN, task_id, world.run_id)
    world.sent()
    world.say("Ana")
    world.run()
    assert written(world) == 2
