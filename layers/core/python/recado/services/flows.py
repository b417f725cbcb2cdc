"""Projects and flows as people draw and publish them (PRODUCT F1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.flow_definitions import Definition, definition
from recado.domain.flow_executions import is_over
from recado.domain.flow_ways import check_runs, check_whole, unreachable, window_may_be_closed
from recado.domain.flows import MAX_FLOWS, MAX_PROJECTS, MAX_RUN_FLOWS, Flow, FlowVersion, Project, check_size
from recado.domain.ids import is_id
from recado.domain.variable_names import Unknown
from recado.ports.core import Clock, Ids
from recado.ports.flow_executions import ExecutionStore
from recado.ports.flows import FlowStore, ProjectGone, ProjectStore
from recado.services.references import References
from recado.services.views import moment

_TRIES = 5
_PAGE = 200
_LOOKED_AT = 1_000
"""Of a flow's executions, the newest: older ones have come to their end in all but a few days."""


class Channels(Protocol):
    """The channels of an account."""

    def page(self, a: str, limit: int, after: str | None) -> list[Channel]:
        """Channels in the order of their ids, those after an id."""
        ...


class FlowReferences(Protocol):
    """What steps name (services.flow_references)."""

    def errors(self, caller: Caller, drawn: Definition) -> list[FieldError]:
        """An error for each thing that a step names and that is not there."""
        ...

    def unsaved(self, a: str, flow_id: str, drawn: Definition) -> list[Unknown]:
        """The variables that nothing saves."""
        ...


@dataclass(frozen=True)
class Published:
    """A flow that was published, and what may be wrong with it: steps to which no way leads, variables that nothing
    saves, and steps whose message may find the window closed."""

    flow: Flow
    unreachable: list[str]
    unsaved: list[Unknown]
    window_may_be_closed: list[str]


