"""What one transaction of a look writes: assignments with their facts, or the receipts of chats that nobody can be
given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from recado.domain.agents import AgentChange, with_load
from recado.domain.chat_moves import ChatMove, MoveCommit
from recado.domain.chats import Author, Chat, Event, Thread, ThreadKey
from recado.domain.distribution import Assignment, Receipt, Turn
from recado.domain.people import Agent, Department
from recado.domain.system_facts import unattended_event
from recado.ports.core import Ids
from recado.services.chat_shapes import ChatShapes
from recado.services.views import moment

Threads = Mapping[ThreadKey, Thread]


class Assignments:
    """Composes transactions; it reads and writes nothing."""

    def __init__(self, shapes: ChatShapes, ids: Ids) -> None:
        self._shapes = shapes
        self._ids = ids

    def commit_of(
        self,
        a: str,
        department: Department,
        seen: int,
        assignments: Sequence[Assignment],
        agents: Mapping[str, Agent],
        threads: Threads,
        now: datetime,
    ) -> MoveCommit:
        """The transaction of some assignments, in the order of the queue; `seen`: the turn that was read."""
        taken: dict[str, int] = {}
        for one in assignments:
            taken[one.agent_id] = taken.get(one.agent_id, 0) + 1
        changes: list[AgentChange] = [with_load(agents[user_id], count) for user_id, count in taken.items()]
        told = [self._unattended(a, one, threads, now) for one in assignments if one.cycle_of]
        last = assignments[-1]
        return MoveCommit(
            moves=[ChatMove(one.before, one.chat) for one in assignments],
            agents=changes,
            events=[*told, *(self._fact(a, "chat.assigned", one.chat, one.receipt, threads) for one in assignments)],
            turn=Turn(department.id, seen, last.turn, last.cursor) if last.turn > seen and last.cursor else None,
            live=list(taken),
            now=now,
            alerts=[(department.id, event) for event in told],
        )

    def waiting(self, a: str, receipts: Sequence[tuple[Chat, Receipt]], threads: Threads) -> list[Event]:
        """The facts that chats wait because nobody can be given them, with who was looked at."""
        return [self._fact(a, "chat.waiting", chat, receipt, threads) for chat, receipt in receipts]

    def _unattended(self, a: str, one: Assignment, threads: Threads, now: datetime) -> Event:
        shape = self._shapes.shape(one.chat, threads.get(one.chat.thread))
        return unattended_event(self._ids.new("ev", a), ChatMove(one.before, one.chat), shape, now)

    def _fact(self, a: str, name: str, chat: Chat, receipt: Receipt, threads: Threads) -> Event:
        shape = self._shapes.shape(chat, threads.get(chat.thread))
        data = {**shape, "receipt": receipt_view(receipt)}
        event_id = self._ids.new("ev", a)
        return Event(event_id, name, receipt.decided_at, Author("system"), data, chat.contact_id, chat.id)


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
