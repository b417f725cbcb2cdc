"""Files that were announced, and what came of them."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from recado.domain.files import File
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, all_of, condition_failed, guard

FILE_PENDING = guard(
    "file-is-settled-once",
    "two arrivals of a file are checked at once: what was rejected is accepted after all, or one's bytes go under "
    "the other's etag",
)
FILE_IN_TIME = guard(
    "file-is-accepted-in-time",
    "a file's time ends while it is checked: what was told to be gone is there again",
)
FILE_KEPT = guard(
    "file-is-kept-on-in-time",
    "a file's time ends while an import takes it up: a part of its item is left for ever, or its end comes earlier",
)


class FileRecord(WorkspaceRecord):
    """FILE."""

    id = UnicodeAttribute()
    feature = UnicodeAttribute()
    name = UnicodeAttribute()
    content_type = UnicodeAttribute()
    size = NumberAttribute()
    created_by = UnicodeAttribute()
    created_at = TimeAttribute()
    state = UnicodeAttribute()
    channel_id = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    etag = UnicodeAttribute(null=True)
    kept_until = TimeAttribute(null=True)

    @classmethod
    def of_file(cls, a: str, file: File) -> FileRecord:
        """The item of a file; it goes by itself unless the file is accepted for good."""
        ttl = int(file.ends_at.timestamp()) if file.ends_at else None
        return cls.of(file, pk=keys.file_pk(a, file.id), sk="FILE", ttl=ttl)


class FileChatRecord(WorkspaceRecord):
    """A chat in which a file was sent or came: who may see the one may read the other."""


class DynamoFiles:
    """The port `recado.ports.files.FileStore`."""

    def create(self, a: str, file: File) -> None:
        """Write a new file."""
        FileRecord.of_file(a, file).save()

    def get(self, a: str, file_id: str) -> File | None:
        """A file, strongly consistent."""
        found = FileRecord.find(keys.file_pk(a, file_id), "FILE")
        return None if found is None else found.to(File, size=int(found.size))

    def chats_with(self, a: str, file_id: str, limit: int) -> list[str]:
        """One query backwards."""
        records = FileChatRecord.query(
            keys.file_pk(a, file_id),
            FileChatRecord.sk.startswith(keys.chat_of_file_sk("")),
            consistent_read=True,
            scan_index_forward=False,
            limit=limit,
        )
        return [record.sk.removeprefix(keys.chat_of_file_sk("")) for record in records]

    def accept(self, a: str, file: File, etag: str, kept_until: datetime | None, now: datetime) -> bool:
        """Accept the bytes with this etag; False when the file was settled before, or its time is over."""
        actions: list[Action] = [FileRecord.state.set("accepted"), FileRecord.etag.set(etag)]
        actions += _kept_until(kept_until) if kept_until else [FileRecord.ttl.remove()]
        return self._settle(a, file, actions, now)

    def keep_until(self, a: str, file: File, until: datetime, now: datetime) -> bool:
        """1 WRU, and 1 RRU where the end was put off as far before."""
        earlier = (FileRecord.kept_until > now) & (FileRecord.kept_until < until)
        try:
            FileRecord(keys.file_pk(a, file.id), "FILE").update(_kept_until(until), condition=FILE_KEPT(earlier))
        except UpdateError as error:
            if not condition_failed(error):
                raise
            stored = self.get(a, file.id)
            return stored is not None and not stored.is_gone(now)
        return True

    def reject(self, a: str, file: File, reason: str, now: datetime) -> bool:
        """Reject it; False as above. The item keeps its end."""
        return self._settle(a, file, [FileRecord.state.set("rejected"), FileRecord.reason.set(reason)], now)

    def _settle(self, a: str, file: File, actions: list[Action], now: datetime) -> bool:
        condition = all_of(
            FILE_PENDING(FileRecord.state == "pending"), FILE_IN_TIME(FileRecord.ttl > int(now.timestamp()))
        )
        try:
            FileRecord(keys.file_pk(a, file.id), "FILE").update(actions=actions, condition=condition)
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True


def _kept_until(until: datetime) -> list[Action]:
    return [FileRecord.kept_until.set(until), FileRecord.ttl.set(int(until.timestamp()))]


def add_chat_of_file(tx: Transaction, a: str, file_id: str, chat_id: str) -> None:
    """The way from a file to a chat that it is in; put again and again."""
    tx.put(f"file-in:{file_id}", FileChatRecord(pk=keys.file_pk(a, file_id), sk=keys.chat_of_file_sk(chat_id)))
