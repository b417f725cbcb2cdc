"""Tasks as admins make and change them (PRODUCT G1, G2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from recado.domain.access import Caller
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.ids import is_id, sibling_id
from recado.domain.recurrences import Recurrence, recurrence_shape
from recado.domain.segment_fields import Table
from recado.domain.tasks import (
    MAX_TASKS,
    Task,
    check_action,
    check_ahead,
    check_filter_size,
    due_at,
    left_out,
    planned,
)
from recado.ports.core import Clock, Ids
from recado.ports.idempotency import Attempt
from recado.ports.people import AccountStore
from recado.ports.task_runs import RunStore
from recado.ports.tasks import TaskStore
from recado.services.views import moment

_TRIES = 5


class ActionReferences(Protocol):
    """What an action names (services.task_references)."""

    def errors(self, a: str, table: Table, action: Mapping[str, Any]) -> list[FieldError]:
        """An error for each thing that it names and that is not there."""
        ...


class ActionTemplates(Protocol):
    """The templates that an action sends (services.task_templates)."""

    def errors(self, a: str, table: Table, action: Mapping[str, Any]) -> list[FieldError]:
        """What stands against sending them."""
        ...


class Filters(Protocol):
    """The one reading of filters (services.segments)."""

    def tree(self, a: str, table: Table, given: Any, pointer: str = "/filter") -> Any:
        """Raises Invalid."""
        ...


@dataclass(frozen=True)
class NewTask:
    """What POST tasks asks for; its recurrence and its action are of their shapes already."""

    name: str
    table: Table
    action: Mapping[str, Any]
    objective: str = ""
    enabled: bool = True
    recurrence: Recurrence | None = None
    filter: Any = None


class TaskService:
    """A task names only what is there when it is written; what is gone when it runs, its run tells."""

    def __init__(
        self,
        store: TaskStore,
        runs: RunStore,
        references: ActionReferences,
        templates: ActionTemplates,
        filters: Filters,
        accounts: AccountStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._runs = runs
        self._references = references
        self._templates = templates
        self._filters = filters
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    def all(self, a: str) -> list[Task]:
        """Every task, oldest first."""
        return self._store.all(a)

    def get(self, a: str, task_id: str) -> Task:
        """Raises NotFound."""
        found = self._store.get(a, task_id) if is_id(task_id, "ts", a) else None
        if found is None:
            raise NotFound("There is no such task.")
        return found

    def create(self, caller: Caller, new: NewTask, attempt: Attempt | None = None) -> Task:
        """A new task. With an `attempt` what an earlier run of the request made is found again. Raises Invalid with
        pointers, Conflict `too_many_tasks`."""
        a, now = caller.account, self._clock.now()
        task_id = sibling_id("ts", attempt.origin) if attempt else self._ids.new("ts", a)
        if attempt and attempt.again and (made := self._store.get(a, task_id)):
            return made
        made = Task(
            task_id, new.name, new.table, new.action, now, now, now, new.objective, new.enabled, new.recurrence,
            {} if new.filter is None else new.filter,
        )  # fmt: skip
        self._check(a, made)
        made = self._planned(a, made)
        check_ahead(made)
        if len(self._store.all(a)) >= MAX_TASKS:
            detail = f"An account has at most {MAX_TASKS} tasks."
            raise Conflict(detail, code="too_many_tasks", extra={"limit": MAX_TASKS})
        self._store.create(a, made, due_at(made, _zone(made.zone)))
        return made

    def change(self, a: str, task_id: str, fields: Mapping[str, Any]) -> Task:
        """Write the given fields over the task; runs that were begun go on as they began. Raises NotFound, Invalid."""
        for _ in range(_TRIES):
            before, now = self.get(a, task_id), self._clock.now()
            after: Task = replace(before, **fields)
            if after.filter is None:
                after = replace(after, filter={})
            if after == before:
                return before
            self._check(a, after, before)
            if after.enabled and (not before.enabled or after.recurrence != before.recurrence):
                after = replace(after, began_at=now, disabled_because=None)
            if (after.enabled, after.recurrence) != (before.enabled, before.recurrence):
                after = self._planned(a, after)
                check_ahead(after)
            after = replace(after, updated_at=now, version=before.version + 1)
            if self._store.change(a, before, after, due_at(after, _zone(after.zone))):
                return after
        raise Busy(f"change of {task_id}")

    def delete(self, a: str, task_id: str) -> None:
        """Raises NotFound, Conflict `task_running` while a run of it is not over. What its runs did stays on record
        until it is forgotten."""
        for _ in range(_TRIES):
            task = self.get(a, task_id)
            going = [one.run_id for one in self._runs.going(a) if one.task_id == task_id]
            if going:
                detail = "A run of the task is not over: wait for its end, or cancel it."
                raise Conflict(detail, code="task_running", extra={"run_id": going[0]})
            if self._store.delete(a, task):
                return
        raise Busy(f"deletion of {task_id}")

    def problems(self, a: str, table: Table, action: Mapping[str, Any]) -> list[FieldError]:
        """What an action names and is not there, and what stands against the templates that it sends: pointers into
        its task."""
        return [*self._references.errors(a, table, action), *self._templates.errors(a, table, action)]

    def need_ready(self, a: str, table: Table, action: Mapping[str, Any]) -> None:
        """Raises Conflict `action_not_ready` with `problems` for an action that nobody should begin, or go on with,
        now."""
        errors = self.problems(a, table, action)
        if errors:
            raise Conflict(errors[0].detail, code="action_not_ready", errors=errors)

    def need_to_run(self, a: str, task: Task) -> None:
        """The same of a task that is to begin now, whose filter is read too."""
        self.need_ready(a, task.table, task.action)
        try:
            self._filters.tree(a, task.table, task.filter)
        except Invalid as wrong:
            raise Conflict(wrong.detail, code="action_not_ready", errors=wrong.errors) from None

    def _check(self, a: str, task: Task, before: Task | None = None) -> None:
        """Whoever only switches a task off, or renames it, need not mend what went since."""
        check_action(task.table, task.action)
        check_filter_size(task.filter)
        goes_on = before is not None and before.table == task.table and (before.enabled or not task.enabled)
        if not (goes_on and before is not None and before.filter == task.filter):
            self._filters.tree(a, task.table, task.filter)
        if goes_on and before is not None and before.action == task.action:
            return
        errors = self.problems(a, task.table, task.action)
        if errors:
            raise Invalid(errors[0].detail, errors=errors)

    def _planned(self, a: str, task: Task) -> Task:
        account = self._accounts.get(a)
        name = account.time_zone if account else "UTC"
        return planned(task, name, _zone(name), self._clock.now())


def task_view(task: Task) -> dict[str, Any]:
    """A task in its public shape."""
    zone = _zone(task.zone)
    return {
        "id": task.id,
        "name": task.name,
        "objective": task.objective,
        "enabled": task.enabled,
        "recurrence": recurrence_shape(task.recurrence),
        "table": task.table,
        "filter": task.filter,
        "action": dict(task.action),
        "next_run_at": moment(task.next_run_at),
        "skipped_months": left_out(task, zone),
        "last_run_at": moment(task.last_run_at),
        "disabled_because": task.disabled_because,
        "created_at": moment(task.created_at),
        "updated_at": moment(task.updated_at),
    }


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
