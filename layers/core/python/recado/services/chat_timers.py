"""Chats whose time has come (PRODUCT D4, E6): nobody started, a flow leads too long, the customer does not answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from recado.domain.chat_moves import ChatMove, close, not_started, overflow_to, put_in_queue, unattended
from recado.domain.chats import OPEN_SITUATIONS, Chat, Thread, ThreadKey
from recado.domain.errors import Busy
from recado.domain.flow_executions import LOOKED_AGAIN
from recado.domain.people import Department
from recado.domain.timers import deadline
from recado.ports.agents import Departments, Hours
from recado.ports.chats import ChatFilter
from recado.ports.core import Clock
from recado.ports.flow_executions import ExecutionStore
from recado.ports.sweeps import DuePage, Swept
from recado.services.empty_chats import EmptyChats
from recado.services.system_moves import SystemMoves

_TRIES = 5
_FAILED_AGAIN_S = 60
_REARMED = 300
"""Chats whose timers are set anew in one look at a department: some 3 ms each."""


class ChatTimerStore(Protocol):
    """Chats by when they have to be looked at."""

    def due(self, now: datetime, limit: int) -> DuePage:
        """Chats that were to be looked at by now, from an index that may lag."""
        ...

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """A chat, read consistently."""
        ...

    def thread(self, a: str, key: ThreadKey) -> Thread | None:
        """A thread, read consistently."""
        ...

    def arm(self, a: str, chat: Chat, due_at: datetime | None) -> bool:
        """Look at the chat at another time, or no more; False when it has moved since it was read."""
        ...

    def look_again_at(self, a: str, chat_id: str, when: datetime) -> None:
        """Put a chat that could not be looked at to a later time."""
        ...

    def ids(self, a: str, wanted: ChatFilter, before: str | None, limit: int) -> list[str]:
        """Chats, newest first, from an index that may lag."""
        ...


class Overflows(Protocol):
    """Where chats go that nobody starts (services.distribution)."""

    def overflow_target(self, a: str, department: Department) -> Department | None:
        """The overflow department, if somebody there can be given a chat now."""
        ...


class ChatTimers:
    """What is due is decided from what stands when it is looked at; an overtaken deadline only sets the next one."""

    def __init__(
        self,
        store: ChatTimerStore,
        departments: Departments,
        hours: Hours,
        overflows: Overflows,
        moves: SystemMoves,
        empty: EmptyChats,
        executions: ExecutionStore,
        clock: Clock,
    ) -> None:
        self._store = store
        self._departments = departments
        self._hours = hours
        self._overflows = overflows
        self._moves = moves
        self._empty = empty
        self._executions = executions
        self._clock = clock

    def run_due(self, limit: int) -> Swept:
        """Look at a page of chats whose time has come; done are those that moved. One that raises is looked at again
        in a minute, the others are done."""
        now = self._clock.now()
        page = self._store.due(now, limit)
        failed: dict[str, Exception] = {}
        moved = 0
        for a, chat_id in page.found:
            try:
                moved += self.look(a, chat_id)
            except Exception as error:  # whatever it is, it stops no other chat
                failed[chat_id] = error
                with suppress(Exception):  # what failed first is told; the chat stays due
                    self._store.look_again_at(a, chat_id, now + timedelta(seconds=_FAILED_AGAIN_S))
        return Swept(len(page.found), moved, page.more, failed)

    def look(self, a: str, chat_id: str) -> bool:
        """Do what is due in a chat, or set its next time. True when it moved. Raises Busy after five lost races."""
        for _ in range(_TRIES):
            chat = self._store.chat(a, chat_id)
            now = self._clock.now()
            if chat is None or chat.due_at is None:
                return False
            if chat.due_at > now:  # the index told an older time: a look that failed had put it off
                self._store.arm(a, chat, chat.due_at)
                return False
            department = self._departments.get(a, chat.department_id)
            thread = self._store.thread(a, chat.thread) if chat.answered_at else None
            at = deadline(chat, thread, department)
            if department is not None and at is not None and at <= now:
                act = self._later(a, chat, department, thread, now)
                if not isinstance(act, datetime):
                    if act():
                        return True
                    continue
                at = act
            if self._store.arm(a, chat, at):
                return False
        raise Busy(f"timer of {chat_id}")

    def rearm(self, a: str, department: Department, place: str) -> str | None:
        """After a department's timers were changed: look at its open chats, from a place on, at the time that holds for
        them now. The place to go on from, None when all are done."""
        begun, _, before = place.partition("#")
        for situation in OPEN_SITUATIONS[OPEN_SITUATIONS.index(begun) if begun in OPEN_SITUATIONS else 0 :]:
            wanted = ChatFilter(situation=situation, department_id=department.id)
            ids = self._store.ids(a, wanted, before if situation == begun and before else None, _REARMED)
            for chat_id in ids:
                self._sooner(a, chat_id, department)
            if len(ids) == _REARMED:
                return f"{situation}#{ids[-1]}"
        return None

    def _sooner(self, a: str, chat_id: str, department: Department) -> None:
        """A time that has become later is found out when the old one comes. Whoever moves the chat meanwhile arms
        it."""
        chat = self._store.chat(a, chat_id)
        if chat is None or chat.department_id != department.id:
            return
        at = deadline(chat, self._store.thread(a, chat.thread) if chat.answered_at else None, department)
        if at is not None and (chat.due_at is None or at < chat.due_at):
            self._store.arm(a, chat, at)

    def _later(
        self, a: str, chat: Chat, department: Department, thread: Thread | None, now: datetime
    ) -> datetime | Callable[[], bool]:
        """What to do now, or when to look again although the time is over: nobody is expected to start while the
        department is closed, and it is not for the customer to answer who wrote last."""
        if chat.situation == "automatic":
            return self._led_too_long(a, chat, department, now)
        if chat.started_at is not None:
            if thread is None or thread.company_wrote_at is None:
                return now + timedelta(seconds=department.close_idle_after_s or _FAILED_AGAIN_S)
            return lambda: self._commit(a, close(chat, thread, now), department, "customer_idle")
        if not self._hours.open(a, department):
            opens = self._hours.opens_at(a, department) or now + timedelta(days=1)
            return opens + timedelta(seconds=department.overflow_after_s or 0)
        if chat.situation == "queued":
            return lambda: self._in_vain(a, chat, department, now)
        return lambda: self._commit(a, not_started(chat, now), department, "not_started")

    def _led_too_long(self, a: str, chat: Chat, department: Department, now: datetime) -> datetime | Callable[[], bool]:
        """Of a chat that a flow opened the time counts from when the customer wrote first, or the flow while they have
        not. Nobody who never wrote waits for anybody: their chat is closed."""
        most = timedelta(seconds=department.max_automatic_s or 0)
        empty = self._empty.look(a, chat, now)
        if empty is not None:
            ends = self._unanswered_until(a, chat, empty.spoke_at, most, now)
            return ends if ends > now else lambda: self._moves.commit(a, empty.move, department, empty.why) is not None
        wrote_at = self._empty.customer_wrote_at(a, chat) if chat.opened_by is not None else None
        if wrote_at is not None and wrote_at + most > now:
            return wrote_at + most
        return lambda: self._commit(a, put_in_queue(chat, department.id, now), department, "automatic_timeout")

    def _unanswered_until(
        self, a: str, chat: Chat, spoke_at: datetime | None, most: timedelta, now: datetime
    ) -> datetime:
        """What opened the chat by a template is left its own time for an answer, and a moment more for whoever ends its
        flow. What has said nothing yet, as it waits or its run is paused, is left alone."""
        one = self._executions.get(a, chat.execution_id) if chat.execution_id else None
        if one is not None and one.waits_for == "opening" and one.due_at is not None:
            return one.due_at + LOOKED_AGAIN
        if one is not None and spoke_at is None:
            return max(one.due_at or now, now) + most
        return spoke_at + most if spoke_at is not None else now

    def _in_vain(self, a: str, chat: Chat, department: Department, now: datetime) -> bool:
        """Who had the chat did not start, and there is nobody else: it goes on to the overflow department, or waits
        on; the supervisors are told."""
        target = self._overflows.overflow_target(a, department)
        if target is None:
            return self._commit(a, unattended(chat, now), department, "unattended")
        return self._commit(a, overflow_to(chat, target.id, now), target, "overflow")

    def _commit(self, a: str, move: ChatMove | None, department: Department, cause: str) -> bool:
        return move is not None and self._moves.commit(a, move, department, cause) is not None
