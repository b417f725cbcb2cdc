"""Level-triggered distribution: look at a department and give its waiting chats out, in turn, until nobody waits or
nobody is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recado.domain.chat_moves import MoveCommit, overflow_to, rehome
from recado.domain.chats import Chat
from recado.domain.distribution import Order, OutOfDate, Round, passed_over, take_turns, why_nobody
from recado.domain.errors import Busy
from recado.domain.people import Agent, Department
from recado.ports.agents import ChatMoveStore, Departments, DistributionStore, Hours, Waker
from recado.ports.core import Clock
from recado.services.assignments import Assignments, Threads
from recado.services.member_order import MemberOrder
from recado.services.presence import PresenceService
from recado.services.system_moves import SystemMoves

BATCH = 12
"""Chats per transaction: three items each, and two to four for each agent, stay under 100."""
_MAX_OPERATIONS = 100
_TRIES = 5
_ROUNDS = 30
_TOLD = 25
"""Chats in one transaction that are told why they wait; so many times four in one look."""


@dataclass
class Tally:
    """What a look did."""

    assigned: int = 0
    transactions: int = 0
    cancelled: int = 0


class Lapsed(Exception):
    """Agents were found in the ring whose lease is over, and have left it: look again."""


class DistributionService:
    """One look at one department. Several looks at once are safe: each transaction moves the head from the turn it
    saw."""

    def __init__(
        self,
        store: DistributionStore,
        moves: ChatMoveStore,
        departments: Departments,
        presence: PresenceService,
        hours: Hours,
        system: SystemMoves,
        assignments: Assignments,
        waker: Waker,
        clock: Clock,
    ) -> None:
        self._store = store
        self._order = MemberOrder(store)
        self._moves = moves
        self._departments = departments
        self._presence = presence
        self._hours = hours
        self._system = system
        self._assignments = assignments
        self._waker = waker
        self._clock = clock

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
                done = self._round(a, department, turn, cursor, waiting, cause, tally)
            except Lapsed:
                continue
            except OutOfDate:
                done = False
            if done is None:
                return tally
            tries, batch = (_TRIES, BATCH) if done else (tries - 1, max(1, batch // 2))
            if tries == 0:
                raise Busy(f"distribution of {department_id}")
        self._waker.wake(a, [department_id], cause)
        return tally

    def overflow_target(self, a: str, department: Department) -> Department | None:
        """Where the department's chats go that nobody starts; None when there is no such department, or it could give
        them to nobody now: they would only wait elsewhere."""
        target = self._departments.get(a, department.overflow_department_id or "")
        if target is None or not target.distribution_enabled or not self._hours.open(a, target):
            return None
        return target if self._store.anybody(a, target.id) else None

    def _rehome(self, a: str, department_id: str, waiting: Sequence[Chat]) -> None:
        """The department was deleted while chats came into it: they wait in the default one, in their old places."""
        default_id = self._departments.default(a)
        default = self._departments.get(a, default_id) if default_id and default_id != department_id else None
        if default is None:
            raise LookupError(f"chats wait in {department_id}, which is gone, and there is no other department")
        for chat in waiting:
            self._system.commit(a, rehome(chat, default.id, self._clock.now()), default, "department_gone")

    def _round(
        self,
        a: str,
        department: Department,
        turn: int,
        cursor: str | None,
        waiting: Sequence[Chat],
        cause: str,
        tally: Tally,
    ) -> bool | None:
        """Decide and write once. False: lost to somebody else; None: nobody is free. Raises OutOfDate, Lapsed."""
        order = self._order.read(a, department.id, cursor, len(waiting), passed_over(waiting[0]))
        if not any(seat.eligible for seat in order.seats):
            self._tell_waiting(a, department, order, turn, cause)
            return None
        agents, threads, now = self._read(a, department, order, waiting)
        decided = take_turns(waiting, order, agents, department, turn, cursor, cause, now)
        if decided.overflows is not None:
            target = self.overflow_target(a, department)
            if target is not None:
                move = overflow_to(decided.overflows, target.id, now)
                return self._system.commit(a, move, target, "overflow") is not None
            alone = replace(department, overflow_department_id=None)
            decided = take_turns(waiting, order, agents, alone, turn, cursor, cause, now)
        commit = self._fitting(a, department, turn, decided, agents, threads, now)
        return None if commit is None else self._write(a, commit, tally)

    def _read(
        self, a: str, department: Department, order: Order, waiting: Sequence[Chat]
    ) -> tuple[Mapping[str, Agent], Threads, datetime]:
        """The agents of the order and those whom chats prefer, and the chats' threads. Agents whose lease is over leave
        the rings first (Lapsed)."""
        prefer = [
            chat.preferred_agent_id for chat in waiting if department.last_agent_first and chat.preferred_agent_id
        ]
        read, threads = self._store.read(a, dict.fromkeys([*(one.user_id for one in order.seats), *prefer]), waiting)
        now = self._clock.now()
        could = dict.fromkeys([*(one.user_id for one in order.seats if one.eligible), *prefer])
        lapsed = [user_id for user_id in could if not _live(read.get(user_id), now)]
        for user_id in lapsed:
            self._presence.lapse(a, user_id)
        if lapsed:
            raise Lapsed
        if any(seat.user_id not in read for seat in order.seats):
            raise OutOfDate(department.id)
        return {user_id: agent for user_id, (agent, _) in read.items()}, threads, now

    def _fitting(
        self,
        a: str,
        department: Department,
        seen: int,
        decided: Round,
        agents: Mapping[str, Agent],
        threads: Threads,
        now: datetime,
    ) -> MoveCommit | None:
        """As many of the assignments as one transaction takes."""
        assignments = list(decided.assignments)
        while assignments:
            commit = self._assignments.commit_of(a, department, seen, assignments, agents, threads, now)
            if self._moves.operations(a, commit) <= _MAX_OPERATIONS:
                return commit
            assignments = assignments[: len(assignments) // 2]
        return None

    def _write(self, a: str, commit: MoveCommit, tally: Tally) -> bool:
        tally.transactions += 1
        if self._moves.commit(a, commit):
            tally.cancelled += 1
            return False
        tally.assigned += len(commit.moves)
        return True

    def _tell_waiting(self, a: str, department: Department, order: Order, turn: int, cause: str) -> None:
        """Chats that came since the last time, and that nobody can be given: each gets its receipt once. What more
        there is, or what somebody else tells meanwhile, the next look finds."""
        for _ in range(4):
            told, chats = self._store.untold(a, department.id, _TOLD)
            if not chats:
                return
            read, threads = self._store.read(a, [seat.user_id for seat in order.seats], chats)
            agents = {user_id: agent for user_id, (agent, _) in read.items()}
            now = self._clock.now()
            receipts = [(chat, why_nobody(chat, order, agents, department.id, turn, cause, now)) for chat in chats]
            if not self._store.tell(a, department.id, told, chats[-1], self._assignments.waiting(a, receipts, threads)):
                return


def _live(found: tuple[Agent, datetime | None] | None, now: datetime) -> bool:
    return found is None or not found[0].connected or (found[1] is not None and found[1] > now)
