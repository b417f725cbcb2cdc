"""Exports of contacts as admins ask for them (PRODUCT H8): what is asked for is written down here, the work is that of
`services.contact_export_work`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado.domain.access import Caller
from recado.domain.contact_columns import header
from recado.domain.contact_exports import MOST_AT_ONCE, ContactExport, ExportFormat, rate, total
from recado.domain.errors import Conflict, FieldError, Invalid, NotFound
from recado.domain.files import SERVED_FOR_S, served_key
from recado.domain.groups import GroupKind
from recado.domain.ids import is_id, sibling_id
from recado.ports.contact_exports import ExportJournal, ExportStore
from recado.ports.core import Clock, Command, Ids, Queue
from recado.ports.files import FileObjects
from recado.ports.groups import CustomFieldStore, GroupStore
from recado.ports.idempotency import Attempt
from recado.services.views import author_view, moment

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
        objects: FileObjects,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        journal: ExportJournal,
    ) -> None:
        self._exports = exports
        self._groups = groups
        self._fields = fields
        self._objects = objects
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._journal = journal

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
        export_id = sibling_id("ex", attempt.origin) if attempt else self._ids.new("ex", a)
        if attempt and attempt.again and (before := self._exports.get(a, export_id)):
            return self._view(a, before)
        every = header(self._fields.all(a, "contacts"))
        _check_columns(every, columns or ())
        if group is not None:
            self._check_group(a, *group)
        # Two that are asked for at the same moment may each count as the last one: the bound is one of cost.
        going = [one for one in self._exports.page(a, _LOOKED_AT, None) if not one.is_over]
        if len(going) >= MOST_AT_ONCE:
            detail = f"{MOST_AT_ONCE} exports are still being made. Wait for one of them."
            raise Conflict(detail, code="too_many_exports", extra={"limit": MOST_AT_ONCE})
        kind, group_id = group or (None, None)
        now = self._clock.now()
        export = ContactExport(
            export_id, sibling_id("fi", export_id), caller.author, now, tuple(columns or every), file_format, kind,
            group_id, due=now,
        )  # fmt: skip
        self._exports.create(a, export)
        try:
            self._queue.send([export_command(a, export)])
        except Exception as error:  # whatever it is, the minute's look sends it
            self._journal.not_enqueued(export.id, error)
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
        url = None
        if export.kept_until and self._clock.now() < export.kept_until:
            url = self._objects.link(served_key(a, export.file_id, export.mark), SERVED_FOR_S)
        return {**export_view(export), "url": url}


def export_view(export: ContactExport) -> dict[str, Any]:
    """An export in its public shape, without a link."""
    expected, estimated = total(export)
    return {
        "id": export.id,
        "state": export.state,
        "reason": export.reason,
        "group_id": export.group_id if export.group_kind == "group" else None,
        "organization_id": export.group_id if export.group_kind == "organization" else None,
        "columns": list(export.columns),
        "format": export.format,
        "total": expected,
        "total_estimated": estimated,
        "done": export.done,
        "rate": rate(export),
        "size": export.size,
        "file_id": export.file_id if export.state == "done" else None,
        "created_by": author_view(export.author),
        "created_at": moment(export.created_at),
        "started_at": moment(export.started_at),
        "finished_at": moment(export.finished_at),
        "expires_at": moment(export.kept_until),
    }


def export_command(a: str, export: ContactExport, look: str = "") -> Command:
    """The command by which a worker goes on with an export as it is at this version; `look` tells commands for the same
    version apart. Each is a group of its own: the item says who may work, and no group is ever stopped by a worker that
    died."""
    name = f"{export.id}-{export.version}{look}"
    return Command(name, name, {"account": a, "export_id": export.id, "version": export.version})


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
