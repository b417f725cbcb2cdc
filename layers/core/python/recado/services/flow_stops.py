"""Flows that runs of tasks began and that have said nothing yet: a run that is paused or cancelled stops them, and so
does a customer who writes first (PRODUCT G7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from recado.domain.chats import Chat
from recado.domain.errors import Busy
from recado.domain.flow_executions import CUSTOMER_WROTE_FIRST, RUN_CANCELLED, Execution, effect_origin, hears
from recado.domain.task_runs import Run
from recado.ports.chats import ChatStore
from recado.ports.idempotency import Attempt
from recado.services.chat_pages import messages_behind
from recado.services.sending import SendingService


class KnownRuns(Protocol):
    """Runs by their ids, strongly consistent."""

    def get(self, a: str, task_id: str, run_id: str) -> Run | None: ...


@dataclass(frozen=True)
class Silence:
    """An execution that has said nothing yet. `ends`: the reason for which it goes no further; `paused`: it stands
    still. `seq`: the thread's last message when this was seen; what it says first is said behind that one or not at
    all."""

    seq: int
    paused: bool = False
    ends: str | None = None


Stop = Literal["paused", "cancelled"]


class FlowStops:
    """Looked at before each step until the first message is written. What was written by then leaves."""

    def __init__(self, runs: KnownRuns, chats: ChatStore, sending: SendingService) -> None:
        self._runs = runs
        self._chats = chats
        self._sending = sending

    def look(self, a: str, chat: Chat, one: Execution) -> Silence | None:
        """How it stands; None: it is of no run, or has spoken, and nothing stops it. Raises Busy."""
        if one.of_run is None or one.first_seq is not None:
            return None
        thread = self._chats.thread(a, chat.thread)  # before the messages: who writes after it moves it
        if thread is None:
            raise Busy(f"thread of {chat.id}")
        wrote, stop = self._customer_wrote(a, chat, one, thread.last_seq), self._stop(a, one)
        if not wrote and stop is None:
            return Silence(thread.last_seq)
        if self._sending.written(a, chat.id, Attempt(effect_origin(a, one), again=True)) is not None:
            return None  # whoever wrote it died before that was noted
        if stop == "cancelled" and (wrote or one.state == "running"):
            return Silence(thread.last_seq, ends=RUN_CANCELLED)
        if wrote:
            return Silence(thread.last_seq, ends=CUSTOMER_WROTE_FIRST)
        return Silence(thread.last_seq, paused=stop == "paused" and one.state == "running")

    def stand_still(self, a: str, one: Execution) -> bool:
        """Whether nobody has to go on with it now."""
        chat = self._chats.chat(a, one.chat_id) if one.of_run is not None and one.first_seq is None else None
        silence = self.look(a, chat, one) if chat is not None else None
        return silence is not None and silence.paused

    def _customer_wrote(self, a: str, chat: Chat, one: Execution, last_seq: int) -> bool:
        """Behind where it began. What a machine wrote, and a sign at a message, nobody hears."""
        behind = chat.first_seq - 1 if one.begun_behind is None else one.begun_behind
        return last_seq > behind and any(hears(one, said) for said in messages_behind(self._chats, a, chat, behind))

    def _stop(self, a: str, one: Execution) -> Stop | None:
        run = self._runs.get(a, *one.of_run) if one.of_run is not None else None
        if run is None or run.state not in ("paused", "cancelled"):
            return None
        return "paused" if run.state == "paused" else "cancelled"
