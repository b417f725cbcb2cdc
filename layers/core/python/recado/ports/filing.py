"""What workflows, tabulations and marks on chats need of storage."""

from __future__ import annotations

from typing import Protocol

from recado.domain.chats import Thread
from recado.domain.tabulations import Tabulation, Tree
from recado.domain.workflows import Workflow


class WorkflowStore(Protocol):
    """The workflows of an account. A False means that somebody changed or deleted it first."""

    def get(self, a: str, workflow_id: str) -> Workflow | None: ...

    def all(self, a: str) -> list[Workflow]: ...

    def create(self, a: str, workflow: Workflow) -> None: ...

    def change(self, a: str, before: Workflow, after: Workflow) -> bool: ...

    def delete(self, a: str, workflow: Workflow) -> bool: ...


class TabulationStore(Protocol):
    """The tree of tabulations of an account. A False means that the tree is no longer as it was seen."""

    def tree(self, a: str) -> Tree: ...

    def exists(self, a: str, tabulation_id: str) -> bool: ...

    def put(self, a: str, seen: Tree, tabulation: Tabulation) -> bool: ...

    def delete(self, a: str, seen: Tree, tabulation_id: str) -> bool: ...


class ReadMarks(Protocol):
    """What users have read."""

    def mark_read(self, a: str, thread: Thread) -> bool:
        """Nothing of the thread is unread any more; False when it moved on since it was read."""
        ...
