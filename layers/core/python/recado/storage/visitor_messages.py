"""A thread as the page of an online chat reads it: by seq, without a gap."""

from __future__ import annotations

from recado.domain.chats import Message, ThreadKey
from recado.storage import keys
from recado.storage.chat_records import MessageRecord

_LAST_SEQ = 9_999_999_999


class DynamoThreadMessages:
    """The port `recado.ports.widget.ThreadMessages`."""

    def after(self, a: str, thread: ThreadKey, seq: int, limit: int) -> list[Message]:
        """One query. While a transaction is being applied its message may be seen a moment later than the next one's:
        where a seq is missing it is read again, and by then only what was erased is still missing."""
        found = self._read(a, thread, seq, limit)
        if found and found[-1].seq - seq != len(found):
            found = self._read(a, thread, seq, limit)
        return found

    def at(self, a: str, thread: ThreadKey, seq: int) -> Message | None:
        """1 RRU for each 4 KB."""
        found = MessageRecord.find(keys.thread_pk(a, thread), keys.message_sk(seq))
        return None if found is None else found.message()

    def _read(self, a: str, thread: ThreadKey, seq: int, limit: int) -> list[Message]:
        first, last = keys.message_sk(seq + 1), keys.message_sk(_LAST_SEQ)
        records = MessageRecord.query(
            keys.thread_pk(a, thread),
            MessageRecord.sk.between(first, last),
            consistent_read=True,
            limit=limit,
            page_size=limit,
        )
        return [record.message() for record in records]
