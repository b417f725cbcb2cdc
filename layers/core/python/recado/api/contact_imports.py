"""/v1/contact-imports: contacts from a CSV file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import Body, Meta, PublicId
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.domain.contact_import_columns import MAX_MAPPED
from recado.domain.contact_imports import Outcome, Stage, State, Undone
from recado.domain.csv_files import MAX_COLUMN_NAME, Encoding

contact_imports = Resource("contact_imports")

_Column = Annotated[str, Meta(max_length=MAX_COLUMN_NAME)]
_Field = Annotated[str, Meta(max_length=60)]
Mapping = Annotated[
    dict[_Column, _Field | None],
    Meta(
        max_length=MAX_MAPPED,
        description="Which column is which field, by the names of export's columns; null: none. Left out or empty:"
        " columns are what their names say.",
    ),
]


class ImportedFile(Body, frozen=True):
    """`file_id`: an accepted file that was uploaded for `import`, or that of an export."""

    file_id: PublicId
    mapping: Mapping | None = None


class NewContactImport(Body, frozen=True):
    """`file_id`: an accepted file that was uploaded for `import`, or that of an export. `dry_run`: every row is told,
    no contact is written."""

    file_id: PublicId
    mapping: Mapping | None = None
    dry_run: bool = False


class ImportErrorShape(msgspec.Struct):
    """`row` as a spreadsheet counts: the header is 1."""

    row: int | None
    column: str | None
    reason: str
    detail: str


class UndoShape(msgspec.Struct):
    """Rows by what undoing did: contacts removed, fields put back, left as they are."""

    removed: int
    restored: int
    left: int


class ContactImportShape(msgspec.Struct):
    """`done` rows of `total` (null until they were counted) are created + updated + unchanged + rejected; `rate` in
    rows a second. `errors`: those of the first rows that were rejected, at most twenty; `reason` when it failed.
    `stage` is what is being done. `result_url`, a CSV file with what became of each row, is good for five minutes and
    given anew with each answer for a week. Until `expires_at` rows can be asked for and the import be undone."""

    id: str
    file_id: str
    file_name: str
    mapping: dict[str, str]
    dry_run: bool
    state: State
    stage: Stage | None
    total: int | None
    done: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rate: float | None
    errors: list[ImportErrorShape]
    reason: str | None
    result_url: str | None
    undo: UndoShape | None
    created_by: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    expires_at: str


class RowErrorShape(msgspec.Struct):
    column: str | None
    reason: str
    detail: str


class ImportRowShape(msgspec.Struct):
    """`errors`: all that is wrong with a rejected row, at most ten; `reason`, `detail` and `column` are those of the
    first. `undone` what undoing did, `undo_reason` why not all."""

    row: int
    outcome: Outcome
    contact_id: str | None
    column: str | None
    reason: str | None
    detail: str | None
    errors: list[RowErrorShape]
    undone: Undone | None
    undo_reason: str | None
    undo_detail: str | None


class PreviewedColumnShape(msgspec.Struct):
    name: str
    field: str | None


class PreviewedRowShape(ImportRowShape):
    """`cells` in the order of the columns; `contact`: what it would be, as far as the row says."""

    cells: list[str]
    contact: dict[str, Any]


class ImportPreviewShape(msgspec.Struct):
    encoding: Encoding
    separator: Literal[",", ";", "\t"]
    columns: list[PreviewedColumnShape]
    rows: list[PreviewedRowShape]


@contact_imports.post(
    "/v1/contact-imports",
    may("contacts:write", *ADMINS),
    body=NewContactImport,
    answers=ContactImportShape,
    status=202,
    problems=("not_found", "file_not_accepted", "too_many_imports"),
)
def create_contact_import(call: Call) -> Any:
    """Import contacts from a CSV file. Whoever is known by id, number or address is changed, others are added."""
    body = call.body
    return call.services.contact_import_service.create(
        call.caller, body.file_id, _mapped(body.mapping), body.dry_run, call.attempt
    )


@contact_imports.post(
    "/v1/contact-imports/preview",
    may("contacts:write", *ADMINS),
    body=ImportedFile,
    answers=ImportPreviewShape,
    problems=("not_found", "file_not_accepted"),
)
def preview_contact_import(call: Call) -> Any:
    """How a file is read, what its columns mean, and what its first rows would become; nothing is written."""
    body = call.body
    return call.services.contact_import_service.preview(call.caller, body.file_id, _mapped(body.mapping))


@contact_imports.get("/v1/contact-imports", may("contacts:read", *ADMINS), paged=str, answers=ContactImportShape)
def list_contact_imports(call: Call) -> Any:
    """Imports, newest first."""
    page, following = call.services.contact_import_service.page(call.caller, call.limit, call.after)
    return call.list(page, following)


@contact_imports.get("/v1/contact-imports/{import_id}", may("contacts:read", *ADMINS), answers=ContactImportShape)
def get_contact_import(call: Call, import_id: str) -> Any:
    """An import: how far it is."""
    return call.services.contact_import_service.get(call.caller, import_id)


@contact_imports.get(
    "/v1/contact-imports/{import_id}/rows", may("contacts:read", *ADMINS), paged=int, answers=ImportRowShape
)
def list_contact_import_rows(call: Call, import_id: str) -> Any:
    """What became of each row, in their order; a page may be short, even empty, before the end."""
    rows, following = call.services.contact_import_service.rows(call.caller, import_id, call.limit, call.after)
    return call.list(rows, following)


@contact_imports.post(
    "/v1/contact-imports/{import_id}/undo",
    may("contacts:write", *ADMINS),
    answers=ContactImportShape,
    status=202,
    problems=("import_not_over", "nothing_to_undo", "too_late_to_undo", "import_changed"),
)
def undo_contact_import(call: Call, import_id: str) -> Any:
    """Undo an import: contacts that it made go, fields that it changed come back, unless changed since."""
    return call.services.contact_import_service.undo(call.caller, import_id)


def _mapped(mapping: dict[str, str | None] | None) -> dict[str, str]:
    return {column: field for column, field in (mapping or {}).items() if field}
