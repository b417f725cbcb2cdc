"""How many chats wait in a department, as far as one wants to know."""

from __future__ import annotations

from recado.storage import keys
from recado.storage.chat_records import WaitRecord


class QueueLengths:
    """Counts WAIT items (port: services/department_turns.py)."""

    def up_to(self, a: str, department_id: str, most: int) -> int:
        """The number of waiting chats, or `most` when there are as many or more. ½ RRU for each 4 KB counted; a chat
        waits in about 1 KB."""
        waiting = WaitRecord.sk.startswith("WAIT#")
        return min(most, WaitRecord.count(keys.queue_pk(a, department_id), waiting, limit=most))
