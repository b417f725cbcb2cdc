"""Tasks (docs/data-model.md G1, G2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError
from pynamodb.expressions.condition import Condition

from recado.domain.chats import Event
from recado.domain.recurrences import Recurrence
from recado.domain.tasks import Task
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.alerts import add_alert
from recado.storage.due import Due, due_page
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, condition_failed, guard
from recado.storage.workspace_events import add_workspace_event

TASK_SEEN = guard(
    "task-from-seen-version",
    "a task is changed, deleted or switched off while it comes due: it runs as it was, or twice, or comes back",
)
TASK_THERE = guard(
    "task-run-again-only-with-its-task", "a task is deleted while a run of it is tried again: that goes on without it"
)
_COLLECTION = "TASKS"


class TaskRecord(WorkspaceRecord):
    """TASK."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    objective = UnicodeAttribute(null=True)
    table = UnicodeAttribute()
    action = JSONAttribute()
    filter = JSONAttribute()
    enabled = BooleanAttribute()
    recurrence = JSONAttribute(null=True)
    created_at = TimeAttribute()
    updated_at = TimeAttribute()
    began_at = TimeAttribute()
    zone = UnicodeAttribute()
    next_run_at = TimeAttribute(null=True)
    last_planned_at = TimeAttribute(null=True)
    last_run_at = TimeAttribute(null=True)
    disabled_because = UnicodeAttribute(null=True)
    version = NumberAttribute()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_task(cls, a: str, task: Task, due: datetime | None) -> TaskRecord:
        """The item of a task."""
        place = {"due_pk": keys.due_pk(_COLLECTION, task.id), "due_sk": keys.stamp(due)} if due else {}
        return cls.of(
            task,
            pk=keys.workspace_pk(a, _COLLECTION),
            sk=task.id,
            objective=task.objective or None,
            action=dict(task.action),
            recurrence=_recurrence_item(task.recurrence),
            **place,
        )

    def task(self) -> Task:
        """The entity."""
        return self.to(
            Task, objective=self.objective or "", recurrence=_recurrence(self.recurrence), version=int(self.version)
        )


class DynamoTasks:
    """The port `recado.ports.tasks.TaskStore`."""

    def get(self, a: str, task_id: str) -> Task | None:
        """1 RRU for each 4 KB."""
        found = TaskRecord.find(keys.workspace_pk(a, _COLLECTION), task_id)
        return None if found is None else found.task()

    def all(self, a: str) -> list[Task]:
        """One query."""
        return [one.task() for one in TaskRecord.query(keys.workspace_pk(a, _COLLECTION), consistent_read=True)]

    def create(self, a: str, task: Task, due: datetime | None) -> None:
        """1 put."""
        TaskRecord.of_task(a, task, due).save()

    def change(
        self, a: str, before: Task, after: Task, due: datetime | None, event: Event | None = None,
        alerted: str | None = None,
    ) -> bool:  # fmt: skip
        """1 put; with a fact 1 transaction: TASK, the fact, and its copy as an alert."""
        if event is not None:
            tx = Transaction()
            tx.put("task", TaskRecord.of_task(a, after, due), seen(before))
            add_workspace_event(tx, a, after.id, event)
            if alerted is not None:
                add_alert(tx, a, alerted, event)
            return tx.committed()
        try:
            TaskRecord.of_task(a, after, due).save(condition=seen(before))
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def delete(self, a: str, task: Task) -> bool:
        """1 delete."""
        try:
            TaskRecord(keys.workspace_pk(a, _COLLECTION), task.id).delete(condition=seen(task))
        except DeleteError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page(_COLLECTION, TaskRecord, now, limit)


def seen(before: Task) -> Condition | None:
    """That a task is as it was read."""
    return TASK_SEEN(TaskRecord.version == before.version)


def add_task_step(tx: Transaction, a: str, task: Task) -> None:
    """The task is as it was read, and nobody who read it so changes or deletes it. Label `task`."""
    record = TaskRecord(keys.workspace_pk(a, _COLLECTION), task.id)
    tx.update(
        "task", record, [TaskRecord.version.set(task.version + 1)], TASK_THERE(TaskRecord.version == task.version)
    )


def _recurrence_item(one: Recurrence | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {**one.__dict__, "weekdays": list(one.weekdays), "until": one.until.isoformat() if one.until else None}


def _recurrence(item: dict[str, Any] | None) -> Recurrence | None:
    if item is None:
        return None
    until = datetime.fromisoformat(item["until"]).date() if item["until"] else None
    return Recurrence(**{**item, "weekdays": tuple(item["weekdays"]), "until": until})
