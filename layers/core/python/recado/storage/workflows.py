"""Workflows with their steps."""

from __future__ import annotations

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError

from recado.domain.workflows import Step, Workflow
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

WORKFLOW_SEEN = guard(
    "workflow-from-seen-version",
    "two admins change a workflow at once, or one deletes it: the steps of one are lost, or it comes back",
)


class WorkflowRecord(WorkspaceRecord):
    """WORKFLOW."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    steps = JSONAttribute()
    created_at = TimeAttribute()
    version = NumberAttribute()

    @classmethod
    def of_workflow(cls, a: str, workflow: Workflow) -> WorkflowRecord:
        """The item of a workflow."""
        steps = [[one.id, one.name] for one in workflow.steps]
        return cls.of(workflow, pk=keys.workspace_pk(a, "WORKFLOWS"), sk=workflow.id, steps=steps)

    def workflow(self) -> Workflow:
        """The entity."""
        return self.to(Workflow, steps=tuple(Step(*one) for one in self.steps), version=int(self.version))


class DynamoWorkflows:
    """The port `recado.ports.filing.WorkflowStore`."""

    def get(self, a: str, workflow_id: str) -> Workflow | None:
        """A workflow, strongly consistent."""
        found = WorkflowRecord.find(keys.workspace_pk(a, "WORKFLOWS"), workflow_id)
        return None if found is None else found.workflow()

    def all(self, a: str) -> list[Workflow]:
        """Every workflow, oldest first; an account has at most some hundred."""
        records = WorkflowRecord.query(keys.workspace_pk(a, "WORKFLOWS"), consistent_read=True)
        return [record.workflow() for record in records]

    def create(self, a: str, workflow: Workflow) -> None:
        """Write a new workflow."""
        WorkflowRecord.of_workflow(a, workflow).save()

    def change(self, a: str, before: Workflow, after: Workflow) -> bool:
        """Write a change of a workflow as it was read; False when it is no longer so."""
        try:
            WorkflowRecord.of_workflow(a, after).save(condition=WORKFLOW_SEEN(WorkflowRecord.version == before.version))
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def delete(self, a: str, workflow: Workflow) -> bool:
        """Delete a workflow as it was read; False when it is no longer so."""
        record = WorkflowRecord(keys.workspace_pk(a, "WORKFLOWS"), workflow.id)
        try:
            record.delete(condition=WORKFLOW_SEEN(WorkflowRecord.version == workflow.version))
        except DeleteError as error:
            if condition_failed(error):
                return False
            raise
        return True
