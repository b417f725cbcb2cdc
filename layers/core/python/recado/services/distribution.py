"""Level-triggered distribution: look at a department and give its waiting chats out, in turn, until nobody waits or
nobody is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recado.domain.agents import AgentChange, with_load
from recado.domain.chat_moves import ChatMove, MoveCommit, rehome
from recado.domain.chats import Author, Chat, Event
from recado.domain.distribution import LISTED, Assignment, Order, OutOfDate, Receipt, Seat, Turn, take_turns
from recado.domain.errors import Busy
from recado.domain.people import Agent
from recado.ports.agents import AgentStore, ChatMoveStore, Departments, DistributionStore, Waker
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
        waker: Waker,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._moves = moves
        self._agents = agents
        self._departments = departments
        self._presence = presence
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def look(self, a: str, department_id: str, cause: str) -> Tally:
        """Assign as far as it goes. Raises Busy after five lost races in a row; a very long queue goes on in a
        further command."""
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
            if not department.distribution_enabled:
                return tally
            try:
                commit = self._decide(a, department_id, turn, cursor, waiting, cause)
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
        order = self._order(a, department_id, cursor, 1)
        return next((seat.user_id for seat in order.seats if seat.eligible), None)

    def _rehome(self, a: str, department_id: str, waiting: Sequence[Chat]) -> None:
        """The department was deleted while chats came into it: they wait in the default one, in their old places."""
        default = self._departments.default(a)
        if default is None or default == department_id:
            raise LookupError(f"chats wait in {department_id}, which is gone, and there is no other department")
        now = self._clock.now()
        for chat in waiting:
            move = rehome(chat, default, now)
            event = Event(
                id=self._ids.new("ev", a),
                type="chat.queued",
                at=now,
                actor=Author("system"),
                data={**chat_view(move.after, None, None), "from": {"agent_id": None, "department_id": department_id}},
                contact_id=chat.contact_id,
                chat_id=chat.id,
            )
            self._moves.commit(a, MoveCommit([move], [], [event]))
        self._waker.wake(a, [default], "department_gone")

    def _decide(
        self, a: str, department_id: str, turn: int, cursor: str | None, waiting: Sequence[Chat], cause: str
    ) -> MoveCommit | None:
        """The next transaction, or None when nobody is free. Agents found with a lapsed lease leave the rings first."""
        order = self._order(a, department_id, cursor, len(waiting))
        if not any(seat.eligible for seat in order.seats):
            return None
        read = self._agents.read(a, [seat.user_id for seat in order.seats])
        now = self._clock.now()
        lapsed = [seat.user_id for seat in order.seats if seat.eligible and not _live(read.get(seat.user_id), now)]
        if lapsed:
            for user_id in lapsed:
                self._presence.lapse(a, user_id)
            turn, cursor, waiting = self._store.queue(a, department_id, len(waiting))
            return self._decide(a, department_id, turn, cursor, waiting, cause) if waiting else None
        if any(seat.user_id not in read for seat in order.seats):
            raise OutOfDate(department_id)
        agents = {user_id: agent for user_id, (agent, _) in read.items()}
        assignments = take_turns(waiting, order, agents, department_id, turn, cause, now)
        return self._fitting(a, department_id, turn, waiting, assignments, agents, now)

    def _fitting(
        self,
        a: str,
        department_id: str,
        turn: int,
        waiting: Sequence[Chat],
        assignments: list[Assignment],
        agents: Mapping[str, Agent],
        now: datetime,
    ) -> MoveCommit | None:
        """As many of the assignments as one transaction takes."""
        while assignments:
            commit = self._commit_of(a, department_id, turn, waiting, assignments, agents, now)
            if self._moves.operations(a, commit) <= _MAX_OPERATIONS:
                return commit
            assignments = assignments[: len(assignments) // 2]
        return None

    def _commit_of(
        self,
        a: str,
        department_id: str,
        turn: int,
        waiting: Sequence[Chat],
        assignments: Sequence[Assignment],
        agents: Mapping[str, Agent],
        now: datetime,
    ) -> MoveCommit:
        taken: dict[str, int] = {}
        for one in assignments:
            taken[one.agent_id] = taken.get(one.agent_id, 0) + 1
        changes: list[AgentChange] = [with_load(agents[user_id], count) for user_id, count in taken.items()]
        return MoveCommit(
            moves=[ChatMove(before, one.chat) for before, one in zip(waiting, assignments, strict=False)],
            agents=changes,
            events=[self._event(a, one) for one in assignments],
            turn=Turn(department_id, turn, turn + len(assignments), assignments[-1].cursor),
            live=list(taken),
            now=now,
        )

    def _write(self, a: str, commit: MoveCommit, tally: Tally) -> bool:
        tally.transactions += 1
        if self._moves.commit(a, commit):
            tally.cancelled += 1
            return False
        tally.assigned += len(commit.moves)
        return True

    def _order(self, a: str, department_id: str, cursor: str | None, wanted: int) -> Order:
        """Members after the last turn, read only as far as needed for `wanted` eligible ones."""
        seats = self._store.members_after(a, department_id, cursor, _PAGE)
        at_end = len(seats) < _PAGE
        if _eligible(seats) >= wanted or (not at_end and _eligible(seats)):
            return Order(_up_to(seats, wanted), whole=False)
        if not at_end:
            return self._far(a, department_id, seats, cursor)
        if cursor is None:
            return Order(seats, whole=True)
        first = self._store.members_up_to(a, department_id, cursor, _PAGE)
        whole = len(first) < _PAGE
        together = [*seats, *first]
        if whole or _eligible(together):
            return Order(together, whole)
        return self._far(a, department_id, together, cursor)

    def _far(self, a: str, department_id: str, seats: list[Seat], cursor: str | None) -> Order:
        """Nobody near is eligible: find the next who is by the ring, and count who stands between."""
        last = seats[-1].place
        wrapped = cursor is not None and last <= cursor
        stretches = [(last, cursor or _END)] if wrapped or cursor is None else [(last, _END), ("", cursor)]
        skipped = 0
        for after, up_to in stretches:
            seat = self._store.ring_between(a, department_id, after, up_to)
            if seat is not None:
                between = self._store.count_between(a, department_id, after, seat.place) - 1
                return Order([*seats, seat], whole=False, skipped=skipped + between)
            skipped += self._store.count_between(a, department_id, after, up_to)
        return Order(seats, whole=False)

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


def _eligible(seats: Sequence[Seat]) -> int:
    return sum(seat.eligible for seat in seats)


def _up_to(seats: Sequence[Seat], wanted: int) -> list[Seat]:
    """The seats up to the `wanted`-th eligible one: nobody further is looked at."""
    result: list[Seat] = []
    for seat in seats:
        result.append(seat)
        wanted -= seat.eligible
        if wanted == 0:
            break
    return result


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
