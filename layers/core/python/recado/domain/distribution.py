"""Whose turn it is: strictly sequential, circular, in the predefined order (PRODUCT E1-E7). Pure.

Two things bend the order for a single chat, and both stand in its receipt: who did not start it in time is passed over
until everybody who could had it (E6), and who served the customer last comes first where the department wants that
(D4), without moving the turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from recado.domain.agents import place, standing
from recado.domain.chats import Chat
from recado.domain.people import Agent, Department
from recado.domain.timers import armed

LISTED = 25
"""How many passed-over members a receipt names; the others are counted."""
MAX_NOT_STARTED = 50
"""How many agents who did not start it a chat remembers; with so many its cycle counts as whole."""


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
    """One decision: the chat before and as it will be, who takes it, the receipt, and where the turn stands then:
    its number and the place of who had it last. `cycle_of`: the agents who had
    it and did not start, when everybody who could is among them."""

    before: Chat
    chat: Chat
    agent_id: str
    receipt: Receipt
    turn: int
    cursor: str | None
    cycle_of: tuple[str, ...] = ()


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
    the eligible ones. `nobody_else` = beyond the seats nobody could be given the first chat."""

    seats: Sequence[Seat]
    whole: bool
    skipped: int = 0
    nobody_else: bool = False


@dataclass(frozen=True)
class Round:
    """What one look at a queue decides: assignments in the order of the queue, or the oldest chat when everybody had it
    in vain and it goes on to another department."""

    assignments: Sequence[Assignment]
    overflows: Chat | None = None


class OutOfDate(Exception):
    """What was read does not fit together (somebody moved in between): read again."""


def passed_over(chat: Chat) -> frozenset[str]:
    """Agents who are not given this chat while somebody else can be."""
    return frozenset(chat.not_started_by) if len(chat.not_started_by) < MAX_NOT_STARTED else frozenset()


def take_turns(
    waiting: Sequence[Chat],
    order: Order,
    agents: Mapping[str, Agent],
    department: Department,
    turn: int,
    cursor: str | None,
    cause: str,
    now: datetime,
) -> Round:
    """Give waiting chats (oldest first) to agents in turn, as far as the order and the caps reach.

    `agents` holds every agent of `order.seats` and those whom chats prefer; `turn` is the number of turns so far,
    `cursor` the place of the last. Loads are counted on as if each assignment were done.
    """
    table = _Table(order, agents, department.id, turn, cursor)
    assignments: list[Assignment] = []
    for chat in waiting:
        found = table.preferred(chat) if department.last_agent_first else None
        found = found or table.next_for(chat, first=not assignments)
        if found is None:
            break
        if found.cycle_of and department.overflow_after_s and department.overflow_department_id:
            if assignments:
                break
            return Round((), overflows=chat)
        assignments.append(table.give(chat, found, department, cause, now))
    return Round(assignments)


@dataclass(frozen=True)
class _Found:
    """Who takes a chat, and who was passed over for it. `index`: of the next seat to look at; None: out of turn."""

    agent: Agent
    passed: Sequence[Candidate]
    index: int | None
    cycle_of: tuple[str, ...] = ()


