"""What flows at work cost, and what tasks do by them (docs/data-model.md §3, F1 and G5): the figures of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.flow_starts import FlowStart
from recado.services.task_actions import TaskActions
from tests.flow_task_world import task_world
from tests.flow_world import ADMIN, ANA_USER, FlowWorld, fresh_world
from tests.reception import CHANNEL, A
from tests.recording import Calls, record

QUEUE = {"type": "queue"}
ASK = {"type": "ask", "text": "Seu nome?", "save_as": "name", "next": "q"}
DELAY = {"type": "delay", "seconds": 600, "next": "q"}
GET = {"type": "http", "method": "GET", "url": "https://erp.example/", "save_as": "found", "next": "q"}
SECRET = {**GET, "url": "https://erp.example/?key={{secret.erp}}"}
HELLO = {"type": "send_text", "text": "Olá!"}
NAMED = {"type": "send_text", "text": "Olá, {{contact.name}}!"}

Figures = tuple[float, float, float]
"""Write units, read units, write units of indexes."""


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    world = fresh_world(clock, ids)
    world.enter_by(None)
    world.say("Oi")
    return world


def figures(calls: Calls) -> Figures:
    return calls.wru, calls.rru, sum(calls.index_wru.values())


def begun(world: FlowWorld, flow_id: str, with_contact: bool = False) -> Figures:
    """A start, by a process that remembers the version."""
    chat, starting = world.chat, world.container.flow_starting
    world.container.flow_library.begin_at(A, flow_id)
    with record() as calls:
        if with_contact:
            starting.with_contact(ADMIN, chat.contact_id, CHANNEL, FlowStart(flow_id, "user"))
        else:
            starting.in_chat(ADMIN, chat.id, FlowStart(flow_id, "user"))
    return figures(calls)


def looks(world: FlowWorld) -> list[Figures]:
    """Each look that waits, one after the other."""
    seen = list[Figures]()
    while commands := world.commands():
        for one in commands:
            world.clock.move(1)
            with record() as calls:
                world.look(one)
            seen.append(figures(calls))
    return seen


def driven(world: FlowWorld, **steps: Mapping[str, Any]) -> list[Figures]:
    """The looks at a flow that begins in the chat."""
    begun(world, world.publish({"q": QUEUE, **steps}))
    return looks(world)


def test_a_flow_begins(world: FlowWorld) -> None:
    """A chat that was served is about a KB large, before or after it."""
    flow_id = world.publish({"a": ASK, "q": QUEUE})
    assert begun(world, flow_id) == (12, 4, 9), "of a chat that waits"
    assert begun(world, flow_id) == (14, 4, 7), "in the place of another flow"
    world.agent()
    world.container.chat_actions.assume(Caller(A, "admin", user_id=ANA_USER), world.chat.id)
    served = begun(world, flow_id)
    assert served[0] <= 16 and served[1:] == (6, 10), "of a chat that somebody serves"
    world.container.chat_actions.close(ADMIN, world.chat.id)
    assert begun(world, flow_id, with_contact=True) == (16, 5, 9), "with a new chat"


def test_a_step_that_sends_a_message(world: FlowWorld) -> None:
    """The second of two, as the first of a process reads what is remembered later, and the look what it looks at."""
    [one] = driven(world, a={**HELLO, "next": "b"}, b=DELAY)
    [two] = driven(world, a={**HELLO, "next": "c"}, c={**HELLO, "next": "b"}, b=DELAY)
    [named] = driven(world, a={**HELLO, "next": "c"}, c={**NAMED, "next": "b"}, b=DELAY)
    assert tuple(b - a for a, b in zip(one, two, strict=True)) == (12, 4, 1)
    assert tuple(b - a for a, b in zip(two, named, strict=True)) == (0, 1, 0), "the contact"


def test_a_step_that_waits_and_a_time_that_is_over(world: FlowWorld, clock: Any) -> None:
    assert driven(world, a=DELAY) == [(4, 3, 2)]
    clock.move(601)
    with record() as calls:
        assert world.container.flow_engine.look_due(160).done == 1
    assert figures(calls) == (1, 8 + 1, 2)
    assert looks(world) == [(2 + 15, 7, 2 + 7)], "its time is over, and it is queued"


def test_an_answer_is_heard(world: FlowWorld) -> None:
    driven(world, a={**ASK, "next": "b"}, b=DELAY)
    world.say("Ana")
    assert looks(world) == [(4 + 4, 6, 4)], "heard, and it waits for a time"


def test_a_flow_that_says_something_before_it_ends(world: FlowWorld) -> None:
    driven(world, a={**HELLO, "next": "q"})  # what the process remembers from its first message on
    [plain] = driven(world, a=QUEUE)
    [said] = driven(world, a={**QUEUE, "text": "Um momento"})
    [told] = driven(world, a={**QUEUE, "text": "{{system.queue_position}}"})
    assert tuple(b - a for a, b in zip(plain, said, strict=True)) == (8, 5, 1)
    assert tuple(b - a for a, b in zip(said, told, strict=True)) == (0, 1.5, 0), "the account, and those who wait"


def test_http_steps(world: FlowWorld) -> None:
    """Handed over, done by a worker of the other kind, handed back and queued."""
    world.container.flow_secret_service.put(A, "erp", "key")
    queued = (15, 6, 7)
    assert driven(world, a=GET) == [(0, 2, 0), (4, 3, 2), queued]
    assert driven(world, a={**GET, "method": "POST"}) == [(0, 2, 0), (6, 3, 2), queued]
    assert driven(world, a=SECRET) == [(0, 2, 0), (4, 4, 2), queued]


@pytest.mark.parametrize(("last", "costs"), [(QUEUE, (15, 6, 7)), ({"type": "close"}, (13, 6, 7))])
def test_a_flow_ends_by_a_step(world: FlowWorld, last: Mapping[str, Any], costs: Figures) -> None:
    assert driven(world, a=last) == [costs]


def test_a_flow_ends_as_no_step_follows(world: FlowWorld) -> None:
    """With its last message, the first of a process."""
    assert driven(world, a=HELLO) == [(8 + 16, 11, 8)]


def test_a_flow_ends_that_nobody_answered(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a chat that it opened: the thread and the messages are read for it. By its end, and by the department's
    time."""
    monkeypatch.setattr("time.sleep", clock.move)
    world = task_world(clock, ids)
    world.reception.settle(max_automatic_s=300)
    world.waits()
    world.container.chat_actions.close(ADMIN, world.chat.id)
    drawn = {"a": {**HELLO, "next": "b"}, "b": {"type": "delay", "seconds": 200}}
    for seconds in (201, 301):
        world.flow_id = world.publish(drawn)
        world.run_id = world.container.task_run_service.start(ADMIN, world.task())["id"]
        world.work()
        world.run()
        clock.move(seconds)
        [chat] = [one for one in world.reception.chats() if one.situation == "automatic"]
        if seconds == 201:
            world.container.flow_engine.look_due(160)
            assert looks(world) == [(12, 4, 8)]
    with record() as calls:
        assert world.container.chat_timers.look(A, chat.id)
    assert figures(calls) == (12, 5, 8)


def test_a_task_begins_a_flow(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", clock.move)
    own, acts = TaskActions.act, list[Figures]()

    def act(*given: Any) -> Any:
        with record() as calls:
            result = own(*given)
        acts.append(figures(calls))
        return result

    monkeypatch.setattr(TaskActions, "act", act)
    world = task_world(clock, ids)
    world.waits()
    world.run_task(when_queued="run")
    world.run_task("chats", when_automatic="run")
    world.container.chat_actions.close(ADMIN, world.chat.id)
    world.run_task()
    assert acts[0] == (14, 14, 9), "with a contact whose chat waits"
    assert acts[1] == (14, 14, 7), "in a chat"
    assert acts[2] == (16, 11, 9), "with a contact who has no chat"
