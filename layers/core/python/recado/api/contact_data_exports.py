"""/v1/contacts/{contact_id}/data-exports: all that is kept of one contact, in a ZIP file (LGPD)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import Body, Meta
from recado.api.contacts import ActorShape
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.domain.contact_data_exports import DataExportFailure
from recado.domain.exports import ExportState

contact_data_exports = Resource("contact_data_exports")


class NewDataExport(Body, frozen=True):
    """Nothing is to be said: it is all that is kept."""


class DataExportShape(msgspec.Struct):
    """`url` when it is done, good for five minutes and given anew with each answer until `expires_at`. `done`: chats,
    messages, events and files written; `total` is known at the end. `size` in bytes. `reason` when it failed."""

    id: str
    contact_id: str
    state: ExportState
    reason: DataExportFailure | None
    done: int
    total: int | None
    size: int
    url: Annotated[str | None, Meta(description="A ZIP file.")]
    created_by: ActorShape
    created_at: str
    finished_at: str | None
    expires_at: str | None


@contact_data_exports.post(
    "/v1/contacts/{contact_id}/data-exports",
    may("contacts:write", *ADMINS),
    body=NewDataExport,
    answers=DataExportShape,
    status=202,
    problems=("too_many_exports",),
)
def export_contact_data(call: Call, contact_id: str) -> Any:
    """Have all that is kept of a contact written into a ZIP file: there when `state` is `done`, for seven days."""
    return call.services.contact_data_exports.create(call.caller, contact_id)


@contact_data_exports.get(
    "/v1/contacts/{contact_id}/data-exports/{data_export_id}", may("contacts:write", *ADMINS), answers=DataExportShape
)
def get_contact_data_export(call: Call, contact_id: str, data_export_id: str) -> Any:
    """How far an export is, and where its file is."""
    return call.services.contact_data_exports.get(call.caller, contact_id, data_export_id)
