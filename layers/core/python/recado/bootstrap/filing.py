"""Files: how they are announced, checked and fetched."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from recado.bootstrap.chats import Chats

if TYPE_CHECKING:
    from recado.ports.files import FileObjects
    from recado.services.exports import ExportDesk
    from recado.services.fetching import FetchService
    from recado.services.file_checks import FileChecks
    from recado.services.files import FileService
    from recado.services.provider_files import ProviderFiles
    from recado.services.received_files import ReceivedFiles
    from recado.services.sent_files import SentFiles


class Filing(Chats):
    """Files: how they are announced, checked and fetched."""

    @cached_property
    def file_objects(self) -> FileObjects:
        """The files bucket."""
        from recado.aws.file_objects import S3FileObjects

        return S3FileObjects(self.settings.files_bucket, self.settings.public_base_url)

    @cached_property
    def file_service(self) -> FileService:
        """Files as people upload and fetch them."""
        from recado.services.files import FileService
        from recado.storage.files import DynamoFiles

        return FileService(
            DynamoFiles(), self.file_objects, self.channels, self.adapters, self.chat_service, self.clock, self.ids
        )

    @cached_property
    def export_desk(self) -> ExportDesk:
        """Where exports are asked for."""
        from recado.journal import LoggedExports
        from recado.services.exports import ExportDesk

        return ExportDesk(self.file_objects, self.contact_exports_queue, self.clock, self.ids, LoggedExports())

    @cached_property
    def file_checks(self) -> FileChecks:
        """The check of what arrived in quarantine."""
        from recado.services.file_checks import FileChecks
        from recado.storage.files import DynamoFiles

        return FileChecks(DynamoFiles(), self.file_objects, self.clock)

    @cached_property
    def sent_files(self) -> SentFiles:
        """Files as channels get them."""
        from recado.services.sent_files import SentFiles
        from recado.storage.files import DynamoFiles

        return SentFiles(DynamoFiles(), self.file_objects, self.file_blobs)

    @cached_property
    def received_files(self) -> ReceivedFiles:
        """Files that come as bytes."""
        from recado.services.received_files import ReceivedFiles

        return ReceivedFiles(self.file_objects, self.clock)

    @cached_property
    def provider_files(self) -> ProviderFiles:
        """Files at providers."""
        from recado.outside.downloads import OutsideDownloads
        from recado.outside.http import OutsideHttp
        from recado.services.channel_problems import ChannelProblemNotes
        from recado.services.provider_files import ProviderFiles

        return ProviderFiles(
            OutsideHttp(),
            OutsideDownloads(),
            OutsideDownloads(self.public_addresses),
            ChannelProblemNotes(self.channels, self.clock),
            self.received_files,
            self.clock,
            self.local_origins,
        )

    @cached_property
    def fetching(self) -> FetchService:
        """Files of messages, fetched from their providers."""
        from secrets import randbelow
        from time import sleep

        from recado.channels.registry import adapter
        from recado.journal import LoggedFetches
        from recado.services.fetching import FetchService
        from recado.storage.fetches import DynamoFetches

        return FetchService(
            DynamoFetches(),
            self.channel_directory,
            partial(adapter, base_urls=self.provider_addresses),
            self.provider_files,
            self.media_queue,
            self.clock,
            sleep,
            lambda: randbelow(1_000_000) / 1_000_000,
            LoggedFetches(),
        )
