"""What the steps of a flow name: departments, agents, files, secrets, other flows. Only when all is there it
is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import Conflict, FieldError, Invalid, NotFound
from recado.domain.flow_definitions import Definition, Step, definition
from recado.domain.flow_secrets import named
from recado.domain.ids import is_id
from recado.domain.variable_names import Unknown, saved_before, texts_in, unsaved, wrong_in_steps
from recado.ports.agents import Departments
from recado.ports.flow_secrets import FlowSecretStore
from recado.ports.flows import FlowStore
from recado.ports.people import UserStore
from recado.services.custom_fields import CustomFieldService
from recado.services.segments import SegmentService
from recado.services.sent_files import Attachments
from recado.services.tabulations import TabulationService
from recado.services.variable_checks import slugs_named
from recado.services.workflows import WorkflowService

_MOST = 50


class KnownReferences:
    """Looks each named thing up once."""

    def __init__(
        self,
        flows: FlowStore,
        departments: Departments,
        users: UserStore,
        workflows: WorkflowService,
        tabulations: TabulationService,
        files: Attachments,
        segments: SegmentService,
        secrets: FlowSecretStore,
        fields: CustomFieldService,
    ) -> None:
        self._flows = flows
        self._departments = departments
        self._users = users
        self._workflows = workflows
        self._tabulations = tabulations
        self._files = files
        self._segments = segments
        self._secrets = secrets
        self._fields = fields

    def errors(self, caller: Caller, drawn: Definition) -> list[FieldError]:
        """An error for each thing that a step names and that is not there, at most 50."""
        a = caller.account
        known: Mapping[str, Callable[[str], bool]] = {
            "flow_id": lambda one: self._is_published(a, one),
            "department_id": lambda one: is_id(one, "dp", a) and self._departments.get(a, one) is not None,
            "agent_id": lambda one: is_id(one, "us", a) and self._users.get(a, one) is not None,
            "step_id": lambda one: self._workflows.has_step(a, one),
            "tabulation_id": lambda one: self._tabulations.exists(a, one),
        }
        seen: dict[tuple[str, str], bool] = {}
        errors = list[FieldError]()
        for step in drawn.steps.values():
            pointer = f"/steps/{step.id}"
            for name, is_known in known.items():
                value = step.fields.get(name)
                if value is not None and (name, value) not in seen:
                    seen[name, value] = is_known(value)
                if value is not None and not seen[name, value]:
                    errors.append(FieldError(f"{pointer}/{name}", "not_found", _DETAILS[name]))
            errors += self._of_file(caller, step, pointer)
            errors += self._of_filter(a, step, pointer)
        errors += self._of_secrets(a, drawn)
        custom = slugs_named(self._fields, a, texts_in(drawn))
        errors += [FieldError(*wrong) for wrong in wrong_in_steps(drawn, custom)]
        return errors[:_MOST]

    def unsaved(self, a: str, flow_id: str, drawn: Definition) -> list[Unknown]:
        """The variables that nothing saves: none of the flow's steps, and no published flow that leads to it. Who
        starts it may give them all the same."""
        found = unsaved(drawn)
        if not found:
            return []
        flows = {flow.id: definition(one.start, one.steps) for flow, one in self._flows.all_published(a)}
        return unsaved(drawn, saved_before(flow_id, flows))[:_MOST]

    def _is_published(self, a: str, flow_id: str) -> bool:
        flow = self._flows.get(a, flow_id) if is_id(flow_id, "fl", a) else None
        return flow is not None and flow.published is not None

    def _of_file(self, caller: Caller, step: Step, pointer: str) -> list[FieldError]:
        if "file_id" not in step.fields:
            return []
        try:
            feature = self._files.take(caller, step.fields["file_id"]).feature
        except (NotFound, Conflict, Invalid) as refusal:
            return [FieldError(f"{pointer}/file_id", refusal.errors[0].code, refusal.errors[0].detail)]
        if feature == "flow":
            return []
        detail = f"The file was uploaded for {feature}: upload it for `flow`."
        return [FieldError(f"{pointer}/file_id", "wrong_feature", detail)]

    def _of_secrets(self, a: str, drawn: Definition) -> list[FieldError]:
        uses = [(name, f"/steps/{step.id}{at}") for step in drawn.steps.values() for name, at in named(step.fields)]
        there = {one.name for one in self._secrets.all(a)} if uses else set()
        return [
            FieldError(pointer, "not_found", f"There is no secret {name!r}.")
            for name, pointer in uses
            if name not in there
        ]

    def _of_filter(self, a: str, step: Step, pointer: str) -> list[FieldError]:
        if step.type != "condition":
            return []
        given: Any = step.fields["filter"]
        try:
            self._segments.flow_tree(a, given, {}, f"{pointer}/filter")
        except Invalid as refusal:
            return list(refusal.errors)
        return []


_DETAILS: Mapping[str, str] = {
    "flow_id": "There is no such flow, or it was never published.",
    "department_id": "There is no such department.",
    "agent_id": "There is no such agent.",
    "step_id": "There is no such workflow step.",
    "tabulation_id": "There is no such tabulation.",
}