@dataclass
class _Table:
    """The members as a round goes on: loads and the turn move with each assignment."""

    order: Order
    as_read: Mapping[str, Agent]
    department_id: str
    turn: int
    cursor: str | None
    index: int = 0
    state: dict[str, Agent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = dict(self.as_read)
        self.skipped = self.order.skipped

    def preferred(self, chat: Chat) -> _Found | None:
        """Who served the customer last, if they can be given the chat."""
        agent = self.state.get(chat.preferred_agent_id or "")
        if agent is None or agent.user_id in chat.not_started_by:
            return None
        return _Found(agent, (), None) if standing(agent, self.department_id) == "eligible" else None

    def next_for(self, chat: Chat, first: bool) -> _Found | None:
        """The next in turn for the chat. When everybody who could had it, a new cycle begins with the next of them."""
        excluded = passed_over(chat)
        passed: list[Candidate] = []
        again: _Found | None = None
        for index in self._indexes():
            seat = self.order.seats[index]
            agent = self.state[seat.user_id]
            outcome = self._outcome(seat, agent)
            if outcome == "eligible" and seat.user_id not in excluded:
                whole = chat.not_started_by if len(chat.not_started_by) >= MAX_NOT_STARTED else ()
                return _Found(agent, passed, index + 1, whole)
            if outcome == "eligible" and again is None:
                again = _Found(agent, tuple(passed), index + 1, chat.not_started_by)
            outcome = "did_not_start" if outcome == "eligible" else outcome
            passed.append(Candidate(agent.user_id, outcome, agent.load, agent.cap))
        return again if self.order.whole or (first and self.order.nobody_else) else None

    def give(self, chat: Chat, found: _Found, department: Department, cause: str, now: datetime) -> Assignment:
        """The assignment, upon which the turn and the load move."""
        agent = found.agent
        if found.index is not None:
            seat = self.order.seats[found.index - 1]
            self.index, self.cursor, self.turn = found.index, seat.place, self.turn + 1
        after = replace(agent, load=agent.load + 1)
        self.state[agent.user_id] = after
        chosen = Candidate(agent.user_id, "chosen", agent.load, agent.cap)
        skipped, self.skipped = (self.skipped, 0) if found.index is not None else (0, self.skipped)
        receipt = Receipt(
            chat_id=chat.id,
            decided_at=now,
            department_id=department.id,
            agent_id=agent.user_id,
            turn=self.turn,
            candidates=(*found.passed[:LISTED], chosen),
            not_listed=max(0, len(found.passed) - LISTED) + skipped,
            cause=cause if found.index is not None else "last_agent",
            load_after=after.load,
        )
        given = armed(assigned(chat, agent.user_id, bool(found.cycle_of), now), department)
        return Assignment(chat, given, agent.user_id, receipt, self.turn, self.cursor, found.cycle_of)

    def _indexes(self) -> list[int]:
        """The seats still to be looked at, from the one after the last turn; once round when the circle is whole."""
        size = len(self.order.seats)
        if self.order.whole:
            return [(self.index + step) % size for step in range(size)]
        return list(range(self.index, size))

    def _outcome(self, seat: Seat, agent: Agent) -> str:
        """The agent's standing after the turns of this round; a seat and an agent that contradict each other were read
        at different times."""
        if (standing(self.as_read[seat.user_id], self.department_id) == "eligible") != seat.eligible:
            raise OutOfDate(seat.user_id)
        return standing(agent, self.department_id)


def why_nobody(
    chat: Chat, order: Order, agents: Mapping[str, Agent], department_id: str, turn: int, cause: str, now: datetime
) -> Receipt:
    """The receipt of a chat that nobody can be given: the members from the last turn on, and what stands against
    each."""
    seats = [seat for seat in order.seats if seat.user_id in agents]
    passed = [
        Candidate(agent.user_id, standing(agent, department_id), agent.load, agent.cap)
        for agent in (agents[seat.user_id] for seat in seats)
    ]
    unlisted = max(0, len(passed) - LISTED) + order.skipped
    return Receipt(chat.id, now, department_id, None, turn, tuple(passed[:LISTED]), unlisted, cause)


def assigned(chat: Chat, agent_id: str, new_cycle: bool, now: datetime) -> Chat:
    """The chat once given to an agent: in service, not yet started; load counts from now."""
    return replace(
        chat,
        situation="in_service",
        agent_id=agent_id,
        assigned_at=now,
        started_at=None,
        moved_by=None,
        moved_at=now,
        not_started_by=() if new_cycle else chat.not_started_by,
        cycles=chat.cycles + new_cycle,
        version=chat.version + 1,
    )
