"""Whose turn it is in a department, who waits, and why members cannot be given a chat (PRODUCT E7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recado.domain.access import Caller
from recado.domain.agents import Standing, standing
from recado.domain.errors import NotFound
from recado.domain.people import Agent, Department, Membership
from recado.ports.agents import AgentStore, Departments, DistributionStore, Hours
from recado.ports.people import UserStore
from recado.services.distribution import DistributionService

COUNTED = 1_000


class QueueLengths(Protocol):
    """Counts of waiting chats."""

    def up_to(self, a: str, department_id: str, most: int) -> int: ...


@dataclass(frozen=True)
class SeenMember:
    """A member in their place, with what stands against giving them a chat."""

    name: str
    agent: Agent
    membership: Membership
    outcome: Standing


@dataclass(frozen=True)
class DepartmentTurns:
    """A department's distribution as it stands. `waiting` counts to `COUNTED`; `more`: there are others."""

    department: Department
    open: bool
    opens_at: datetime | None
    next_agent_id: str | None
    turn: int
    last_agent_id: str | None
    waiting: int
    more: bool
    oldest_waiting_at: datetime | None
    members: list[SeenMember]


class DepartmentTurnsService:
    """What members, supervisors and admins are shown. It decides nothing."""

    def __init__(
        self,
        distribution: DistributionService,
        store: DistributionStore,
        lengths: QueueLengths,
        departments: Departments,
        agents: AgentStore,
        users: UserStore,
        hours: Hours,
    ) -> None:
        self._distribution = distribution
        self._store = store
        self._lengths = lengths
        self._departments = departments
        self._agents = agents
        self._users = users
        self._hours = hours

    def get(self, caller: Caller, department_id: str) -> DepartmentTurns:
        """Raises NotFound, also for who is neither an admin nor a member of the department."""
        a = caller.account
        member = caller.role != "restricted" and department_id in caller.memberships
        department = self._departments.get(a, department_id) if member or caller.role == "admin" else None
        if department is None:
            raise NotFound("There is no such department.")
        turn, cursor, oldest = self._store.queue(a, department_id, 1)
        waiting = self._lengths.up_to(a, department_id, COUNTED + 1)
        return DepartmentTurns(
            department=department,
            open=self._hours.open(a, department),
            opens_at=self._hours.opens_at(a, department),
            next_agent_id=self._distribution.next_in_turn(a, department_id),
            turn=turn,
            last_agent_id=cursor.partition("#")[2] if cursor else None,
            waiting=min(waiting, COUNTED),
            more=waiting > COUNTED,
            oldest_waiting_at=oldest[0].queued_at if oldest else None,
            members=self._members(a, department_id),
        )

    def _members(self, a: str, department_id: str) -> list[SeenMember]:
        """In the predefined order; who joins or leaves meanwhile may be missing."""
        order = self._agents.members(a, department_id)
        agents = self._agents.read(a, order)
        names = {user.id: user.name for user in self._users.read(a, order)}
        found = [(agents[user_id][0], names[user_id]) for user_id in order if user_id in agents and user_id in names]
        return [
            SeenMember(name, agent, membership, standing(agent, department_id))
            for agent, name in found
            if (membership := agent.memberships.get(department_id)) is not None
        ]
