"""Files: how they are announced, checked and fetched."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.chats import Chats

if TYPE_CHECKING:
    from recado.ports.files import FileObjects
    from recado.services.file_checks import FileChecks
    from recado.services.files import FileService


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

        return FileService(DynamoFiles(), self.file_objects, self.channels, self.adapters, self.clock, self.ids)

    @cached_property
    def file_checks(self) -> FileChecks:
        """The check of what arrived in quarantine."""
        from recado.services.file_checks import FileChecks
        from recado.storage.files import DynamoFiles

        return FileChecks(DynamoFiles(), self.file_objects, self.clock)
