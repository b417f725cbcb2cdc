"""A campaign that nobody answers leaves no queue of chats to agents, and who answers keeps theirs (PRODUCT G5, G6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.chats import Author, Chat
from recado.domain.people import ReopenRule
from recado.storage import keys
from recado.storage.chat_records import ChatEventRecord, MessageRecord
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN, ANA_USER
from tests.reception import A, said
from tests.services.test_empty_chats import begun, known, new_chats

TEXT = {"type": "send_text", "text": "Boa tarde!"}
ENDS = {"a": TEXT}
ASKS = {"a": {"type": "ask", "text": "Posso ajudar?", "save_as": "yes", "timeout_s": 7_200, "next": "b"}, "b": TEXT}
WAITS = {"a": {**TEXT, "next": "b"}, "b": {"type": "delay", "seconds": 7_200}}
MANY, HOUR = 50, 3_600
FALLBACK = {"name": "volta", "language": "pt_BR", "variables": []}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    return task_world(clock, ids)


def look(world: TaskWorld) -> None:
    """What the minute brings: flows whose time has come, chats that a flow leads too long."""
    world.container.flow_engine.look_due(160)
    world.run()
    world.container.chat_timers.run_due(160)


def passes(world: TaskWorld, seconds: float) -> None:
    world.clock.move(seconds)
    look(world)


def opened(world: TaskWorld, **settings: Any) -> Chat:
    """The one chat that a run opened by a template, as nothing else may be written."""
    known(world)
    world.clock.move(25 * HOUR)
    world.approve("volta", "Olá!")
    world.flow_id = world.publish(ASKS)
    world.run_id = world.container.task_run_service.start(ADMIN, world.task(template_fallback=FALLBACK))["id"]
    world.work()
    world.run()
    (chat,) = new_chats(world)
    assert (chat.situation, world.texts()[-1]) == ("automatic", "→ Olá!")
    return chat


def now(world: TaskWorld, chat: Chat) -> Chat:
    found = world.container.chats.chat(A, chat.id)
    assert found is not None
    return found


def told(world: TaskWorld, chat: Chat, event_type: str) -> Any:
    records = ChatEventRecord.query(keys.chat_pk(A, chat.id), ChatEventRecord.sk.startswith("EVT#"))
    return [one.data for one in map(ChatEventRecord.event, records) if one.type == event_type][-1]


def is_closed(world: TaskWorld, chat: Chat) -> None:
    after = now(world, chat)
    assert (after.situation, told(world, chat, "chat.closed")["cause"]) == ("closed", "nobody_answered")
    thread = world.container.chats.thread(A, chat.thread)
    assert thread is not None and (thread.open_chat_id, thread.led_by) == (None, None)
    assert world.reception.waiting() == []


# -- nobody answers ----------------------------------------------------------------------------------------------------


def test_a_flow_that_ends_unanswered(world: TaskWorld) -> None:
    chat = begun(world, ENDS)
    is_closed(world, chat)
    assert "feedback_asked" not in told(world, chat, "chat.closed")
    assert (world.execution.state, world.execution.reason) == ("finished", "end")
    assert world.texts()[-1] == "→ Boa tarde!"


@pytest.mark.parametrize("steps", [ASKS, WAITS])
def test_a_time_that_passes_unanswered(world: TaskWorld, steps: Any) -> None:
    chat = begun(world, steps)
    passes(world, 7_199)
    assert now(world, chat).situation == "automatic"
    passes(world, 2)
    is_closed(world, chat)
    assert (world.execution.state, world.execution.reason) == ("finished", "end")


@pytest.mark.parametrize("steps", [ASKS, WAITS])
def test_the_departments_time_passes_unanswered(world: TaskWorld, steps: Any) -> None:
    world.reception.settle(max_automatic_s=300)
    chat = begun(world, steps)
    spoke_at = world.messages()[-1].created_at
    passes(world, (spoke_at - world.clock.now()).total_seconds() + 299)
    assert now(world, chat).situation == "automatic"
    passes(world, 2)
    is_closed(world, chat)
    assert (world.execution.state, world.execution.reason) == ("aborted", "chat_closed")


def test_what_has_said_nothing_yet_is_left_its_time(world: TaskWorld) -> None:
    """It waits longer than its department lets a customer be led, and then has that time for an answer."""
    world.reception.settle(max_automatic_s=300)
    chat = begun(world, {"w": {"type": "delay", "seconds": 7_200, "next": "a"}, **ASKS}, "w")
    for seconds in (301, 6_900):
        passes(world, seconds)
        assert now(world, chat).situation == "automatic"
    assert world.texts()[-1] == "→ Posso ajudar?"
    passes(world, 240)
    assert now(world, chat).situation == "automatic"
    passes(world, 360)
    is_closed(world, chat)


def test_a_run_that_is_paused_keeps_whom_it_has_not_written_to(world: TaskWorld) -> None:
    world.reception.settle(max_automatic_s=300)
    known(world)
    world.flow_id, runs = world.publish(ASKS), world.container.task_run_service
    task_id = world.task()
    world.run_id = runs.start(ADMIN, task_id)["id"]
    world.work()
    runs.pause(ADMIN, task_id, world.run_id)
    for _ in range(3):
        passes(world, 301)
    runs.resume(ADMIN, task_id, world.run_id)
    passes(world, 301)
    (chat,) = new_chats(world)
    assert (chat.situation, world.texts()[-1]) == ("automatic", "→ Posso ajudar?")


def test_a_flow_that_fails_unanswered(world: TaskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal, and what nobody foresaw."""
    chat = begun(world, {**WAITS, "b": {**WAITS["b"], "next": "c"}, "c": {**TEXT, "type": "send_text"}})

    def raises(*_: Any) -> Any:
        raise RuntimeError("a step that nobody foresaw")

    monkeypatch.setattr(world.container.flow_steps, "do", raises)
    world.clock.move(7_201)
    world.container.flow_engine.look_due(160)
    world.run(receives=4)
    is_closed(world, chat)
    assert world.execution.reason == "internal_error"


