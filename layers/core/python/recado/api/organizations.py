"""/v1/organizations: the companies that contacts belong to."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, Text, changes
from recado.api.groups import GroupQuery
from recado.api.routes import Call, Resource
from recado.api.rules import STAFF, may
from recado.domain.custom_fields import MAX_FIELDS

organizations = Resource("organizations")
Fields = Annotated[dict[str, Any], Meta(max_length=MAX_FIELDS, description="Custom fields of organizations by slug.")]


class NewOrganization(Body, frozen=True):
    name: Text
    custom_fields: Fields = msgspec.field(default_factory=dict)


class OrganizationPatch(Body, frozen=True):
    """`custom_fields` are written over the others by slug; null takes one away."""

    name: Text | Maybe = UNSET
    custom_fields: Fields | Maybe = UNSET


class OrganizationShape(msgspec.Struct):
    """Whose contacts: `GET /v1/contacts?organization_id=`."""

    id: str
    name: str
    custom_fields: dict[str, Any]
    created_at: str
    updated_at: str


@organizations.get(
    "/v1/organizations", may("contacts:read", *STAFF), query=GroupQuery, paged=str, answers=OrganizationShape
)
def list_organizations(call: Call) -> Any:
    """Organizations by name."""
    service, a = call.services.group_service, call.caller.account
    page = service.page(a, "organization", call.query.q, call.limit, call.after)
    return call.list(service.views(a, page.items), page.next)


@organizations.post(
    "/v1/organizations",
    may("contacts:write", *STAFF),
    body=NewOrganization,
    answers=OrganizationShape,
    status=201,
    problems=("name_taken",),
)
def create_organization(call: Call) -> Any:
    """Create an organization; its name is its own, whatever its case and accents."""
    service, a = call.services.group_service, call.caller.account
    return service.view(a, service.create(a, "organization", call.body.name, call.body.custom_fields))


@organizations.get("/v1/organizations/{organization_id}", may("contacts:read", *STAFF), answers=OrganizationShape)
def get_organization(call: Call, organization_id: str) -> Any:
    """An organization."""
    service, a = call.services.group_service, call.caller.account
    return service.view(a, service.get(a, "organization", organization_id))


@organizations.patch(
    "/v1/organizations/{organization_id}",
    may("contacts:write", *STAFF),
    body=OrganizationPatch,
    answers=OrganizationShape,
    problems=("name_taken",),
)
def change_organization(call: Call, organization_id: str) -> Any:
    """Rename an organization, or write over its custom fields."""
    service, a, given = call.services.group_service, call.caller.account, changes(call.body)
    changed = service.change(a, "organization", organization_id, given.get("name"), given.get("custom_fields"))
    return service.view(a, changed)


@organizations.delete("/v1/organizations/{organization_id}", may("contacts:write", *STAFF), problems=("in_use",))
def delete_organization(call: Call, organization_id: str) -> None:
    """Delete an organization; its contacts leave it within minutes."""
    call.services.group_service.delete(call.caller.account, "organization", organization_id)
