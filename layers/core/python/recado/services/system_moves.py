"""Moves of chats that nobody asked for: timers and agents who are gone. One way to write them, with their facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recado.domain.agents import AgentChange, with_load
from recado.domain.chat_moves import ChatMove, MoveCommit
from recado.domain.chats import Author, Chat, Event
from recado.domain.people import Department
from recado.domain.timers import armed
from recado.ports.agents import AgentStore, ChatMoveStore, Waker
from recado.ports.core import Clock, Ids
from recado.services.distribution import queued_event
from recado.services.views import chat_view


class SystemMoves:
    """Writes a move with the load that its agent gives back, the fact, and the wakes that follow."""

    def __init__(self, moves: ChatMoveStore, agents: AgentStore, waker: Waker, clock: Clock, ids: Ids) -> None:
        self._moves = moves
        self._agents = agents
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def commit(
        self, a: str, move: ChatMove, department: Department | None, cause: str, gone: AgentChange | None = None
    ) -> Chat | None:
        """The chat as it is now, None when somebody moved it, or its agent, first. `department`: where it is then.
        `gone`: the change of the agent who gives it back, when it was read already and has to hold."""
        move = replace(move, after=armed(replace(move.after, moved_by=None), department))
        agents = self._released(a, move, gone)
        if self._moves.commit(a, MoveCommit([move], agents, [self._event(a, move, cause)])):
            return None
        self._wake(a, move, agents, cause)
        return move.after

    def _released(self, a: str, move: ChatMove, gone: AgentChange | None) -> list[AgentChange]:
        if move.released is None:
            return []
        if gone is not None:
            return [gone]
        found = self._agents.get(a, move.released)
        return [with_load(found[0], -1)] if found else []

    def _event(self, a: str, move: ChatMove, cause: str) -> Event:
        event_id, now = self._ids.new("ev", a), self._clock.now()
        if move.after.situation == "queued":
            return queued_event(event_id, move, cause, now)
        after = move.after
        data = {**chat_view(after, move.thread, None), "cause": cause}
        return Event(event_id, f"chat.{after.situation}", now, Author("system"), data, after.contact_id, after.id)

    def _wake(self, a: str, move: ChatMove, agents: Sequence[AgentChange], cause: str) -> None:
        freed = {department_id for change in agents for department_id in change.entered}
        if move.after.situation == "queued":
            freed.discard(move.after.department_id)
            self._waker.wake(a, [move.after.department_id], cause)
        if freed:
            self._waker.wake(a, sorted(freed), "slot_freed")
