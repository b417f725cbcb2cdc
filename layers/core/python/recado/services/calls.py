"""Telephone calls: what a caller hears next, and what a call becomes in its chat (PRODUCT C1).

A call is one message, which changes as the call goes on. It opens or joins its customer's chat as any message does,
once its department is known; the distribution gives the chat to an agent, whose telephone rings then. Everything may
come twice: the message is claimed by the call's id, and CALL moves from the version that was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from recado.domain.calls import (
    VOICEMAIL_S,
    Call,
    CallPlan,
    CallSignal,
    Goodbye,
    Greet,
    HangUp,
    Menu,
    Recording,
    Step,
    Voicemail,
    chosen,
    learned,
    while_waiting,
)
from recado.domain.errors import Busy
from recado.domain.intake import arrival
from recado.domain.messages import Echo, Sender
from recado.ports.calls import CallAdapters, CallStore
from recado.ports.core import Clock
from recado.ports.inbound import StatusStore, ThreadStore
from recado.ports.reception import ConnectedChannel
from recado.services.call_agents import CallAgents
from recado.services.intake import Customer, IntakeService

_TRIES = 5


class CallService:
    """One request of a call at a time."""

    def __init__(
        self,
        store: CallStore,
        adapters: CallAdapters,
        intake: IntakeService,
        threads: ThreadStore,
        statuses: StatusStore,
        agents: CallAgents,
        clock: Clock,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._intake = intake
        self._threads = threads
        self._statuses = statuses
        self._agents = agents
        self._clock = clock

    def answer(self, a: str, channel: ConnectedChannel, signal: CallSignal) -> Sequence[Step]:
        """What the caller hears next. Raises Busy after five lost races in a row."""
        plan = self._adapters.plan(channel)
        for _ in range(_TRIES):
            now = self._clock.now()
            before = self._store.get(a, channel.id, signal.call_id)
            call = learned(before or Call(signal.call_id, channel.id, now), signal, now)
            call, steps = self._next(a, channel, plan, call, signal, now)
            self._begin(a, before, call)
            if self._written(a, before, call):
                return steps
        raise Busy(f"call on {channel.id}")

    def apply(self, a: str, channel: ConnectedChannel, part_json: str) -> None:
        """What the provider tells of a call without waiting. Raises LookupError when there is no such call (yet), Busy
        as `answer` does."""
        signal = self._adapters.signal(channel, part_json)
        if signal is None:
            return
        for _ in range(_TRIES):
            now = self._clock.now()
            before = self._store.get(a, channel.id, signal.call_id)
            if before is None and not signal.ended:
                raise LookupError(f"no such call on {channel.id}")
            call = learned(before or Call(signal.call_id, channel.id, now), signal, now)
            if signal.ended:
                call = self._joined(a, channel, call, signal, channel.department_id)
            if signal.recording is not None:
                self._keep(a, channel, call, signal.recording)
            self._begin(a, before, call)
            if self._written(a, before, call):
                return
        raise Busy(f"call on {channel.id}")

    def _begin(self, a: str, before: Call | None, call: Call) -> None:
        """Whoever talks begins with the chat, when that becomes known: what they do with it later is their affair."""
        if call.answered_at is not None and (before is None or before.answered_at is None):
            self._agents.begin(a, call)

    def _written(self, a: str, before: Call | None, call: Call) -> bool:
        """Whether the call is stored as it is now."""
        return before == call or self._store.write(a, before, replace(call, version=call.version + 1))

    def _next(
        self, a: str, channel: ConnectedChannel, plan: CallPlan, call: Call, signal: CallSignal, now: datetime
    ) -> tuple[Call, list[Step]]:
        if signal.ended or signal.dialled == "talked":
            return self._joined(a, channel, call, signal, channel.department_id), [HangUp()]
        said: list[Step] = []
        if call.stage == "menu":
            call, department_id = chosen(call, signal, plan, channel.department_id)
            if department_id is None:
                return call, [Menu(again=call.asked > 1)]
            department_id = self._agents.department(a, department_id, channel.department_id)
            call = replace(self._joined(a, channel, call, signal, department_id), waits_since=now)
            said = [] if plan.options else [Greet()]
        if call.stage == "voicemail":
            return call, [Goodbye()] if signal.spoke else [Voicemail(None, VOICEMAIL_S)]
        refused = signal.dialled == "not_answered" and call.stage == "dialling"
        if refused:
            self._agents.pass_on(a, call)
        call, step = while_waiting(call, plan, self._agents.around(a, call, ring=not refused), now)
        return call, [*said, step]

    def _joined(self, a: str, channel: ConnectedChannel, call: Call, signal: CallSignal, department_id: str) -> Call:
        """The call as a message of its customer's chat; one that opens with it waits in the department. Done once,
        however often it is asked for."""
        if call.joined or signal.message is None:
            return call
        message = signal.message._replace(payload={**signal.message.payload, **call.payload()})
        customer = Customer(a, channel._replace(department_id=department_id), message.sender.canonical)
        self._intake.record(customer, [arrival(message)])
        place = self._statuses.place(a, channel.id, call.id)
        stored = self._threads.message(a, place) if place else None
        if place is None or stored is None:
            raise Busy(f"message of a call on {channel.id}")
        return replace(call, sender=place.thread.sender, seq=place.seq, message_id=stored.id, chat_id=stored.chat_id)

    def _keep(self, a: str, channel: ConnectedChannel, call: Call, recording: Recording) -> None:
        """A recording is a message of its own: the customer's when they spoke to nobody, else one beside the call."""
        if not call.joined:
            raise LookupError(f"a recording of no message on {channel.id}")
        sender = Sender(canonical=call.sender)
        message = recording.message._replace(sender=sender)
        form = (
            message
            if recording.voicemail
            else Echo(
                message.provider_id,
                sender,
                message.kind,
                message.text,
                message.payload,
                message.media,
                None,
                message.sent_at,
            )
        )
        self._intake.record(Customer(a, channel, call.sender), [arrival(form)])
