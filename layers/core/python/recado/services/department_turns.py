"""Whose turn it is in a department, who waits, and why members cannot be given a chat (PRODUCT E7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from recado.domain.access import Caller
from recado.domain.agents import Standing, place, standing
from recado.domain.errors import NotFound
from recado.domain.people import Agent, Department, Membership
from recado.ports.agents import AgentStore, Departments, DistributionStore, Hours
from recado.ports.core import Clock
from recado.ports.people import UserStore

COUNTED = 1_000


class QueueLengths(Protocol):
    """Counts of waiting chats."""

    def up_to(self, a: str, department_id: str, most: int) -> int: ...


@dataclass(frozen=True)
class SeenMember:
    """A member in their place, with what stands against giving them a chat. An agent whose lease has lapsed is not
    connected, though the minute has not found it yet."""

    name: str
    agent: Agent
    membership: Membership
    outcome: Standing


@dataclass(frozen=True)
class DepartmentTurns:
    """A department's distribution as it stands. `next_agent_id`: who gets the next chat; None when nobody can, and
    while nothing is given out. `waiting` counts to `COUNTED`; `more`: there are others."""

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
        store: DistributionStore,
        lengths: QueueLengths,
        departments: Departments,
        agents: AgentStore,
        users: UserStore,
        hours: Hours,
        clock: Clock,
    ) -> None:
        self._store = store
        self._lengths = lengths
        self._departments = departments
        self._agents = agents
        self._users = users
        self._hours = hours
        self._clock = clock

    def get(self, caller: Caller, department_id: str) -> DepartmentTurns:
        """Raises NotFound, also for who is neither an admin nor a member of the department."""
        a = caller.account
        member = caller.role != "restricted" and department_id in caller.memberships
        department = self._departments.get(a, department_id) if member or caller.role == "admin" else None
        if department is None:
            raise NotFound("There is no such department.")
        turn, cursor, oldest = self._store.queue(a, department_id, 1)
        waiting = self._lengths.up_to(a, department_id, COUNTED + 1)
        is_open, members = self._hours.open(a, department), self._members(a, department_id)
        gives_out = is_open and department.distribution_enabled
        return DepartmentTurns(
            department=department,
            open=is_open,
            opens_at=self._hours.opens_at(a, department),
            next_agent_id=_next_in_turn(members, cursor) if gives_out else None,
            turn=turn,
            last_agent_id=cursor.partition("#")[2] if cursor else None,
            waiting=min(waiting, COUNTED),
            more=waiting > COUNTED,
            oldest_waiting_at=oldest[0].queued_at if oldest else None,
            members=members,
        )

    def _members(self, a: str, department_id: str) -> list[SeenMember]:
        """In the predefined order; who joins or leaves meanwhile may be missing."""
        order = self._agents.members(a, department_id)
        agents, now = self._agents.read(a, order), self._clock.now()
        names = {user.id: user.name for user in self._users.read(a, order)}
        found = [(_as_there(*agents[one], now), names[one]) for one in order if one in agents and one in names]
        return [
            SeenMember(name, agent, membership, standing(agent, department_id))
            for agent, name in found
            if (membership := agent.memberships.get(department_id)) is not None
        ]


def _as_there(agent: Agent, lease_until: datetime | None, now: datetime) -> Agent:
    return agent if lease_until is not None and lease_until > now else replace(agent, connected=False)


def _next_in_turn(members: Sequence[SeenMember], cursor: str | None) -> str | None:
    """The first after the last turn, once round the circle, whom nothing stands against."""
    could = [one for one in members if one.outcome == "eligible"]
    after = [one for one in could if place(one.membership.position, one.agent.user_id) > (cursor or "")]
    return next((one.agent.user_id for one in [*after, *could]), None)
