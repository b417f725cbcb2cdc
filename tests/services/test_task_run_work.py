"""Runs of tasks as workers bring them further: standing still, ending, failing, trying again, waiting for sends."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from recado.domain import task_runs as steps
from recado.domain.chats import Author, Message, ThreadKey
from recado.domain.errors import Busy, FieldError
from recado.domain.ids import make_id
from recado.domain.task_runs import Result, Run, Sent
from recado.domain.task_window import Window
from recado.ports.task_runs import Turn
from tests.task_world import A, World


@pytest.fixture
def world(clock: Any, ids: Any) -> World:
    return World(clock, ids, people=120)


def move(world: World, run_id: str, step: Any) -> None:
    run = world.run(run_id)
    after = step(run, world.clock.now())
    assert world.tables.move(A, run, after)
    if after.goes_on:
        world.beginnings.ask(A, after, world.tables.lanes(A, run_id))


def sending(world: World, target_id: str, status: Any, error: Any = None) -> None:
    """The act on a target begins a flow that sends a message."""
    sent = Sent("fx_" + target_id, "ms_" + target_id, ThreadKey("ch_1", target_id), 1)
    world.acts.results[target_id] = Result("pending", None, Sent("fx_" + target_id))
    world.messages.begun["fx_" + target_id] = Result("pending", None, sent)
    says(world, target_id, status, error)


def says(world: World, target_id: str, status: Any, error: Any = None) -> None:
    now, key = world.clock.now(), ThreadKey("ch_1", target_id)
    world.messages.status[f"{target_id}-1"] = Message(
        "ms_" + target_id, "ca_1", target_id, key, 1, "outbound", "text", "Oi", status, Author("flow"), now, now,
        error=error,
    )  # fmt: skip


def test_a_run_over_nobody_is_done(world: World) -> None:
    run_id = world.begin({"field": "name", "op": "eq", "value": "ninguém"})
    run = world.to_the_end(run_id, minutes=1)
    assert (run.state, run.audience, world.counts(run_id)) == ("done", 0, {})
    assert world.acts.asked == {} and world.tables.going(A) == []


def test_only_those_that_the_filter_means(world: World) -> None:
    wanted = world.tables.records[7]["name"]["S"]
    run_id = world.begin({"field": "name", "op": "eq", "value": wanted})
    assert world.to_the_end(run_id, minutes=1).audience == 1
    assert list(world.acts.effects) == [world.people[7]]


def test_a_run_that_cannot_be_read_stands_before_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = world.begin(), world.begin()
    get = world.tables.get

    def breaks(a: str, task_id: str, run_id: str) -> Run | None:
        if run_id == broken:
            raise ConnectionError
        return get(a, task_id, run_id)

    world.clock.move(61)
    with monkeypatch.context() as patch:
        patch.setattr(world.tables, "get", breaks)
        swept = world.work.look_due(160)
        assert (swept.done, list(swept.failed)) == (1, [broken])
        assert world.work.look_due(160).seen == 0, "it is looked at again at once, for ever"
    world.clock.move(60)
    assert world.work.look_due(160).failed == {}
    assert {world.to_the_end(one).state for one in (broken, other)} == {"done"}


def test_chats_are_frozen_page_by_page(world: World) -> None:
    ids = [f"ca_{A}_{number:027x}" for number in range(1_000)]
    world.tables.records = [{"id": {"S": one}, "situation": {"S": "queued"}} for one in ids]
    run_id = world.begin(table="chats")
    first = world.queue.waiting.pop(0)
    world.deliver(first, has_time=lambda: False)
    [lane, *others] = world.tables.lanes(A, run_id)
    assert (lane.frozen, lane.after) == (steps.FROZEN_AT_ONCE, ids[-steps.FROZEN_AT_ONCE]), "its place is not noted"
    assert {one.stage for one in others} == {"frozen"}
    assert world.to_the_end(run_id, minutes=1).audience == 1_000


def test_what_becomes_of_each_is_counted(world: World) -> None:
    one, two, three = world.people[:3]
    world.acts.results |= {one: Result("skipped", "in_service"), two: Result("failed", "agent_at_cap")}
    world.acts.results[three] = Result("unknown", "no_answer")
    run_id = world.begin()
    world.to_the_end(run_id, minutes=1)
    assert world.counts(run_id) == {"executed": 117, "skipped": 1, "failed": 1, "unknown": 1}
    assert world.tables.targets[run_id][one][0].reason == "in_service"


def test_a_paused_run_stays_paused_whatever_comes(world: World) -> None:
    run_id = world.begin()
    world.go_on(most=4)  # all is frozen
    assert world.run(run_id).state == "running"
    waiting = list(world.queue.waiting)
    asked = sum(world.acts.asked.values())
    move(world, run_id, steps.paused)
    for _ in range(3):  # commands that were under way, the minute's looks, a worker that begins anew
        world.queue.waiting += waiting
        world.go_on()
        world.minute()
    assert world.run(run_id).state == "paused" and sum(world.acts.asked.values()) == asked
    move(world, run_id, steps.resumed)
    assert world.to_the_end(run_id).state == "done"
    assert world.counts(run_id) == {"executed": 120}
    assert {len(acts) for acts in world.acts.effects.values()} == {1}


def test_a_run_that_is_paused_while_it_freezes_goes_on_freezing(world: World) -> None:
    run_id = world.begin()
    move(world, run_id, steps.paused)
    world.go_on()
    assert world.tables.targets[run_id] == {}
    move(world, run_id, steps.resumed)
    assert world.run(run_id).state == "freezing"
    assert world.to_the_end(run_id).audience == 120


def test_a_page_is_left_when_the_run_is_paused_meanwhile(world: World) -> None:
    run_id = world.begin(lanes=1)

    def pauses_at_the_third(target_id: str) -> None:
        world.clock.move(1.5)
        if sum(world.acts.asked.values()) == 3:
            move(world, run_id, steps.paused)

    world.acts.before = pauses_at_the_third
    world.go_on()
    assert world.run(run_id).state == "paused"
    assert 4 <= sum(world.acts.asked.values()) <= 6
    assert world.states(run_id)["executed"] == sum(world.acts.asked.values()), "what was done is not written down"


def test_a_cancelled_run_leaves_who_was_not_reached(world: World) -> None:
    run_id = world.begin(lanes=1)

    def cancels_at_the_third(target_id: str) -> None:
        world.clock.move(3)
        if sum(world.acts.asked.values()) == 2:
            lanes = world.tables.lanes(A, run_id)
            move(world, run_id, lambda run, now: steps.cancelled(run, lanes, now))

    world.acts.before = cancels_at_the_third
    world.go_on()
    world.minute()
    world.go_on()
    assert world.run(run_id).state == "cancelled"
    assert world.states(run_id) == {"executed": 3, "pending": 117}


def test_a_run_that_is_cancelled_while_it_freezes_makes_no_more_targets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, freeze = world.begin(lanes=1), world.tables.freeze

    def cancels_behind_the_first(*args: Any) -> bool:
        made = freeze(*args)
        if world.run(run_id).state == "freezing":
            move(world, run_id, lambda run, now: steps.cancelled(run, world.tables.lanes(A, run_id), now))
        return made

    monkeypatch.setattr(world.tables, "freeze", cancels_behind_the_first)
    world.go_on()
    assert world.run(run_id).state == "cancelled"
    [lane] = world.tables.lanes(A, run_id)
    assert 0 < len(world.tables.targets[run_id]) == lane.frozen < 120


def test_failed_targets_are_taken_up_again(world: World) -> None:
    failing = world.people[10:20]
    world.acts.results |= dict.fromkeys(failing, Result("failed", "agent_at_cap"))
    run_id = world.begin()
    world.to_the_end(run_id, minutes=1)
    assert world.counts(run_id) == {"executed": 110, "failed": 10}
    for one in failing[:6]:
        del world.acts.results[one]
    asked = dict(world.acts.asked)
    move(world, run_id, steps.again)
    world.to_the_end(run_id, minutes=2)
    assert world.counts(run_id) == {"executed": 116, "failed": 4}
    again = {one for one, times in world.acts.asked.items() if times != asked[one]}
    assert again == set(failing), "somebody who had not failed was asked again"


def test_one_that_always_breaks_stands_in_nobodys_way(world: World) -> None:
    broken, busy = world.people[3], world.people[50]
    world.acts.breaks |= {broken: RuntimeError("nobody foresaw"), busy: Busy("a chat")}
    run_id = world.begin()
    world.to_the_end(run_id)
    assert world.counts(run_id) == {"executed": 118, "failed": 1, "unknown": 1}
    assert world.tables.targets[run_id][broken][0].reason == "internal"
    assert world.tables.targets[run_id][busy][0].reason == "busy"
    assert len(world.journal.broken) >= 2 * steps.TRIES_OF_A_TARGET


def test_a_lane_that_never_comes_further_ends_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(world.tables, "filter_of", breaks)
    run_id = world.begin()
    run = world.to_the_end(run_id)
    assert (run.state, run.reason, run.audience) == ("cancelled", "gave_up", None)
    assert world.tables.events[-1].type == "task.run_finished"


def test_a_filter_that_names_what_is_gone_ends_the_run(world: World) -> None:
    run_id = world.begin({"field": "custom.gone", "op": "set"})
    run = world.to_the_end(run_id, minutes=1)
    assert (run.state, run.reason) == ("cancelled", "filter_field_unknown_field")


def test_an_action_that_names_what_is_gone_ends_the_run(world: World) -> None:
    world.acts.errors = lambda *_: [FieldError("/action/flow_id", "not_found", "")]  # type: ignore[method-assign]
    run_id = world.begin()
    run = world.to_the_end(run_id, minutes=1)
    assert (run.state, run.reason, world.acts.asked) == ("cancelled", "flow_id_not_found", {})


def test_a_retry_whose_action_names_what_is_gone_acts_on_nobody(world: World) -> None:
    world.acts.results[world.people[3]] = Result("failed", "agent_at_cap")
    run_id = world.begin()
    world.to_the_end(run_id, minutes=1)
    asked = sum(world.acts.asked.values())
    world.acts.errors = lambda *_: [FieldError("/action/flow_id", "not_found", "")]  # type: ignore[method-assign]
    move(world, run_id, steps.again)
    run = world.to_the_end(run_id, minutes=2)
    assert (run.state, run.reason, sum(world.acts.asked.values())) == ("cancelled", "flow_id_not_found", asked)


def test_a_target_ends_as_its_message_does(world: World) -> None:
    sent, failed, unknown, slow, silent = world.people[:5]
    sending(world, sent, "delivered")
    sending(world, failed, "failed")
    sending(world, unknown, "unknown")
    sending(world, slow, "queued")
    world.acts.results[silent] = Result("pending", None, Sent("fx_" + silent))
    run_id = world.begin()
    world.go_on()
    assert world.run(run_id).state == "running"
    assert world.states(run_id) == {"executed": 116, "failed": 1, "unknown": 1, "pending": 2}
    assert sum(lane.waiting for lane in world.tables.lanes(A, run_id)) == 2
    says(world, slow, "sent")
    world.messages.begun["fx_" + silent] = Result("executed", None, Sent("fx_" + silent))
    for _ in range(2):
        world.minute()
    assert world.run(run_id).state == "done"
    assert world.counts(run_id) == {"executed": 118, "failed": 1, "unknown": 1}
    assert world.tables.targets[run_id][slow][0].sent == Sent("fx_" + slow, "ms_" + slow, ThreadKey("ch_1", slow), 1)


def test_a_lane_whose_messages_do_not_go_out_acts_on_nobody_else(world: World) -> None:
    world.acts.ahead = lambda *_: 60  # type: ignore[method-assign]
    for one in world.people:
        sending(world, one, "queued")
    run_id = world.begin(lanes=1)
    for _ in range(3 * steps.MOST_TRIES):
        world.go_on()
        world.minute()
    [lane] = world.tables.lanes(A, run_id)
    assert 60 - steps.ACTED_AT_ONCE < len(world.acts.asked) == lane.waiting <= 60
    assert world.run(run_id).state == "running", "a lane that only waits was given up"
    late = world.people[90:]
    for one in world.people[:90]:
        says(world, one, "sent")
    for _ in range(3 * steps.MOST_TRIES):  # an hour later at most it is looked for what became of a message
        world.go_on()
        world.minute()
    assert len(world.acts.asked) == 120 and world.tables.lanes(A, run_id)[0].waiting == 30
    for one in late:
        says(world, one, "sent")
    assert world.to_the_end(run_id).counts["executed"] == 120


def test_a_page_that_a_dead_worker_began_is_gone_on_with_within_the_bound(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.acts.ahead = lambda *_: 50  # type: ignore[method-assign]
    whole_pages = partial(Window, size=steps.ACTED_AT_ONCE)
    monkeypatch.setattr("recado.services.task_run_work.Window", lambda most, *_: whole_pages(most))
    for one in world.people:
        sending(world, one, "queued")
    world.dies_once_at_each()
    run_id = world.begin(lanes=1)
    for _ in range(5):
        world.go_on()
        world.minute()
    assert 25 < len(world.acts.asked) == world.tables.lanes(A, run_id)[0].waiting <= 50
    assert {len(acts) for acts in world.acts.effects.values()} == {1}


def test_a_message_that_cannot_be_looked_at_stands_before_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = world.people[:2]
    sending(world, broken, "queued")
    sending(world, other, "queued")
    run_id = world.begin()
    world.go_on()
    says(world, other, "sent")
    result = world.messages.result

    def breaks(a: str, execution_id: str) -> Result:
        if execution_id == "fx_" + broken:
            raise ConnectionError
        return result(a, execution_id)

    monkeypatch.setattr(world.messages, "result", breaks)
    _, swept = world.minute()
    assert (swept.done, list(swept.failed)) == (1, [broken])
    assert world.work.look_at_sends(160).seen == 0, "it is looked at again at once, for ever"
    monkeypatch.setattr(world.messages, "result", result)
    says(world, broken, "sent")
    assert world.to_the_end(run_id).counts["executed"] == 120


def test_who_looks_at_a_message_twice_counts_it_once(world: World) -> None:
    sending(world, world.people[0], "queued")
    run_id = world.begin()
    world.go_on()
    says(world, world.people[0], "failed")
    world.minute()
    world.minute()
    assert world.counts(run_id) == {"executed": 119, "failed": 1}


def test_a_run_waits_for_the_speed_of_its_channel(world: World) -> None:
    turns = iter([None, Turn(2.5), *[Turn(0.25)] * 1_000])
    world.acts.turn = lambda *_: next(turns)  # type: ignore[method-assign]
    began = world.clock.now()
    run_id = world.begin(lanes=1)
    world.to_the_end(run_id, minutes=1)
    assert world.clock.now() - began == steps.timedelta(seconds=1 + 2.5 + 119 * 0.25)


def test_lanes_on_which_somebody_works_are_not_asked_for(world: World) -> None:
    run_id = world.begin()
    lanes = world.tables.lanes(A, run_id)
    held = [replace(one, held=1, moved_at=world.clock.now()) for one in lanes]
    run = world.run(run_id)
    assert steps.to_ask_for(run, held, world.clock.now()) == []
    assert steps.to_ask_for(run, held, world.clock.now() + steps.LEASE) == held
    frozen = [replace(one, stage="frozen") for one in held]
    assert steps.to_ask_for(run, frozen, world.clock.now()) == frozen[:1], "the last died before it let them act"


def test_chats_that_the_version_before_froze_half_way(clock: Any, ids: Any) -> None:
    """It began with the oldest: those that it did not come to would be left out, and the run would never end."""
    world = World(clock, ids)
    chats = sorted(make_id("ca", A, clock.now(), f"{number:016x}") for number in range(250))
    world.tables.records = [{"id": {"S": one}, "situation": {"S": "queued"}} for one in chats]
    run_id = world.begin(table="chats")
    lane, old = world.tables.lanes_of[run_id][0], chats[:95]
    after = replace(lane, part=0, frozen=len(old), after=old[-1])
    assert world.tables.freeze(A, world.run(run_id), lane, after, old)
    run = world.to_the_end(run_id, 3)
    assert (run.state, run.reason, world.states(run_id)) == ("cancelled", "gave_up", {"pending": 95})
