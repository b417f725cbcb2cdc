"""Driving executions of flows: each step once, whatever dies or comes twice (PRODUCT F1).

A look at an execution does what there is to do: the step at which it stands, what the customer wrote, a time that is
over. The step is done first, and where the execution stands is written after, over the version that was read; a step
that is done again meets what it did (services.flow_steps). Whoever loses a race reads again, and finds the chat in
other hands or the step done.

Two kinds of workers drive an execution in turn: those of the requests queue do its HTTP steps, as many of an account at
once as it has lanes, and those of the outbound queue all else. Who comes to a step of the others' hands it over by a
command; whoever does not know where an execution stands asks the outbound queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from recado.domain.chats import Chat, Message
from recado.domain.errors import Busy
from recado.domain.flow_definitions import Step
from recado.domain.flow_executions import (
    LOOKED_AGAIN,
    Ending,
    Execution,
    TraceLine,
    ended,
    hears,
    is_over,
    traced,
)
from recado.domain.flow_progress import bounded, follow, hear, opened, silenced, step_of, time_out, unreached
from recado.ports.chats import ChatStore
from recado.ports.core import Clock, Queue
from recado.ports.flow_executions import ExecutionStore, FlowJournal
from recado.ports.people import AccountStore
from recado.ports.sweeps import Swept
from recado.services.chat_pages import messages_behind
from recado.services.flow_commands import failure_command, flow_command, request_command
from recado.services.flow_leaving import FlowLeaving
from recado.services.flow_library import FlowLibrary
from recado.services.flow_steps import FlowSteps, Standing, claims_first
from recado.services.flow_stops import FlowStops

GIVES_UP_AT = 4
LAST_ATTEMPT = 5
"""maxReceiveCount of the queue (infra/data.yaml): whoever gets the command then does not try the step again."""
MAX_SAID = 4_096
"""Characters of what the customer said last, as an execution keeps it."""
_PATIENCE = timedelta(seconds=20)
"""How long one command drives an execution before it gives the place to another."""
TRIED_AGAIN_AFTER_S = (0.2, 1.0, 3.0)
"""What is refused for a moment passes by then. What lasts longer comes again by the queue, later and later
(services.flow_commands)."""
_REQUEST_AGAIN = timedelta(hours=1)
"""How seldom at most a request that waits for its lane is sent again."""
_TRIES = 5


@dataclass(frozen=True)
class _Look:
    """At whose execution a worker looks, until when at most, whether it is one for HTTP steps, and which of the flow's
    messages failed."""

    a: str
    until: datetime
    outside: bool
    failed_seq: int | None


class FlowEngine:
    """Looks at executions. `requests`: the queue of those that stand at an HTTP step; `queue`: that of all others.
    `pause` waits some seconds."""

    def __init__(
        self,
        executions: ExecutionStore,
        chats: ChatStore,
        library: FlowLibrary,
        steps: FlowSteps,
        stops: FlowStops,
        leaving: FlowLeaving,
        accounts: AccountStore,
        queue: Queue,
        requests: Queue,
        clock: Clock,
        journal: FlowJournal,
        pause: Callable[[float], None],
    ) -> None:
        self._executions = executions
        self._chats = chats
        self._library = library
        self._steps = steps
        self._stops = stops
        self._leaving = leaving
        self._accounts = accounts
        self._queue = queue
        self._requests = requests
        self._clock = clock
        self._journal = journal
        self._pause = pause

    def message_failed(self, a: str, chat_id: str, seq: int, receives: int = 1) -> None:
        """A message of a flow failed that had been taken for sent: the execution does not wait for an answer to it,
        and a chat that it left to people, and in which it reached nobody, is closed. Nothing happens when another leads
        the chat by now, or the customer wrote since. Repeats and raises as `look` does."""
        chat = self._chats.chat(a, chat_id)
        if chat is not None and chat.execution_id is not None:
            self._look(self._at(a, False, seq), chat.execution_id, receives)
        elif chat is not None:
            self._leaving.close_unreached(a, chat)

    def look(self, a: str, execution_id: str, receives: int = 1) -> None:
        """Drive an execution as far as it goes now, up to an HTTP step. Repeating it is harmless at any point. Raises
        what goes wrong, so that the queue brings the command again; at its last attempts (`receives`) the execution
        fails instead, and leaves its chat."""
        self._look(self._at(a, False), execution_id, receives)

    def ask_outside(self, a: str, execution_id: str, receives: int = 1) -> None:
        """Drive an execution through the HTTP steps at which it stands. Repeats and raises as `look` does."""
        self._look(self._at(a, True), execution_id, receives)

    def _at(self, a: str, outside: bool, failed_seq: int | None = None) -> _Look:
        return _Look(a, self._clock.now() + _PATIENCE, outside, failed_seq)

    def _look(self, by: _Look, execution_id: str, receives: int) -> None:
        a = by.a
        if receives >= LAST_ATTEMPT:
            self._give_up(a, execution_id, None)
            return
        try:
            self._patiently(by, execution_id)
        except Exception as error:  # whatever it is: it is tried again, and at last given up
            if receives < GIVES_UP_AT:
                raise
            self._give_up(a, execution_id, error)

    def look_due(self, limit: int) -> Swept:
        """Those whose time has come, or whose command got lost, go into the queue whose workers do their step."""
        now = self._clock.now()
        page = self._executions.due(now, limit)
        sent, failed = 0, dict[str, Exception]()
        for a, execution_id in page.found:
            try:
                one = self._executions.get(a, execution_id)
                if one is None or is_over(one):
                    continue
                pause = LOOKED_AGAIN
                if one.look_at is not None and one.look_at <= now:
                    pause = self._send_due(a, one, now)
                    sent += 1
                self._executions.look_again_at(a, one.id, max(now + pause, one.look_at or now))
            except Exception as error:  # whatever it is, it stops no other execution
                failed[execution_id] = error
                with suppress(Exception):  # what failed first is told; it stays due
                    self._executions.look_again_at(a, execution_id, now + LOOKED_AGAIN)
        return Swept(len(page.found), sent, page.more, failed)

    def _send_due(self, a: str, one: Execution, now: datetime) -> timedelta:
        """Sends the command again; when it is looked at next. A request that waits for its lane is due all the time:
        within the queue's five minutes its command is the same one, and behind them it is sent again more and more
        seldom, so that a slow server does not fill the lane, and with it the queue, with them."""
        if self._stops.stand_still(a, one):
            return LOOKED_AGAIN
        drawn = self._library.version(a, one.flow_id, one.flow_version)
        step = step_of(one, drawn) if drawn else None
        if step is None or not _is_request(one, step):
            self._queue.send([flow_command(a, one.id, one.chat_id, f"{one.id}-{one.version}-{now:%d%H%M}")])
            return LOOKED_AGAIN
        self._hand_over(a, one, True)
        return min(max(LOOKED_AGAIN, now - (one.moved_at or one.started_at)), _REQUEST_AGAIN)

    # -- one after the other -------------------------------------------------------------------------------------------

    def _patiently(self, by: _Look, execution_id: str) -> None:
        """Whatever is raised is tried again at once, and soon: the chat is silent until then."""
        for wait_s in TRIED_AGAIN_AFTER_S:
            try:
                self._drive(by, execution_id)
                return
            except Exception:  # whatever it is; the last try raises it
                if self._clock.now() + timedelta(seconds=wait_s) >= by.until:
                    raise
                self._pause(wait_s)
        self._drive(by, execution_id)

    def _drive(self, by: _Look, execution_id: str) -> None:
        done, lost, a = 0, 0, by.a
        one = self._executions.get(a, execution_id)
        while one is not None and not is_over(one):
            if self._clock.now() >= by.until:
                self._send_again(by, one)
                break
            chat = self._chats.chat(a, one.chat_id)
            if chat is None or chat.execution_id != one.id:
                break
            after = self._go_on(by, chat, one)
            if after is one:
                break
            lost = 0 if after else lost + 1
            if lost == _TRIES:
                raise Busy(f"execution {execution_id}")
            one, done = after or self._executions.get(a, execution_id), done + bool(after)
        if one is not None:
            self._journal.stepped(one.id, done, one.state, one.reason)

    def _send_again(self, by: _Look, one: Execution) -> None:
        """What was being done is for another worker of the same kind."""
        if by.failed_seq is None:
            self._hand_over(by.a, one, by.outside)
        else:
            self._queue.send([failure_command(by.a, one.chat_id, by.failed_seq, f"{one.id}-{one.version}")])

    def _hand_over(self, a: str, one: Execution, outside: bool) -> None:
        make, queue = (request_command, self._requests) if outside else (flow_command, self._queue)
        queue.send([make(a, one.id, one.chat_id, f"{one.id}-{one.version}")])

    def _go_on(self, by: _Look, chat: Chat, one: Execution) -> Execution | None:
        """Where it stands afterwards; itself when there is nothing to do for this worker now, None when somebody moved
        it first."""
        a, failed_seq = by.a, by.failed_seq
        drawn = self._library.version(a, one.flow_id, one.flow_version)
        step = step_of(one, drawn) if drawn else None
        if drawn is None or step is None:
            return self._written(a, chat, one, ended(one, "failed", self._clock.now(), "flow_gone"), None)
        seen_to = one if failed_seq is None else self._unreached(a, chat, one, step, failed_seq)
        if seen_to is not one:
            return seen_to
        silence = self._stops.look(a, chat, one)
        if silence is not None and silence.ends is not None:
            return self._written(a, chat, one, ended(one, "aborted", self._clock.now(), silence.ends), None)
        if silence is not None and silence.paused:  # it is looked at again in a minute
            return one
        if _is_request(one, step) != by.outside:
            if one.state == "running":
                self._hand_over(a, one, not by.outside)
            return one
        if one.state == "waiting":
            return self._wake(a, chat, one, step)
        at = Standing(a, chat, one, drawn, silence.seq if silence is not None else None)
        return self._do(at, step) if one.opening is None else self._open(at, one.opening)

    def _open(self, at: Standing, template: Mapping[str, Any]) -> Execution | None:
        """Send the template that comes before the first step."""
        step = Step("opening", "send_template", {"template": template}, ())
        done, now = self._steps.do(at, step), self._clock.now()
        line = traced(at.one, step.id, step.type, done.given, done.told, now)
        return self._written(at.a, at.chat, at.one, opened(at.one, done.outcome, now), line)

    def _do(self, at: Standing, step: Step) -> Execution | None:
        a, one = at.a, at.one
        over = silenced(one, step, self._clock.now())
        if over is not None:
            line = traced(one, step.id, step.type, "", over.reason, self._clock.now())
            return self._written(a, at.chat, one, over, line, step)
        if claims_first(step) and one.claimed != one.place:
            claimed = replace(one, claimed=one.place, version=one.version + 1)
            if not self._executions.go_on(a, one, claimed, None):
                return None
            done = self._steps.do(replace(at, one=replace(claimed, claimed=None)), step)
            one = claimed
        else:
            done = self._steps.do(at, step)
        now = self._clock.now()
        line = traced(one, step.id, step.type, done.given, done.told, now)
        if done.moved:
            self._executions.note(a, one.id, line)
            return self._executions.get(a, one.id)
        after = follow(one, step, done.outcome, now)
        return self._written(a, at.chat, one, bounded(after, now), line, step)

    def _wake(self, a: str, chat: Chat, one: Execution, step: Step) -> Execution | None:
        """What the customer wrote comes before a time that is over: they wrote it in time."""
        now = self._clock.now()
        said = self._unheard(a, chat, one) if one.heard is not None else None
        if said is not None:
            chosen = said.payload.get("id")
            chosen = chosen if isinstance(chosen, str) else None
            after = hear(one, step, said.text, chosen, said.created_at, now, lambda: self._locale(a))
            after = replace(after, heard=said.seq, said=said.text[:MAX_SAID])
            line = traced(one, step.id, "answer", said.text, _told(one, after), now)
            if one.waits_for == "opening" and not self._leaving.time_from_now(a, chat):
                return None
            return self._written(a, chat, one, bounded(after, now), line)
        if one.due_at is not None and one.due_at <= now:
            return self._written(a, chat, one, time_out(one, step, now), None)
        return one

    def _unreached(self, a: str, chat: Chat, one: Execution, step: Step, seq: int) -> Execution | None:
        """After a failure that leaves it waiting for nothing: a message of its, which nobody answered."""
        if one.first_seq is None or not max(one.first_seq, (one.unreached or 0) + 1) <= seq:
            return one
        failed, asked = None, one.waits_for == "answer"
        for message in messages_behind(self._chats, a, chat, seq - 1):
            if message.seq == seq:
                failed = message
            elif hears(one, message):
                return one
            elif message.author.type == "flow":
                asked = False
        if failed is None or failed.status != "failed" or failed.author.type != "flow":
            return one
        now = self._clock.now()
        told = f"message_failed: {failed.error.code} {failed.error.title}" if failed.error else "message_failed"
        line = traced(one, step.id, step.type, failed.text, told, now)
        return self._written(a, chat, one, unreached(one, step, seq, asked, now), line)

    def _written(
        self,
        a: str,
        chat: Chat,
        one: Execution,
        after: Execution,
        line: TraceLine | None,
        step: Step | None = None,
    ) -> Execution | None:
        if not is_over(after):
            return after if self._executions.go_on(a, one, after, line) else None
        left = self._leaving.leave(a, chat, Ending(after.state, after.reason, one, line), step)
        return after if left else None

    def _give_up(self, a: str, execution_id: str, error: Exception | None) -> None:
        for _ in range(_TRIES):
            one = self._executions.get(a, execution_id)
            chat = self._chats.chat(a, one.chat_id) if one is not None and not is_over(one) else None
            if one is None or chat is None or chat.execution_id != execution_id:
                return
            if self._leaving.leave(a, chat, Ending("failed", "internal_error"), self._stands_at(a, one)):
                self._journal.gave_up(execution_id, error)
                return
        raise Busy(f"end of {execution_id}")

    def _stands_at(self, a: str, one: Execution) -> Step | None:
        """Its step; None also when that cannot be read: whatever it fails of, it can be ended."""
        with suppress(Exception):
            drawn = self._library.version(a, one.flow_id, one.flow_version)
            return step_of(one, drawn) if drawn else None
        return None

    # -- what the customer wrote ---------------------------------------------------------------------------------------

    def _unheard(self, a: str, chat: Chat, one: Execution) -> Message | None:
        """The customer's first message that the execution has not heard."""
        said = messages_behind(self._chats, a, chat, one.heard or 0)
        return next((message for message in said if hears(one, message)), None)

    def _locale(self, a: str) -> str:
        account = self._accounts.get(a)
        return account.locale if account else ""


def _is_request(one: Execution, step: Step) -> bool:
    """Whether what is to be done next is an HTTP step."""
    return one.state == "running" and one.opening is None and step.type == "http"


def _told(before: Execution, after: Execution) -> str:
    """What became of an answer."""
    if after.tries > before.tries:
        return "not understood: asked again"
    if after.state == "failed":
        return after.reason
    return "ended" if is_over(after) else f"goes on at {after.step}"
