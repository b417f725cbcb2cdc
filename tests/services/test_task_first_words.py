"""The customer writes before the flow of a run has said anything: that is for people, and the run says nothing (PRODUCT
G7)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.task_runs import ENDED
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN
from tests.reception import A

OTHER = "5511987600002"
HELP = "Oi, preciso de ajuda urgente"


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    made = task_world(clock, ids)
    for sender in (None, OTHER):
        made.say("Oi", **({"sender": sender} if sender else {}))
    for chat in made.reception.chats():
        made.container.chat_actions.close(ADMIN, chat.id)
    made.clock.move(60)
    return made


def begun(world: TaskWorld, **settings: Any) -> str:
    """A run that opened a chat for both, whose flows nobody looked at yet; its task."""
    task_id = world.task(**settings)
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    assert world.seen(task_id)["waiting"] == 2
    return task_id


def pause(world: TaskWorld, task_id: str) -> None:
    world.container.task_run_service.pause(ADMIN, task_id, world.run_id)
    world.run()


def resume(world: TaskWorld, task_id: str) -> None:
    world.container.task_run_service.resume(ADMIN, task_id, world.run_id)
    for _ in range(3):
        world.minute()


def mine(world: TaskWorld) -> Any:
    """The newest chat of the customer who writes."""
    return max((one for one in world.reception.chats() if OTHER not in one.thread.sender), key=lambda one: one.id)


def ours(world: TaskWorld, chat: Any) -> int:
    return sum(one.direction == "outbound" for one in world.container.chats.messages(A, chat, 0, 50))


def handed_over(world: TaskWorld) -> None:
    """The customer waits for people, and nothing was said to them."""
    chat = mine(world)
    assert (chat.situation, chat.execution_id, ours(world, chat)) == ("queued", None, 0)
    assert [one.id for one in world.reception.waiting()] == [chat.id]
    (led,) = [one for one in world.executions if one.chat_id == chat.id]
    assert (led.state, led.reason) == ("aborted", "customer_wrote_first")


def one_left_out(world: TaskWorld, task_id: str) -> None:
    run = world.seen(task_id)
    assert (run["state"], run["audience"], run["executed"], run["skipped"]) == ("done", 2, 1, 1), run
    assert sum(run[state] for state in ENDED) == run["audience"]
    assert world.targets() == {("executed", None): 1, ("skipped", "wrote_first"): 1}


def test_while_the_run_is_paused(world: TaskWorld) -> None:
    task_id = begun(world)
    pause(world, task_id)
    world.say(HELP)
    world.run()
    handed_over(world)
    world.minute()
    assert world.targets() == {("pending", None): 1, ("skipped", "wrote_first"): 1}, "it is told only after the pause"
    resume(world, task_id)
    handed_over(world)
    one_left_out(world, task_id)


def test_a_lost_command_is_made_good_within_a_minute(world: TaskWorld) -> None:
    task_id = begun(world)
    pause(world, task_id)
    world.say(HELP)
    world.queue.take()
    world.minute()
    handed_over(world)


def test_before_the_running_run_has_come_to_it(world: TaskWorld) -> None:
    task_id = begun(world)
    world.say(HELP)
    world.run()
    handed_over(world)
    world.minute()
    one_left_out(world, task_id)


def test_while_the_flow_waits_before_its_first_word(world: TaskWorld) -> None:
    says = {"type": "send_text", "text": "Sua fatura vence amanhã"}
    world.flow_id = world.publish({"a": {"type": "delay", "seconds": 3600, "next": "b"}, "b": says})
    begun(world)
    world.run()
    world.say(HELP)
    world.run()
    handed_over(world)
    world.clock.move(3600)
    world.minute()
    handed_over(world)


def test_in_a_chat_that_was_there_only_what_is_written_since_counts(world: TaskWorld) -> None:
    """What the customer wrote before the flow began is no reason; what they wrote then puts them back in their
    place."""
    for one in range(60):
        world.say(f"Bom dia {one}")
    waited = mine(world)
    task_id = begun(world, when_queued="run")
    pause(world, task_id)
    assert mine(world).situation == "automatic"
    world.say(HELP)
    world.run()
    handed_over(world)
    assert (mine(world).id, mine(world).queued_at) == (waited.id, waited.queued_at)
    resume(world, task_id)
    one_left_out(world, task_id)


def test_a_chat_that_was_there_is_led_when_nothing_was_written_since(world: TaskWorld) -> None:
    world.say("Bom dia")
    task_id = begun(world, when_queued="run")
    world.run()
    world.minute()
    assert ours(world, mine(world)) == 1 and world.seen(task_id)["executed"] == 2


def test_after_the_run_was_cancelled(world: TaskWorld) -> None:
    task_id = begun(world)
    world.container.task_run_service.cancel(ADMIN, task_id, world.run_id)
    world.say(HELP)
    world.run()
    chat = mine(world)
    assert (chat.situation, ours(world, chat)) == ("queued", 0)
    world.minute()
    assert world.targets() == {("pending", None): 2}


@pytest.mark.parametrize("opening", [False, True], ids=["text", "template"])
def test_the_message_comes_just_before_the_first_words(world: TaskWorld, opening: bool) -> None:
    """The flow had seen that nobody wrote: what it says is written behind what it saw, or not at all."""
    fallback = {"name": "volta", "language": "pt_BR", "variables": ["Ana"]}
    if opening:
        world.approve("volta", "Olá, {{1}}!")
        world.clock.move(25 * 3_600)
    task_id = begun(world, **({"template_fallback": fallback} if opening else {}))
    chat, outbox = mine(world), world.container.sending_service
    send = outbox.send

    def overtaken(caller: Any, chat_id: str, *given: Any, **more: Any) -> Any:
        if chat_id == chat.id:
            outbox.send = send  # type: ignore[method-assign]
            world.say(HELP)
        return send(caller, chat_id, *given, **more)

    outbox.send = overtaken  # type: ignore[method-assign]
    world.run()
    handed_over(world)
    world.minute()
    world.minute()
    one_left_out(world, task_id)


def test_the_message_comes_while_the_first_words_are_written(world: TaskWorld) -> None:
    """Behind every look at the thread: the write itself is refused, and tried again no more."""
    task_id = begun(world)
    chat, outbox = mine(world), world.container.sending_service._outbox
    write = outbox.write

    def overtaken(a: str, posting: Any) -> Any:
        if posting.message.chat_id == chat.id:
            outbox.write = write  # type: ignore[method-assign]
            world.say(HELP)
        return write(a, posting)

    outbox.write = overtaken  # type: ignore[method-assign]
    world.run()
    handed_over(world)
    world.minute()
    world.minute()
    one_left_out(world, task_id)


def test_the_message_comes_just_after_the_first_words(world: TaskWorld) -> None:
    """They were said, though nobody noted it yet: the flow goes on, and hears the customer."""
    task_id = begun(world)
    chat, executions = mine(world), world.container.executions
    go_on = executions.go_on

    def overtaken(a: str, before: Any, *given: Any) -> Any:
        if before.chat_id == chat.id:
            executions.go_on = go_on  # type: ignore[method-assign]
            world.say(HELP)
            pause(world, task_id)
            raise RuntimeError("dies here")
        return go_on(a, before, *given)

    executions.go_on = overtaken  # type: ignore[method-assign]
    world.run()
    assert ours(world, chat) == 1
    resume(world, task_id)
    assert world.seen(task_id)["executed"] == 2
    assert "customer_wrote_first" not in {one.reason for one in world.executions}
    assert ours(world, chat) == 1
