"""R1, R2, R7 for flows: whatever dies, comes again or is never answered, the customer reads each message once, and the
chat ends where the flow put it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from tests.flow_world import FlowWorld, fresh_world
from tests.reception import A
from tests.reliability.test_inbound_crashes import SOAK, Crash, writes

STEPS = {
    "a": {"type": "send_text", "text": "Olá!", "next": "name"},
    "name": {"type": "ask", "text": "Seu nome?", "save_as": "name", "next": "set"},
    "set": {"type": "set_field", "field": "name", "value": "{{name}}", "next": "http"},
    "http": {"type": "http", "method": "POST", "url": "https://erp.example/{{name}}", "next": "b", "on_error": "b"},
    "b": {"type": "send_text", "text": "Obrigado, {{contact.name}}.", "next": "queue"},
    "queue": {"type": "queue"},
}
MOMENTS = ("before", "after", "lost")
CRASHES = [
    (nth, moment) for nth in range(1, 14) for at, moment in enumerate(MOMENTS) if SOAK or at == 2 or nth % 4 == at
]
"""The answer of each write is lost; its worker dies before or after some, in the long form before and after each."""
SAID = ["Oi", "→ Olá!", "→ Seu nome?", "Ana", "→ Obrigado, Ana."]


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    world = fresh_world(clock, ids)
    world.enter_by(world.publish(STEPS))
    return world


def drive(world: FlowWorld) -> None:
    """The commands that are there are worked off; those whose worker died are delivered again."""
    while commands := world.commands():
        for one in commands:
            for receives in (1, 2, 3):
                try:
                    world.look(one, receives)
                except (Crash, Exception):
                    continue
                break


def assert_all_once(world: FlowWorld) -> None:
    assert world.texts() == SAID
    assert world.chat.situation == "queued"
    assert [one.id for one in world.reception.waiting()] == [world.chat.id]
    assert (world.execution.state, world.execution.reason) == ("finished", "queue")
    assert len(world.requests.asked) <= 1, "what may have been received is not sent again"
    facts = [one.type for one in world.facts()]
    assert facts == ["chat.started", "flow.started", "flow.finished", "chat.queued"]
    assert world.reception.count("OUT") == 3


@pytest.mark.parametrize(("nth", "moment"), CRASHES)
def test_a_crash_at_each_write(world: FlowWorld, nth: int, moment: str) -> None:
    """The thirteenth is one more than there are."""
    happened = False
    number = 0

    def dies(_: int, write: Callable[[], Any]) -> Any:
        nonlocal happened, number
        number += 1
        if number != nth or happened:
            return write()
        happened = True
        if moment != "before":
            write()
        raise ConnectionClosedError(endpoint_url="http://127.0.0.1") if moment == "lost" else Crash

    world.say("Oi")
    with writes(dies):
        drive(world)
    world.say("Ana")
    with writes(dies):
        drive(world)
    assert happened or nth > 12, number
    assert_all_once(world)


def test_every_command_comes_three_times_and_late(world: FlowWorld) -> None:
    world.say("Oi")
    first = world.commands()
    for one in first * 3:
        world.look(one)
    world.say("Ana")
    while commands := world.commands():
        for one in (*first, *commands * 3, *first):
            world.look(one)
    assert_all_once(world)


def test_commands_that_are_lost_are_found_by_the_sweep(world: FlowWorld, clock: Any) -> None:
    world.say("Oi")
    world.commands()
    clock.move(61)
    assert world.container.flow_engine.look_due(160).done == 1
    assert world.container.flow_engine.look_due(160).done == 0, "it was put off"
    assert world.run() == 1
    world.say("Ana")
    world.run()
    assert_all_once(world)


@pytest.mark.parametrize("refusing", ["request_queue", "queue"])
def test_a_hand_over_that_the_queue_refuses_is_done_again(world: FlowWorld, refusing: str) -> None:
    """From the outbound worker to that of requests, and back: neither leaves before the other has its command."""
    world.say("Oi")
    world.run()
    world.say("Ana")
    [there] = world.commands()
    if refusing == "queue":
        world.look(there)
        [there] = world.commands()
    getattr(world, refusing).refuses = True
    for receives in (1, 2):
        with pytest.raises(ConnectionError):
            world.look(there, receives)
    getattr(world, refusing).refuses = False
    world.look(there, 3)
    world.run()
    assert_all_once(world)


def test_a_request_that_comes_late_leaves_a_flow_that_waits_alone(world: FlowWorld) -> None:
    world.say("Oi")
    world.run()
    world.container.flow_engine.ask_outside(A, world.execution.id)
    assert world.commands() == [] and world.execution.state == "waiting"


def test_a_lost_request_is_found_by_the_sweep_in_its_own_queue(world: FlowWorld, clock: Any) -> None:
    """Its worker died, and so did who handed it over; one that only waits for its lane is not asked for twice."""
    world.say("Oi")
    world.run()
    world.say("Ana")
    for one in world.queue.take():
        world.look(one)
    assert len(world.request_queue.take()) == 1
    clock.move(61)
    assert world.container.flow_engine.look_due(160).done == 1
    assert world.commands() == [], "within five minutes the queue knows it"
    world.request_queue.forget()
    clock.move(61)
    assert world.container.flow_engine.look_due(160).done == 1
    assert world.queue.take() == [] and not world.requests.asked
    world.run()
    assert_all_once(world)


def test_a_request_that_waits_long_for_its_lane_does_not_fill_the_queue(world: FlowWorld, clock: Any) -> None:
    """A queue of SQS hands out nobody's commands that lie behind 120,000 of others' which wait for their groups."""
    world.say("Oi")
    world.run()
    world.say("Ana")
    for one in world.queue.take():
        world.look(one)
    for _ in range(12 * 12):
        world.request_queue.forget()
        clock.move(300)
        world.container.flow_engine.look_due(160)
    assert 12 < len(world.request_queue.commands) < 18, "once an hour, and hardly more"
    world.run()
    assert_all_once(world)


def test_two_workers_at_once_do_each_step_once(world: FlowWorld) -> None:
    """Each write of the first is preceded by all that a second one of each kind does."""
    busy = False

    def second_first(_: int, write: Callable[[], Any]) -> Any:
        nonlocal busy
        if not busy:
            busy = True
            try:
                for drive in (world.container.flow_engine.look, world.container.flow_engine.ask_outside):
                    drive(A, world.execution.id)
            finally:
                busy = False
        return write()

    world.say("Oi")
    with writes(second_first):
        world.run()
    world.say("Ana")
    with writes(second_first):
        world.run()
    assert_all_once(world)
