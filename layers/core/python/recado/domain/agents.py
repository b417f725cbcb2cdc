"""The agent aggregate: who can be given a chat where, and what follows for the rings when something of an agent
changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from recado.domain.errors import Conflict
from recado.domain.people import Agent, Membership, Presence

Standing = Literal["eligible", "at_cap", "paused", "unavailable", "offline", "unavailable_here", "supervisor_only"]

MAX_POSITION = 99_999_999
MAX_DEPARTMENTS = 22
"""Departments of one agent. A transfer from an agent at the cap to one who reaches it writes two items for each
department of both, the agents, the chat, who served it, and its facts: 94 of the 100 operations of a transaction."""

MAX_SUPERVISED = 200


def place(position: int, user_id: str) -> str:
    """A place in a department's predefined order; orders as text."""
    return f"{position:08d}#{user_id}"


def standing(agent: Agent, department_id: str) -> Standing:
    """Why the agent can or cannot be given a chat of the department. The lasting reasons come before the passing
    ones."""
    membership = agent.memberships.get(department_id)
    if membership is None or not membership.agent:
        return "supervisor_only"
    if membership.unavailable:
        return "unavailable_here"
    if not agent.connected:
        return "offline"
    if agent.presence != "available":
        return agent.presence
    return "eligible" if agent.has_room else "at_cap"


def eligible_places(agent: Agent) -> dict[str, str]:
    """department id → place, for each department where the agent stands in the ring."""
    return {
        department_id: place(membership.position, agent.user_id)
        for department_id, membership in agent.memberships.items()
        if standing(agent, department_id) == "eligible"
    }


@dataclass(frozen=True)
class AgentChange:
    """One step of an agent's version: the ring follows from comparing both sides."""

    before: Agent
    after: Agent

    @property
    def entered(self) -> dict[str, str]:
        """Rings to stand in from now on."""
        old = eligible_places(self.before)
        return {department: at for department, at in eligible_places(self.after).items() if old.get(department) != at}

    @property
    def left(self) -> dict[str, str]:
        """Rings to stand in no longer."""
        new = eligible_places(self.after)
        return {department: at for department, at in eligible_places(self.before).items() if new.get(department) != at}


def _moved(before: Agent, after: Agent) -> AgentChange:
    return AgentChange(before, replace(after, version=before.version + 1))


def with_load(agent: Agent, difference: int) -> AgentChange:
    """The agent after taking (+) or giving back (-) chats. Load stops at zero: one that had drifted below what the
    agent serves must not keep chats from being closed, and is right again when they are."""
    return _moved(agent, replace(agent, load=max(0, agent.load + difference)))


def with_presence(agent: Agent, presence: Presence, reason: str | None) -> AgentChange:
    """The agent after choosing a presence; the reason belongs to a pause only."""
    return _moved(agent, replace(agent, presence=presence, pause_reason=reason if presence == "paused" else None))


def with_cap(agent: Agent, cap: int | None) -> AgentChange:
    """The agent with another cap (None = no cap); chats above a lowered cap stay."""
    return _moved(agent, replace(agent, cap=cap))


def with_connection(agent: Agent, connected: bool) -> AgentChange:
    """The agent after its lease began or ended."""
    return _moved(agent, replace(agent, connected=connected))


def with_membership(agent: Agent, department_id: str, membership: Membership | None) -> AgentChange:
    """The agent after joining, changing or (None) leaving a department. Conflict `too_many_departments`."""
    if membership and department_id not in agent.memberships and len(agent.memberships) >= MAX_DEPARTMENTS:
        detail = f"A user can be a member of at most {MAX_DEPARTMENTS} departments."
        raise Conflict(detail, code="too_many_departments", extra={"limit": MAX_DEPARTMENTS})
    memberships: Mapping[str, Membership] = {
        **{key: value for key, value in agent.memberships.items() if key != department_id},
        **({department_id: membership} if membership is not None else {}),
    }
    return _moved(agent, replace(agent, memberships=memberships))


def with_supervised(agent: Agent, supervised: frozenset[str]) -> AgentChange:
    """The agent following these users, and no others. Conflict `too_many_supervised`."""
    if len(supervised) > MAX_SUPERVISED:
        detail = f"A user can follow at most {MAX_SUPERVISED} others."
        raise Conflict(detail, code="too_many_supervised", extra={"limit": MAX_SUPERVISED})
    return _moved(agent, replace(agent, supervised=supervised))
