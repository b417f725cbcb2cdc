"""Races of flows that lead chats."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from recado.domain.chat_moves import MoveCommit, assume, lead
from recado.domain.chats import Author
from recado.domain.flow_executions import Execution
from recado.domain.sending import Draft, post
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.flow_executions import DynamoExecutions
from tests.sending_world import BRUNO, CONTACT, A, World
from tests.storage.scenarios import scenario

FLOW = f"fl_{A}_{1:027x}"


def begun(world: World, execution_id: str = "") -> Execution:
    """A flow that leads the world's chat from now on."""
    now = world.clock.now()
    one = Execution(
        execution_id or world.ids.new("fx", A), world.chat.id, CONTACT, FLOW, 1, "a", now, "user",
        begun_with=FLOW, moved_at=now,
    )  # fmt: skip
    chat = world.store.chat(A, world.chat.id)
    assert chat is not None
    ChatMoveStore().commit(A, MoveCommit([lead(chat, world.thread, one, now)], [], []))
    return one


def taken(world: World, user_id: str) -> None:
    """Somebody takes the chat."""
    chat = world.store.chat(A, world.chat.id)
    assert chat is not None
    move = assume(chat, user_id, world.clock.now())
    assert move is not None
    assert ChatMoveStore().commit(A, MoveCommit([move], [], [])) == frozenset()


@scenario("execution-begins-once")
def a_start_is_asked_for_twice(clock: Any, ids: Any) -> None:
    world, store = World(clock, ids), DynamoExecutions()
    one = begun(world)
    further = replace(one, step="b", place=1, version=2)
    assert store.go_on(A, one, further, None)
    begun(world, one.id)
    assert store.get(A, one.id) == further, "it began anew in the middle of its work"


@scenario("execution-goes-on-from-seen-version")
def two_workers_drive_one_and_an_agent_takes_its_chat(clock: Any, ids: Any) -> None:
    world, store = World(clock, ids), DynamoExecutions()
    one = begun(world)
    further = replace(one, step="b", place=1, version=2)
    assert store.go_on(A, one, further, None)
    store.go_on(A, one, replace(one, step="other", place=1, version=2), None)
    assert store.get(A, one.id) == further
    taken(world, BRUNO)
    store.go_on(A, further, replace(further, step="c", place=2, version=3), None)
    found = store.get(A, one.id)
    assert found is not None
    assert (found.state, found.reason, found.step) == ("aborted", "chat_assigned", None)


@scenario("execution-is-there-to-look-at")
def an_execution_ends_while_it_is_put_off(clock: Any, ids: Any) -> None:
    world, store = World(clock, ids), DynamoExecutions()
    one = begun(world)
    taken(world, BRUNO)
    with suppress(Exception):
        store.look_again_at(A, one.id, clock.now())
    clock.move(60)
    assert (ended := store.get(A, one.id)) is not None and ended.state == "aborted"
    assert store.trace(A, one.id) == []
    from recado.storage.flow_executions import ExecutionRecord

    (item,) = ExecutionRecord.scan(ExecutionRecord.sk == "EXEC")
    assert item.due_sk is None


@scenario("flow-writes-while-it-leads")
def an_agent_takes_a_chat_while_its_flow_writes(clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    one = begun(world)
    chat, author = world.store.chat(A, world.chat.id), Author("flow", FLOW)
    assert chat is not None
    written = post(Draft("text", "Olá"), chat, world.thread, author, ids.new("ms", A), None, clock.now(), "")
    taken(world, BRUNO)
    # The thread may stand where it was read: an agent who takes the chat does not move it.
    world.outbox.write(A, replace(written, led_by=one.id))
    said = [message.text for message in world.store.messages(A, chat, 1, 10)]
    assert said == [], "the flow talks into the agent's conversation"
