"""Items in a thread that lead to what lies elsewhere of its customer, and that nothing else leads to: whoever erases
the customer finds it by them."""

from __future__ import annotations

from datetime import datetime, timedelta

from recado.domain.chats import ThreadKey
from recado.storage import keys
from recado.storage.tables import ChatsRecord

MAIL_DAYS = 30
"""As long as the bucket keeps mail (infra/data.yaml)."""


class OwnAliasRecord(ChatsRecord):
    """ALIAS of a thread: a second id of its customer leads to it; put with that ALIAS."""


class AnnouncedFileRecord(ChatsRecord):
    """FILE of a thread: its customer announced the file, and may never send it."""


class RawMailRecord(ChatsRecord):
    """MAIL of a thread: a mail of its customer lies under this key of the mail bucket. Ends by `ttl`, with the mail."""


class DynamoThreadPointers:
    """The ports `recado.ports.mail.MailPlaces` and `recado.ports.widget.AnnouncedFiles`."""

    def keep_mail(self, a: str, thread: ThreadKey, key: str, at: datetime) -> None:
        """1 WRU."""
        ttl = int((at + timedelta(days=MAIL_DAYS)).timestamp())
        RawMailRecord(keys.thread_pk(a, thread), keys.raw_mail_sk(at, key), ttl=ttl).save()

    def keep_file(self, a: str, thread: ThreadKey, file_id: str) -> None:
        """1 WRU."""
        AnnouncedFileRecord(keys.thread_pk(a, thread), keys.announced_file_sk(file_id)).save()
