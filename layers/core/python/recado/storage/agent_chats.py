"""Which chats an agent serves, for who looks after those of an agent who is gone."""

from __future__ import annotations

from recado.storage import keys
from recado.storage.chat_records import ChatRecord


class AgentChats:
    """Lists by the index; whoever decides reads each chat again (port: services/gone_agents.py)."""

    def in_service(self, a: str, user_id: str) -> list[str]:
        """Ids of the chats that the agent serves, oldest first, as far as the index knows. ½ RRU for each 4 KB of
        keys."""
        place = ChatRecord.ag_sk.startswith("in_service#")
        return [record.pk.rpartition("#")[2] for record in ChatRecord.by_agent.query(keys.index_pk(a, user_id), place)]
