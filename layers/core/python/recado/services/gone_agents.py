"""The chats of agents who are gone follow their department: they stay, or wait again in their old place (PRODUCT
B5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from recado.domain.agents import with_load
from recado.domain.chat_moves import put_back
from recado.domain.chats import Chat
from recado.domain.people import Agent, Department
from recado.ports.agents import AgentStore, Departments
from recado.ports.core import Clock
from recado.services.system_moves import SystemMoves

AT_ONCE = 25
"""Chats put back in one look: each is a transaction, and a page of looks has to end in the reserve of the tick."""
LOOKS = 5
"""How often the chats that an agent's load tells of are looked for while the index does not know them."""
_AGAIN = timedelta(seconds=60)
_TRIES = 5


class AgentChats(Protocol):
    """Chats by who serves them, as an index knows them."""

    def in_service(self, a: str, user_id: str) -> list[str]: ...


class Chats(Protocol):
    """Consistent reads of one chat."""

    def chat(self, a: str, chat_id: str) -> Chat | None: ...


class ChatsNotFound(Exception):
    """An agent's load tells of more chats than there are to be found."""


class GoneAgents:
    """Looks after what an agent left, one transaction a chat: whoever dies in the middle has done a part, and the
    agent stays due until the end. An agent who is back is left alone."""

    def __init__(
        self,
        agents: AgentStore,
        served: AgentChats,
        chats: Chats,
        departments: Departments,
        moves: SystemMoves,
        clock: Clock,
    ) -> None:
        self._agents = agents
        self._served = served
        self._chats = chats
        self._departments = departments
        self._moves = moves
        self._clock = clock

    def look_after(self, a: str, user_id: str) -> int:
        """How many chats were put back. Raises ChatsNotFound when `LOOKS` looks found fewer than the load tells."""
        taken = stayed = 0
        departments: dict[str, Department | None] = {}
        for chat_id in self._served.in_service(a, user_id):
            if taken == AT_ONCE:
                break
            match self._settle(a, user_id, chat_id, departments):
                case "back":
                    return taken
                case "taken":
                    taken += 1
                case "stays":
                    stayed += 1
        self._end(a, user_id, stayed, more=taken == AT_ONCE)
        return taken

    def _settle(self, a: str, user_id: str, chat_id: str, departments: dict[str, Department | None]) -> str:
        """What became of a chat: `taken` from the agent, `stays`, was `elsewhere` already, or the agent is `back`."""
        for _ in range(_TRIES):
            chat = self._chats.chat(a, chat_id)
            if chat is None or chat.situation != "in_service" or chat.agent_id != user_id:
                return "elsewhere"
            if chat.department_id not in departments:
                departments[chat.department_id] = self._departments.get(a, chat.department_id)
            department = departments[chat.department_id]
            if department is None or department.when_agent_gone != "requeue":
                return "stays"
            agent = self._gone(a, user_id)
            if agent is None:
                return "back"
            move = put_back(chat, self._clock.now())
            if self._moves.commit(a, move, department, "agent_gone", gone=with_load(agent, -1)) is not None:
                return "taken"
        return "elsewhere"

    def _gone(self, a: str, user_id: str) -> Agent | None:
        found = self._agents.gone(a, user_id)
        return None if found is None or found[0].connected else found[0]

    def _end(self, a: str, user_id: str, stayed: int, more: bool) -> None:
        """When to look again: at once for `more`, in a minute while the load tells of chats that were not found."""
        found = self._agents.gone(a, user_id)
        if found is None or found[0].connected:
            return
        agent, looks = found
        if more:
            self._agents.look_for_gone(a, agent, self._clock.now(), looks)
        elif agent.load <= stayed:
            self._agents.look_for_gone(a, agent, None, 0)
        elif looks + 1 < LOOKS:
            self._agents.look_for_gone(a, agent, self._clock.now() + _AGAIN, looks + 1)
        else:
            self._agents.look_for_gone(a, agent, None, 0)
            raise ChatsNotFound(f"the load of {user_id} is {agent.load}, found were {stayed}")
