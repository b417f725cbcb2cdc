"""How runs of tasks end by themselves: all of their targets have ended, or what they need is gone (PRODUCT G7)."""

from __future__ import annotations

from typing import Protocol

from recado.domain import task_runs as steps
from recado.domain.errors import Busy
from recado.domain.task_runs import Run, is_through
from recado.ports.core import Clock, Ids
from recado.ports.task_runs import RunStore
from recado.services.task_runs import run_event
from recado.services.task_upkeep import DefaultDepartments

_TRIES = 5


class StoppedTasks(Protocol):
    """Tasks that cannot run any more (services.task_upkeep)."""

    def stop(self, a: str, run: Run, given: object, because: str) -> None:
        """Switch a run's task off while it is what the run, with the filter `given`, began with."""
        ...


class RunEndings:
    """Each end is written once, whoever sees it."""

    def __init__(
        self, runs: RunStore, tasks: StoppedTasks, departments: DefaultDepartments, clock: Clock, ids: Ids
    ) -> None:
        self._runs = runs
        self._tasks = tasks
        self._departments = departments
        self._clock = clock
        self._ids = ids

    def end(self, a: str, task_id: str, run_id: str) -> bool:
        """The run is done when all of its targets have ended; whether it was ended here."""
        for _ in range(_TRIES):
            run, lanes = self._runs.get(a, task_id, run_id), self._runs.lanes(a, run_id)
            if run is None or not is_through(run, lanes):
                return False
            now = self._clock.now()
            after = steps.done(run, lanes, now)
            event = run_event(self._ids.new("ev", a), "task.run_finished", after, lanes, now)
            if self._runs.move(a, run, after, event):
                return True
        raise Busy(f"end of {run_id}")

    def gone(self, a: str, run: Run, reason: str) -> None:
        """Something that the run's action or filter names is gone: its task runs no more by itself, and the run is
        cancelled. The task first: whoever dies between both finds the run going on."""
        self._tasks.stop(a, run, self._runs.filter_of(a, run.id), reason)
        self.cancel(a, run, reason)

    def cancel(self, a: str, run: Run, reason: str) -> None:
        """The run goes no further, as nobody asked for: supervisors are told. Who moved it first decides."""
        lanes, now = self._runs.lanes(a, run.id), self._clock.now()
        after = steps.cancelled(run, lanes, now, reason)
        event = run_event(self._ids.new("ev", a), "task.run_finished", after, lanes, now)
        self._runs.move(a, run, after, event, self._departments.default(a))
