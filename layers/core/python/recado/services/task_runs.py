"""Runs of tasks: begun by hand or by the schedule, looked at, paused, resumed, cancelled, and their failed targets
taken up again (PRODUCT G7). The work itself is that of `services.task_run_work`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from recado.domain import task_runs as steps
from recado.domain.access import Caller
from recado.domain.chats import Author, Event
from recado.domain.errors import Busy, Conflict, NotFound
from recado.domain.ids import is_id, sibling_id
from recado.domain.task_runs import (
    MOST_AT_ONCE,
    MOST_OF_A_TASK,
    PARTS,
    Lane,
    Run,
    Target,
    TargetState,
    new_lanes,
    tally,
)
from recado.domain.tasks import Task, due_at
from recado.ports.core import Clock, Command, Ids, Queue
from recado.ports.idempotency import Attempt
from recado.ports.task_runs import NotBegun, RunStore, TargetStore
from recado.services.tasks import TaskService
from recado.services.views import moment

_TRIES = 5


class RunJournal(Protocol):
    """What is told of runs."""

    def not_enqueued(self, run_id: str, error: Exception) -> None:
        """The queue did not take the commands; the minute's look will send them."""
        ...


class Lanes(Protocol):
    """How many workers a run is for."""

    def of(self, a: str, task: Task) -> int:
        """As many as its channel's speed keeps busy."""
        ...


class RunBeginnings:
    """Writes a run down with its task, and asks for the work."""

    def __init__(self, runs: RunStore, lanes: Lanes, queue: Queue, clock: Clock, ids: Ids, journal: RunJournal) -> None:
        self._runs = runs
        self._lanes = lanes
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._journal = journal

    def refusal(self, a: str, task: Task, overlap: bool = False) -> Conflict | None:
        """Why another run of the task may not begin now. Of one task that is exact: whoever begins a run moves the task
        from the version that was read before this was asked. Runs of two tasks that begin at once may each count as the
        last one of the account: that bound is one of cost."""
        going = self._runs.going(a)
        own = [one.run_id for one in going if one.task_id == task.id]
        if own and not overlap:
            return Conflict("A run of the task is not over.", code="task_running", extra={"run_id": own[0]})
        if len(own) >= MOST_OF_A_TASK or len(going) >= MOST_AT_ONCE:
            detail = f"{MOST_OF_A_TASK} runs of the task, or {MOST_AT_ONCE} of the account, are not over yet."
            return Conflict(detail, code="too_many_runs", extra={"limit": MOST_OF_A_TASK})
        return None

    def begin(self, a: str, run: Run, before: Task, after: Task, due: datetime | None) -> NotBegun | None:
        """The run with its lanes and the fact; `after` is its task then, looked at next when it is `due`."""
        run = replace(run, lanes=self._lanes.of(a, before))
        lanes = new_lanes(run)
        event = run_event(self._ids.new("ev", a), "task.run_started", run, lanes, self._clock.now())
        refused = self._runs.begin(a, run, before.filter, lanes, before, after, due, event)
        if refused is None:
            self.ask(a, run, lanes)
        return refused

    def ask(self, a: str, run: Run, lanes: Sequence[Lane], mark: str = "") -> None:
        """Ask for work on lanes. Losing this is no harm: the minute's look asks again."""
        try:
            self._queue.send([lane_command(a, run, lane, mark) for lane in lanes])
        except Exception as error:  # whatever it is, the run is written and will be worked on
            self._journal.not_enqueued(run.id, error)