def test_a_sign_at_a_message_is_no_answer(world: TaskWorld) -> None:
    chat = begun(world, ASKS)
    sign = {"id": "wamid.sign", "from": "5511987654321", "timestamp": str(int(world.clock.now().timestamp()))}
    world.reception.deliver(said({**sign, "type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}}))
    assert world.container.chats.messages(A, chat, 0, 50)[-1].kind == "reaction"
    passes(world, 7_201)
    is_closed(world, chat)


def test_a_campaign_of_fifty_queues_nobody(world: TaskWorld) -> None:
    known(world, MANY)
    world.flow_id = world.publish(ASKS)
    world.run_id = world.container.task_run_service.start(ADMIN, world.task())["id"]
    world.work()
    world.run()
    assert Counter(one.situation for one in new_chats(world)) == {"automatic": MANY}
    passes(world, 7_201)
    assert Counter(one.situation for one in new_chats(world)) == {"closed": MANY}
    assert world.reception.waiting() == []


# -- who is for people all the same ------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [{"type": "queue"}, {"type": "transfer", "agent_id": ANA_USER}])
def test_a_step_that_says_so_hands_over(world: TaskWorld, last: Any) -> None:
    """Also one that is refused: the agent is at the cap."""
    world.agent(cap=1, load=1)
    chat = begun(world, {"a": {**TEXT, "next": "b"}, "b": last})
    assert [one.id for one in world.reception.waiting()] == [chat.id]


def test_what_a_user_wrote_too_is_for_people(world: TaskWorld) -> None:
    chat = begun(world, ASKS)
    ours = world.container.chats.messages(A, chat, 0, 50)[-1]
    MessageRecord.of_message(A, replace(ours, author=Author("user", ADMIN.user_id))).save()
    passes(world, 7_201)
    assert now(world, chat).situation == "queued"


@pytest.mark.parametrize(("steps", "seconds"), [(ENDS, 0), (WAITS, 7_201)])
def test_a_chat_that_was_there_before_is_queued(world: TaskWorld, steps: Any, seconds: float) -> None:
    world.waits()
    world.flow_id = world.publish(steps)
    world.run_id = world.container.task_run_service.start(ADMIN, world.task(when_queued="run"))["id"]
    world.work()
    world.run()
    passes(world, seconds)
    assert world.chat.situation == "queued"
    assert told(world, world.chat, "chat.queued")["cause"] == "flow_ended"


# -- who answers at that moment, and later -----------------------------------------------------------------------------


def answered_at_the_move(world: TaskWorld) -> None:
    moves, once = world.container.system_moves, []
    commit = moves.commit

    def late(*given: Any, **named: Any) -> Any:
        if not once:
            once.append(world.say("Oi!"))
        return commit(*given, **named)

    moves.commit = late  # type: ignore[method-assign]


def answered_between_reads(world: TaskWorld) -> None:
    store, once = world.container.empty_chats._conversations, []
    real = {name: getattr(store, name) for name in ("thread", "messages")}

    def reader(name: str) -> Any:
        def read(*given: Any) -> Any:
            found = real[name](*given)
            if not once:
                once.append(world.say("Oi!"))
            return found

        return read

    for name in real:
        setattr(store, name, reader(name))


@pytest.mark.parametrize("moment", [answered_at_the_move, answered_between_reads])
@pytest.mark.parametrize("by", ["question", "department"])
def test_who_answers_before_the_close_keeps_the_chat(world: TaskWorld, moment: Any, by: str) -> None:
    """The flow goes on with them, but when it has come to its end before."""
    if by == "department":
        world.reception.settle(max_automatic_s=7_000)
    chat = begun(world, ASKS)
    moment(world)
    passes(world, 7_201 if by == "question" else 7_001)
    world.run()
    said = next(one for one in world.messages() if one.text == "Oi!")
    assert (now(world, chat).situation, said.chat_id) == ("queued", chat.id)
    heard = by == "department" or moment is answered_at_the_move
    assert world.texts()[-1] == ("→ Boa tarde!" if heard else "Oi!")


@pytest.mark.parametrize("moment", [answered_at_the_move, answered_between_reads])
def test_who_answers_a_flow_that_ends_waits_in_the_chat(world: TaskWorld, moment: Any) -> None:
    known(world)
    world.flow_id = world.publish(ENDS)
    world.run_id = world.container.task_run_service.start(ADMIN, world.task())["id"]
    world.work()
    moment(world)
    world.run()
    (chat,) = new_chats(world)
    assert [one.id for one in world.reception.waiting()] == [chat.id]
    assert world.messages()[-1].chat_id == chat.id


def test_who_answers_behind_the_close_is_as_anybody(world: TaskWorld) -> None:
    """Intake read the thread before, and looks again."""
    known(world)
    world.flow_id = world.publish(ENDS)
    world.run_id = world.container.task_run_service.start(ADMIN, world.task())["id"]
    world.work()
    threads, once = world.reception.threads, list[int]()
    take_in = threads.take_in

    def late(*given: Any, **named: Any) -> Any:
        if not once:
            once.append(world.run())
        return take_in(*given, **named)

    threads.take_in = late  # type: ignore[method-assign]
    world.say("Oi!")
    (chat,) = new_chats(world)
    [waits] = world.reception.waiting()
    assert once == [1] and now(world, chat).situation == "closed"
    assert waits.id != chat.id and world.messages()[-1].chat_id == waits.id


def test_who_answers_later_opens_the_chat_again_where_that_is_the_rule(world: TaskWorld) -> None:
    world.reception.settle(reopening=ReopenRule("within", 24, True))
    chat = begun(world, ENDS)
    is_closed(world, chat)
    world.clock.move(HOUR)
    world.say("Oi!")
    assert [one.id for one in world.reception.waiting()] == [chat.id]


# -- behind a template that opens --------------------------------------------------------------------------------------


def test_an_answer_to_a_template_has_a_day(world: TaskWorld) -> None:
    """Whatever the department's time is, which begins with the answer."""
    world.reception.settle(max_automatic_s=300)
    chat = opened(world)
    passes(world, 301)
    passes(world, 3 * HOUR)
    assert now(world, chat).situation == "automatic"
    world.say("Oi, voltei")
    world.run()
    assert world.texts()[-2:] == ["Oi, voltei", "→ Posso ajudar?"]
    passes(world, 299)
    assert now(world, chat).situation == "automatic"
    passes(world, 2)
    assert now(world, chat).situation == "queued"
    assert told(world, chat, "chat.queued")["cause"] == "automatic_timeout"


def test_a_template_that_nobody_answers_for_a_day(world: TaskWorld) -> None:
    chat = opened(world)
    passes(world, 24 * HOUR - 1)
    assert now(world, chat).situation == "automatic"
    passes(world, 2)
    is_closed(world, chat)
    assert (world.execution.state, world.execution.reason) == ("finished", "unanswered")


def test_who_answers_a_template_in_a_chat_that_moved_is_not_timed(world: TaskWorld) -> None:
    """The flow is driven by what was read before somebody queued the chat."""
    world.reception.settle(max_automatic_s=300)
    chat = opened(world)
    world.say("Oi")
    timers = world.container.flow_engine._leaving._timers
    arm = timers.arm

    def late(*given: Any) -> bool:
        world.container.chat_actions.queue(ADMIN, chat.id)
        return arm(*given)

    timers.arm = late  # type: ignore[method-assign]
    world.run()
    after = now(world, chat)
    assert (after.situation, after.due_at, world.texts()[-1]) == ("queued", None, "Oi")


@pytest.mark.parametrize(("most", "seconds", "cause"), [(300, 301, "automatic_timeout"), (None, 86_401, "flow_ended")])
def test_a_chat_that_was_there_before_goes_back_to_people(
    world: TaskWorld, most: int | None, seconds: float, cause: str
) -> None:
    if most:
        world.reception.settle(max_automatic_s=most)
    world.waits()
    world.approve("volta", "Olá!")
    world.clock.move(25 * HOUR)
    world.run_task(when_queued="run", template_fallback=FALLBACK)
    assert (world.chat.situation, world.execution.waits_for) == ("automatic", "opening")
    passes(world, seconds)
    assert world.chat.situation == "queued"
    assert told(world, world.chat, "chat.queued")["cause"] == cause
