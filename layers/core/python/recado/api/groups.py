"""/v1/groups: groups of contacts."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, Query, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import STAFF, may

groups = Resource("groups")


class NewGroup(Body, frozen=True):
    name: Text


class GroupPatch(Body, frozen=True):
    name: Text | Maybe = UNSET


class GroupQuery(Query, frozen=True):
    q: Annotated[str, Meta(max_length=200, description="How the name begins, without case and accents.")] | None = None


class GroupShape(msgspec.Struct):
    """Whose contacts: `GET /v1/contacts?group_id=`."""

    id: str
    name: str
    created_at: str
    updated_at: str


@groups.get("/v1/groups", may("contacts:read", *STAFF), query=GroupQuery, paged=str, answers=GroupShape)
def list_groups(call: Call) -> Any:
    """Groups by name."""
    service, a = call.services.group_service, call.caller.account
    page = service.page(a, "group", call.query.q, call.limit, call.after)
    return call.list(service.views(a, page.items), page.next)


@groups.post(
    "/v1/groups", may("contacts:write", *STAFF), body=NewGroup, answers=GroupShape, status=201, problems=("name_taken",)
)
def create_group(call: Call) -> Any:
    """Create a group; its name is its own, whatever its case and accents."""
    service, a = call.services.group_service, call.caller.account
    return service.view(a, service.create(a, "group", call.body.name))


@groups.get("/v1/groups/{group_id}", may("contacts:read", *STAFF), answers=GroupShape)
def get_group(call: Call, group_id: str) -> Any:
    """A group."""
    service, a = call.services.group_service, call.caller.account
    return service.view(a, service.get(a, "group", group_id))


@groups.patch(
    "/v1/groups/{group_id}",
    may("contacts:write", *STAFF),
    body=GroupPatch,
    answers=GroupShape,
    problems=("name_taken",),
)
def change_group(call: Call, group_id: str) -> Any:
    """Rename a group."""
    service, a = call.services.group_service, call.caller.account
    return service.view(a, service.change(a, "group", group_id, changes(call.body).get("name")))


@groups.delete("/v1/groups/{group_id}", may("contacts:write", *STAFF), problems=("in_use",))
def delete_group(call: Call, group_id: str) -> None:
    """Delete a group; its contacts leave it within minutes."""
    call.services.group_service.delete(call.caller.account, "group", group_id)