class TaskRunService:
    """Answers are public shapes. Who repeats what was done finds it done."""

    def __init__(
        self,
        tasks: TaskService,
        runs: RunStore,
        targets: TargetStore,
        beginnings: RunBeginnings,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._tasks = tasks
        self._runs = runs
        self._targets = targets
        self._beginnings = beginnings
        self._clock = clock
        self._ids = ids

    def start(
        self, caller: Caller, task_id: str, attempt: Attempt | None = None, overlap: bool = False
    ) -> dict[str, Any]:
        """Run a task now, switched on or not, with `overlap` beside runs of it that are not over. With an `attempt` the
        run that an earlier request began is the answer. Raises NotFound, Conflict `action_not_ready`, `task_running`,
        `too_many_runs`."""
        a = caller.account
        run_id = sibling_id("rn", attempt.origin) if attempt else self._ids.new("rn", a)
        for _ in range(_TRIES):
            task, now = self._tasks.get(a, task_id), self._clock.now()
            if attempt and attempt.again and (begun := self._runs.get(a, task_id, run_id)):
                return self._view(a, begun)
            self._tasks.need_to_run(a, task)
            self._need_room(a, task, overlap)
            run = Run(run_id, task_id, task.table, task.action, 1, now, by=caller.id or None, due=now + steps.LOOK)
            after = replace(task, last_run_at=now, version=task.version + 1)
            refused = self._beginnings.begin(a, run, task, after, due_at(after, ZoneInfo(after.zone)))
            found = self._runs.get(a, task_id, run_id) if refused != "again" else None
            if found is not None:
                return self._view(a, found)
        raise Busy(f"run of {task_id}")

    def get(self, caller: Caller, task_id: str, run_id: str) -> dict[str, Any]:
        """How far one is. Raises NotFound."""
        return self._view(caller.account, self._found(caller.account, task_id, run_id))

    def page(
        self, caller: Caller, task_id: str, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The newest first, and the id to go on from. Raises NotFound."""
        self._tasks.get(caller.account, task_id)
        runs = self._runs.page(caller.account, task_id, limit + 1, after)
        views = [self._listed(caller.account, one) for one in runs[:limit]]
        return views, runs[limit - 1].id if len(runs) > limit else None

    def targets(
        self, caller: Caller, task_id: str, run_id: str, state: TargetState | None, limit: int,
        after: tuple[int, str | None] | None,
    ) -> tuple[list[dict[str, Any]], tuple[int, str | None] | None]:  # fmt: skip
        """Targets part by part, and where the next are. A page of one state may be short, even empty, before the end.
        Raises NotFound."""
        a = caller.account
        self._found(a, task_id, run_id)
        part, behind = after or (0, None)
        found = list[Target]()
        while part < PARTS and len(found) < limit:
            page, behind = self._targets.page(a, run_id, part, behind, limit - len(found), state)
            found += page
            if behind is not None and len(found) < limit:  # so many were looked at that the rest is another page's
                break
            part += behind is None
        return [target_view(one) for one in found], (part, behind) if part < PARTS else None

    def pause(self, caller: Caller, task_id: str, run_id: str) -> dict[str, Any]:
        """Stand still where it is, at the end of the pages that were begun. Raises NotFound, Conflict `run_is_over`."""
        return self._move(caller, task_id, run_id, ("paused",), steps.paused)

    def resume(self, caller: Caller, task_id: str, run_id: str) -> dict[str, Any]:
        """Go on from where it stood. Raises NotFound, Conflict `action_not_ready`, `run_is_over`."""
        run = self._found(caller.account, task_id, run_id)
        if run.state == "paused":
            self._tasks.need_ready(caller.account, run.table, run.action)
        return self._move(caller, task_id, run_id, ("freezing", "running"), steps.resumed)

    def cancel(self, caller: Caller, task_id: str, run_id: str) -> dict[str, Any]:
        """Go no further; who was not reached stays pending. Raises NotFound, Conflict `run_is_over` when it is
        done."""
        a = caller.account

        def cancelled(run: Run, now: datetime) -> Run:
            return steps.cancelled(run, self._runs.lanes(a, run.id), now)

        return self._move(caller, task_id, run_id, ("cancelled",), cancelled)

    def retry(self, caller: Caller, task_id: str, run_id: str) -> dict[str, Any]:
        """Take the failed targets of a run that is done up again, while its task is there. Raises NotFound, Conflict
        `run_not_over`, `run_cancelled`, `nothing_to_retry`, `action_not_ready`, `task_running`, `too_many_runs`."""
        a = caller.account
        for _ in range(_TRIES):
            task, run = self._tasks.get(a, task_id), self._found(a, task_id, run_id)
            if run.state == "cancelled":
                raise Conflict("The run was cancelled: run the task again.", code="run_cancelled")
            if run.state != "done":
                raise Conflict("The run is not over yet.", code="run_not_over")
            lanes = self._runs.lanes(a, run_id)
            if not tally(lanes)["failed"]:
                raise Conflict("No target of the run failed.", code="nothing_to_retry")
            self._tasks.need_ready(a, run.table, run.action)
            self._need_room(a, task)
            after = steps.again(run, self._clock.now())
            if self._runs.again(a, run, after, task):
                self._beginnings.ask(a, after, lanes)
                return self._view(a, after)
        raise Busy(f"retry of {run_id}")

    def _need_room(self, a: str, task: Task, overlap: bool = False) -> None:
        refusal = self._beginnings.refusal(a, task, overlap)
        if refusal is not None:
            raise refusal

    def _move(
        self, caller: Caller, task_id: str, run_id: str, there: Sequence[str], step: Callable[[Run, datetime], Run]
    ) -> dict[str, Any]:
        a = caller.account
        for _ in range(_TRIES):
            run, now = self._found(a, task_id, run_id), self._clock.now()
            if run.state in there:
                return self._view(a, run)
            if run.is_over:
                raise Conflict("The run is over.", code="run_is_over", extra={"run_state": run.state})
            after = step(run, now)
            if self._runs.move(a, run, after, self._told(a, after)):
                if after.goes_on:
                    self._beginnings.ask(a, after, self._runs.lanes(a, run_id))
                return self._view(a, after)
        raise Busy(f"run {run_id}")

    def _told(self, a: str, run: Run) -> Event | None:
        if not run.is_over:
            return None
        lanes = self._runs.lanes(a, run.id)
        return run_event(self._ids.new("ev", a), "task.run_finished", run, lanes, self._clock.now())

    def _found(self, a: str, task_id: str, run_id: str) -> Run:
        found = self._runs.get(a, task_id, run_id) if is_id(run_id, "rn", a) else None
        if found is None:
            raise NotFound("There is no such run.")
        return found

    def _listed(self, a: str, run: Run) -> dict[str, Any]:
        """The same without its lanes, where it says everything itself."""
        return (
            run_view(run, [Lane(0, frozen=run.audience or 0, counts=run.counts)])
            if run.state == "done"
            else (self._view(a, run))
        )

    def _view(self, a: str, run: Run) -> dict[str, Any]:
        return run_view(run, self._runs.lanes(a, run.id))


def run_view(run: Run, lanes: Sequence[Lane]) -> dict[str, Any]:
    """A run in its public shape."""
    counts = tally(lanes)
    return {
        "id": run.id,
        "task_id": run.task_id,
        "state": run.state,
        "trigger": run.trigger,
        "audience": run.audience,
        "frozen": sum(lane.frozen for lane in lanes),
        **counts,
        "waiting": sum(lane.waiting for lane in lanes),
        "passes": run.passes,
        "reason": run.reason,
        "action": dict(run.action),
        "planned_at": moment(run.planned_at),
        "skipped_months": list(run.skipped_months),
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
    }


def target_view(target: Target) -> dict[str, Any]:
    """A target in its public shape."""
    return {
        "id": target.id,
        "state": target.state,
        "reason": target.reason,
        "message_id": target.sent.message_id if target.sent else None,
        "acted_at": moment(target.acted_at),
    }


def run_event(event_id: str, name: str, run: Run, lanes: Sequence[Lane], now: datetime) -> Event:
    """The fact that a run began or ended, by who said so or by the schedule."""
    by = Author("user", run.by) if run.by and run.by.startswith("us_") else Author("system", run.by)
    return Event(event_id, name, now, by, run_view(run, lanes))


def lane_command(a: str, run: Run, lane: Lane, mark: str = "") -> Command:
    """The command by which a worker goes on with a lane from this version; one that was sent before is another with a
    `mark`."""
    return Command(
        group=f"{run.id}-{lane.number}",
        dedup=f"{run.id}-{lane.number}-{run.passes}-{lane.version}-{run.version}{mark}",
        body={
            "account": a, "task_id": run.task_id, "run_id": run.id, "lane": lane.number, "version": lane.version,
        },
    )  # fmt: skip
