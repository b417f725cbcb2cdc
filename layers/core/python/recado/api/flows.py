"""/v1/flows: drafts that people draw at, and what of them is published."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Query, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.flow_definitions import fields_of_steps
from recado.services.flows import flow_view, version_view

flows = Resource("flows")


_TYPES = "; ".join(
    f"`{kind}` " + ", ".join(name if needed else f"{name}?" for name, needed in fields.items())
    for kind, fields in fields_of_steps().items()
)
Steps = Annotated[
    dict[str, Any],
    Meta(description=f"{{id: step}}, each with a `type` and its fields (`?`: may be left out): {_TYPES}."),
]


class NewFlow(Body, frozen=True):
    """`start`: the id of the first step."""

    project_id: PublicId
    name: Text
    start: str
    steps: Steps


class FlowPatch(Body, frozen=True):
    """`version`: that of the flow that was drawn at; with another one nothing is written (`flow_changed`)."""

    project_id: PublicId | Maybe = UNSET
    name: Text | Maybe = UNSET
    start: str | Maybe = UNSET
    steps: Steps | Maybe = UNSET
    version: int | Maybe = UNSET


class FlowQuery(Query, frozen=True):
    project_id: Annotated[PublicId | None, Meta(description="Those of one project.")] = None


class FlowLine(msgspec.Struct):
    """A flow without its steps. `published_version`: the number of the version that was published last. `version` moves
    by one with each change of the flow, and when it is published."""

    id: str
    project_id: str
    name: str
    start: str
    published_version: int | None
    published_at: str | None
    version: int
    created_at: str
    updated_at: str


class FlowShape(FlowLine):
    """The draft."""

    steps: dict[str, Any]


class VersionLine(msgspec.Struct):
    """What was published, without its steps. `published_by`: the user; of the first versions nobody kept who."""

    version: int
    start: str
    published_at: str
    published_by: str | None


class VersionShape(VersionLine):
    """What was published: it never changes."""

    steps: dict[str, Any]


class UnknownVariable(msgspec.Struct):
    """`pointer`: to the text that names it."""

    pointer: str
    name: str


class PublishedShape(FlowShape):
    """`unreachable`: steps to which no way leads from the first. `unknown_variables`: those that no step saves, of this
    flow or of one that leads to it; they are empty unless whoever starts the flow gives them. `window_may_be_closed`:
    steps that write freely behind a template that nobody needs to have answered; outside of a channel's window they are
    refused (`outside_window`)."""

    unreachable: list[str]
    unknown_variables: list[UnknownVariable]
    window_may_be_closed: list[str]


@flows.get("/v1/flows", may("flows:read", *EVERYONE), query=FlowQuery, paged=str, answers=FlowLine)
def list_flows(call: Call) -> Any:
    """Flows without their steps, oldest first."""
    every = call.services.flow_service.all(call.caller.account, call.query.project_id)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([flow_view(one, with_steps=False) for one in page], page[-1].id if len(rest) > len(page) else None)


@flows.post(
    "/v1/flows",
    may("flows:write", *ADMINS),
    body=NewFlow,
    answers=FlowShape,
    status=201,
    problems=("too_many_flows",),
)
def create_flow(call: Call) -> Any:
    """Create a flow as a draft: the shape of its steps is checked, not yet that all they name is there."""
    body = call.body
    return flow_view(
        call.services.flow_service.create(call.caller.account, body.project_id, body.name, body.start, body.steps)
    )


@flows.get("/v1/flows/{flow_id}", may("flows:read", *EVERYONE), answers=FlowShape)
def get_flow(call: Call, flow_id: str) -> Any:
    """A flow with the steps of its draft."""
    return flow_view(call.services.flow_service.get(call.caller.account, flow_id))


@flows.patch(
    "/v1/flows/{flow_id}",
    may("flows:write", *ADMINS),
    body=FlowPatch,
    answers=FlowShape,
    problems=("flow_changed", "flow_in_use"),
)
def change_flow(call: Call, flow_id: str) -> Any:
    """Draw at the draft; what was published stays as it is. With a `version` nobody's drawing is written over."""
    fields = changes(call.body)
    seen = fields.pop("version", None)
    return flow_view(call.services.flow_service.change(call.caller.account, flow_id, fields, seen))


@flows.get("/v1/flows/{flow_id}/versions", may("flows:read", *EVERYONE), paged=int, answers=VersionLine)
def list_versions(call: Call, flow_id: str) -> Any:
    """What was published of a flow, newest first."""
    page, following = call.services.flow_service.versions(call.caller.account, flow_id, call.after, call.limit)
    return call.list([version_view(one, with_steps=False) for one in page], following)


@flows.get(
    "/v1/flows/{flow_id}/versions/{number}", may("flows:read", *EVERYONE), texts=("number",), answers=VersionShape
)
def get_version(call: Call, flow_id: str, number: str) -> Any:
    """A version with its steps. To restore it, write its `start` and `steps` over the draft, and publish that."""
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) <= 6 else 0
    return version_view(call.services.flow_service.version(call.caller.account, flow_id, wanted))


@flows.post(
    "/v1/flows/{flow_id}/publish", may("flows:write", *ADMINS), answers=PublishedShape, problems=("flow_changed",)
)
def publish_flow(call: Call, flow_id: str) -> Any:
    """Publish the draft as it is now: every step that is named is there, so is all that steps name, variables of
    contacts and of the system too, and no way leads round without waiting."""
    done = call.services.flow_service.publish(call.caller, flow_id)
    unknown = [{"pointer": one.pointer, "name": one.name} for one in done.unsaved]
    warned = {"unreachable": done.unreachable, "window_may_be_closed": done.window_may_be_closed}
    return {**flow_view(done.flow), **warned, "unknown_variables": unknown}


@flows.delete("/v1/flows/{flow_id}", may("flows:write", *ADMINS), problems=("flow_changed", "flow_in_use"))
def delete_flow(call: Call, flow_id: str) -> None:
    """Delete a flow."""
    call.services.flow_service.delete(call.caller.account, flow_id)
