"""Writing what people decided of a chat: loads, timers, facts and receipts that follow from a move, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from recado.domain.access import Caller
from recado.domain.agents import AgentChange, with_load
from recado.domain.chat_moves import ChatMove, MoveCommit
from recado.domain.chats import Chat, Event
from recado.domain.distribution import Candidate, Receipt
from recado.domain.errors import Conflict, FieldError, Invalid
from recado.domain.flow_executions import Ending
from recado.domain.people import Agent
from recado.domain.system_facts import flow_finished_event
from recado.domain.timers import armed
from recado.ports.agents import AgentStore, ChatMoveStore, Departments, Waker
from recado.ports.core import Ids
from recado.services.assignments import receipt_view
from recado.services.chat_shapes import ChatShapes

_EVENT_OF = {
    "automatic": "flow.started",
    "in_service": "chat.assigned",
    "queued": "chat.queued",
    "closed": "chat.closed",
}
_TOLD_FIRST = {"transferred": "chat.transferred", "reopened": "chat.reopened"}
"""What an action is called where that says more than the situation it leads to."""
_STEP_OF = {"transferred": "transfer", "queued": "queue", "closed": "close"}
"""The steps with which flows end by themselves."""


def as_judged(caller: Caller, move: ChatMove) -> ChatMove:
    """The move, held to the chat and its thread as the caller judged them. Raises Conflict `chat_moved` where they are
    so no more."""
    seen, thread = caller.judged, move.thread
    if seen is None:
        return move
    if move.before.version != seen.version or (thread and thread.last_seq != seen.thread_seq):
        raise moved_since()
    return replace(move, judged_seq=seen.thread_seq)


def moved_since() -> Conflict:
    """What a caller is told who judged a chat before they act on it: it is to be judged anew."""
    return Conflict("The chat moved since it was judged.", code="chat_moved")


class ChatCommits:
    """One move by a person, and all that belongs to it."""

    def __init__(
        self,
        moves: ChatMoveStore,
        agents: AgentStore,
        departments: Departments,
        shapes: ChatShapes,
        waker: Waker,
        ids: Ids,
    ) -> None:
        self._moves = moves
        self._agents = agents
        self._departments = departments
        self._shapes = shapes
        self._waker = waker
        self._ids = ids

    def write(self, caller: Caller, move: ChatMove, cause: str, now: datetime, notes: Mapping[str, Any]) -> Chat | None:
        """The chat as it is now; None when something of what was decided upon had moved, or the caller's act was done
        before. 409 `agent_at_cap`, `chat_moved` when the caller judged the chat and something of this had moved, 400
        `/agent_id` when the agent is gone."""
        a = caller.account
        move = as_judged(caller, move)
        move = replace(move, after=self.armed(a, replace(move.after, moved_by=caller.id)))
        if caller.execution_id is not None and move.left_execution == caller.execution_id:
            move = replace(move, ending=Ending("finished", _STEP_OF.get(cause, cause)))
        agents = self._agent_changes(a, move, cause)
        events = self._events(a, caller, move, agents, cause, now, notes)
        if self._moves.commit(a, MoveCommit([move], agents, events, act_id=caller.act_id)):
            if caller.judged is not None:
                raise moved_since()
            return None
        self._wake(a, move, agents)
        return move.after

    def is_done(self, caller: Caller) -> bool:
        """Whether the act that the caller may be repeating was done."""
        return caller.act_id is not None and self._moves.is_done(caller.account, caller.act_id)

    def armed(self, a: str, chat: Chat) -> Chat:
        """The chat with the time at which its department's settings want it looked at."""
        return armed(chat, None if chat.situation == "closed" else self._departments.get(a, chat.department_id))

    def _agent_changes(self, a: str, move: ChatMove, cause: str) -> list[AgentChange]:
        changes = []
        if move.released:
            found = self._agents.get(a, move.released)
            if found is not None:
                changes.append(with_load(found[0], -1))
        if move.taken:
            changes.append(taking(self._agents, a, move.taken, cause))
        return changes

    def _events(
        self,
        a: str,
        caller: Caller,
        move: ChatMove,
        agents: Sequence[AgentChange],
        cause: str,
        now: datetime,
        notes: Mapping[str, Any],
    ) -> list[Event]:
        data: dict[str, Any] = {**self._shapes.of(a, move.after, move.thread), **notes}
        types = [_EVENT_OF[move.after.situation]]
        if cause in _TOLD_FIRST:
            types.insert(0, _TOLD_FIRST[cause])
        if cause == "transferred":
            data["from"] = {"agent_id": move.before.agent_id, "department_id": move.before.department_id}
        if move.taken:
            data["receipt"] = receipt_view(receipt_of(move.after, agents, cause, now))
        elif move.after.situation == "in_service":
            types = ["chat.assumed"]
        finished = flow_finished_event(self._ids.new("ev", a), move, now) if move.left_execution else None
        return [
            *([finished] if finished else ()),
            *(
                Event(self._ids.new("ev", a), name, now, caller.author, data, move.after.contact_id, move.after.id)
                for name in types
            ),
        ]

    def _wake(self, a: str, move: ChatMove, agents: Sequence[AgentChange]) -> None:
        freed = {department_id for change in agents for department_id in change.entered}
        if freed:
            self._waker.wake(a, sorted(freed), "slot_freed")
        if move.after.situation == "queued":
            self._waker.wake(a, [move.after.department_id], "queued")


def taking(agents: AgentStore, a: str, user_id: str, cause: str) -> AgentChange:
    """The agent's change when they take a chat more. 409 `agent_at_cap`; 400 `/agent_id` when they are gone."""
    found = agents.get(a, user_id)
    if found is None:
        raise Invalid.field("/agent_id", "not_found", "There is no such agent.")
    if not found[0].has_room:
        raise _at_cap(found[0], cause)
    return with_load(found[0], 1)


def receipt_of(chat: Chat, agents: Sequence[AgentChange], cause: str, now: datetime) -> Receipt:
    """A chat taken by hand moves no turn: the receipt names only who took it."""
    taken = next(change for change in agents if change.after.user_id == chat.agent_id)
    chosen = Candidate(taken.after.user_id, "chosen", taken.before.load, taken.before.cap)
    return Receipt(chat.id, now, chat.department_id, chat.agent_id, 0, (chosen,), 0, cause, taken.after.load)


def _at_cap(agent: Agent, cause: str) -> Conflict:
    detail = "The agent already has as many chats as they may have at once."
    errors = [FieldError("/agent_id", "agent_at_cap", detail)] if cause == "transferred" else []
    return Conflict(detail, code="agent_at_cap", errors=errors, extra={"load": agent.load, "cap": agent.cap})
