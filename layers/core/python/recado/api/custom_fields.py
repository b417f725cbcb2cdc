"""/v1/custom-fields: what an account adds to its contacts and organizations."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, Query, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.custom_fields import MAX_OPTIONS, SLUG, FieldType, Table
from recado.services.custom_fields import custom_field_view

custom_fields = Resource("custom_fields")
Options = Annotated[list[Text], Meta(max_length=MAX_OPTIONS)]


class NewCustomField(Body, frozen=True):
    """`slug` is its name in JSON and CSV; `options` are needed for a list."""

    slug: Annotated[str, Meta(pattern=SLUG)]
    label: Text
    table: Table
    type: FieldType
    required: bool = False
    options: Options = msgspec.field(default_factory=list)


class CustomFieldPatch(Body, frozen=True):
    """What a field keeps for good, its slug, table and type, is not here."""

    label: Text | Maybe = UNSET
    required: bool | Maybe = UNSET
    options: Options | Maybe = UNSET
    active: bool | Maybe = UNSET


class CustomFieldQuery(Query, frozen=True):
    table: Annotated[Table | None, Meta(description="Those of one table.")] = None


class CustomFieldShape(msgspec.Struct):
    id: str
    slug: str
    label: str
    table: Table
    type: FieldType
    required: bool
    options: list[str]
    active: bool
    created_at: str


@custom_fields.get(
    "/v1/custom-fields", may("contacts:read", *EVERYONE), query=CustomFieldQuery, paged=str, answers=CustomFieldShape
)
def list_custom_fields(call: Call) -> Any:
    """Custom fields, deactivated ones too, oldest first."""
    every = call.services.custom_field_service.all(call.caller.account, call.query.table)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([custom_field_view(one) for one in page], page[-1].id if len(rest) > len(page) else None)


@custom_fields.post(
    "/v1/custom-fields",
    may("contacts:write", *ADMINS),
    body=NewCustomField,
    answers=CustomFieldShape,
    status=201,
    problems=("slug_taken", "too_many_fields"),
)
def create_custom_field(call: Call) -> Any:
    """Create a custom field; its slug, table and type stay as they are."""
    body = call.body
    return custom_field_view(
        call.services.custom_field_service.create(
            call.caller.account, body.table, body.slug, body.label, body.type, body.required, body.options
        )
    )


@custom_fields.get("/v1/custom-fields/{field_id}", may("contacts:read", *EVERYONE), answers=CustomFieldShape)
def get_custom_field(call: Call, field_id: str) -> Any:
    """A custom field."""
    return custom_field_view(call.services.custom_field_service.get(call.caller.account, field_id))


@custom_fields.patch(
    "/v1/custom-fields/{field_id}",
    may("contacts:write", *ADMINS),
    body=CustomFieldPatch,
    answers=CustomFieldShape,
    problems=("field_changed", "in_use"),
)
def change_custom_field(call: Call, field_id: str) -> Any:
    """Change a field, or deactivate it: its values stay and come back with it."""
    return custom_field_view(
        call.services.custom_field_service.change(call.caller.account, field_id, changes(call.body))
    )
