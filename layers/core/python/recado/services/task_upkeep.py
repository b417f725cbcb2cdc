"""What happens to tasks when something else of the account changes: its time zone, a channel that is removed, or what
else they need and is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol
from zoneinfo import ZoneInfo

from recado.domain.chats import Author, Event
from recado.domain.errors import Busy
from recado.domain.flow_uses import named_in
from recado.domain.task_runs import Run
from recado.domain.tasks import Task, due_at, planned_anew, switched_off
from recado.ports.core import Clock, Ids
from recado.ports.tasks import TaskStore
from recado.services.tasks import task_view

_TRIES = 5


class DefaultDepartments(Protocol):
    """Whose supervisors are told of what is nobody's."""

    def default(self, a: str) -> str | None: ...


class TaskUpkeep:
    """Level-triggered: repeating any is no harm."""

    def __init__(self, store: TaskStore, departments: DefaultDepartments, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._departments = departments
        self._clock = clock
        self._ids = ids

    def plan_again(self, a: str, zone: str) -> None:
        """The account's time zone is this one now: every automatic task runs by it. What this does not reach is put
        right when the task comes due."""

        def step(task: Task) -> Task:
            after = planned_anew(task, zone, ZoneInfo(zone), self._clock.now())
            return task if after == task else replace(after, version=task.version + 1)

        for task in self._store.all(a):
            self._change(a, task, step)

    def switch_off(self, a: str, channel_id: str) -> None:
        """A channel was removed: tasks that write on it, or whose filter names it, run no more by themselves, and
        supervisors are told."""

        def step(task: Task) -> Task:
            if not task.enabled or channel_id not in named_in({"action": task.action, "filter": task.filter}):
                return task
            return switched_off(task, "channel_removed", self._clock.now())

        for task in self._store.all(a):
            self._change(a, task, step, is_told=True)

    def stop(self, a: str, run: Run, given: object, because: str) -> None:
        """What a run needs is gone: its task runs no more by itself, while it is what the run, with the filter
        `given`, began with."""

        def step(task: Task) -> Task:
            is_what_ran = task.action == run.action and task.filter == given
            if not task.enabled or task.recurrence is None or not is_what_ran:
                return task
            return switched_off(task, because, self._clock.now())

        task = self._store.get(a, run.task_id)
        if task is not None:
            self._change(a, task, step)

    def _change(self, a: str, task: Task, step: Callable[[Task], Task], is_told: bool = False) -> None:
        for _ in range(_TRIES):
            after = step(task)
            if after is task:
                return
            event, alerted = (self._disabled(a, after), self._departments.default(a)) if is_told else (None, None)
            if self._store.change(a, task, after, due_at(after, ZoneInfo(after.zone)), event, alerted):
                return
            found = self._store.get(a, task.id)
            if found is None:
                return
            task = found
        raise Busy(f"upkeep of {task.id}")

    def _disabled(self, a: str, after: Task) -> Event:
        return Event(self._ids.new("ev", a), "task.disabled", self._clock.now(), Author("system"), task_view(after))
