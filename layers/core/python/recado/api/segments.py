"""/v1/segments: whom a filter means, before anything is done to them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import Body, Meta, PublicId
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may, require_scope
from recado.domain.segment_fields import Table

segments = Resource("segments")
MAX_SAMPLE = 100
READS: dict[Table, str] = {"contacts": "contacts:read", "chats": "chats:read"}
"""What an API token needs beside `tasks:read` to be shown records, or values of one."""


class PreviewBody(Body, frozen=True):
    """`filter`: `{"all": […]}` (E+), `{"any": […]}` (OU+) or `{"field", "op", "value"}`; without one, everybody.
    `limit`: how many of the records are shown; an API token that may not read them asks with 0."""

    table: Table
    filter: Any = None
    limit: Annotated[int, Meta(ge=0, le=MAX_SAMPLE)] = 10


class ExplainBody(Body, frozen=True):
    """`id`: of the contact or chat that is asked about."""

    table: Table
    id: PublicId
    filter: Any = None


class PreviewShape(msgspec.Struct):
    """`count`: how many records the filter means; with `complete` false, those that were found before the time was up.
    `items`: the newest of them, as contacts or chats are shown elsewhere."""

    count: int
    complete: bool
    items: list[dict[str, Any]]


class LeafShape(msgspec.Struct):
    """`pointer`: where in the filter the condition stands; `value`: what the record has there."""

    pointer: str
    held: bool
    value: Any


class ExplainShape(msgspec.Struct):
    matches: bool
    leaves: list[LeafShape]


@segments.post("/v1/segments/preview", may("tasks:read", *ADMINS), body=PreviewBody, answers=PreviewShape)
def preview_segment(call: Call) -> Any:
    """How many contacts or open chats a filter means, and the newest of them."""
    body = call.body
    if body.limit:
        require_scope(call.caller, READS[body.table])
    found = call.services.segment_service.preview(call.caller, body.table, body.filter, body.limit)
    return {"count": found.count, "complete": found.complete, "items": found.items}


@segments.post(
    "/v1/segments/explain",
    may("tasks:read", *ADMINS),
    body=ExplainBody,
    answers=ExplainShape,
    problems=("not_found",),
)
def explain_segment(call: Call) -> Any:
    """Whether a filter means a contact or chat, and which of its conditions held."""
    body = call.body
    require_scope(call.caller, READS[body.table])
    return call.services.segment_service.explain(call.caller, body.table, body.filter, body.id)
