"""How many chats wait in a department, and at which place one of them does, as far as one wants to know."""

from __future__ import annotations

from datetime import datetime

from recado.storage import keys
from recado.storage.chat_records import WaitRecord


class QueueLengths:
    """Counts WAIT items (port: services/department_turns.py)."""

    def up_to(self, a: str, department_id: str, most: int) -> int:
        """The number of waiting chats, or `most` when there are as many or more. ½ RRU for each 4 KB counted; a chat
        waits in about 1 KB."""
        waiting = WaitRecord.sk.startswith("WAIT#")
        return min(most, WaitRecord.count(keys.queue_pk(a, department_id), waiting, limit=most))

    def place(self, a: str, department_id: str, queued_at: datetime, chat_id: str, most: int) -> int:
        """A chat's place in the queue, 1 for the next one; `most` when it stands there or behind. As `up_to`."""
        until = WaitRecord.sk.between("WAIT#", keys.wait_sk(queued_at, chat_id))
        return max(1, min(most, WaitRecord.count(keys.queue_pk(a, department_id), until, limit=most)))
