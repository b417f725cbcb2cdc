"""Where a chat goes that a flow leads no more and that no step put anywhere (PRODUCT F1, G6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from recado.domain.chat_moves import put_in_queue
from recado.domain.chats import Chat
from recado.domain.errors import Busy
from recado.domain.flow_definitions import Step
from recado.domain.flow_executions import Ending
from recado.ports.agents import Departments
from recado.ports.chats import ChatStore
from recado.ports.core import Clock
from recado.services.empty_chats import EmptyChats
from recado.services.system_moves import SystemMoves

_TRIES = 5


class Timers(Protocol):
    """When chats have to be looked at (storage.chat_timers)."""

    def arm(self, a: str, chat: Chat, due_at: datetime | None) -> bool:
        """Look at the chat at another time; False when it has moved since it was read."""
        ...


class FlowLeaving:
    """To people, or closed where no customer wrote. Each is written over the chat as it was read."""

    def __init__(
        self,
        chats: ChatStore,
        departments: Departments,
        moves: SystemMoves,
        empty: EmptyChats,
        timers: Timers,
        clock: Clock,
    ) -> None:
        self._chats = chats
        self._departments = departments
        self._moves = moves
        self._empty = empty
        self._timers = timers
        self._clock = clock

    def leave(self, a: str, chat: Chat, ending: Ending, step: Step | None) -> bool:
        """Whether the chat waits for people now: a flow that ended without saying where it goes leaves it to them,
        unless there is nobody at the other end. `step`: the one with which it ended; who was to be handed over, and
        was reached, waits for people too, and who waited before a flow that failed does so in the old place."""
        now = self._clock.now()
        empty = self._empty.look(a, chat, now)
        if empty is not None and (empty.why == "nobody_reached" or not _hands_over(step)):
            return self._moves.commit(a, replace(empty.move, ending=ending), None, empty.why) is not None
        department_id = self._waits_in(a, chat, step)
        move = put_in_queue(chat, department_id, now, None if ending.state == "finished" else chat.queued_at)
        if move is None:
            return True
        department = self._departments.get(a, department_id)
        cause = "flow_failed" if ending.state == "failed" else "flow_ended"
        return self._moves.commit(a, replace(move, ending=ending), department, cause) is not None

    def close_unreached(self, a: str, chat: Chat) -> None:
        """Close a chat that a flow left to people, when it turns out that nobody was reached in it. Who was reached is
        theirs. Raises Busy."""
        for _ in range(_TRIES):
            empty = self._empty.look(a, chat, self._clock.now())
            if empty is None or empty.why != "nobody_reached":
                return
            if self._moves.commit(a, empty.move, None, empty.why):
                return
            chat = self._chats.chat(a, chat.id) or chat
        raise Busy(f"closing {chat.id}")

    def time_from_now(self, a: str, chat: Chat) -> bool:
        """The customer answered what a chat was opened with: from now on a flow leads them, and no longer than their
        department lets it (services.chat_timers). False when the chat has moved."""
        department = self._departments.get(a, chat.department_id)
        if chat.opened_by is None or department is None or department.max_automatic_s is None:
            return True
        return self._timers.arm(a, chat, self._clock.now() + timedelta(seconds=department.max_automatic_s))

    def _waits_in(self, a: str, chat: Chat, step: Step | None) -> str:
        """The chat's department; after a transfer that was refused, the one to which it was to go, if it is there."""
        wanted = step.fields.get("department_id") if step is not None and step.type == "transfer" else None
        return wanted if wanted and self._departments.get(a, wanted) else chat.department_id


def _hands_over(step: Step | None) -> bool:
    """Whether a step says that the chat goes to people."""
    return step is not None and step.type in ("transfer", "queue")
