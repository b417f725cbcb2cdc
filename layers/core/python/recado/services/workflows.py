"""Workflows and their steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from recado.domain.errors import Conflict, NotFound
from recado.domain.workflows import MAX_WORKFLOWS, Workflow, steps_given
from recado.ports.core import Clock, Ids
from recado.ports.filing import WorkflowStore
from recado.services.references import References

Given = Sequence[tuple[str | None, str]]
"""Steps of a request: each an id or None, and a name."""


class WorkflowService:
    """Who deletes a step leaves its id on the chats that stand there: it says what was, and leads nowhere."""

    def __init__(self, store: WorkflowStore, references: References, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._references = references
        self._clock = clock
        self._ids = ids

    def all(self, a: str) -> list[Workflow]:
        """Every workflow, oldest first."""
        return self._store.all(a)

    def get(self, a: str, workflow_id: str) -> Workflow:
        """Raises NotFound."""
        workflow = self._store.get(a, workflow_id)
        if workflow is None:
            raise NotFound("There is no such workflow.")
        return workflow

    def create(self, a: str, name: str, steps: Given) -> Workflow:
        """A new workflow; all its steps are new. Raises Invalid, Conflict `too_many_workflows`."""
        if len(self._store.all(a)) >= MAX_WORKFLOWS:
            detail = f"An account has at most {MAX_WORKFLOWS} workflows."
            raise Conflict(detail, code="too_many_workflows", extra={"limit": MAX_WORKFLOWS})
        made = steps_given(steps, (), lambda: self._ids.new("st", a))
        workflow = Workflow(self._ids.new("wf", a), name, made, self._clock.now())
        self._store.create(a, workflow)
        return workflow

    def change(self, a: str, workflow_id: str, name: str | None, steps: Given | None) -> Workflow:
        """Another name, other steps, or both; None leaves it. Raises NotFound, Invalid, Conflict `in_use` when a step
        goes that is named, and `workflow_changed` when somebody else changes it at this moment: whose steps shall count
        is for people to say."""
        before = self.get(a, workflow_id)
        fields: dict[str, Any] = {} if name is None else {"name": name}
        if steps is not None:
            fields["steps"] = steps_given(steps, before.steps, lambda: self._ids.new("st", a))
        after = replace(before, version=before.version + 1, **fields)
        gone = {one.id for one in before.steps} - {one.id for one in after.steps}
        self._references.refuse(a, gone, "A step that would go")
        if not self._store.change(a, before, after):
            raise _changed()
        return after

    def delete(self, a: str, workflow_id: str) -> None:
        """Raises NotFound, Conflict `in_use`, `workflow_changed`."""
        workflow = self.get(a, workflow_id)
        self._references.refuse(a, [workflow_id, *(one.id for one in workflow.steps)], "The workflow")
        if not self._store.delete(a, workflow):
            raise _changed()

    def has_step(self, a: str, step_id: str) -> bool:
        """Whether any workflow has the step."""
        return any(step.id == step_id for workflow in self._store.all(a) for step in workflow.steps)


def workflow_view(workflow: Workflow) -> dict[str, Any]:
    """A workflow in its public shape."""
    return {
        "id": workflow.id,
        "name": workflow.name,
        "steps": [{"id": step.id, "name": step.name} for step in workflow.steps],
    }


def _changed() -> Conflict:
    return Conflict("Somebody else changed the workflow at this moment. Read it again.", code="workflow_changed")
