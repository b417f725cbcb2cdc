"""What tasks need of storage."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from recado.domain.chats import Event
from recado.domain.tasks import Task
from recado.ports.sweeps import DuePage


class TaskStore(Protocol):
    """The tasks of an account. A False means that somebody changed or deleted it first. `due`: when somebody has to
    look at it."""

    def get(self, a: str, task_id: str) -> Task | None:
        """One, strongly consistent."""
        ...

    def all(self, a: str) -> list[Task]:
        """Every one, oldest first."""
        ...

    def create(self, a: str, task: Task, due: datetime | None) -> None: ...

    def change(
        self, a: str, before: Task, after: Task, due: datetime | None, event: Event | None = None,
        alerted: str | None = None,
    ) -> bool:  # fmt: skip
        """With the fact of it, which the supervisors of the department `alerted` are told."""
        ...

    def delete(self, a: str, task: Task) -> bool: ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Tasks to be looked at, of all accounts."""
        ...
