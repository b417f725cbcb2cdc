"""Erasing what is kept of one contact."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.filing import Filing

if TYPE_CHECKING:
    from recado.services.contact_erasures import ContactErasures
    from recado.services.erasing import ErasingService


class Privacy(Filing):
    """Erasing what is kept of one contact."""

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
    def erasing(self) -> ErasingService:
        """Going on with erasures."""
        from recado.aws.blobs import S3Blobs
        from recado.aws.file_objects import S3FileObjects
        from recado.services.erased_files import DoomedFiles
        from recado.services.erasing import ErasingService
        from recado.services.erasing_chats import ErasingChats, ErasingStrays
        from recado.services.erasing_elsewhere import ErasingAnswers, ErasingFeed, ErasingRaw
        from recado.services.erasing_threads import ErasingMessages, ErasingThreads, Owners
        from recado.services.erasing_timelines import ErasingMerges, ErasingTimeline
        from recado.storage.contact_erasures import DynamoErasures
        from recado.storage.contacts import ContactStore
        from recado.storage.erased_chats import DynamoErasedChats
        from recado.storage.erased_elsewhere import DynamoErasedElsewhere
        from recado.storage.erased_threads import DynamoErasedThreads
        from recado.storage.erased_timelines import DynamoErasedTimelines
        from recado.storage.files import DynamoFiles

        store, chats, threads = DynamoErasures(), DynamoErasedChats(), DynamoErasedThreads()
        timelines, elsewhere, owners = DynamoErasedTimelines(), DynamoErasedElsewhere(), Owners(ContactStore())
        objects = S3FileObjects(self.settings.files_bucket, self.settings.public_base_url)
        files = DoomedFiles(DynamoFiles(), threads, objects, self.chats)
        mails, raw = S3Blobs(self.settings.mail_bucket), S3Blobs(self.settings.raw_bucket)
        return ErasingService(
            store,
            {
                "chats": ErasingChats(chats, self.system_closing),
                "strays": ErasingStrays(chats),
                "messages": ErasingMessages(threads, files, owners, store),
                "timeline": ErasingTimeline(timelines, threads, files),
                "merges": ErasingMerges(timelines, store, self.clock),
                "threads": ErasingThreads(threads, threads, files, owners, mails, store, self.clock),
                "answers": ErasingAnswers(elsewhere, DynamoFiles(), store),
                "feed": ErasingFeed(elsewhere, store),
                "raw": ErasingRaw(raw, store, self.clock),
            },
            self.clock,
            self.ids,
        )
