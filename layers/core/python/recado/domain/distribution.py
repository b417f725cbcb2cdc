"""Whose turn it is: strictly sequential, circular, in the predefined order (PRODUCT E1-E7). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recado.domain.agents import Standing, place, standing
from recado.domain.chats import Chat
from recado.domain.people import Agent

LISTED = 25
"""How many passed-over members a receipt names; the others are counted."""


@dataclass(frozen=True)
class Seat:
    """A member's place in the order, as read: `eligible` is what their last change wrote."""

    position: int
    user_id: str
    eligible: bool

    @property
    def place(self) -> str:
        """The place as the cursor spells it."""
        return place(self.position, self.user_id)


@dataclass(frozen=True)
class Candidate:
    """A line of a receipt: who was looked at, and what came of it. `load` is before the decision."""

    agent_id: str
    outcome: str
    load: int
    cap: int | None


@dataclass(frozen=True)
class Receipt:
    """Why a chat went to whom it went."""

    chat_id: str
    decided_at: datetime
    department_id: str
    agent_id: str | None
    turn: int
    candidates: tuple[Candidate, ...]
    not_listed: int
    cause: str
    load_after: int | None = None


@dataclass(frozen=True)
class Assignment:
    """One decision: the chat as it will be, who takes it, where the cursor stands afterwards, and the receipt."""

    chat: Chat
    agent_id: str
    cursor: str
    receipt: Receipt


@dataclass(frozen=True)
class Turn:
    """The head of a department's queue, moved from one turn to a later one; `cursor` is the place of the last turn."""

    department_id: str
    seen: int
    turn: int
    cursor: str


@dataclass(frozen=True)
class Order:
    """Members in circular order from the one after the last turn. `whole` = the circle is complete, so turns may go
    round it; otherwise
    they end with the last seat. `skipped` counts further members, none eligible, between the passed-over seats and
    the eligible ones."""

    seats: Sequence[Seat]
    whole: bool
    skipped: int = 0


class OutOfDate(Exception):
    """What was read does not fit together (somebody moved in between): read again."""


def take_turns(
    waiting: Sequence[Chat],
    order: Order,
    agents: Mapping[str, Agent],
    department_id: str,
    turn: int,
    cause: str,
    now: datetime,
) -> list[Assignment]:
    """Give waiting chats (oldest first) to agents in turn, as far as the order and the caps reach.

    `agents` holds every agent of `order.seats`; `turn` is the number of turns so far. Loads are counted on as if each
    assignment were done.
    """
    state = dict(agents)
    assignments: list[Assignment] = []
    passed: list[Candidate] = []
    skipped = order.skipped
    index = idle = 0
    while len(assignments) < len(waiting) and order.seats and idle < len(order.seats):
        if index == len(order.seats):
            if not order.whole:
                break
            index = 0
        seat = order.seats[index]
        index += 1
        agent = state[seat.user_id]
        outcome = _outcome(seat, agent, agents[seat.user_id], department_id)
        if outcome != "eligible":
            passed.append(Candidate(agent.user_id, outcome, agent.load, agent.cap))
            idle += 1
            continue
        chosen = Candidate(agent.user_id, "chosen", agent.load, agent.cap)
        state[seat.user_id] = replace(agent, load=agent.load + 1)
        turn += 1
        chat = waiting[len(assignments)]
        receipt = Receipt(
            chat_id=chat.id,
            decided_at=now,
            department_id=department_id,
            agent_id=agent.user_id,
            turn=turn,
            candidates=(*passed[:LISTED], chosen),
            not_listed=max(0, len(passed) - LISTED) + skipped,
            cause=cause,
            load_after=agent.load + 1,
        )
        assignments.append(Assignment(assigned(chat, agent.user_id, now), agent.user_id, seat.place, receipt))
        passed, skipped, idle = [], 0, 0
    return assignments


def _outcome(seat: Seat, agent: Agent, as_read: Agent, department_id: str) -> Standing:
    """The agent's standing after the turns of this round; a seat and an agent that contradict each other were read at
    different times."""
    if (standing(as_read, department_id) == "eligible") != seat.eligible:
        raise OutOfDate(seat.user_id)
    return standing(agent, department_id)


def assigned(chat: Chat, agent_id: str, now: datetime) -> Chat:
    """The chat once given to an agent: in service, not yet started; load counts from now."""
    return replace(
        chat,
        situation="in_service",
        agent_id=agent_id,
        assigned_at=now,
        started_at=None,
        moved_by=None,
        moved_at=now,
        version=chat.version + 1,
    )
