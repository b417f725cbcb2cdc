"""Moves of chats that nobody asked for: timers and agents who are gone. One way to write them, with their facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from recado.domain.agents import AgentChange, with_load
from recado.domain.chat_moves import ChatMove, MoveCommit
from recado.domain.chats import Author, Chat, Event
from recado.domain.people import Department
from recado.domain.system_facts import flow_finished_event, queued_event, unattended_event
from recado.domain.timers import armed
from recado.ports.agents import AgentStore, ChatMoveStore, Waker
from recado.ports.core import Clock, Ids
from recado.services.chat_shapes import ChatShapes


class SystemMoves:
    """Writes a move with the load that its agent gives back, the fact, and the wakes that follow."""

    def __init__(
        self, moves: ChatMoveStore, agents: AgentStore, shapes: ChatShapes, waker: Waker, clock: Clock, ids: Ids
    ) -> None:
        self._moves = moves
        self._agents = agents
        self._shapes = shapes
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def commit(
        self, a: str, move: ChatMove, department: Department | None, cause: str, gone: AgentChange | None = None
    ) -> Chat | None:
        """The chat as it is now, None when somebody moved it, or its agent, first. `department`: where it is then.
        `gone`: the change of the agent who gives it back, when it was read already and has to hold. When a new cycle
        begins with the move, the supervisors of the department that it leaves, or stays in, are told."""
        move = replace(move, after=armed(replace(move.after, moved_by=None), department))
        agents = self._released(a, move, gone)
        shape = self._shapes.of(a, move.after, move.thread)
        events = [self._event(a, move, shape, cause)] if _tells(move) else []
        alerts = []
        if move.after.cycles > move.before.cycles:
            told = unattended_event(self._ids.new("ev", a), move, shape, self._clock.now())
            alerts = [(move.before.department_id, told)]
            events = [told, *events]
        finished = flow_finished_event(self._ids.new("ev", a), move, self._clock.now()) if move.left_execution else None
        events = [finished, *events] if finished else events
        if self._moves.commit(a, MoveCommit([move], agents, events, alerts=alerts)):
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

    def _event(self, a: str, move: ChatMove, shape: dict[str, Any], cause: str) -> Event:
        event_id, now = self._ids.new("ev", a), self._clock.now()
        if move.after.situation == "queued":
            return queued_event(event_id, move, shape, cause, now)
        after = move.after
        name = f"chat.{after.situation}"
        return Event(event_id, name, now, Author("system"), {**shape, "cause": cause}, after.contact_id, after.id)

    def _wake(self, a: str, move: ChatMove, agents: Sequence[AgentChange], cause: str) -> None:
        freed = {department_id for change in agents for department_id in change.entered}
        if move.after.situation == "queued":
            freed.discard(move.after.department_id)
            self._waker.wake(a, [move.after.department_id], cause)
        if freed:
            self._waker.wake(a, sorted(freed), "slot_freed")


def _tells(move: ChatMove) -> bool:
    """Whether the chat came somewhere else: a new cycle alone is told as such."""
    before, after = move.before, move.after
    return (before.situation, before.department_id, before.agent_id) != (
        after.situation,
        after.department_id,
        after.agent_id,
    )
