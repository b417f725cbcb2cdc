"""Tasks that begin flows: with whom somebody talks already, and outside of windows (PRODUCT G5, G6, G8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from recado.domain.chats import Chat
from recado.domain.errors import Conflict, NotFound
from recado.domain.task_runs import PARTS
from recado.domain.tokens import Token
from recado.storage.chat_records import ThreadRecord
from recado.storage.task_targets import DynamoTargets
from tests.flow_task_world import WRITTEN, TaskWorld, task_world
from tests.flow_world import ADMIN, ANA_USER
from tests.reception import CHANNEL, A


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    return task_world(clock, ids)


def begun(world: TaskWorld, run: Any) -> None:
    """The flow leads the chat, and its message went out once."""
    assert (run["state"], run["executed"], run["audience"]) == ("done", 1, 1), run
    chat = world.chat
    assert (chat.situation, chat.agent_id, chat.flow_id) == ("automatic", None, world.flow_id)
    assert world.texts().count(WRITTEN) == 1
    target = world.target()
    assert target.state == "executed" and target.sent is not None and target.sent.message_id == world.messages()[-1].id


def left_alone(world: TaskWorld, run: Any, before: Chat) -> None:
    assert (run["state"], run["skipped"], run["audience"]) == ("done", 1, 1), run
    assert (world.target().reason, world.chat) == (before.situation, before)
    assert WRITTEN not in world.texts()


def test_in_service_run_removes_the_agent(world: TaskWorld) -> None:
    world.served()
    begun(world, world.run_task(when_in_service="run"))
    assert world.load() == 0, "the agent has the chat no more"


def test_in_service_skip_leaves_the_agent(world: TaskWorld) -> None:
    before = world.served()
    left_alone(world, world.run_task(when_queued="run", when_automatic="run"), before)
    assert world.load() == 1


def test_queued_run_leaves_the_queue(world: TaskWorld) -> None:
    world.waits()
    begun(world, world.run_task(when_queued="run"))
    assert world.reception.waiting() == []


def test_queued_skip_goes_on_waiting(world: TaskWorld) -> None:
    before = world.waits()
    left_alone(world, world.run_task(when_in_service="run", when_automatic="run"), before)
    assert [one.id for one in world.reception.waiting()] == [before.id]


def test_automatic_run_breaks_the_former_flow_off(world: TaskWorld) -> None:
    world.led()
    begun(world, world.run_task(when_automatic="run"))
    (former,) = [one for one in world.executions if one.started_by != "task"]
    assert (former.state, former.reason) == ("aborted", "another_flow")


def test_automatic_skip_leaves_the_former_flow(world: TaskWorld) -> None:
    before = world.led()
    left_alone(world, world.run_task(when_in_service="run", when_queued="run"), before)
    assert world.execution.state == "waiting"


def test_no_chat_opens_one(world: TaskWorld) -> None:
    world.served()
    world.container.chat_actions.close(ADMIN, world.chat.id)
    run = world.run_task()
    assert (run["state"], run["executed"]) == ("done", 1)
    opened = max(world.reception.chats(), key=lambda one: one.id)
    assert (opened.situation, opened.agent_id, opened.flow_id) == ("automatic", None, world.flow_id)
    assert world.texts().count(WRITTEN) == 1


def test_a_flow_in_chats_takes_their_own_channel(world: TaskWorld) -> None:
    world.waits()
    begun(world, world.run_task("chats", when_queued="run"))


def test_a_worker_that_dies_when_the_flow_was_begun_begins_no_other(world: TaskWorld) -> None:
    world.waits()
    task_id = world.task(when_queued="run")
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    held = world.container.task_run_work
    lanes = held._lanes
    settle = lanes.settle

    def dies(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    lanes.settle = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        world.work()
    lanes.settle = settle  # type: ignore[method-assign]
    for _ in range(4):
        world.clock.move(130)
        held.look_due(160)
        world.work()
    world.run()
    assert len(world.executions) == 1 and world.texts().count(WRITTEN) == 1


def test_who_opted_out_behind_the_message_of_a_dead_worker_was_written_to(world: TaskWorld) -> None:
    world.waits()
    task_id = world.task(when_queued="run")
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    held = world.container.task_run_work
    settle = held._lanes.settle

    def dies(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    held._lanes.settle = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        world.work()
    held._lanes.settle = settle  # type: ignore[method-assign]
    world.run()
    world.sent()
    for thread in ThreadRecord.scan():
        thread.update([ThreadRecord.opted_out_at.set(world.clock.now())])
    world.clock.move(130)
    held.look_due(160)
    world.work()
    world.clock.move(61)
    held.look_at_sends(160)
    assert world.texts().count(WRITTEN) == 1
    assert (world.target().state, world.target().reason) == ("executed", None), "the ledger denies what was written"


def test_a_retry_takes_the_place_of_the_flow_whose_message_failed(world: TaskWorld) -> None:
    world.waits()
    sent = world.sent
    world.sent = lambda: sent("failed")  # type: ignore[method-assign,assignment]
    run = world.run_task(when_queued="run")
    assert (run["failed"], world.chat.situation) == (1, "automatic")
    world.container.task_run_service.retry(ADMIN, run["task_id"], world.run_id)
    world.work()
    world.run()
    sent()
    world.clock.move(61)
    world.container.task_run_work.look_at_sends(160)
    assert (world.target().state, world.target().reason) == ("executed", None)
    assert sorted(one.state for one in world.executions) == ["aborted", "waiting"]


@pytest.mark.parametrize(("status", "state"), [("failed", "failed"), ("unknown", "unknown")])
def test_a_send_that_fails_or_gets_no_answer(world: TaskWorld, status: str, state: str) -> None:
    world.waits()
    sent = world.sent
    world.sent = lambda: sent(status)  # type: ignore[method-assign,assignment]
    run = world.run_task(when_queued="run")
    assert (run["state"], run[state]) == ("done", 1)


def test_outside_of_the_window_nothing_is_begun(world: TaskWorld) -> None:
    before = world.waits()
    world.clock.move(25 * 3_600)
    run = world.run_task(when_queued="run")
    assert (run["skipped"], world.target().reason, world.chat.situation) == (1, "outside_window", before.situation)
    assert world.executions == []


def test_outside_of_the_window_the_template_goes_first(world: TaskWorld) -> None:
    world.waits()
    world.approve("volta", "Olá, {{1}}!")
    world.clock.move(25 * 3_600)
    fallback = {"name": "volta", "language": "pt_BR", "variables": ["{{contact.name}}"]}
    run = world.run_task(when_queued="run", template_fallback=fallback)
    assert (run["state"], run["executed"]) == ("done", 1), world.target()
    assert world.texts()[-1] == "→ Olá, Cliente 4321!" and WRITTEN not in world.texts()
    assert (world.execution.state, world.execution.waits_for) == ("waiting", "opening")
    assert world.target().sent is not None and world.target().sent.message_id == world.messages()[-1].id  # type: ignore[union-attr]
    world.say("Oi, voltei")
    world.run()
    assert world.texts()[-2:] == ["Oi, voltei", WRITTEN], "the flow goes on with the answer"


def test_a_forecast_and_what_becomes_of_it(world: TaskWorld) -> None:
    world.waits()
    by_hand = world.container.contact_service.create(ADMIN, {"name": "Nunca escreveu", "mobile": "+5511912345678"})
    world.container.contact_service.create(ADMIN, {"name": "Sem telefone", "email": "sem@example.com"})
    task_id = world.task(when_queued="run")
    forecast = world.container.task_forecast.of(ADMIN, task_id)
    assert (forecast.audience, forecast.free, forecast.template, forecast.unreachable) == (3, 1, 1, 1)
    assert (forecast.complete, forecast.reasons) == (True, {"no_address": 1, "outside_window": 1})
    assert (forecast.acted_on, forecast.left_out) == (1, forecast.reasons)
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    found = [one for part in range(PARTS) for one in DynamoTargets().page(A, world.run_id, part, None, 9, None)[0]]
    assert sorted((one.state, one.reason) for one in found if one.reason) == [
        ("skipped", "no_address"), ("skipped", "outside_window"),
    ]  # fmt: skip
    assert by_hand["id"] in {one.id for one in found if one.reason == "outside_window"}


def test_a_retry_needs_room_and_its_task(world: TaskWorld) -> None:
    world.waits()
    sent, runs = world.sent, world.container.task_run_service
    world.sent = lambda: sent("failed")  # type: ignore[method-assign,assignment]
    task_id = world.run_task(when_queued="run")["task_id"]
    failed = world.run_id
    held = runs.start(ADMIN, task_id)["id"]
    with pytest.raises(Conflict) as refused:
        runs.retry(ADMIN, task_id, failed)
    assert (refused.value.code, refused.value.extra) == ("task_running", {"run_id": held})
    runs.cancel(ADMIN, task_id, held)
    world.container.task_service.delete(A, task_id)
    with pytest.raises(NotFound):
        runs.retry(ADMIN, task_id, failed)


@pytest.mark.parametrize("table", ["contacts", "chats"])
@pytest.mark.parametrize(
    ("what", "reason"), [("paused", "channel_unusable"), ("silent", "channel_unusable"), ("ended", "token_expired")]
)
def test_a_channel_that_cannot_send_leaves_chats_alone(world: TaskWorld, table: str, what: str, reason: str) -> None:
    before = world.waits()
    channels, now = world.container.channels, world.clock.now()
    channel = channels.get(A, CHANNEL)
    assert channel is not None
    unusable = {
        "paused": replace(channel, state="paused"),
        "silent": replace(channel, type="telephone"),
        "ended": replace(channel, token=Token(now - timedelta(days=60), expires_at=now)),
    }[what]
    world.container.task_flows._channels = Mock(get=lambda *_: unusable)
    run = world.run_task(table, when_queued="run")
    assert (run["failed"], world.target().reason, world.chat) == (1, reason, before)
    assert world.executions == []


@pytest.mark.parametrize("first", ["retry", "deletion"])
def test_a_retry_while_its_task_is_deleted(world: TaskWorld, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each looked before the other wrote: whoever writes first is what holds."""
    world.waits()
    sent, runs, tasks = world.sent, world.container.task_run_service, world.container.task_service
    world.sent = lambda: sent("failed")  # type: ignore[method-assign,assignment]
    task_id = world.run_task(when_queued="run")["task_id"]
    retry, delete = (lambda: runs.retry(ADMIN, task_id, world.run_id)), (lambda: tasks.delete(A, task_id))
    late, early = (delete, retry) if first == "retry" else (retry, delete)
    held = tasks._store if first == "retry" else runs._runs
    name = "delete" if first == "retry" else "again"
    write = getattr(held, name)

    def overtaken(*given: Any) -> Any:
        monkeypatch.undo()
        early()
        return write(*given)

    monkeypatch.setattr(held, name, overtaken)
    with pytest.raises(Conflict if first == "retry" else NotFound):
        late()
    going = [one.run_id for one in runs._runs.going(A)]
    assert going == ([world.run_id] if first == "retry" else [])


