"""What the action of a task names: a project and its flow, a channel, an agent, a department. Only when all is there it
is written down, and looked up again when a run begins and while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from recado.domain.errors import FieldError
from recado.domain.ids import is_id
from recado.domain.segment_fields import Table
from recado.ports.agents import Departments
from recado.ports.channels import ChannelStore
from recado.ports.flows import FlowStore, ProjectStore
from recado.ports.outbox import Adapters
from recado.ports.people import UserStore
from recado.services.tabulations import TabulationService
from recado.services.workflows import WorkflowService


class KnownActionReferences:
    """The port `recado.services.tasks.ActionReferences`."""

    def __init__(
        self,
        projects: ProjectStore,
        flows: FlowStore,
        channels: ChannelStore,
        users: UserStore,
        departments: Departments,
        workflows: WorkflowService,
        tabulations: TabulationService,
        adapters: Adapters,
    ) -> None:
        self._projects = projects
        self._flows = flows
        self._channels = channels
        self._users = users
        self._departments = departments
        self._workflows = workflows
        self._tabulations = tabulations
        self._adapters = adapters

    def errors(self, a: str, table: Table, action: Mapping[str, Any]) -> list[FieldError]:
        """An error for each thing that it names and that is not there."""
        if action["type"] == "run_flow":
            return [*self._of_flow(a, action), *self._of_channel(a, action)]
        found: tuple[tuple[str, Callable[[str], bool]], ...] = (
            ("agent_id", lambda one: is_id(one, "us", a) and self._users.get(a, one) is not None),
            ("department_id", lambda one: is_id(one, "dp", a) and self._departments.get(a, one) is not None),
            ("step_id", lambda one: is_id(one, "st", a) and self._workflows.has_step(a, one)),
            ("tabulation_id", lambda one: self._tabulations.exists(a, one)),
        )
        return [
            _missing(name, _DETAILS[name])
            for name, is_known in found
            if action.get(name) is not None and not is_known(action[name])
        ]

    def _of_flow(self, a: str, action: Mapping[str, Any]) -> Iterator[FieldError]:
        project_id, flow_id = action["project_id"], action["flow_id"]
        if not is_id(project_id, "pj", a) or self._projects.get(a, project_id) is None:
            yield _missing("project_id", "There is no such project.")
            return
        flow = self._flows.get(a, flow_id) if is_id(flow_id, "fl", a) else None
        if flow is None or flow.project_id != project_id:
            yield _missing("flow_id", "There is no such flow in the project.")
        elif flow.published is None:
            detail = "The flow was never published."
            yield FieldError("/action/flow_id", "not_published", detail)

    def _of_channel(self, a: str, action: Mapping[str, Any]) -> Iterator[FieldError]:
        channel_id = action.get("channel_id")
        if channel_id is None:
            return
        channel = self._channels.get(a, channel_id) if is_id(channel_id, "ch", a) else None
        if channel is None or channel.state == "removed":
            yield _missing("channel_id", "There is no such channel.")
        elif not self._adapters(channel.type).writes:
            detail = "Nothing can be written on such a channel, so no flow can lead its chats."
            yield FieldError("/action/channel_id", "no_flows", detail)


_DETAILS = {
    "agent_id": "There is no such agent.",
    "department_id": "There is no such department.",
    "step_id": "There is no such workflow step.",
    "tabulation_id": "There is no such tabulation.",
}


def _missing(name: str, detail: str) -> FieldError:
    return FieldError(f"/action/{name}", "not_found", detail)
