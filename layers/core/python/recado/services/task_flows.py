"""Flows as runs of tasks begin them (PRODUCT G5, G6, G8): checked again whether the customer may be written to, begun
once by the act's id, and followed to their first message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.chats import Chat, Message, Situation, Thread, ThreadKey
from recado.domain.contacts import Contact
from recado.domain.errors import Conflict, Invalid, NotFound
from recado.domain.flow_definitions import Definition
from recado.domain.flow_executions import CUSTOMER_WROTE_FIRST, RUN_CANCELLED, OfRun, execution_id, is_over
from recado.domain.flow_starts import FlowStart
from recado.domain.task_reach import (
    Reach,
    first_words,
    left_out,
    needs_opening,
    opening_template,
    situations_of,
)
from recado.domain.task_runs import WITHDRAWN, Result, Run, Sent, Target
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock
from recado.ports.flow_executions import ExecutionStore
from recado.services.flow_library import FlowLibrary
from recado.services.flow_starting import FlowStarting, LeftAlone, StartedFlow
from recado.services.said_at_once import SaidAtOnce
from recado.services.task_merges import MergedTargets
from recado.services.task_reach import TaskReach

_UNUSABLE = {
    "channel_unusable": "Nothing can be sent on the channel.",
    "token_expired": "The channel's access token has ended.",
}
_ABORTED = {RUN_CANCELLED: WITHDRAWN, CUSTOMER_WROTE_FIRST: Result("skipped", "wrote_first")}
"""What is told of a target whose flow was broken off before it said anything, by why that was."""


class Contacts(Protocol):
    """Contacts by their ids, those that were merged too."""

    def resolved(self, a: str, contact_id: str) -> Contact | None: ...


class Chats(Protocol):
    """Chats by their ids, consistently."""

    def chat(self, a: str, chat_id: str) -> Chat | None: ...


class Messages(Protocol):
    """Messages by where they lie (storage.outbox)."""

    def message(self, a: str, thread: ThreadKey, seq: int) -> Message | None: ...


class FirstTemplates(Protocol):
    """Templates with which flows open (services.flow_steps)."""

    def check_template(self, a: str, chat: Chat, given: Mapping[str, Any]) -> None:
        """Raises what sending it in the chat would raise; the chat need not be there yet."""
        ...


class TaskFlows:
    """What the customer may not be sent is not begun: nobody's chat is opened, or taken from an agent, in vain."""

    def __init__(
        self,
        starting: FlowStarting,
        executions: ExecutionStore,
        library: FlowLibrary,
        contacts: Contacts,
        chats: Chats,
        channels: ChannelStore,
        reach: TaskReach,
        templates: FirstTemplates,
        merges: MergedTargets,
        messages: Messages,
        clock: Clock,
    ) -> None:
        self._starting = starting
        self._executions = executions
        self._library = library
        self._said = SaidAtOnce(library, clock)
        self._contacts = contacts
        self._chats = chats
        self._channels = channels
        self._reach = reach
        self._templates = templates
        self._merges = merges
        self._messages = messages
        self._clock = clock

    def begun(self, a: str, act_id: str) -> str | None:
        """The execution that the act began before, if it did: whatever became of the customer or the chat since, they
        were written to. Whoever began it may have died before that was noted."""
        known_as = execution_id(a, act_id)
        return known_as if self._executions.get(a, known_as) is not None else None

    def begin(self, caller: Caller, run: Run, target: Target) -> Result:
        """Begin the run's flow with a contact, or in a chat: `pending`, with its execution. In a later pass it takes
        the place of the one that the run began with the same target before. Raises LeftAlone; Conflict
        `outside_window`, `opted_out`, `cannot_start`, `channel_unusable`, `token_expired`; NotFound; Invalid; and what
        stands against the template with which it would open, before anything is begun."""
        situations = situations_of(run.action)
        if run.table == "contacts":
            return self._with_contact(caller, run, target, situations)
        chat = self._chats.chat(caller.account, target.id)
        if chat is None:
            raise NotFound("There is no such chat.")
        number, drawn = self._drawn(caller.account, run.action["flow_id"])
        if first_words(drawn):
            self._usable(caller.account, chat.channel_id)
        may_lead = _may_lead(chat, situations, target)
        opening = self._opening(run, drawn, self._reach.of_chat(caller.account, chat), None if may_lead else chat)
        if may_lead:
            self._check_template(caller.account, drawn, opening, chat)
        wanted = _wanted(caller, run, target, situations, opening)
        started = self._starting.in_chat(replace(caller, act_id=None), target.id, wanted)
        return self._begun(caller.account, run, (number, drawn), opening, started)

    def result(self, a: str, execution_id: str) -> Result:
        """What a flow tells of its target: where its first message lies, or how it ended without one; `pending` while
        it has not said anything, and until it waits: the run begins no more than servers that its flow asks take."""
        one = self._executions.get(a, execution_id)
        if one is None:
            return Result("unknown", "flow_gone")
        if one.first_seq is not None and one.state != "running":
            chat = self._chats.chat(a, one.chat_id)
            message = self._messages.message(a, chat.thread, one.first_seq) if chat else None
            if message is None:
                return Result("unknown", "message_gone")
            return Result("pending", None, Sent(execution_id, message.id, message.thread, message.seq))
        if one.state == "failed":
            return Result("failed", one.reason or "flow_failed")
        if one.state == "aborted":
            return _ABORTED.get(one.reason) or Result("failed", "flow_aborted")
        return Result("executed" if is_over(one) or one.state == "waiting" else "pending")

    def _with_contact(self, caller: Caller, run: Run, target: Target, situations: tuple[Situation, ...]) -> Result:
        a, action = caller.account, run.action
        contact = self._contacts.resolved(a, target.id)
        if contact is None:
            raise NotFound("There is no such contact.")
        caller = replace(caller, act_id=self._merges.act_id(a, run, target, contact, caller.act_id or ""))
        if contact.id != target.id and (begun := self.begun(a, caller.act_id or "")):
            return Result("pending", None, Sent(execution_id=begun))
        number, drawn = self._drawn(a, action["flow_id"])
        channel = self._usable(a, action["channel_id"])
        reach, thread = self._reach.of_contact(a, contact, channel)
        chat = self._open_chat(a, thread)
        may_lead = chat is None or _may_lead(chat, situations, target)
        opening = self._opening(run, drawn, reach, None if may_lead else chat)
        if may_lead:
            self._check_template(a, drawn, opening, chat or self._to_be(caller, contact, channel))
        wanted = _wanted(caller, run, target, situations, opening)
        started = self._starting.with_contact(replace(caller, act_id=None), contact.id, channel.id, wanted)
        return self._begun(a, run, (number, drawn), opening, started)

    def _begun(
        self, a: str, run: Run, version: tuple[int, Definition], opening: Mapping[str, Any] | None, started: StartedFlow
    ) -> Result:
        messages = 1 if opening is not None else self._said.of(a, run.action["flow_id"], *version)
        return Result("pending", None, Sent(execution_id=started.execution.id), messages)

    def _usable(self, a: str, channel_id: str) -> Channel:
        """A channel on which something can be sent: a flow that fails at its first word leaves a chat to people."""
        channel = self._channels.get(a, channel_id)
        reason = self._reach.unusable(channel)
        if channel is None or reason is not None:
            raise Conflict(_UNUSABLE[reason or "channel_unusable"], code=reason or "channel_unusable")
        return channel

    def _opening(self, run: Run, drawn: Definition, reach: Reach, left_alone: Chat | None) -> Mapping[str, Any] | None:
        """The template with which the flow has to open, where one is needed. Raises Conflict when nothing may be
        written, but LeftAlone for a chat that is not to be disturbed anyway."""
        words, fallback = first_words(drawn), run.action.get("template_fallback")
        reason = left_out(reach, words, fallback is not None, left_alone.situation if left_alone else None)
        if left_alone is not None and reason == left_alone.situation:
            raise LeftAlone(left_alone)
        if reason in ("outside_window", "opted_out"):
            raise Conflict("The customer may not be written to now.", code=reason)
        if reason is not None:
            raise Conflict("The customer cannot be written to.", code="cannot_start", extra={"reason": reason})
        return {"variables": [], **fallback} if fallback and needs_opening(reach, words) else None

    def _check_template(self, a: str, drawn: Definition, opening: Mapping[str, Any] | None, chat: Chat) -> None:
        """A template that cannot be sent, for want of a value say, would leave a chat in which nothing was said."""
        template = opening or opening_template(drawn)
        if template is not None:
            self._templates.check_template(a, chat, template)

    def _to_be(self, caller: Caller, contact: Contact, channel: Channel) -> Chat:
        """The chat that would be opened, for what a template would say in it."""
        return Chat(
            caller.act_id or "", contact.id, channel.id, channel.type, ThreadKey(channel.id, ""),
            channel.department_id, "automatic", self._clock.now(), 1,
        )  # fmt: skip

    def _drawn(self, a: str, flow_id: str) -> tuple[int, Definition]:
        newest = self._library.newest(a, flow_id)
        if newest is None:
            raise Invalid.field("/flow_id", "not_found", "There is no such flow, or it was never published.")
        return newest

    def _open_chat(self, a: str, thread: Thread | None) -> Chat | None:
        return self._chats.chat(a, thread.open_chat_id) if thread is not None and thread.open_chat_id else None


def _wanted(
    caller: Caller, run: Run, target: Target, situations: tuple[Situation, ...], opening: Mapping[str, Any] | None
) -> FlowStart:
    """Named by the act, so it is the same start however often the target's page is worked through."""
    flow_id = run.action["flow_id"]
    of_run = OfRun(run.task_id, run.id)
    return FlowStart(flow_id, "task", {}, caller.act_id, situations, opening, _begun_before(target), of_run=of_run)


def _begun_before(target: Target) -> str | None:
    """The execution that the run began with the target in an earlier pass."""
    return target.sent.execution_id if target.sent else None


def _may_lead(chat: Chat, situations: tuple[Situation, ...], target: Target) -> bool:
    """Whether the flow may begin where the chat is, or what the run began there before leads it still."""
    begun = _begun_before(target)
    return chat.situation in situations or (begun is not None and chat.execution_id == begun)
