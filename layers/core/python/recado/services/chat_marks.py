"""What people note on a chat without moving it: its workflow step, tabulation and feedback, and what they have read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from recado.domain.access import Caller, can_answer_chat
from recado.domain.chat_moves import MoveCommit, marked
from recado.domain.chats import Chat, Event
from recado.domain.errors import Busy, Conflict, Forbidden, Invalid
from recado.domain.ids import is_id
from recado.ports.agents import ChatMoveStore, ChatReads
from recado.ports.core import Clock, Ids
from recado.ports.filing import ReadMarks
from recado.services.chat_actions import KnownTabulations, VisibleChats, whereabouts
from recado.services.chat_commits import as_judged, moved_since
from recado.services.chat_shapes import ChatShapes

_TRIES = 5


class KnownSteps(Protocol):
    """The workflows of an account (services.workflows)."""

    def has_step(self, a: str, step_id: str) -> bool:
        """Whether any workflow has the step."""
        ...


class ChatMarks:
    """All answer the chat as it is afterwards; what it has already is no change and no fact. For who may answer the
    chat."""

    def __init__(
        self,
        gate: VisibleChats,
        reads: ChatReads,
        moves: ChatMoveStore,
        shapes: ChatShapes,
        steps: KnownSteps,
        tabulations: KnownTabulations,
        read_marks: ReadMarks,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._gate = gate
        self._reads = reads
        self._moves = moves
        self._shapes = shapes
        self._steps = steps
        self._tabulations = tabulations
        self._read_marks = read_marks
        self._clock = clock
        self._ids = ids

    def step(self, caller: Caller, chat_id: str, step_id: str | None) -> Chat:
        """Put an open chat at a step of a workflow, or at none. 400 `/step_id`, 409 `chat_closed`."""

        def check(chat: Chat) -> None:
            known = step_id is None or (
                is_id(step_id, "st", caller.account) and self._steps.has_step(caller.account, step_id)
            )
            if not known:
                raise Invalid.field("/step_id", "not_found", "There is no such step.")
            if chat.situation == "closed":
                raise Conflict("The chat is closed.", code="chat_closed", extra=whereabouts(chat))

        def data(chat: Chat) -> dict[str, Any]:
            return {"from": {"step_id": chat.workflow_step_id}, "to": {"step_id": step_id}}

        def change(chat: Chat) -> Chat:
            return replace(chat, workflow_step_id=step_id)

        return self._mark(caller, chat_id, check, "workflow.step_changed", data, change)

    def tabulate(self, caller: Caller, chat_id: str, tabulation_id: str | None) -> Chat:
        """File a chat, open or closed, under a tabulation, or under none. 400 `/tabulation_id`."""

        def check(chat: Chat) -> None:
            if tabulation_id is not None and not self._tabulations.exists(caller.account, tabulation_id):
                raise Invalid.field("/tabulation_id", "not_found", "There is no such tabulation.")

        def data(chat: Chat) -> dict[str, Any]:
            return {"from": {"tabulation_id": chat.tabulation_id}, "to": {"tabulation_id": tabulation_id}}

        def change(chat: Chat) -> Chat:
            return replace(chat, tabulation_id=tabulation_id)

        return self._mark(caller, chat_id, check, "chat.tabulated", data, change)

    def feedback(self, caller: Caller, chat_id: str, rating: int, comment: str | None) -> Chat:
        """Keep what the customer said of a closed chat; said again, the last counts. 409 `chat_open`."""

        def check(chat: Chat) -> None:
            if chat.situation != "closed":
                raise Conflict("Feedback is given on a closed chat.", code="chat_open", extra=whereabouts(chat))

        def change(chat: Chat) -> Chat:
            return replace(chat, feedback_rating=rating, feedback_comment=comment or None)

        return self._mark(caller, chat_id, check, "chat.feedback", lambda chat: {}, change)

    def read(self, caller: Caller, chat_id: str) -> Chat:
        """Nothing of an open chat is unread any more. What arrives at this very moment leaves it as it is: nobody has
        seen that."""
        chat = self._permitted(caller, chat_id)
        thread = self._reads.thread(caller.account, chat.thread)
        if thread is not None and thread.open_chat_id == chat.id and thread.unread:
            self._read_marks.mark_read(caller.account, thread)
        return chat

    def _mark(
        self,
        caller: Caller,
        chat_id: str,
        check: Callable[[Chat], None],
        event_type: str,
        data: Callable[[Chat], dict[str, Any]],
        change: Callable[[Chat], Chat],
    ) -> Chat:
        a = caller.account
        for _ in range(_TRIES):
            chat = self._permitted(caller, chat_id)
            if caller.act_id is not None and self._moves.is_done(a, caller.act_id):
                return chat
            check(chat)
            move = marked(chat, change(chat))
            if move is None:
                return chat
            move = as_judged(caller, move)
            told = {**self._shapes.of(a, move.after), **data(chat)}
            event_id, now = self._ids.new("ev", a), self._clock.now()
            event = Event(event_id, event_type, now, caller.author, told, chat.contact_id, chat.id)
            if not self._moves.commit(a, MoveCommit([move], [], [event], act_id=caller.act_id)):
                return move.after
            if caller.judged is not None:
                raise moved_since()
        raise Busy(f"chat {chat_id}")

    def _permitted(self, caller: Caller, chat_id: str) -> Chat:
        chat = self._gate.visible(caller, chat_id)
        if not can_answer_chat(caller, chat):
            raise Forbidden("Another agent serves this chat, or nobody yet: assume it first.", code="not_your_chat")
        return chat