class ProjectService:
    """A project with flows in it stays, and one that something names."""

    def __init__(self, store: ProjectStore, flows: FlowStore, used: References, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._flows = flows
        self._used = used
        self._clock = clock
        self._ids = ids

    def all(self, a: str) -> list[Project]:
        """Every project, oldest first."""
        return self._store.all(a)

    def get(self, a: str, project_id: str) -> Project:
        """Raises NotFound."""
        found = self._store.get(a, project_id) if is_id(project_id, "pj", a) else None
        if found is None:
            raise NotFound("There is no such project.")
        return found

    def create(self, a: str, name: str) -> Project:
        """Raises Conflict `too_many_projects`."""
        if len(self._store.all(a)) >= MAX_PROJECTS:
            detail = f"An account has at most {MAX_PROJECTS} projects."
            raise Conflict(detail, code="too_many_projects", extra={"limit": MAX_PROJECTS})
        made = Project(self._ids.new("pj", a), name, self._clock.now())
        self._store.create(a, made)
        return made

    def rename(self, a: str, project_id: str, name: str) -> Project:
        """Raises NotFound."""
        for _ in range(_TRIES):
            before = self.get(a, project_id)
            after = replace(before, name=name, version=before.version + 1)
            if before.name == name or self._store.change(a, before, after):
                return after if before.name != name else before
        raise Busy(f"change of {project_id}")

    def delete(self, a: str, project_id: str) -> None:
        """Raises NotFound, Conflict `project_in_use`, `in_use`. A flow that is made in it at this moment is refused, or
        keeps it."""
        for _ in range(_TRIES):
            project = self.get(a, project_id)
            if any(flow.project_id == project_id for flow in self._flows.all(a)):
                raise Conflict("There are flows in this project: delete them first.", code="project_in_use")
            self._used.refuse(a, [project_id], "The project")
            if self._store.delete(a, project):
                return
        raise Busy(f"deletion of {project_id}")


class FlowService:
    """A draft is kept as soon as its shape is right; published is what is whole and names only what is there."""

    def __init__(
        self,
        store: FlowStore,
        projects: ProjectService,
        references: FlowReferences,
        channels: Channels,
        used: References,
        executions: ExecutionStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._projects = projects
        self._references = references
        self._channels = channels
        self._used = used
        self._executions = executions
        self._clock = clock
        self._ids = ids

    def all(self, a: str, project_id: str | None) -> list[Flow]:
        """Every flow, of one project, or of all; oldest first and without its steps."""
        return [flow for flow in self._store.all(a) if project_id is None or flow.project_id == project_id]

    def get(self, a: str, flow_id: str) -> Flow:
        """Raises NotFound."""
        found = self._store.get(a, flow_id) if is_id(flow_id, "fl", a) else None
        if found is None:
            raise NotFound("There is no such flow.")
        return found

    def create(self, a: str, project_id: str, name: str, start: str, steps: Mapping[str, Any]) -> Flow:
        """A new draft. Raises Invalid, Conflict `too_many_flows`."""
        drawn(start, steps)
        if len(self._store.all(a)) >= MAX_FLOWS:
            detail = f"An account has at most {MAX_FLOWS:,} flows."
            raise Conflict(detail, code="too_many_flows", extra={"limit": MAX_FLOWS})
        now = self._clock.now()
        made = Flow(self._ids.new("fl", a), project_id, name, start, steps, now, now)
        try:
            self._projects.get(a, project_id)
            self._store.create(a, made)
        except (NotFound, ProjectGone):
            raise Invalid.field("/project_id", "not_found", "There is no such project.") from None
        return made

    def versions(self, a: str, flow_id: str, before: int | None, limit: int) -> tuple[list[FlowVersion], int | None]:
        """What was published, without steps, newest first, and the last number when there may be more. Raises
        NotFound."""
        self.get(a, flow_id)
        found = self._store.versions(a, flow_id, before, limit + 1)
        return found[:limit], found[limit - 1].number if len(found) > limit else None

    def version(self, a: str, flow_id: str, number: int) -> FlowVersion:
        """What was published under a number. Raises NotFound."""
        self.get(a, flow_id)
        found = self._store.version(a, flow_id, number)
        if found is None:
            raise NotFound("There is no such version.")
        return found

    def change(self, a: str, flow_id: str, fields: Mapping[str, Any], seen: int | None = None) -> Flow:
        """Write the given fields (project_id, name, start, steps) over the draft. `seen`: the `version` from which
        somebody drew on; None: whatever it is. Raises NotFound, Invalid, Conflict `flow_in_use` where it is to leave
        the project in which tasks name it, and `flow_changed` when it is another version, or somebody else draws at
        this moment: whose steps shall count is for people to say."""
        before = self.get(a, flow_id)
        if seen is not None and seen != before.version:
            raise _changed()
        after: Flow = replace(before, **fields)
        if after == before:
            return before
        drawn(after.start, after.steps)
        if after.project_id != before.project_id:
            self._check_project(a, after.project_id)
            if tasks := self._used.naming(a, [flow_id]).get("task_ids"):
                detail = "Tasks run the flow where it is: give them another one first."
                raise Conflict(detail, code="flow_in_use", extra={"task_ids": tasks})
        after = replace(after, updated_at=self._clock.now(), version=before.version + 1)
        if not self._store.change(a, before, after):
            raise _changed()
        return after

    def publish(self, caller: Caller, flow_id: str) -> Published:
        """The draft as it is now becomes a version. Raises NotFound, Invalid with a pointer to each thing that is not
        whole or not there, Conflict `flow_changed`."""
        a, now = caller.account, self._clock.now()
        before = self.get(a, flow_id)
        whole = drawn(before.start, before.steps)
        check_whole(whole)
        errors = self._references.errors(caller, whole)
        if errors:
            raise Invalid(errors[0].detail, errors=errors)
        runs = _Published(self._store, a)
        check_runs(flow_id, whole, runs.find)
        unsaved = self._references.unsaved(a, flow_id, whole)
        number = (before.published or 0) + 1
        after = replace(before, published=number, published_at=now, version=before.version + 1)
        version = FlowVersion(flow_id, number, before.start, before.steps, now, caller.user_id)
        if not self._store.publish(a, before, after, version, runs.seen):
            raise _changed()
        return Published(after, unreachable(whole), unsaved, window_may_be_closed(whole))

    def delete(self, a: str, flow_id: str) -> None:
        """Raises NotFound, Conflict `flow_changed`, `flow_in_use` while it is a channel's own, something names it, or
        executions that began with it are not over. Its versions stay for what begins in them at this moment."""
        flow = self.get(a, flow_id)
        using: dict[str, Any] = {**self._used.naming(a, [flow_id])}
        using |= {"channel_ids": led} if (led := self._led_by(a, flow_id)) else {}
        using |= {"executions": at_work} if (at_work := self._at_work(a, flow_id)) else {}
        if using:
            detail = "Something still needs the flow: give that another one, or none, and let its executions end."
            raise Conflict(detail, code="flow_in_use", extra=using)
        if not self._store.delete(a, flow):
            raise _changed()

    def _at_work(self, a: str, flow_id: str) -> int:
        """How many of its newest executions are not over."""
        count, before = 0, None
        for _ in range(_LOOKED_AT // _PAGE):
            ids = self._executions.ids_of_flow(a, flow_id, before, _PAGE)
            count += sum(not is_over(one) for one in self._executions.read(a, ids))
            if len(ids) < _PAGE:
                break
            before = ids[-1]
        return count

    def _led_by(self, a: str, flow_id: str) -> list[str]:
        """The channels whose chats it leads."""
        using, after = list[str](), None
        while page := self._channels.page(a, _PAGE, after):
            using += [one.id for one in page if one.state != "removed" and one.settings.get("entry_flow_id") == flow_id]
            after = page[-1].id
        return using

    def _check_project(self, a: str, project_id: str) -> None:
        try:
            self._projects.get(a, project_id)
        except NotFound:
            raise Invalid.field("/project_id", "not_found", "There is no such project.") from None


class _Published:
    """The flows that are met on the ways out of one, each looked up once. `seen`: the numbers of their versions."""

    def __init__(self, store: FlowStore, a: str) -> None:
        self._store = store
        self._a = a
        self._known: dict[str, Definition | None] = {}
        self.seen: dict[str, int] = {}

    def find(self, flow_id: str) -> Definition | None:
        """What is published of a flow. Raises Invalid when they are more than one transaction can hold still."""
        if flow_id not in self._known:
            if len(self.seen) == MAX_RUN_FLOWS:
                detail = f"A flow leads to at most {MAX_RUN_FLOWS} others without waiting."
                raise Invalid.field("/steps", "too_many_flows", detail)
            number = self._store.published(self._a, flow_id)
            found = None if number is None else self._store.version(self._a, flow_id, number)
            if number is not None and found is not None:
                self.seen[flow_id] = number
            self._known[flow_id] = None if found is None else definition(found.start, found.steps)
        return self._known[flow_id]


def drawn(start: str, steps: Mapping[str, Any]) -> Definition:
    """A draft's definition. Raises Invalid."""
    check_size(steps)
    return definition(start, steps)


def project_view(project: Project) -> dict[str, Any]:
    """A project in its public shape."""
    return {"id": project.id, "name": project.name, "created_at": moment(project.created_at)}


def flow_view(flow: Flow, with_steps: bool = True) -> dict[str, Any]:
    """A flow in its public shape."""
    return {
        "id": flow.id,
        "project_id": flow.project_id,
        "name": flow.name,
        "start": flow.start,
        **({"steps": dict(flow.steps)} if with_steps else {}),
        "published_version": flow.published,
        "published_at": moment(flow.published_at),
        "version": flow.version,
        "created_at": moment(flow.created_at),
        "updated_at": moment(flow.updated_at),
    }


def version_view(one: FlowVersion, with_steps: bool = True) -> dict[str, Any]:
    """A version of a flow in its public shape."""
    return {
        "version": one.number,
        "start": one.start,
        **({"steps": dict(one.steps)} if with_steps else {}),
        "published_at": moment(one.published_at),
        "published_by": one.published_by,
    }


def _changed() -> Conflict:
    return Conflict("Somebody else changed the flow since. Read it again.", code="flow_changed")
