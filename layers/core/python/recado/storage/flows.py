"""Projects, flows and their published versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError

from recado.domain.flows import Flow, FlowVersion, Project
from recado.ports.flows import ProjectGone
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard

PROJECT_SEEN = guard("project-from-seen-version", "a project is renamed while it is deleted: it comes back")
PROJECT_STANDS = guard("project-stands", "a flow is made in a project while that is deleted: nobody finds it")
FLOW_SEEN = guard(
    "flow-from-seen-version",
    "two people draw or publish at once: the steps of one are lost, or another's are published",
)

RUN_FLOW_SEEN = guard(
    "run-flow-from-seen-version",
    "two flows that run each other are published at once: each saw the other without the way back, and they loop",
)


class ProjectRecord(WorkspaceRecord):
    """PROJECT."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at = TimeAttribute()
    version = NumberAttribute()

    @classmethod
    def of_project(cls, a: str, project: Project) -> ProjectRecord:
        """The item of a project."""
        return cls.of(project, pk=keys.workspace_pk(a, "PROJECTS"), sk=project.id)

    def project(self) -> Project:
        """The entity."""
        return self.to(Project, version=int(self.version))


class FlowRecord(WorkspaceRecord):
    """FLOW: all but the steps, so that no list reads these."""

    id = UnicodeAttribute()
    project_id = UnicodeAttribute()
    name = UnicodeAttribute()
    start = UnicodeAttribute()
    created_at = TimeAttribute()
    updated_at = TimeAttribute()
    published = NumberAttribute(null=True)
    published_at = TimeAttribute(null=True)
    version = NumberAttribute()

    @classmethod
    def of_flow(cls, a: str, flow: Flow) -> FlowRecord:
        """The item of a flow."""
        return cls.of(flow, pk=keys.workspace_pk(a, "FLOWS"), sk=flow.id)

    def flow(self, draft: FlowDraftRecord | None = None) -> Flow:
        """The entity; without steps where no draft was read."""
        drawn = {"steps": {}} if draft is None else {"start": draft.start, "steps": draft.steps}
        published = None if self.published is None else int(self.published)
        return self.to(Flow, **drawn, published=published, version=int(self.version))


class FlowDraftRecord(WorkspaceRecord):
    """FLOWDRAFT: written with its FLOW, in one transaction."""

    start = UnicodeAttribute()
    steps = JSONAttribute()

    @classmethod
    def of_flow(cls, a: str, flow: Flow) -> FlowDraftRecord:
        """The item of a flow's draft."""
        place = {"pk": keys.flow_pk(a, flow.id), "sk": keys.FLOW_DRAFT_SK}
        return cls.of(flow, **place, steps=dict(flow.steps))


class FlowVersionRecord(WorkspaceRecord):
    """FLOWVERSION."""

    start = UnicodeAttribute()
    steps = JSONAttribute()
    published_at = TimeAttribute()
    published_by = UnicodeAttribute(null=True)

    @classmethod
    def of_version(cls, a: str, version: FlowVersion) -> FlowVersionRecord:
        """The item of a version."""
        place = {"pk": keys.flow_pk(a, version.flow_id), "sk": keys.flow_version_sk(version.number)}
        return cls.of(version, **place, steps=dict(version.steps))

    def flow_version(self, flow_id: str, number: int) -> FlowVersion:
        """The entity."""
        return self.to(FlowVersion, flow_id=flow_id, number=number)


class DynamoProjects:
    """The port `recado.ports.flows.ProjectStore`."""

    def get(self, a: str, project_id: str) -> Project | None:
        """One, strongly consistent."""
        found = ProjectRecord.find(keys.workspace_pk(a, "PROJECTS"), project_id)
        return None if found is None else found.project()

    def all(self, a: str) -> list[Project]:
        """One query."""
        records = ProjectRecord.query(keys.workspace_pk(a, "PROJECTS"), consistent_read=True)
        return [record.project() for record in records]

    def create(self, a: str, project: Project) -> None:
        """Write a new project."""
        ProjectRecord.of_project(a, project).save()

    def change(self, a: str, before: Project, after: Project) -> bool:
        """Write a change of a project as it was read."""
        try:
            ProjectRecord.of_project(a, after).save(condition=PROJECT_SEEN(ProjectRecord.version == before.version))
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def delete(self, a: str, project: Project) -> bool:
        """Delete a project as it was read."""
        record = ProjectRecord(keys.workspace_pk(a, "PROJECTS"), project.id)
        try:
            record.delete(condition=PROJECT_SEEN(ProjectRecord.version == project.version))
        except DeleteError as error:
            if condition_failed(error):
                return False
            raise
        return True


