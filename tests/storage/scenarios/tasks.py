"""Races of tasks that come due, and of workers that go on with their runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.access import Caller
from recado.domain.chats import Author, Event, ThreadKey
from recado.domain.errors import Busy
from recado.domain.recurrences import Recurrence
from recado.domain.task_runs import (
    Lane,
    Result,
    Run,
    Sent,
    Target,
    acted_up_to,
    acting,
    again,
    cancelled,
    done,
    ended_as,
    frozen_further,
    looked_at,
    new_lanes,
    occurrence_id,
    page_begun,
    paused,
    running,
    taken,
)
from recado.domain.tasks import Task, after_run, due_at, planned, switched_off
from recado.storage import keys
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.task_runs import DynamoRuns, TaskRunRecord
from recado.storage.task_targets import DynamoLanes, DynamoTargets
from recado.storage.tasks import DynamoTasks
from tests.storage.scenarios import scenario
from tests.storage.scenarios.inbound import arrival, commit, intake, read
from tests.team import ACCOUNT as A
from tests.team import Team

ACTION = {"type": "run_flow", "project_id": "pj_1", "flow_id": "fl_1", "channel_id": "ch_1"}


def a_task(clock: Any, ids: Any) -> Task:
    now = clock.now()
    every_hour = Recurrence("hours", 1)
    made = Task(ids.new("ts", A), "Lembrete", "contacts", ACTION, now, now, now, recurrence=every_hour)
    return planned(made, "UTC", now.tzinfo, now)


def a_run(clock: Any, ids: Any, run_id: str | None = None, lanes: int = 1) -> Run:
    now = clock.now()
    return Run(run_id or ids.new("rn", A), ids.new("ts", A), "contacts", ACTION, lanes, now, due=now)


def begun(clock: Any, ids: Any, task: Task, run: Run, after: Task | None = None) -> Any:
    event = Event(ids.new("ev", A), "task.run_started", clock.now(), Author("system"), {})
    after = after or replace(task, version=task.version + 1)
    return DynamoRuns().begin(A, run, {}, new_lanes(run), task, after, due_at(after, clock.now().tzinfo), event)


def started(clock: Any, ids: Any, targets: int = 0) -> tuple[Run, Lane, list[Target]]:
    """A run in one lane that acts on its targets."""
    task = a_task(clock, ids)
    DynamoTasks().create(A, task, None)
    run = replace(a_run(clock, ids), task_id=task.id)
    assert begun(clock, ids, task, run) is None
    [lane] = new_lanes(run)
    frozen = sorted(ids.new("ct", A) for _ in range(targets))
    after = frozen_further(lane, len(frozen), "ct_", clock.now())
    assert DynamoLanes().freeze(A, run, lane, after, frozen)
    going = running(run, [after], clock.now())
    assert DynamoRuns().move(A, run, going)
    lane = acting(after, going, clock.now())
    assert DynamoLanes().step(A, going, after, lane)
    return going, lane, [Target(one) for one in frozen]


@scenario("task-from-seen-version")
def a_task_is_switched_off_while_it_comes_due(clock: Any, ids: Any) -> None:
    tasks, task = DynamoTasks(), a_task(clock, ids)
    tasks.create(A, task, task.next_run_at)
    clock.move(3_600)
    after = after_run(task, clock.now().tzinfo, clock.now())
    off = switched_off(task, "channel_removed", clock.now())
    assert tasks.change(A, task, off, None)
    run = replace(a_run(clock, ids), task_id=task.id)
    assert begun(clock, ids, task, run, after) == "again", "a task that was switched off runs"
    assert tasks.get(A, task.id) == off
    assert not tasks.delete(A, task) and not tasks.change(A, task, after, None)


@scenario("task-run-again-only-with-its-task")
def a_task_is_deleted_while_a_run_of_it_is_tried_again(clock: Any, ids: Any) -> None:
    runs, tasks = DynamoRuns(), DynamoTasks()
    run, lane, _ = started(clock, ids)
    over = done(run, [lane], clock.now())
    assert runs.move(A, run, over)
    task = tasks.get(A, run.task_id)
    assert task is not None and runs.going(A) == [], "what whoever deletes the task looks at"
    assert runs.again(A, over, again(over, clock.now()), task)
    assert not tasks.delete(A, task), "a run goes on without its task"
    other, lane, _ = started(clock, ids)
    over = done(other, [lane], clock.now())
    task = tasks.get(A, other.task_id)
    assert task is not None and runs.move(A, other, over) and tasks.delete(A, task)
    assert not runs.again(A, over, again(over, clock.now()), task), "a run begins anew without its task"
    assert tasks.get(A, task.id) is None and [one.run_id for one in runs.going(A)] == [run.id]


@scenario("task-run-once")
def an_occurrence_comes_due_again(clock: Any, ids: Any) -> None:
    tasks, task = DynamoTasks(), a_task(clock, ids)
    tasks.create(A, task, task.next_run_at)
    at = task.next_run_at
    assert at is not None
    once = replace(a_run(clock, ids, occurrence_id(task.id, at)), task_id=task.id)
    after = after_run(task, clock.now().tzinfo, at)
    assert begun(clock, ids, task, once, after) is None
    # The clock was put back by an hour, and the task is switched on again.
    back = replace(planned(after, "UTC", clock.now().tzinfo, clock.now()), version=after.version + 1)
    assert back.next_run_at == at and tasks.change(A, after, back, at)
    later = replace(once, created_at=clock.now())
    assert begun(clock, ids, back, later) == "exists", "the same occurrence runs twice"


@scenario("task-run-from-seen-version")
def a_run_is_paused_while_its_last_lane_ends_it(clock: Any, ids: Any) -> None:
    runs = DynamoRuns()
    run, lane, _ = started(clock, ids)
    ended = done(run, [lane], clock.now())
    assert runs.move(A, run, ended)
    assert not runs.move(A, run, paused(run, clock.now())), "a run that is done is paused"
    assert runs.get(A, run.task_id, run.id) == ended and runs.going(A) == []


@scenario("task-run-is-there-to-look-at")
def a_run_ends_while_a_look_at_it_is_put_off(clock: Any, ids: Any) -> None:
    runs = DynamoRuns()
    run, lane, _ = started(clock, ids)
    clock.move(3_600)
    assert [one.run_id for one in runs.due(clock.now(), 160)[0]] == [run.id]
    assert runs.move(A, run, done(run, [lane], clock.now()))
    runs.look_again_at(A, run.task_id, run.id, clock.now() + timedelta(minutes=1))
    record = TaskRunRecord.find(keys.runs_pk(A, run.task_id), run.id)
    assert record is not None and record.due_sk is None, "it would be looked at for ever"


@scenario("task-page-only-while-run-runs")
def a_run_is_paused_while_a_lane_begins_a_page(clock: Any, ids: Any) -> None:
    run, lane, targets = started(clock, ids, 2)
    assert DynamoRuns().move(A, run, paused(run, clock.now()))
    begins = page_begun(lane, targets[-1].id, clock.now())
    assert not DynamoLanes().begin_page(A, run, lane, begins), "a page of a paused run is acted on"


@scenario("task-targets-only-while-run-freezes")
def a_run_is_cancelled_while_a_lane_freezes(clock: Any, ids: Any) -> None:
    task = a_task(clock, ids)
    DynamoTasks().create(A, task, None)
    run, runs = replace(a_run(clock, ids), task_id=task.id), DynamoRuns()
    assert begun(clock, ids, task, run) is None
    [lane] = new_lanes(run)
    assert runs.move(A, run, cancelled(run, [lane], clock.now()))
    meant = ids.new("ct", A)
    assert not DynamoLanes().freeze(A, run, lane, frozen_further(lane, 1, meant, clock.now()), [meant])
    assert DynamoTargets().get(A, run.id, meant) is None, "a run that was cancelled goes on making targets"


@scenario("task-lane-from-seen-version")
def two_workers_are_in_one_lane(clock: Any, ids: Any) -> None:
    lanes, targets = DynamoLanes(), DynamoTargets()
    run, lane, (one,) = started(clock, ids, 1)
    thought_dead = lane
    lane_of_other = taken(lane, lane.version, clock.now())
    assert lanes.step(A, run, lane, lane_of_other)
    acted = ended_as(one, Result("executed"), clock.now())
    assert lanes.settle(A, run, lane_of_other, acted_up_to(lane_of_other, one.id, clock.now()), [(one, acted)])
    late = acted_up_to(thought_dead, one.id, clock.now())
    refused = ended_as(one, Result("skipped", "already_closed"), clock.now())
    assert not lanes.settle(A, run, thought_dead, late, [(one, refused)]), "what was done is written over"
    found = targets.get(A, run.id, one.id)
    assert found is not None and found[0].state == "executed"
    [seen] = DynamoRuns().lanes(A, run.id)
    assert seen.counts["executed"] == 1


@scenario("task-target-from-seen-version")
def two_look_at_the_message_of_one_target(clock: Any, ids: Any) -> None:
    lanes, targets = DynamoLanes(), DynamoTargets()
    run, lane, (one,) = started(clock, ids, 1)
    sent = Sent("fx_1", "ms_1", ThreadKey("ch_1", "5511"), 1)
    waiting = ended_as(one, Result("pending", sent=sent), clock.now())
    assert lanes.settle(A, run, lane, acted_up_to(lane, one.id, clock.now()), [(one, waiting)])
    found = targets.get(A, run.id, one.id)
    assert found is not None and found[0] == replace(waiting, sent=replace(sent, thread=None)), "a number is kept"
    told = looked_at(waiting, Result("executed"), clock.now())
    assert targets.settle(A, found[1], waiting, told)
    targets.settle(A, found[1], waiting, told)
    [seen] = DynamoRuns().lanes(A, run.id)
    assert (seen.counts["executed"], seen.waiting) == (1, 0), "one target is counted twice"


@scenario("flow-begins-with-who-is-there")
def a_contact_is_merged_while_a_run_begins_a_flow_with_it(clock: Any, ids: Any) -> None:
    """It was read a moment before; its item is gone now, and what was its own is the kept one's."""
    opens = replace(intake(clock, ids, None, arrival(clock, "m1")), begins_with=ids.new("ct", A))
    assert commit(opens) is not None and read() is None, "the customer is written to as both of them"


@scenario("act-once")
def a_worker_repeats_an_act_that_was_taken_back(clock: Any, ids: Any) -> None:
    class Forgetful(ChatMoveStore):
        """Whoever looked whether the act was done did so a moment before it was."""

        def is_done(self, a: str, act_id: str) -> bool:
            return self.looked and super().is_done(a, act_id)

        looked = False

    team = Team(clock, ids, moves := Forgetful())
    (chat,) = team.arrive()
    run_id, act_id = ids.new("rn", A), ids.new("rq", A)
    worker = Caller(A, "admin", token_id=run_id, act_id=act_id)
    assert team.actions.close(worker, chat.id).situation == "closed"
    reopened = team.actions.reopen(Caller(A, "admin", user_id=ids.new("us", A)), chat.id)
    assert reopened.situation != "closed"
    with suppress(Busy):
        team.actions.close(worker, chat.id)
    moves.looked = True
    assert team.chat(chat).situation != "closed", "what somebody took back was done again"
