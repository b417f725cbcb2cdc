"""Mail that comes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.messaging import Messaging

if TYPE_CHECKING:
    from recado.services.mail import MailService


class Mailing(Messaging):
    """Mail that comes."""

    @cached_property
    def mail(self) -> MailService:
        """Notifications of the mail provider, worked off."""
        from recado.aws.blobs import S3Blobs
        from recado.journal import LoggedMail
        from recado.mail.reader import MailReader
        from recado.services.mail import MailService
        from recado.services.mail_files import MailFileStore
        from recado.storage.files import DynamoFiles
        from recado.storage.mailboxes import DynamoMailboxes
        from recado.storage.outbox import DynamoOutbox
        from recado.storage.thread_pointers import DynamoThreadPointers
        from recado.storage.threads import DynamoThreads

        return MailService(
            DynamoMailboxes(),
            self.channel_directory,
            self.webhooks,
            MailReader(),
            MailFileStore(DynamoFiles(), self.received_files),
            DynamoThreads(),
            DynamoOutbox(),
            DynamoThreadPointers(),
            S3Blobs(self.settings.mail_bucket),
            self.raw_blobs,
            self.inbound_queue,
            self.clock,
            LoggedMail(),
        )
