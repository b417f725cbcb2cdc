"""What is kept of one contact: exporting and erasing it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.filing import Filing

if TYPE_CHECKING:
    from recado.services.contact_data_export_work import ContactDataExportWork
    from recado.services.contact_data_exports import ContactDataExports
    from recado.services.contact_erasures import ContactErasures
    from recado.services.erasing import ErasingService


class Privacy(Filing):
    """What is kept of one contact: exporting and erasing it."""

    @cached_property
    def contact_erasures(self) -> ContactErasures:
        """Asking for erasures, and their records."""
        from recado.services.contact_erasures import ContactErasures
        from recado.storage.contact_erasures import DynamoErasures
        from recado.storage.contact_timelines import ContactTimelines
        from recado.storage.contacts import ContactStore
        from recado.storage.erased_chats import DynamoErasedChats
        from recado.storage.erased_timelines import DynamoErasedTimelines
        from recado.storage.message_search import DynamoMessageSearch

        return ContactErasures(
            DynamoErasures(),
            ContactStore(),
            self.contact_service,
            ContactTimelines(),
            DynamoErasedChats(),
            DynamoErasedTimelines(),
            DynamoMessageSearch(),
            self.clock,
            self.ids,
        )

    @cached_property
    def contact_data_exports(self) -> ContactDataExports:
        """Exports of one contact's data as admins ask for them."""
        from recado.services.contact_data_exports import ContactDataExports
        from recado.storage.contact_data_exports import DynamoDataExports
        from recado.storage.contacts import ContactStore

        return ContactDataExports(DynamoDataExports(), ContactStore(), self.export_desk)

    @cached_property
    def contact_data_export_work(self) -> ContactDataExportWork:
        """The work of these exports."""
        from recado.aws.export_objects import S3ExportObjects
        from recado.aws.file_objects import S3FileObjects
        from recado.services.contact_data_export_work import ContactDataExportWork
        from recado.storage.contact_data_exports import DynamoContactData, DynamoDataExports
        from recado.storage.contacts import ContactStore
        from recado.storage.files import DynamoFiles
        from recado.storage.message_search import DynamoMessageSearch

        return ContactDataExportWork(
            DynamoDataExports(),
            ContactStore(),
            DynamoContactData(),
            DynamoMessageSearch(),
            self.contact_shapes,
            DynamoFiles(),
            S3ExportObjects(self.settings.files_bucket),
            S3FileObjects(self.settings.files_bucket, self.settings.public_base_url),
            self.contact_exports_queue,
            self.clock,
        )

    @cached_property
    def erasing(self) -> ErasingService:
        """Going on with erasures."""
        from recado.aws.blobs import S3Blobs
        from recado.aws.export_objects import S3ExportObjects
        from recado.aws.file_objects import S3FileObjects
        from recado.services.erased_files import DoomedFiles
        from recado.services.erasing import ErasingService
        from recado.services.erasing_chats import ErasingChats, ErasingStrays
        from recado.services.erasing_elsewhere import ErasingAnswers, ErasingFeed, ErasingRaw
        from recado.services.erasing_executions import ErasingExecutions
        from recado.services.erasing_exports import ErasingExports
        from recado.services.erasing_imports import ErasingImports
        from recado.services.erasing_threads import ErasingMessages, ErasingThreads, Owners
        from recado.services.erasing_timelines import ErasingMerges, ErasingTimeline
        from recado.storage.contact_data_exports import DynamoDataExports
        from recado.storage.contact_erasures import DynamoErasures
        from recado.storage.contact_exports import DynamoExports
        from recado.storage.contact_imports import DynamoImports
        from recado.storage.contacts import ContactStore
        from recado.storage.erased_chats import DynamoErasedChats
        from recado.storage.erased_elsewhere import DynamoErasedElsewhere
        from recado.storage.erased_executions import DynamoErasedExecutions
        from recado.storage.erased_threads import DynamoErasedThreads
        from recado.storage.erased_timelines import DynamoErasedTimelines
        from recado.storage.files import DynamoFiles

        store, chats, threads = DynamoErasures(), DynamoErasedChats(), DynamoErasedThreads()
        timelines, elsewhere, owners = DynamoErasedTimelines(), DynamoErasedElsewhere(), Owners(ContactStore())
        objects = S3FileObjects(self.settings.files_bucket, self.settings.public_base_url)
        files = DoomedFiles(DynamoFiles(), threads, objects, self.chats)
        imports = DynamoImports()
        mails, raw = S3Blobs(self.settings.mail_bucket), S3Blobs(self.settings.raw_bucket)
        return ErasingService(
            store,
            {
                "chats": ErasingChats(chats, self.system_closing),
                "strays": ErasingStrays(chats),
                "executions": ErasingExecutions(DynamoErasedExecutions()),
                "messages": ErasingMessages(threads, files, owners, store),
                "timeline": ErasingTimeline(timelines, threads, files, imports),
                "merges": ErasingMerges(timelines, store, self.clock),
                "threads": ErasingThreads(threads, threads, files, owners, mails, store, self.clock),
                "imports": ErasingImports(imports, threads, files, store, self.clock),
                "exports": ErasingExports(
                    DynamoDataExports(),
                    elsewhere,
                    DynamoExports(),
                    S3ExportObjects(self.settings.files_bucket),
                    threads,
                    files,
                    objects,
                    self.clock,
                ),
                "answers": ErasingAnswers(elsewhere, DynamoFiles(), store),
                "feed": ErasingFeed(elsewhere, store),
                "raw": ErasingRaw(raw, store, self.clock),
            },
            self.clock,
            self.ids,
        )
