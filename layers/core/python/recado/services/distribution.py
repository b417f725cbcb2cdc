"""Level-triggered distribution: look at a department and give its waiting chats out, in turn, until nobody waits or
nobody is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recado.domain.agents import AgentChange, with_load
from recado.domain.chat_moves import ChatMove, MoveCommit, overflow_to, rehome
from recado.domain.chats import Author, Chat, Event
from recado.domain.distribution import (
    LISTED,
    Assignment,
    Order,
    OutOfDate,
    Receipt,
    Round,
    Seat,
    Turn,
    passed_over,
    take_turns,
)
from recado.domain.errors import Busy
from recado.domain.people import Agent, Department
from recado.domain.timers import armed
from recado.ports.agents import AgentStore, ChatMoveStore, Departments, DistributionStore, Hours, Waker
from recado.ports.core import Clock, Ids
from recado.services.presence import PresenceService
from recado.services.views import chat_view, moment

BATCH = 12
"""Chats per transaction: three items each, and two to four for each agent, stay under 100."""
_PAGE = LISTED + 1
_MAX_OPERATIONS = 100
_TRIES = 5
_ROUNDS = 30
_END = "~"
"""Sorts after every place."""


@dataclass
class Tally:
    """What a look did."""

    assigned: int = 0
    transactions: int = 0
    cancelled: int = 0


class DistributionService:
    """One look at one department. Several looks at once are safe: each transaction moves the head from the turn it
    saw."""

    def __init__(
        self,
        store: DistributionStore,
        moves: ChatMoveStore,
        agents: AgentStore,
        departments: Departments,
        presence: PresenceService,
        hours: Hours,
        waker: Waker,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._moves = moves
        self._agents = agents
        self._departments = departments
        self._presence = presence
        self._hours = hours
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def look(self, a: str, department_id: str, cause: str) -> Tally:
        """Assign as far as it goes. A department that is closed now gives nothing out. Raises Busy after five lost
        races in a row; a very long queue goes on in a further command."""
        tally = Tally()
        tries, batch = _TRIES, BATCH
        for _ in range(_ROUNDS):
            turn, cursor, waiting = self._store.queue(a, department_id, batch)
            if not waiting:
                return tally
            department = self._departments.get(a, department_id)
            if department is None:
                self._rehome(a, department_id, waiting)
                continue
            if not department.distribution_enabled or not self._hours.open(a, department):
                return tally
            try:
                commit = self._decide(a, department, turn, cursor, waiting, cause)
            except OutOfDate:
                commit = None
            else:
                if commit is None:
                    return tally
            if commit is not None and self._write(a, commit, tally):
                tries, batch = _TRIES, BATCH
                continue
            tries, batch = tries - 1, max(1, batch // 2)
            if tries == 0:
                raise Busy(f"distribution of {department_id}")
        self._waker.wake(a, [department_id], cause)
        return tally

    def next_in_turn(self, a: str, department_id: str) -> str | None:
        """The agent who gets the next chat, as things stand; None when nobody can."""
        _, cursor, _ = self._store.queue(a, department_id, 0)
        order = self._order(a, department_id, cursor, 1, frozenset())
        return next((seat.user_id for seat in order.seats if seat.eligible), None)

    def _rehome(self, a: str, department_id: str, waiting: Sequence[Chat]) -> None:
        """The department was deleted while chats came into it: they wait in the default one, in their old places."""
        default_id = self._departments.default(a)
        default = self._departments.get(a, default_id) if default_id and default_id != department_id else None
        if default is None:
            raise LookupError(f"chats wait in {department_id}, which is gone, and there is no other department")
        for chat in waiting:
            self._moves.commit(a, self._onward(a, rehome(chat, default.id, self._clock.now()), default, "gone"))
        self._waker.wake(a, [default.id], "department_gone")

    def _decide(
        self, a: str, department: Department, turn: int, cursor: str | None, waiting: Sequence[Chat], cause: str
    ) -> MoveCommit | None:
        """The next transaction, or None when nobody is free. Agents found with a lapsed lease leave the rings first."""
        order = self._order(a, department.id, cursor, len(waiting), passed_over(waiting[0]))
        if not any(seat.eligible for seat in order.seats):
            return None
        prefer = [
            chat.preferred_agent_id for chat in waiting if department.last_agent_first and chat.preferred_agent_id
        ]
        read = self._agents.read(a, dict.fromkeys([*(seat.user_id for seat in order.seats), *prefer]))
        now = self._clock.now()
        could = [*(seat.user_id for seat in order.seats if seat.eligible), *prefer]
        lapsed = [user_id for user_id in dict.fromkeys(could) if not _live(read.get(user_id), now)]
        if lapsed:
            for user_id in lapsed:
                self._presence.lapse(a, user_id)
            turn, cursor, waiting = self._store.queue(a, department.id, len(waiting))
            return self._decide(a, department, turn, cursor, waiting, cause) if waiting else None
        if any(seat.user_id not in read for seat in order.seats):
            raise OutOfDate(department.id)
        agents = {user_id: agent for user_id, (agent, _) in read.items()}
        decided = take_turns(waiting, order, agents, department, turn, cursor, cause, now)
        if decided.overflows is not None:
            target = self._departments.get(a, department.overflow_department_id or "")
            if target is not None:
                return self._overflow(a, department, target, decided.overflows, now)
            alone = replace(department, overflow_department_id=None)
            decided = take_turns(waiting, order, agents, alone, turn, cursor, cause, now)
        return self._fitting(a, department, turn, decided, agents, now)

    def _overflow(self, a: str, department: Department, target: Department, chat: Chat, now: datetime) -> MoveCommit:
        """Nobody started the chat: it goes on to the overflow department, and the supervisors are told."""
        commit = self._onward(a, overflow_to(chat, target.id, now), target, "overflow")
        told = self._unattended(a, chat, commit.moves[0].after, chat.not_started_by, now)
        return replace(commit, events=[told, *commit.events], alerts=[(department.id, told)])

    def _onward(self, a: str, move: ChatMove, target: Department, cause: str) -> MoveCommit:
        """A waiting chat waits in another department from now on."""
        move = replace(move, after=armed(replace(move.after, moved_by=None), target))
        return MoveCommit([move], [], [queued_event(self._ids.new("ev", a), move, cause, self._clock.now())])

    def _fitting(
        self,
        a: str,
        department: Department,
        seen: int,
        decided: Round,
        agents: Mapping[str, Agent],
        now: datetime,
    ) -> MoveCommit | None:
        """As many of the assignments as one transaction takes."""
        assignments = list(decided.assignments)
        while assignments:
            commit = self._commit_of(a, department, seen, assignments, agents, now)
            if self._moves.operations(a, commit) <= _MAX_OPERATIONS:
                return commit
            assignments = assignments[: len(assignments) // 2]
        return None

    def _commit_of(
        self,
        a: str,
        department: Department,
        seen: int,
        assignments: Sequence[Assignment],
        agents: Mapping[str, Agent],
        now: datetime,
    ) -> MoveCommit:
        taken: dict[str, int] = {}
        for one in assignments:
            taken[one.agent_id] = taken.get(one.agent_id, 0) + 1
        changes: list[AgentChange] = [with_load(agents[user_id], count) for user_id, count in taken.items()]
        told = [self._unattended(a, one.before, one.chat, one.cycle_of, now) for one in assignments if one.cycle_of]
        last = assignments[-1]
        return MoveCommit(
            moves=[ChatMove(one.before, one.chat) for one in assignments],
            agents=changes,
            events=[*told, *(self._event(a, one) for one in assignments)],
            turn=Turn(department.id, seen, last.turn, last.cursor) if last.turn > seen and last.cursor else None,
            live=list(taken),
            now=now,
            alerts=[(department.id, event) for event in told],
        )

    def _unattended(self, a: str, before: Chat, after: Chat, agents: Sequence[str], now: datetime) -> Event:
        """The fact that everybody who could be given the chat had it and nobody started."""
        data = {
            **chat_view(after, None, None),
            "not_started_by": list(agents),
            "from": {"agent_id": None, "department_id": before.department_id},
        }
        return Event(self._ids.new("ev", a), "chat.unattended", now, Author("system"), data, after.contact_id, after.id)

    def _write(self, a: str, commit: MoveCommit, tally: Tally) -> bool:
        tally.transactions += 1
        if self._moves.commit(a, commit):
            tally.cancelled += 1
            return False
        gone = [move.after.department_id for move in commit.moves if move.after.situation == "queued"]
        if gone:
            self._waker.wake(a, gone, "overflow")
        tally.assigned += len(commit.moves) - len(gone)
        return True

    def _order(self, a: str, department_id: str, cursor: str | None, wanted: int, excluded: frozenset[str]) -> Order:
        """Members after the last turn, read only as far as needed for `wanted` free ones: eligible, and not excluded
        from the oldest chat. One at least, or nobody else is in the whole circle."""
        page = _PAGE + len(excluded)
        seats = self._store.members_after(a, department_id, cursor, page)
        at_end = len(seats) < page
        if _free(seats, excluded) >= wanted or (not at_end and _free(seats, excluded)):
            return Order(_up_to(seats, wanted, excluded), whole=False)
        if not at_end:
            return self._far(a, department_id, seats, cursor, excluded)
        if cursor is None:
            return Order(seats, whole=True)
        first = self._store.members_up_to(a, department_id, cursor, page)
        whole = len(first) < page
        together = [*seats, *first]
        if whole or _free(together, excluded):
            return Order(together, whole)
        return self._far(a, department_id, together, cursor, excluded)

    def _far(
        self, a: str, department_id: str, seats: list[Seat], cursor: str | None, excluded: frozenset[str]
    ) -> Order:
        """Nobody near is free: find the next who is by the ring, and count who stands between. If there is none, the
        next who is eligible at all."""
        last = seats[-1].place
        wrapped = cursor is not None and last <= cursor
        stretches = [(last, cursor or _END)] if wrapped or cursor is None else [(last, _END), ("", cursor)]
        skipped = 0
        again: Order | None = None
        for after, up_to in stretches:
            for seat in self._store.ring_between(a, department_id, after, up_to, len(excluded) + 1):
                between = skipped + self._store.count_between(a, department_id, after, seat.place) - 1
                order = Order([*seats, seat], whole=False, skipped=between)
                if seat.user_id not in excluded:
                    return order
                again = again or replace(order, nobody_else=True)
            skipped += self._store.count_between(a, department_id, after, up_to)
        near = Order(seats, whole=False, nobody_else=True)
        return near if any(seat.eligible for seat in seats) else again or near

    def _event(self, a: str, one: Assignment) -> Event:
        return Event(
            id=self._ids.new("ev", a),
            type="chat.assigned",
            at=one.receipt.decided_at,
            actor=Author("system"),
            data={**chat_view(one.chat, None, None), "receipt": receipt_view(one.receipt)},
            contact_id=one.chat.contact_id,
            chat_id=one.chat.id,
        )


def _live(found: tuple[Agent, datetime | None] | None, now: datetime) -> bool:
    return found is None or not found[0].connected or (found[1] is not None and found[1] > now)


def _free(seats: Sequence[Seat], excluded: frozenset[str]) -> int:
    return sum(seat.eligible and seat.user_id not in excluded for seat in seats)


def _up_to(seats: Sequence[Seat], wanted: int, excluded: frozenset[str]) -> list[Seat]:
    """The seats up to the `wanted`-th free one: nobody further is looked at."""
    result: list[Seat] = []
    for seat in seats:
        result.append(seat)
        wanted -= _free([seat], excluded)
        if wanted == 0:
            break
    return result


def queued_event(event_id: str, move: ChatMove, cause: str, now: datetime) -> Event:
    """The fact that the system put a chat to wait: from where, and why."""
    before, after = move.before, move.after
    data = {
        **chat_view(after, None, None),
        "from": {"agent_id": before.agent_id, "department_id": before.department_id},
        "cause": cause,
    }
    return Event(event_id, "chat.queued", now, Author("system"), data, after.contact_id, after.id)


def receipt_view(receipt: Receipt) -> dict[str, Any]:
    """A receipt in its public shape."""
    return {
        "chat_id": receipt.chat_id,
        "decided_at": moment(receipt.decided_at),
        "department_id": receipt.department_id,
        "agent_id": receipt.agent_id,
        "turn": receipt.turn,
        "candidates": [
            {"agent_id": one.agent_id, "outcome": one.outcome, "load": one.load, "cap": one.cap}
            for one in receipt.candidates
        ],
        "not_listed": receipt.not_listed,
        "load_after": receipt.load_after,
        "cause": receipt.cause,
    }
