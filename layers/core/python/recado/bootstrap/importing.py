"""Imports of contacts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.exporting import Exporting

if TYPE_CHECKING:
    from recado.domain.access import Caller
    from recado.domain.contact_imports import ContactImport
    from recado.ports.contact_imports import RowContacts, UndoneContacts
    from recado.ports.groups import GroupsById
    from recado.ports.people import Accounts
    from recado.services.contact_import_file import ImportFile
    from recado.services.contact_import_groups import ContactImportGroups
    from recado.services.contact_import_takers import ImportTakers
    from recado.services.contact_import_work import ContactImportWork
    from recado.services.contact_imports import ContactImportService
    from recado.services.contact_references import ContactReferences
    from recado.services.contact_writing import ContactWriting
    from recado.services.contacts import ContactService


class Importing(Exporting):
    """Imports of contacts."""

    @cached_property
    def contact_import_service(self) -> ContactImportService:
        """Imports as admins ask for them."""
        from recado.services.contact_imports import ContactImportService
        from recado.storage.contact_imports import DynamoImports

        takers = self._import_takers
        return ContactImportService(
            DynamoImports(),
            self.file_service,
            self._import_file,
            takers,
            takers.trial,
            self.contact_imports_queue,
            self.clock,
            self.ids,
        )

    @cached_property
    def contact_import_work(self) -> ContactImportWork:
        """The work of imports."""
        from recado.aws.export_objects import S3ExportObjects
        from recado.journal import LoggedImports
        from recado.services.contact_import_results import ContactImportResults
        from recado.services.contact_import_undo import ImportUndo
        from recado.services.contact_import_work import ContactImportWork
        from recado.storage.contact_imports import DynamoImports
        from recado.storage.contact_timelines import ContactTimelines
        from recado.storage.files import DynamoFiles

        store = DynamoImports()
        objects = S3ExportObjects(self.settings.files_bucket)
        return ContactImportWork(
            store,
            self._import_file,
            self._import_takers,
            ContactImportResults(store, DynamoFiles(), objects, self.clock),
            ImportUndo(store, self._undone, ContactTimelines(), self.clock, LoggedImports()),
            self.contact_imports_queue,
            self.clock,
            LoggedImports(),
        )

    @cached_property
    def _import_file(self) -> ImportFile:
        from recado.services.contact_import_file import ImportFile
        from recado.storage.files import DynamoFiles

        return ImportFile(DynamoFiles(), self.file_objects)

    @cached_property
    def _import_takers(self) -> ImportTakers:
        from recado.channels.registry import adapter_class, types
        from recado.services.contact_import_agents import ContactImportAgents
        from recado.services.contact_import_groups import ContactImportGroups
        from recado.services.contact_import_takers import ImportTakers
        from recado.storage.contact_imports import DynamoImports
        from recado.storage.custom_fields import DynamoCustomFields
        from recado.storage.groups import DynamoGroups
        from recado.storage.imported_contacts import DynamoRowContacts

        return ImportTakers(
            DynamoImports(),
            self.accounts,
            DynamoCustomFields(),
            DynamoRowContacts,
            lambda trial: ContactImportGroups(DynamoGroups(), self.group_service, self.clock, self.ids, trial),
            ContactImportAgents(self.users, self.clock),
            self._writing,
            [one for one in types() if "mobile" in adapter_class(one).starts_by],
        )

    def _undone(self, one: ContactImport) -> tuple[UndoneContacts, ContactService, Caller]:
        """The service that people use, over contacts that are written as undoing does."""
        from recado.channels.reach import ChannelReach
        from recado.services.connected_channels import RememberedChannels
        from recado.services.contact_import_takers import caller_of
        from recado.services.contacts import ContactService
        from recado.storage.contact_lists import ContactLists
        from recado.storage.contact_timelines import ContactTimelines
        from recado.storage.contacts import ContactStore
        from recado.storage.groups import DynamoGroups
        from recado.storage.imported_contacts import DynamoUndoneContacts

        contacts = DynamoUndoneContacts(one)
        service = ContactService(
            contacts,
            ContactLists(ContactStore()),
            ContactTimelines(),
            self._references_to(DynamoGroups()),
            self.contact_shapes,
            RememberedChannels(self.channels, self.clock),
            ChannelReach(),
            self.accounts,
            self.clock,
            self.ids,
        )
        return contacts, service, caller_of(one)

    def _writing(self, contacts: RowContacts, names: ContactImportGroups, accounts: Accounts) -> ContactWriting:
        """What adds and changes contacts for people, over those of an import."""
        from recado.channels.reach import ChannelReach
        from recado.services.connected_channels import RememberedChannels
        from recado.services.contact_writing import ContactWriting

        channels = RememberedChannels(self.channels, self.clock)
        references = self._references_to(names)
        return ContactWriting(
            contacts, references, self.contact_shapes, channels, ChannelReach(), accounts, self.clock, self.ids
        )

    def _references_to(self, groups: GroupsById) -> ContactReferences:
        from recado.services.contact_references import ContactReferences
        from recado.storage.files import DynamoFiles

        return ContactReferences(groups, self.remembered_fields, self.users, DynamoFiles())
