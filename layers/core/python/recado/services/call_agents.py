"""Agents on the telephone: whose rings for a waiting call, what follows when it is answered, and when it is not."""

from __future__ import annotations

from datetime import datetime

from recado.domain.access import Caller
from recado.domain.calls import Call, Surroundings
from recado.domain.chat_moves import ChatMove, MoveCommit, answered, assume, not_started
from recado.domain.chats import Author, Chat
from recado.domain.errors import Busy, Conflict
from recado.domain.people import Agent, Department
from recado.domain.system_facts import first_answer_event
from recado.ports.agents import AgentStore, ChatMoveStore, Departments, Hours
from recado.ports.calls import ChatOf, Staff
from recado.ports.core import Clock, Ids
from recado.ports.people import UserStore
from recado.services.chat_actions import connected
from recado.services.chat_commits import ChatCommits
from recado.services.chat_shapes import ChatShapes
from recado.services.system_moves import SystemMoves

_MEMBERS = 100
"""So many members of a department are looked at to know whether anybody is at work."""
_TRIES = 5


class CallAgents:
    """Reads chats and their agents consistently, and moves chats as the telephone does."""

    def __init__(
        self,
        chats: ChatOf,
        departments: Departments,
        hours: Hours,
        agents: AgentStore,
        users: UserStore,
        staff: Staff,
        moves: ChatMoveStore,
        commits: ChatCommits,
        system: SystemMoves,
        shapes: ChatShapes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._chats = chats
        self._departments = departments
        self._hours = hours
        self._agents = agents
        self._users = users
        self._staff = staff
        self._moves = moves
        self._commits = commits
        self._system = system
        self._shapes = shapes
        self._clock = clock
        self._ids = ids

    def around(self, a: str, call: Call, ring: bool) -> Surroundings:
        """What the call depends on now. Without `ring` the agent's telephone is left alone for this time."""
        chat = self._chats.chat(a, call.chat_id)
        department = self._departments.get(a, chat.department_id) if chat else None
        opened = department is None or self._hours.open(a, department)
        staffed = True
        if chat is not None and chat.situation == "queued":
            staffed = self._staffed(a, chat.department_id)
            chat = chat if staffed else self._chats.chat(a, call.chat_id)  # it may have been given away meanwhile
        phone = self._phone(a, chat) if ring and opened else None
        return Surroundings(chat, phone, opened, staffed, department.away_message if department else None)

    def department(self, a: str, wanted: str, own: str) -> str:
        """Which department takes a call: the one that its menu leads to or, where that was deleted meanwhile, the
        channel's `own`. In one that is not there the call would be nobody's."""
        return wanted if wanted == own or self._departments.get(a, wanted) else own

    def _phone(self, a: str, chat: Chat | None) -> str | None:
        """The telephone of the agent who has the chat, while they are at work."""
        if chat is None or chat.situation != "in_service" or chat.agent_id is None:
            return None
        found = self._agents.get(a, chat.agent_id)
        if found is None or not connected(*found, self._clock.now()):
            return None
        user = self._users.get(a, chat.agent_id)
        return user.phone if user else None

    def _staffed(self, a: str, department_id: str) -> bool:
        """Whether somebody is there to be given the chat, if not now then after the one they have."""
        if self._staff.anybody(a, department_id):
            return True
        members = [seat.user_id for seat in self._staff.members_after(a, department_id, None, _MEMBERS)]
        now = self._clock.now()
        return any(
            connected(agent, lease_until, now) and _takes_part(agent, department_id)
            for agent, lease_until in self._agents.read(a, members).values()
        )

    def begin(self, a: str, call: Call) -> None:
        """The agent whose telephone was answered begins with the chat, as if they had assumed it, and has answered. A
        chat that is somebody else's by now, or closed, stays as it is."""
        agent_id = call.answered_by
        if agent_id is None:
            return
        for _ in range(_TRIES):
            chat, now = self._chats.chat(a, call.chat_id), self._clock.now()
            if chat is None:
                return
            try:
                taken = assume(chat, agent_id, now)
                if taken is not None:
                    written = self._commits.write(Caller(a, "agent", agent_id), taken, "assumed", now, {})
                    if written is None:
                        continue
                    chat = written
            except Conflict:
                return
            if self._answered(a, chat, agent_id, now):
                return
        raise Busy(f"chat {call.chat_id}")

    def _answered(self, a: str, chat: Chat, agent_id: str, now: datetime) -> bool:
        """Whether the chat knows that its customer was answered."""
        after = answered(chat, agent_id, now)
        if after is None:
            return True
        after = self._commits.armed(a, after)
        events = []
        if chat.answered_at is None:
            shape = self._shapes.of(a, after)
            events = [first_answer_event(self._ids.new("ev", a), after, shape, Author("user", agent_id), now)]
        return not self._moves.commit(a, MoveCommit([ChatMove(chat, after)], [], events))

    def pass_on(self, a: str, call: Call) -> None:
        """The agent did not take the call: where their department has an overflow, the chat goes to the next in turn at
        once. Elsewhere, and where it moved meanwhile, it stays where it is."""
        chat = self._chats.chat(a, call.chat_id)
        if chat is None or chat.situation != "in_service" or chat.agent_id != call.agent_id or chat.started_at:
            return
        department = self._departments.get(a, chat.department_id)
        if department is not None and _overflows(department):
            self._system.commit(a, not_started(chat, self._clock.now()), department, "not_started")


def _takes_part(agent: Agent, department_id: str) -> bool:
    membership = agent.memberships.get(department_id)
    return agent.presence == "available" and membership is not None and membership.agent and not membership.unavailable


def _overflows(department: Department) -> bool:
    return department.distribution_enabled and department.overflow_after_s is not None