class DynamoFlows:
    """The port `recado.ports.flows.FlowStore`."""

    def get(self, a: str, flow_id: str) -> Flow | None:
        """Two gets, strongly consistent, the draft last: who writes from a flow whose draft changed between them finds
        that the flow changed too."""
        found = FlowRecord.find(keys.workspace_pk(a, "FLOWS"), flow_id)
        draft = None if found is None else FlowDraftRecord.find(keys.flow_pk(a, flow_id), keys.FLOW_DRAFT_SK)
        return None if found is None or draft is None else found.flow(draft)

    def published(self, a: str, flow_id: str) -> int | None:
        """1 RRU."""
        found = FlowRecord.find(keys.workspace_pk(a, "FLOWS"), flow_id)
        return None if found is None or found.published is None else int(found.published)

    def all(self, a: str) -> list[Flow]:
        """One query."""
        return [record.flow() for record in FlowRecord.query(keys.workspace_pk(a, "FLOWS"), consistent_read=True)]

    def create(self, a: str, flow: Flow) -> None:
        """One transaction with the check of its project."""
        tx = Transaction()
        project = ProjectRecord(keys.workspace_pk(a, "PROJECTS"), flow.project_id)
        tx.check("project", project, PROJECT_STANDS(ProjectRecord.pk.exists()))
        tx.put("flow", FlowRecord.of_flow(a, flow))
        tx.put("draft", FlowDraftRecord.of_flow(a, flow))
        try:
            tx.commit()
        except Cancelled as cancelled:
            raise ProjectGone from cancelled

    def change(self, a: str, before: Flow, after: Flow) -> bool:
        """Write a change of a flow as it was read: one transaction, with the draft where that changed."""
        tx = Transaction()
        tx.put("flow", FlowRecord.of_flow(a, after), FLOW_SEEN(FlowRecord.version == before.version))
        if (after.start, after.steps) != (before.start, before.steps):
            tx.put("draft", FlowDraftRecord.of_flow(a, after))
        return tx.committed()

    def publish(self, a: str, before: Flow, after: Flow, version: FlowVersion, runs: Mapping[str, int]) -> bool:
        """One transaction. The flow's condition keeps the number apart too: it moves with the flow."""
        tx = Transaction()
        tx.put("version", FlowVersionRecord.of_version(a, version))
        for flow_id, number in runs.items():
            run = FlowRecord(keys.workspace_pk(a, "FLOWS"), flow_id)
            tx.check(f"run {flow_id}", run, RUN_FLOW_SEEN(FlowRecord.published == number))
        tx.put("flow", FlowRecord.of_flow(a, after), FLOW_SEEN(FlowRecord.version == before.version))
        return tx.committed()

    def delete(self, a: str, flow: Flow) -> bool:
        """Delete a flow as it was read, with its draft: one transaction."""
        tx = Transaction()
        record = FlowRecord(keys.workspace_pk(a, "FLOWS"), flow.id)
        tx.delete("flow", record, FLOW_SEEN(FlowRecord.version == flow.version))
        tx.delete("draft", FlowDraftRecord(keys.flow_pk(a, flow.id), keys.FLOW_DRAFT_SK))
        return tx.committed()

    def all_published(self, a: str) -> Iterator[tuple[Flow, FlowVersion]]:
        """The query of heads, and one batch get for each 100 that are published, strongly consistent."""
        flows = {keys.flow_pk(a, one.id): one for one in self.all(a) if one.published is not None}
        wanted = [(pk, keys.flow_version_sk(one.published)) for pk, one in flows.items() if one.published is not None]
        for record in FlowVersionRecord.batch_get(wanted, consistent_read=True) if wanted else ():
            flow = flows[str(record.pk)]
            yield flow, record.flow_version(flow.id, flow.published or 0)

    def version(self, a: str, flow_id: str, number: int) -> FlowVersion | None:
        """One get; it never changes, so eventually consistent would do but for one just published."""
        found = FlowVersionRecord.find(keys.flow_pk(a, flow_id), keys.flow_version_sk(number))
        return None if found is None else found.flow_version(flow_id, number)

    def versions(self, a: str, flow_id: str, before: int | None, limit: int) -> list[FlowVersion]:
        """One query, which reads the steps too and answers without."""
        older = FlowVersionRecord.sk.between(keys.flow_version_sk(0), keys.flow_version_sk(max(before or 0, 1) - 1))
        records = FlowVersionRecord.query(
            keys.flow_pk(a, flow_id),
            FlowVersionRecord.sk.startswith("V#") if before is None else older,
            consistent_read=True,
            scan_index_forward=False,
            limit=limit,
            attributes_to_get=["pk", "sk", "start", "published_at", "published_by"],
        )
        return [
            one.to(FlowVersion, flow_id=flow_id, number=keys.flow_version_number(str(one.sk)), steps={})
            for one in records
        ]
