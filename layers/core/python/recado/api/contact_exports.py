"""/v1/contact-exports: contacts as a CSV file."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import Body, Meta, PublicId
from recado.api.contacts import ActorShape
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.domain.contact_exports import ExportFailure, ExportFormat
from recado.domain.errors import Invalid
from recado.domain.exports import ExportState
from recado.domain.groups import GroupKind

contact_exports = Resource("contact_exports")

_MOST_COLUMNS = 250
Columns = Annotated[
    list[Annotated[str, Meta(max_length=60)]],
    Meta(min_length=1, max_length=_MOST_COLUMNS, description="Names of the header, in the order they shall have."),
]


class NewContactExport(Body, frozen=True):
    """All contacts with all columns, unless told otherwise. `excel`: a file that Excel opens with a double click where
    it takes `;` for the separator, as in Portuguese: with `;` and a byte order mark. Both are UTF-8, and both can be
    imported."""

    group_id: Annotated[PublicId | None, Meta(description="Those who are in the group.")] = None
    organization_id: Annotated[PublicId | None, Meta(description="Those who are of the organization.")] = None
    columns: Columns | None = None
    format: ExportFormat = "csv"


class ContactExportShape(msgspec.Struct):
    """`url` when it is done, good for five minutes and given anew with each answer until `expires_at`. `file_id` when
    it is done: what an import takes. `total` is reckoned while `total_estimated`, null when nothing is known yet;
    `rate` in contacts a second, `size` in bytes. `reason` when it failed."""

    id: str
    state: ExportState
    url: str | None
    reason: ExportFailure | None
    group_id: str | None
    organization_id: str | None
    columns: list[str]
    format: ExportFormat
    total: int | None
    total_estimated: bool
    done: int
    rate: float | None
    size: int
    file_id: str | None
    created_by: ActorShape
    created_at: str
    started_at: str | None
    finished_at: str | None
    expires_at: str | None


@contact_exports.post(
    "/v1/contact-exports",
    may("contacts:read", *ADMINS),
    body=NewContactExport,
    answers=ContactExportShape,
    status=202,
    problems=("too_many_exports",),
)
def create_contact_export(call: Call) -> Any:
    """Have contacts written into a CSV file; it is there when `state` is `done`."""
    body = call.body
    if body.group_id and body.organization_id:
        raise Invalid.field("/organization_id", "one_of", "Give one of group_id and organization_id.")
    group: tuple[GroupKind, str] | None = ("group", body.group_id) if body.group_id else None
    group = ("organization", body.organization_id) if body.organization_id else group
    return call.services.contact_export_service.create(call.caller, group, body.columns, body.format, call.attempt)


@contact_exports.get("/v1/contact-exports", may("contacts:read", *ADMINS), paged=str, answers=ContactExportShape)
def list_contact_exports(call: Call) -> Any:
    """Exports of the last 90 days, newest first: who took contacts out, and when."""
    page, following = call.services.contact_export_service.page(call.caller, call.limit, call.after)
    return call.list(page, following)


@contact_exports.get("/v1/contact-exports/{export_id}", may("contacts:read", *ADMINS), answers=ContactExportShape)
def get_contact_export(call: Call, export_id: str) -> Any:
    """An export: how far it is, and where its file is fetched."""
    return call.services.contact_export_service.get(call.caller, export_id)
