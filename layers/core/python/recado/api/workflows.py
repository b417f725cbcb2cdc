"""/v1/workflows: the steps that chats are led through."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Text
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.workflows import MAX_STEPS
from recado.services.workflows import workflow_view

workflows = Resource("workflows")


class StepBody(Body, frozen=True):
    """A step with the id it has keeps it, under whatever name and place; without one it is new."""

    name: Text
    id: PublicId | None = None


Steps = Annotated[list[StepBody], Meta(min_length=1, max_length=MAX_STEPS)]


class NewWorkflow(Body, frozen=True):
    name: Text
    steps: Steps


class WorkflowPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    steps: Steps | Maybe = UNSET


class StepShape(msgspec.Struct):
    id: str
    name: str


class WorkflowShape(msgspec.Struct):
    """Steps in their order."""

    id: str
    name: str
    steps: list[StepShape]


@workflows.get("/v1/workflows", may("flows:read", *EVERYONE), paged=str, answers=WorkflowShape)
def list_workflows(call: Call) -> Any:
    """Workflows, oldest first."""
    every = call.services.workflow_service.all(call.caller.account)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([workflow_view(one) for one in page], page[-1].id if len(rest) > len(page) else None)


@workflows.post(
    "/v1/workflows",
    may("flows:write", *ADMINS),
    body=NewWorkflow,
    answers=WorkflowShape,
    status=201,
    problems=("too_many_workflows",),
)
def create_workflow(call: Call) -> Any:
    """Create a workflow."""
    body = call.body
    return workflow_view(call.services.workflow_service.create(call.caller.account, body.name, _steps(body.steps)))


@workflows.get("/v1/workflows/{workflow_id}", may("flows:read", *EVERYONE), answers=WorkflowShape)
def get_workflow(call: Call, workflow_id: str) -> Any:
    """A workflow."""
    return workflow_view(call.services.workflow_service.get(call.caller.account, workflow_id))


@workflows.patch(
    "/v1/workflows/{workflow_id}",
    may("flows:write", *ADMINS),
    body=WorkflowPatch,
    answers=WorkflowShape,
    problems=("workflow_changed", "in_use"),
)
def change_workflow(call: Call, workflow_id: str) -> Any:
    """Change a workflow; `steps` replaces them all, and those given with their ids stay the same steps."""
    name, steps = call.body.name, call.body.steps
    return workflow_view(
        call.services.workflow_service.change(
            call.caller.account,
            workflow_id,
            None if name is UNSET else name,
            None if steps is UNSET else _steps(steps),
        )
    )


@workflows.delete("/v1/workflows/{workflow_id}", may("flows:write", *ADMINS), problems=("workflow_changed", "in_use"))
def delete_workflow(call: Call, workflow_id: str) -> None:
    """Delete a workflow; chats keep the id of the step they were at."""
    call.services.workflow_service.delete(call.caller.account, workflow_id)


def _steps(steps: list[StepBody]) -> list[tuple[str | None, str]]:
    return [(step.id, step.name) for step in steps]