def test_an_agent_who_takes_a_chat_that_was_meant_while_it_waited_keeps_it(world: TaskWorld) -> None:
    """Between the look whether it is meant and the flow's start."""
    world.container.presence.create(A, ANA_USER, None)
    chat = world.waits()
    meant, waiting = world.container.task_actions._meant, {"field": "situation", "op": "eq", "value": "queued"}
    look = meant.chat

    def looked(*given: Any) -> Any:
        found = look(*given)
        if found is not None and world.chat.situation == "queued":
            world.container.chat_actions.transfer_to_agent(ADMIN, chat.id, ANA_USER)
        return found

    meant.chat = looked  # type: ignore[method-assign]
    run = world.run_task("chats", filter=waiting, when_queued="run", when_in_service="run")
    assert (run["skipped"], world.target().reason) == (1, "no_longer_meant")
    assert (world.chat.situation, world.chat.agent_id, world.executions) == ("in_service", ANA_USER, [])


@pytest.mark.parametrize("how", ["erased", "deleted", "opted out"])
def test_who_went_or_wants_no_more_since_the_run_was_frozen_is_left_alone(world: TaskWorld, how: str) -> None:
    """The audience is frozen; who may not be written to any more is skipped at their turn all the same."""
    world.served()
    world.container.chat_actions.close(ADMIN, world.chat.id)
    contact_id = world.chat.contact_id
    lanes = world.container.task_run_work._lanes
    begin_page = lanes.begin_page

    def goes(*given: Any) -> Any:
        lanes.begin_page = begin_page  # type: ignore[method-assign]
        if how == "erased":
            world.container.contact_erasures.request(ADMIN, contact_id, "requested", False)
        elif how == "deleted":
            world.container.contact_service.delete(ADMIN, contact_id)
        else:
            for thread in ThreadRecord.scan():
                thread.update([ThreadRecord.opted_out_at.set(world.clock.now())])
        return begin_page(*given)

    lanes.begin_page = goes  # type: ignore[method-assign]
    run = world.run_task()
    assert (run["state"], run["skipped"], run["audience"]) == ("done", 1, 1)
    assert world.target().reason == ("opted_out" if how == "opted out" else "gone")
    assert world.executions == [] and WRITTEN not in world.texts()


def test_who_is_meant_no_more_by_what_changed_since_is_written_to(world: TaskWorld) -> None:
    """Of contacts frozen is frozen: only the next run reads the filter again."""
    world.people(1)
    world.approve("volta", "Olá, {{1}}!")
    fallback = {"name": "volta", "language": "pt_BR", "variables": ["{{contact.name}}"]}
    lanes = world.container.task_run_work._lanes
    begin_page = lanes.begin_page

    def renames(*given: Any) -> Any:
        world.container.contact_service.change(ADMIN, world.target().id, {"name": "Outra pessoa"})
        return begin_page(*given)

    lanes.begin_page = renames  # type: ignore[method-assign]
    named = {"field": "name", "op": "starts_with", "value": "Pessoa"}
    run = world.run_task(filter=named, template_fallback=fallback)
    assert (run["state"], run["executed"]) == ("done", 1)
