"""A flow begins in a chat that is open, whoever has it, or in a new one with a contact (G5, G6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.errors import Conflict, Forbidden, Invalid
from recado.domain.flow_starts import FlowStart
from recado.domain.people import Membership
from recado.services.flow_starting import LeftAlone
from tests.flow_world import ADMIN, ANA_USER, FlowWorld, fresh_world
from tests.reception import CHANNEL, DEPARTMENT, A, said, text
from tests.reliability.test_inbound_crashes import Crash, writes

STEPS = {
    "a": {"type": "ask", "text": "Oi {{who}}?", "save_as": "reply", "next": "q"},
    "q": {"type": "queue"},
}
SYSTEM = Caller(A, "admin")
ORIGIN = f"tg_{A}_{5:027x}"


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    world = fresh_world(clock, ids)
    world.enter_by(None)
    return world


@pytest.fixture
def flow_id(world: FlowWorld) -> str:
    return world.publish(STEPS)


def queued(world: FlowWorld) -> Chat:
    world.say("Preciso de ajuda")
    return world.chat


def in_service(world: FlowWorld) -> Chat:
    chat = queued(world)
    world.agent()
    world.container.chat_actions.assume(Caller(A, "admin", user_id=ANA_USER), chat.id)
    return world.chat


def led(world: FlowWorld) -> Chat:
    chat = queued(world)
    other = world.publish(STEPS)
    world.container.flow_starting.in_chat(ADMIN, chat.id, FlowStart(other, "user", {"who": "outro"}))
    world.run()
    return world.chat


@pytest.mark.parametrize("place", [queued, in_service, led])
def test_a_flow_begins_wherever_the_chat_is(world: FlowWorld, flow_id: str, place: Callable[[FlowWorld], Chat]) -> None:
    before = place(world)
    started = world.container.flow_starting.in_chat(ADMIN, before.id, FlowStart(flow_id, "user", {"who": "Ana"}))
    assert started.before == before
    chat = world.chat
    assert (chat.situation, chat.agent_id, chat.flow_id) == ("automatic", None, flow_id)
    assert world.reception.waiting() == []
    world.run()
    assert world.texts()[-1] == "→ Oi Ana?"
    world.say("eu")
    world.run()
    assert world.chat.situation == "queued"
    agent = world.container.agents.get(A, ANA_USER)
    assert agent is None or agent[0].load == 0, "who had it is free for another"
    states = [(one.state, one.reason) for one in world.executions]
    assert states[-1] == ("finished", "queue")
    assert states[:-1] == ([("aborted", "another_flow")] if place is led else [])
    thread = world.reception.thread()
    assert thread is not None and thread.led_by is None


def test_no_flow_begins_in_a_closed_chat_nor_in_one_of_another(world: FlowWorld, flow_id: str) -> None:
    start, chat = world.container.flow_starting.in_chat, in_service(world)
    other = Caller(A, "agent", user_id=f"us_{A}_{2:027x}", memberships={DEPARTMENT: Membership(1, True, False)})
    with pytest.raises(Forbidden):
        start(other, chat.id, FlowStart(flow_id, "user"))
    world.container.chat_actions.close(ADMIN, chat.id)
    with pytest.raises(Conflict) as refused:
        start(ADMIN, chat.id, FlowStart(flow_id, "user"))
    assert refused.value.code == "chat_closed"
    assert world.executions == []


@pytest.mark.parametrize(
    ("flow", "variables", "pointer"),
    [
        ("fl_x", {}, "/flow_id"),
        (f"fl_{A}_{9:027x}", {}, "/flow_id"),
        (None, {"contact": "x"}, "/variables/contact"),
        (None, {"Nome": "x"}, "/variables/Nome"),
        (None, {"x": []}, "/variables/x"),
        (None, {"x": "y" * 4_097}, "/variables/x"),
        (None, {f"v{number}": 1 for number in range(51)}, "/variables"),
    ],
)
def test_what_no_flow_begins_with(
    world: FlowWorld, flow_id: str, flow: str | None, variables: dict[str, Any], pointer: str
) -> None:
    chat = queued(world)
    with pytest.raises(Invalid) as refused:
        world.container.flow_starting.in_chat(ADMIN, chat.id, FlowStart(flow or flow_id, "user", variables))
    assert [one.pointer for one in refused.value.errors] == [pointer]
    assert world.chat == chat


def test_situations_in_which_a_task_leaves_the_chat_alone(world: FlowWorld, flow_id: str) -> None:
    chat = in_service(world)
    with pytest.raises(LeftAlone) as refused:
        world.container.flow_starting.in_chat(
            SYSTEM, chat.id, FlowStart(flow_id, "task", {}, ORIGIN, ("queued", "automatic"))
        )
    assert (refused.value.code, refused.value.extra["situation"]) == ("chat_left_alone", "in_service")
    assert world.chat == chat


def test_who_loses_a_race_is_told_where_the_chat_is(world: FlowWorld, flow_id: str) -> None:
    chat, raced = queued(world), False
    world.agent()

    def taken_first(_: int, write: Callable[[], Any]) -> Any:
        nonlocal raced
        if not raced:
            raced = True
            world.container.chat_actions.assume(Caller(A, "admin", user_id=ANA_USER), chat.id)
        return write()

    with writes(taken_first), pytest.raises(Conflict) as refused:
        world.container.flow_starting.in_chat(ADMIN, chat.id, FlowStart(flow_id, "user"))
    assert (refused.value.code, refused.value.extra["agent_id"]) == ("chat_moved", ANA_USER)
    assert world.executions == []


def test_a_customer_who_writes_at_that_moment_is_heard_or_was_before(world: FlowWorld, flow_id: str) -> None:
    """The thread moves with the start, so whoever recorded a message from what it was reads it again."""
    chat, raced = queued(world), False
    world.reception.post(said(text("wamid.race", "eu de novo", at=int(world.clock.now().timestamp()))))

    def starts_first(_: int, write: Callable[[], Any]) -> Any:
        nonlocal raced
        if not raced:
            raced = True
            world.container.flow_starting.in_chat(ADMIN, chat.id, FlowStart(flow_id, "user"))
        return write()

    with writes(starts_first):
        assert world.reception.work() == []
    assert world.messages()[-1].heard_by == world.execution.id


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_start_of_a_task_is_the_same_one_again(world: FlowWorld, flow_id: str, moment: str) -> None:
    start, chat = world.container.flow_starting.in_chat, queued(world)

    def dies(_: int, write: Callable[[], Any]) -> Any:
        if moment == "after":
            write()
        raise Crash

    with writes(dies), pytest.raises(Crash):
        start(SYSTEM, chat.id, FlowStart(flow_id, "task", {}, ORIGIN))
    first = start(SYSTEM, chat.id, FlowStart(flow_id, "task", {}, ORIGIN))
    world.run()
    world.say("eu")
    world.run()
    again = start(SYSTEM, chat.id, FlowStart(flow_id, "task", {}, ORIGIN))
    assert again.execution.id == first.execution.id == world.execution.id
    assert (again.chat.situation, again.before) == ("queued", None)
    assert world.texts().count("→ Oi ?") == 1


@pytest.mark.parametrize("moment", ["", "before", "after"])
def test_a_task_opens_a_chat_with_a_contact(world: FlowWorld, flow_id: str, moment: str) -> None:
    chat = queued(world)
    world.container.chat_actions.close(ADMIN, chat.id)
    start = world.container.flow_starting.with_contact
    given = (SYSTEM, chat.contact_id, CHANNEL, FlowStart(flow_id, "task", {"who": "Ana"}, ORIGIN))

    def dies(_: int, write: Callable[[], Any]) -> Any:
        if moment == "after":
            write()
        raise Crash

    if moment:
        with writes(dies), pytest.raises(Crash):
            start(*given)
    start(*given)
    world.run()
    again = start(*given)
    first, second = sorted(world.reception.chats(), key=lambda one: one.id)
    assert (first.situation, second.situation, second.flow_id) == ("closed", "automatic", flow_id)
    assert again.chat.id == second.id and world.execution.chat_id == second.id
    assert world.texts()[-1] == "→ Oi Ana?"
    facts = world.reception.facts(second.id)
    assert facts == ["chat.started", "flow.started"]


def test_a_task_finds_the_chat_that_is_open(world: FlowWorld, flow_id: str) -> None:
    chat = in_service(world)
    started = world.container.flow_starting.with_contact(
        SYSTEM, chat.contact_id, CHANNEL, FlowStart(flow_id, "task", {}, ORIGIN)
    )
    assert (started.chat.id, started.chat.situation, started.chat.agent_id) == (chat.id, "automatic", None)
    assert started.before == chat


def test_two_who_do_the_same_start_at_once_begin_it_once(world: FlowWorld, flow_id: str) -> None:
    """Whoever is second finds the chat led, by what they were to begin."""
    chat, starting, first = queued(world), world.container.flow_starting, list[str]()
    given = (SYSTEM, chat.contact_id, CHANNEL, FlowStart(flow_id, "task", {}, ORIGIN, ("queued",)))
    start = starting._starting.start

    def overtaken(*of_chat: Any) -> Any:
        if not first:
            first.append("")
            first[0] = starting.with_contact(*given).execution.id
        return start(*of_chat)

    starting._starting.start = overtaken  # type: ignore[method-assign]
    assert [starting.with_contact(*given).execution.id] == first
    assert [one.id for one in world.executions] == first
