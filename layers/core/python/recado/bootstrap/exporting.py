"""Exports of contacts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.filing import Filing

if TYPE_CHECKING:
    from recado.services.contact_export_work import ContactExportWork
    from recado.services.contact_exports import ContactExportService


class Exporting(Filing):
    """Exports of contacts."""

    @cached_property
    def contact_export_service(self) -> ContactExportService:
        """Exports as admins ask for them."""
        from recado.services.contact_exports import ContactExportService
        from recado.storage.contact_exports import DynamoExports
        from recado.storage.custom_fields import DynamoCustomFields
        from recado.storage.groups import DynamoGroups

        return ContactExportService(DynamoExports(), DynamoGroups(), DynamoCustomFields(), self.export_desk)

    @cached_property
    def contact_export_work(self) -> ContactExportWork:
        """The work of exports."""
        from recado.aws.export_objects import S3ExportObjects
        from recado.journal import LoggedExports
        from recado.services.contact_export_work import ContactExportWork
        from recado.storage.contact_exports import DynamoExports
        from recado.storage.custom_fields import DynamoCustomFields
        from recado.storage.exported_contacts import DynamoExportedContacts
        from recado.storage.groups import DynamoGroups

        return ContactExportWork(
            DynamoExports(),
            DynamoExportedContacts(),
            DynamoGroups(),
            DynamoCustomFields(),
            self.users,
            S3ExportObjects(self.settings.files_bucket),
            self.contact_exports_queue,
            self.clock,
            self.ids,
            LoggedExports(),
        )
