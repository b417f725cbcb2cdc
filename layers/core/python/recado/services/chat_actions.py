"""What people do with a chat: assume, transfer, put back in the queue, close.

Each is decided from the state that was read, written only if that still stands, and repeated by the same person without
effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from recado.domain import chat_moves
from recado.domain.access import Caller, can_answer_chat
from recado.domain.agents import AgentChange, with_load
from recado.domain.chat_moves import ChatMove, MoveCommit
from recado.domain.chats import Chat, Event
from recado.domain.distribution import Candidate, Receipt
from recado.domain.errors import Busy, Conflict, FieldError, Forbidden, Invalid
from recado.domain.ids import is_id
from recado.domain.people import Agent
from recado.ports.agents import AgentStore, ChatMoveStore, ChatReads, Departments, Waker
from recado.ports.core import Clock, Ids
from recado.services.distribution import receipt_view
from recado.services.views import chat_view

_TRIES = 5


class VisibleChats(Protocol):
    """The one gate to chats (services.chats)."""

    def visible(self, caller: Caller, chat_id: str) -> Chat:
        """The chat, read consistently; NotFound when it is unknown, foreign or not for this caller."""
        ...


class ChatActions:
    """All actions answer the chat as it is afterwards."""

    def __init__(
        self,
        gate: VisibleChats,
        reads: ChatReads,
        moves: ChatMoveStore,
        agents: AgentStore,
        departments: Departments,
        waker: Waker,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._gate = gate
        self._reads = reads
        self._moves = moves
        self._agents = agents
        self._departments = departments
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def assume(self, caller: Caller, chat_id: str) -> Chat:
        """Take a waiting chat, or start the one that was given. 409 `agent_at_cap`, `chat_taken`, `chat_closed`."""
        user_id = caller.user_id
        if user_id is None:
            raise Conflict("A chat is assumed by a user; this token belongs to none.", code="no_user")
        return self._act(caller, chat_id, lambda chat, now: chat_moves.assume(chat, user_id, now), "assumed")

    def transfer_to_agent(self, caller: Caller, chat_id: str, agent_id: str) -> Chat:
        """Give the chat to another agent of the account. 409 `agent_at_cap`."""
        if not is_id(agent_id, "us", caller.account) or self._agents.get(caller.account, agent_id) is None:
            raise Invalid.field("/agent_id", "not_found", "There is no such agent.")
        return self._act(
            caller,
            chat_id,
            lambda chat, now: chat_moves.transfer_to_agent(chat, agent_id, chat.department_id, now),
            "transferred",
        )

    def transfer_to_department(self, caller: Caller, chat_id: str, department_id: str) -> Chat:
        """Let the chat wait in another department."""
        known = is_id(department_id, "dp", caller.account)
        if not known or self._departments.get(caller.account, department_id) is None:
            raise Invalid.field("/department_id", "not_found", "There is no such department.")
        return self._act(
            caller, chat_id, lambda chat, now: chat_moves.put_in_queue(chat, department_id, now), "transferred"
        )

    def queue(self, caller: Caller, chat_id: str) -> Chat:
        """Put the chat back in its department's queue."""
        return self._act(
            caller, chat_id, lambda chat, now: chat_moves.put_in_queue(chat, chat.department_id, now), "queued"
        )

    def close(self, caller: Caller, chat_id: str, tabulation_id: str | None = None, comment: str | None = None) -> Chat:
        """End the chat. What the customer writes next opens another."""
        if tabulation_id is not None:
            raise Invalid.field("/tabulation_id", "not_found", "There is no such tabulation.")

        def decide(chat: Chat, now: datetime) -> ChatMove | None:
            thread = self._reads.thread(caller.account, chat.thread)
            if thread is None:
                raise Busy(f"thread of {chat.id}")
            return chat_moves.close(chat, thread, now)

        return self._act(caller, chat_id, decide, "closed", {"comment": comment} if comment else {})

    def _act(
        self,
        caller: Caller,
        chat_id: str,
        decide: Callable[[Chat, datetime], ChatMove | None],
        cause: str,
        notes: Mapping[str, Any] | None = None,
    ) -> Chat:
        a = caller.account
        for _ in range(_TRIES):
            chat = self._gate.visible(caller, chat_id)
            now = self._clock.now()
            move = _by(caller, decide(chat, now))
            if move is None:
                return _done_already(chat, caller, cause)
            if cause != "assumed" and not can_answer_chat(caller, chat):
                raise Forbidden("Another agent serves this chat, or nobody yet: assume it first.", code="not_your_chat")
            agents = self._agent_changes(a, move, cause)
            events = self._events(a, caller, move, agents, cause, now, notes or {})
            if not self._moves.commit(a, MoveCommit([move], agents, events)):
                self._wake(a, move, agents)
                return move.after
        raise Busy(f"chat {chat_id}")

    def _agent_changes(self, a: str, move: ChatMove, cause: str) -> list[AgentChange]:
        """The loads that follow from a move. Refuses to give a chat to an agent at the cap."""
        changes = []
        if move.released:
            found = self._agents.get(a, move.released)
            if found is not None:
                changes.append(with_load(found[0], -1))
        if move.taken:
            found = self._agents.get(a, move.taken)
            if found is None:
                raise Invalid.field("/agent_id", "not_found", "There is no such agent.")
            if not found[0].has_room:
                raise _at_cap(found[0], cause)
            changes.append(with_load(found[0], 1))
        return changes

    def _events(
        self,
        a: str,
        caller: Caller,
        move: ChatMove,
        agents: list[AgentChange],
        cause: str,
        now: datetime,
        notes: Mapping[str, Any],
    ) -> list[Event]:
        data: dict[str, Any] = {**chat_view(move.after, move.thread, None), **notes}
        types = [_EVENT_OF[move.after.situation]]
        if cause == "transferred":
            types.insert(0, "chat.transferred")
            data["from"] = {"agent_id": move.before.agent_id, "department_id": move.before.department_id}
        if move.taken:
            data["receipt"] = receipt_view(_receipt(move, agents, cause, now))
        elif move.after.situation == "in_service":
            types = ["chat.assumed"]
        return [
            Event(self._ids.new("ev", a), name, now, caller.author, data, move.after.contact_id, move.after.id)
            for name in types
        ]

    def _wake(self, a: str, move: ChatMove, agents: list[AgentChange]) -> None:
        freed = {department_id for change in agents for department_id in change.entered}
        if freed:
            self._waker.wake(a, sorted(freed), "slot_freed")
        if move.after.situation == "queued":
            self._waker.wake(a, [move.after.department_id], "queued")


