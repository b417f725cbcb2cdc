"""Exports of all that is kept of one contact, as admins ask for them (LGPD); the work is that of
`services.contact_data_work`."""

from __future__ import annotations

from typing import Any

from recado.domain.access import Caller
from recado.domain.contact_data_exports import MOST_AT_ONCE, DataExport
from recado.domain.errors import Conflict, NotFound
from recado.domain.files import SERVED_FOR_S, served_key
from recado.domain.ids import sibling_id
from recado.ports.contact_data_exports import DataExportStore
from recado.ports.contact_exports import ExportJournal
from recado.ports.contacts import Contacts
from recado.ports.core import Clock, Command, Ids, Queue
from recado.ports.files import FileObjects
from recado.services.views import author_view, moment


class ContactDataExports:
    """Answers are public shapes."""

    def __init__(
        self,
        exports: DataExportStore,
        contacts: Contacts,
        objects: FileObjects,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        journal: ExportJournal,
    ) -> None:
        self._exports = exports
        self._contacts = contacts
        self._objects = objects
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._journal = journal

    def create(self, caller: Caller, contact_id: str) -> dict[str, Any]:
        """A new export, of the contact that the id leads to. Raises NotFound, Conflict `too_many_exports`."""
        a = caller.account
        contact = self._contacts.resolved(a, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        kept = self._exports.all(a, contact.id)
        if sum(not one.is_over for one in kept) >= MOST_AT_ONCE:
            detail = f"{MOST_AT_ONCE} exports of the contact are still being made. Wait for one of them."
            raise Conflict(detail, code="too_many_exports", extra={"limit": MOST_AT_ONCE})
        now, export_id = self._clock.now(), self._ids.new("dx", a)
        export = DataExport(
            export_id, contact.id, (contact.id, *contact.merged_ids), sibling_id("fi", export_id), caller.author, now,
            due=now,
        )  # fmt: skip
        self._exports.create(a, export)
        try:
            self._queue.send([data_export_command(a, export)])
        except Exception as error:  # whatever it is, the minute's look sends it
            self._journal.not_enqueued(export.id, error)
        return self._view(a, export)

    def get(self, caller: Caller, contact_id: str, export_id: str) -> dict[str, Any]:
        """Raises NotFound."""
        a = caller.account
        contact = self._contacts.resolved(a, contact_id)
        export = self._exports.get(a, contact.id, export_id) if contact else None
        if export is None:
            raise NotFound("There is no such export.")
        return self._view(a, export)

    def _view(self, a: str, export: DataExport) -> dict[str, Any]:
        url = None
        if export.kept_until and self._clock.now() < export.kept_until:
            url = self._objects.link(served_key(a, export.file_id, export.mark), SERVED_FOR_S)
        return {
            "id": export.id,
            "contact_id": export.contact_id,
            "state": export.state,
            "reason": export.reason,
            "done": export.done,
            "total": export.done if export.state == "done" else None,
            "size": export.size,
            "url": url,
            "created_by": author_view(export.author),
            "created_at": moment(export.created_at),
            "finished_at": moment(export.finished_at),
            "expires_at": moment(export.kept_until),
        }


def data_export_command(a: str, export: DataExport, look: str = "") -> Command:
    """The command by which a worker writes an export as it is at this version; `look` tells commands for the same
    version apart. Each is a group of its own."""
    name = f"{export.id}-{export.version}{look}"
    body = {"account": a, "contact_id": export.contact_id, "data_export_id": export.id, "version": export.version}
    return Command(name, name, body)
