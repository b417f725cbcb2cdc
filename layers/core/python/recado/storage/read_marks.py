"""What users have read of a thread."""

from __future__ import annotations

from pynamodb.exceptions import UpdateError

from recado.domain.chats import Thread
from recado.storage import keys
from recado.storage.chat_records import ThreadRecord
from recado.storage.transaction import condition_failed, guard

READ_TO_SEEN_SEQ = guard(
    "read-up-to-seen-seq", "the customer writes while somebody opens the chat: a message would be read that nobody saw"
)


class DynamoReadMarks:
    """The port `recado.ports.filing.ReadMarks`."""

    def mark_read(self, a: str, thread: Thread) -> bool:
        """1 WRU. False when a message came, or the chat closed or opened, since the thread was read."""
        try:
            ThreadRecord(keys.thread_pk(a, thread.key), "THREAD").update(
                actions=[ThreadRecord.unread.set(0)],
                condition=READ_TO_SEEN_SEQ(ThreadRecord.last_seq == thread.last_seq),
            )
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True