def _by(caller: Caller, move: ChatMove | None) -> ChatMove | None:
    """The move with who made it."""
    return None if move is None else replace(move, after=replace(move.after, moved_by=caller.id))


def _done_already(chat: Chat, caller: Caller, cause: str) -> Chat:
    """Nothing is left to do: fine for whoever did it, a lost race for anybody else."""
    if cause in ("closed", "queued") and chat.moved_by != caller.id:
        detail = "The chat is closed already." if cause == "closed" else "The chat waits in this queue already."
        raise Conflict(detail, code=f"already_{cause}", extra={"situation": chat.situation})
    return chat


_EVENT_OF = {"in_service": "chat.assigned", "queued": "chat.queued", "closed": "chat.closed"}


def _receipt(move: ChatMove, agents: list[AgentChange], cause: str, now: datetime) -> Receipt:
    """A chat taken by hand moves no turn: the receipt names only who took it."""
    taken = next(change for change in agents if change.after.user_id == move.taken)
    chosen = Candidate(taken.after.user_id, "chosen", taken.before.load, taken.before.cap)
    after = move.after
    return Receipt(after.id, now, after.department_id, after.agent_id, 0, (chosen,), 0, cause, taken.after.load)


def _at_cap(agent: Agent, cause: str) -> Conflict:
    detail = "The agent already has as many chats as they may have at once."
    errors = [FieldError("/agent_id", "agent_at_cap", detail)] if cause == "transferred" else []
    return Conflict(detail, code="agent_at_cap", errors=errors, extra={"load": agent.load, "cap": agent.cap})
