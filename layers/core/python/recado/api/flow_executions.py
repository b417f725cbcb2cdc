"""/v1/flows/{flow_id}/executions: what flows did in chats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import Meta, PublicId, Query
from recado.api.routes import Call, Resource
from recado.api.rules import EVERYONE, may
from recado.domain.flow_executions import StartedBy, State
from recado.services.flow_executions import ExecutionFilter

flow_executions = Resource("flow_executions")


class ExecutionQuery(Query, frozen=True):
    chat_id: Annotated[PublicId | None, Meta(description="Those in one chat.")] = None
    state: Annotated[State | None, Meta(description="Those that stand so.")] = None


class ExecutionShape(msgspec.Struct):
    """A flow at work in a chat, or that was. `flow_id`: the flow that it began with; `in_flow_id`: the one that it is
    in now, after `run_flow`. `steps_done`: how many; `reason`: why it ended."""

    id: str
    flow_id: str
    in_flow_id: str
    flow_version: int
    chat_id: str
    contact_id: str
    state: State
    reason: str | None
    step: str | None
    waits_for: Literal["answer", "time"] | None
    due_at: str | None
    steps_done: int
    started_by: StartedBy
    started_at: str
    ended_at: str | None


class TraceShape(msgspec.Struct):
    """What was done. `type` is the step's, or `answer` for what the customer wrote. `number` grows from one to the
    next; some are missing."""

    number: int
    at: str
    flow_id: str
    step: str
    type: str
    input: str
    outcome: str


class TracedShape(ExecutionShape):
    """`variables`: what it saved, and began with; `trace`: the last 200 things that it did, texts cut to 500
    characters."""

    variables: dict[str, Any]
    trace: list[TraceShape]


@flow_executions.get(
    "/v1/flows/{flow_id}/executions",
    may("flows:read", *EVERYONE),
    query=ExecutionQuery,
    paged=str,
    answers=ExecutionShape,
)
def list_executions(call: Call, flow_id: str) -> Any:
    """Executions that began with a flow, in chats that the caller may see, newest first; those that ended are kept for
    90 days. A page may be short before the end: go on while there is a cursor."""
    wanted = ExecutionFilter(call.query.chat_id, call.query.state)
    page, following = call.services.flow_executions.page(call.caller, flow_id, wanted, call.limit, call.after)
    return call.list(page, following)


@flow_executions.get("/v1/flows/{flow_id}/executions/{execution_id}", may("flows:read", *EVERYONE), answers=TracedShape)
def get_execution(call: Call, flow_id: str, execution_id: str) -> Any:
    """One execution with what it did."""
    return call.services.flow_executions.get(call.caller, flow_id, execution_id)
