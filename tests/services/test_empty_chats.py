"""A campaign that reaches nobody leaves no queue of empty chats to agents (PRODUCT G5, G6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat, MessageError
from recado.storage import keys
from recado.storage.chat_records import ChatEventRecord, MessageRecord
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN, ANA_USER
from tests.reception import A

TEXT = {"type": "send_text", "text": "Boa tarde!"}
SAYS = {"a": {**TEXT, "next": "people"}, "people": {"type": "queue"}}
ASKS = {"a": {"type": "ask", "text": "Posso ajudar?", "save_as": "yes"}}
MANY = 50


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    return task_world(clock, ids)


def known(world: TaskWorld, number: int = 1) -> None:
    """Customers who wrote a while ago, within the window, and whose chats are closed."""
    for one in range(number):
        sender = f"55119876{one:05d}"
        world.say("Oi", sender=sender) if number > 1 else world.say("Oi")
    for chat in world.reception.chats():
        world.container.chat_actions.close(ADMIN, chat.id)
    world.clock.move(60)


def new_chats(world: TaskWorld) -> list[Chat]:
    return [one for one in world.reception.chats() if one.opened_by is not None]


def begun(world: TaskWorld, steps: Any, start: str = "a") -> Chat:
    """The one chat that a run opened with the flow."""
    known(world)
    world.flow_id = world.publish(steps, start)
    task_id = world.task()
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    world.run()
    (chat,) = new_chats(world)
    return chat


def refused(world: TaskWorld, chat: Chat) -> Chat:
    """The provider refuses the chat's messages; the workers are told of each, twice."""
    for message in world.container.chats.messages(A, chat, 0, 50):
        if message.direction == "outbound":
            error = MessageError("131026", "Message undeliverable")
            MessageRecord.of_message(A, replace(message, status="failed", error=error)).save()
            for _ in range(2):
                world.container.flow_engine.message_failed(A, chat.id, message.seq)
    found = world.container.chats.chat(A, chat.id)
    assert found is not None
    return found


@pytest.mark.parametrize(("steps", "first"), [(SAYS, "queued"), (ASKS, "automatic")])
def test_a_chat_whose_first_message_fails_is_closed(world: TaskWorld, steps: Any, first: str) -> None:
    chat = begun(world, steps)
    assert chat.situation == first
    after = refused(world, chat)
    assert (after.situation, after.moved_by) == ("closed", None)
    thread = world.container.chats.thread(A, chat.thread)
    assert thread is not None and thread.open_chat_id is None
    assert world.reception.waiting() == []


def test_it_is_told_why(world: TaskWorld) -> None:
    chat = begun(world, ASKS)
    refused(world, chat)
    records = ChatEventRecord.query(keys.chat_pk(A, chat.id), ChatEventRecord.sk.startswith("EVT#"))
    told = [(one.type, one.data.get("cause"), one.data.get("reason")) for one in map(ChatEventRecord.event, records)]
    assert set(told[-2:]) == {("flow.finished", None, "message_failed"), ("chat.closed", "nobody_reached", None)}


def test_an_agent_who_was_given_it_and_did_not_begin_is_free_again(world: TaskWorld) -> None:
    world.container.presence.create(A, ANA_USER, None)
    chat = begun(world, SAYS)
    world.container.chat_actions.transfer_to_agent(ADMIN, chat.id, ANA_USER)
    assert world.load() == 1
    assert (refused(world, chat).situation, world.load()) == ("closed", 0)


def test_an_agent_who_began_keeps_it(world: TaskWorld) -> None:
    world.agent()
    chat = begun(world, SAYS)
    world.container.chat_actions.assume(Caller(A, "admin", user_id=ANA_USER), chat.id)
    assert refused(world, chat).situation == "in_service"


@pytest.mark.parametrize("steps", [SAYS, ASKS])
def test_a_customer_who_wrote_is_no_empty_chat(world: TaskWorld, steps: Any) -> None:
    chat = begun(world, steps)
    world.say("Olá?")
    assert refused(world, chat).situation == "queued"


@pytest.mark.parametrize("steps", [SAYS, ASKS])
def test_a_customer_who_writes_at_that_moment_is_first(world: TaskWorld, steps: Any) -> None:
    chat = begun(world, steps)
    moves, said = world.container.flow_engine._leaving._moves, []
    commit = moves.commit

    def late(*given: Any, **named: Any) -> Any:
        if not said:
            said.append(world.say("Olá?"))
        return commit(*given, **named)

    moves.commit = late  # type: ignore[method-assign]
    assert refused(world, chat).situation == "queued"
    assert said and world.texts()[-1] == "Olá?"


@pytest.mark.parametrize("steps", [SAYS, ASKS])
def test_a_customer_who_writes_after_the_messages_were_read_is_first(world: TaskWorld, steps: Any) -> None:
    chat = begun(world, steps)
    chats, said = world.container.flow_engine._chats, []
    read = chats.messages

    def before_they_write(*given: Any) -> Any:
        found = read(*given)
        if given[2] == 0 and not said:
            said.append(world.say("Olá?"))
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chats, "messages", before_they_write)
        for message in read(A, chat, 0, 50):
            error = MessageError("131026", "Message undeliverable")
            MessageRecord.of_message(A, replace(message, status="failed", error=error)).save()
            world.container.flow_engine.message_failed(A, chat.id, message.seq)
    assert said and world.container.chats.chat(A, chat.id).situation == "queued"  # type: ignore[union-attr]


def test_a_message_that_may_have_arrived_is_left_to_people(world: TaskWorld) -> None:
    chat = begun(world, {**SAYS, "a": {**TEXT, "next": "b"}, "b": {**SAYS["a"], "text": "Volto já."}})
    first, _ = [one for one in world.container.chats.messages(A, chat, 0, 50) if one.direction == "outbound"]
    MessageRecord.of_message(A, replace(first, status="unknown")).save()
    world.container.flow_engine.message_failed(A, chat.id, first.seq + 1)
    found = world.container.chats.chat(A, chat.id)
    assert found is not None and found.situation == "queued"


def test_a_chat_that_was_there_before_waits_for_people(world: TaskWorld) -> None:
    world.waits()
    world.flow_id = world.publish(ASKS)
    world.run_id = world.container.task_run_service.start(ADMIN, world.task(when_queued="run"))["id"]
    world.work()
    world.run()
    assert refused(world, world.chat).situation == "queued"


def test_a_campaign_whose_first_messages_are_refused_queues_nothing(world: TaskWorld) -> None:
    """The window ends between the flow's beginning and its first message."""
    known(world, MANY)
    world.flow_id = world.publish({"a": {"type": "delay", "seconds": 1, "next": "b"}, "b": TEXT})
    world.run_id = world.container.task_run_service.start(ADMIN, world.task())["id"]
    world.work()
    world.run()
    assert Counter(one.situation for one in new_chats(world)) == {"automatic": MANY}
    world.clock.move(25 * 3_600)
    world.container.flow_engine.look_due(160)
    world.run()
    assert Counter(one.situation for one in new_chats(world)) == {"closed": MANY}
    assert world.reception.waiting() == []
    assert Counter(one.reason for one in world.executions) == {"outside_window": MANY}
