"""Exports of contacts as admins ask for them (PRODUCT H8): what is asked for is written down here, the work is that of
`services.contact_export_work`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado.domain.access import Caller
from recado.domain.contact_columns import header
from recado.domain.contact_exports import MOST_AT_ONCE, ContactExport, ExportFormat, rate, total
from recado.domain.errors import FieldError, Invalid, NotFound
from recado.domain.groups import GroupKind
from recado.domain.ids import is_id, sibling_id
from recado.ports.contact_exports import ExportStore
from recado.ports.core import Command
from recado.ports.groups import CustomFieldStore, GroupStore
from recado.ports.idempotency import Attempt
from recado.services.exports import ExportDesk, check_room, command_of, progress_view
from recado.services.views import moment

_LOOKED_AT = 50
"""Among so many exports, the newest, those that are not over are counted."""
_PREFIXES: dict[GroupKind, str] = {"group": "gr", "organization": "og"}


class ContactExportService:
    """Answers are public shapes."""

    def __init__(
        self,
        exports: ExportStore,
        groups: GroupStore,
        fields: CustomFieldStore,
        desk: ExportDesk,
    ) -> None:
        self._exports = exports
        self._groups = groups
        self._fields = fields
        self._desk = desk

    def create(
        self,
        caller: Caller,
        group: tuple[GroupKind, str] | None,
        columns: Sequence[str] | None,
        file_format: ExportFormat,
        attempt: Attempt | None = None,
    ) -> dict[str, Any]:
        """A new export, of all columns without `columns`. With an `attempt` its id comes from it: what an earlier run
        of the request wrote is the answer. Raises Invalid, Conflict `too_many_exports`."""
        a = caller.account
        export_id = sibling_id("ex", attempt.origin) if attempt else self._desk.ids.new("ex", a)
        if attempt and attempt.again and (before := self._exports.get(a, export_id)):
            return self._view(a, before)
        every = header(self._fields.all(a, "contacts"))
        _check_columns(every, columns or ())
        if group is not None:
            self._check_group(a, *group)
        check_room(sum(not one.is_over for one in self._exports.page(a, _LOOKED_AT, None)), MOST_AT_ONCE, "exports")
        kind, group_id = group or (None, None)
        now = self._desk.clock.now()
        export = ContactExport(
            export_id, sibling_id("fi", export_id), caller.author, now, tuple(columns or every), file_format, kind,
            group_id, due=now,
        )  # fmt: skip
        self._exports.create(a, export)
        self._desk.ask(export, export_command(a, export))
        return self._view(a, export)

    def get(self, caller: Caller, export_id: str) -> dict[str, Any]:
        """Raises NotFound."""
        export = self._exports.get(caller.account, export_id)
        if export is None:
            raise NotFound("There is no such export.")
        return self._view(caller.account, export)

    def page(self, caller: Caller, limit: int, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The newest first."""
        if after is not None and not is_id(after, "ex", caller.account):
            raise Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
        found = self._exports.page(caller.account, limit + 1, after)
        shown = [self._view(caller.account, one) for one in found[:limit]]
        return shown, shown[-1]["id"] if len(found) > limit else None

    def _check_group(self, a: str, kind: GroupKind, group_id: str) -> None:
        if not is_id(group_id, _PREFIXES[kind], a) or self._groups.get(a, kind, group_id) is None:
            raise Invalid.field(f"/{kind}_id", "not_found", f"There is no such {kind}.")

    def _view(self, a: str, export: ContactExport) -> dict[str, Any]:
        return {**export_view(export), "url": self._desk.link(a, export)}


def export_view(export: ContactExport) -> dict[str, Any]:
    """An export in its public shape, without a link."""
    expected, estimated = total(export)
    return {
        **progress_view(export),
        "group_id": export.group_id if export.group_kind == "group" else None,
        "organization_id": export.group_id if export.group_kind == "organization" else None,
        "columns": list(export.columns),
        "format": export.format,
        "total": expected,
        "total_estimated": estimated,
        "rate": rate(export),
        "file_id": export.file_id if export.state == "done" else None,
        "started_at": moment(export.started_at),
    }


def export_command(a: str, export: ContactExport, look: str = "") -> Command:
    """As `services.exports.command_of`."""
    return command_of(a, export, {"export_id": export.id}, look)


def _check_columns(every: Sequence[str], columns: Sequence[str]) -> None:
    errors = [
        FieldError(f"/columns/{at}", "not_found", "There is no such column.")
        if column not in every
        else FieldError(f"/columns/{at}", "repeated", "This column is given more than once.")
        for at, column in enumerate(columns)
        if column not in every or column in columns[:at]
    ]
    if errors:
        raise Invalid("Some columns are wrong.", errors=errors)
