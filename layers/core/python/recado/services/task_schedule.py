"""Tasks that come due (PRODUCT G2): each occurrence has one run, which is written with the task's next one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from recado.domain.task_runs import LOOK, Run, occurrence_id
from recado.domain.tasks import ENDED, Task, after_run, due_at, end_is_near, left_out_until, planned_anew, switched_off
from recado.ports.core import Clock
from recado.ports.people import AccountStore
from recado.ports.sweeps import Swept
from recado.ports.tasks import TaskStore
from recado.services.task_runs import RunBeginnings


class TaskSchedule:
    """Level-triggered: whoever dies before the run is written leaves the task due, and behind it nothing is left to
    do."""

    def __init__(self, tasks: TaskStore, beginnings: RunBeginnings, accounts: AccountStore, clock: Clock) -> None:
        self._tasks = tasks
        self._beginnings = beginnings
        self._accounts = accounts
        self._clock = clock

    def run_due(self, limit: int) -> Swept:
        """Begin the runs of tasks whose time has come. One with a run that is not over, or whose account has too many,
        stays due."""
        page = self._tasks.due(self._clock.now(), limit)
        done, failed = 0, dict[str, Exception]()
        for a, task_id in page.found:
            try:
                done += self._run(a, task_id)
            except Exception as error:  # whatever it is, it stops no other task
                failed[task_id] = error
                with suppress(Exception):  # what failed first is told; the task stays due
                    task = self._tasks.get(a, task_id)
                    if task is not None and task.enabled:
                        self._put_off(a, task, self._clock.now())
        return Swept(len(page.found), done, page.more, failed)

    def _run(self, a: str, task_id: str) -> bool:
        task, now = self._tasks.get(a, task_id), self._clock.now()
        if task is None or not task.enabled or task.recurrence is None:
            return False
        account = self._accounts.get(a)
        name = account.time_zone if account else "UTC"
        zone = ZoneInfo(name)
        if name != task.zone:  # it was changed, and whoever did so died before this task was reckoned anew
            return self._change(a, task, replace(planned_anew(task, name, zone, now), version=task.version + 1), zone)
        if end_is_near(task, now, zone):
            return self._change(a, task, switched_off(task, ENDED, now), zone)
        if task.next_run_at is None or task.next_run_at > now:
            return False
        if self._beginnings.refusal(a, task) is not None:
            self._put_off(a, task, now)
            return False
        run = Run(
            occurrence_id(task.id, task.next_run_at), task.id, task.table, task.action, 1, now, trigger="schedule",
            planned_at=task.next_run_at, skipped_months=tuple(left_out_until(task, zone, task.next_run_at)),
            due=now + LOOK,
        )  # fmt: skip
        after = after_run(task, zone, now)
        refused = self._beginnings.begin(a, run, task, after, due_at(after, zone))
        if refused == "exists":  # this occurrence had its run: the clock was put back since
            return self._change(a, task, after, zone)
        return refused is None

    def _put_off(self, a: str, task: Task, now: datetime) -> None:
        """It is looked at again in a minute: it stands before no other until then."""
        self._tasks.change(a, task, replace(task, version=task.version + 1), now + LOOK)

    def _change(self, a: str, before: Task, after: Task, zone: tzinfo) -> bool:
        return self._tasks.change(a, before, after, due_at(after, zone))
