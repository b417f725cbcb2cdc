"""Exports of all that is kept of one contact, as admins ask for them (LGPD); the work is that of
`services.contact_data_export_work`."""

from __future__ import annotations

from typing import Any

from recado.domain.access import Caller
from recado.domain.contact_data_exports import MOST_AT_ONCE, DataExport
from recado.domain.errors import NotFound
from recado.domain.ids import sibling_id
from recado.ports.contact_data_exports import DataExportStore
from recado.ports.contacts import Contacts
from recado.ports.core import Command
from recado.services.exports import ExportDesk, check_room, command_of, progress_view


class ContactDataExports:
    """Answers are public shapes."""

    def __init__(self, exports: DataExportStore, contacts: Contacts, desk: ExportDesk) -> None:
        self._exports = exports
        self._contacts = contacts
        self._desk = desk

    def create(self, caller: Caller, contact_id: str) -> dict[str, Any]:
        """A new export, of the contact that the id leads to. Raises NotFound, Conflict `too_many_exports`."""
        a = caller.account
        contact = self._contacts.resolved(a, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        going = sum(not one.is_over for one in self._exports.all(a, contact.id))
        check_room(going, MOST_AT_ONCE, "exports of the contact")
        now, export_id = self._desk.clock.now(), self._desk.ids.new("dx", a)
        export = DataExport(
            export_id, sibling_id("fi", export_id), caller.author, now, contact.id, (contact.id, *contact.merged_ids),
            due=now,
        )  # fmt: skip
        self._exports.create(a, export)
        self._desk.ask(export, data_export_command(a, export))
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
        return {
            **progress_view(export),
            "contact_id": export.contact_id,
            "total": export.done if export.state == "done" else None,
            "url": self._desk.link(a, export),
        }


def data_export_command(a: str, export: DataExport, look: str = "") -> Command:
    """As `services.exports.command_of`."""
    return command_of(a, export, {"contact_id": export.contact_id, "data_export_id": export.id}, look)
