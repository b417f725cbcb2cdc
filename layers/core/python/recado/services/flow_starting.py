"""Letting a flow lead a chat: the one that is open, or a new one with a contact (PRODUCT F1, G5, G6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from recado.domain.access import Caller, can_answer_chat
from recado.domain.chat_moves import lead
from recado.domain.chats import Chat
from recado.domain.errors import Busy, Conflict, Forbidden, Invalid, NotFound
from recado.domain.flow_executions import Execution, execution_id, is_over
from recado.domain.flow_starts import Beginning, FlowStart, check_variables
from recado.domain.system_facts import flow_notes
from recado.ports.agents import ChatReads
from recado.ports.core import Clock, Ids, Queue
from recado.ports.flow_executions import ExecutionStore, FlowJournal
from recado.services.chat_actions import VisibleChats, whereabouts
from recado.services.chat_commits import ChatCommits
from recado.services.chat_starting import ChatStarting
from recado.services.flow_commands import flow_command
from recado.services.flow_library import FlowLibrary

_TRIES = 5


@dataclass(frozen=True)
class StartedFlow:
    """The execution, and the chat that it leads or led. `before`: where that chat was; None: it is a new one, or the
    execution was begun by an earlier run of the same start."""

    execution: Execution
    chat: Chat
    before: Chat | None


class LeftAlone(Conflict):
    """The chat is in a situation in which no flow was to begin; nothing was changed. No request asks for that."""

    code = "chat_left_alone"

    def __init__(self, chat: Chat) -> None:
        super().__init__("The chat is in a situation in which it is left alone.", extra=whereabouts(chat))


class FlowStarting:
    """A start is one transaction: the chat, its agent's load, its place in the queue, the flow that led it, the
    execution."""

    def __init__(
        self,
        gate: VisibleChats,
        reads: ChatReads,
        commits: ChatCommits,
        starting: ChatStarting,
        executions: ExecutionStore,
        library: FlowLibrary,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        journal: FlowJournal,
    ) -> None:
        self._gate = gate
        self._reads = reads
        self._commits = commits
        self._starting = starting
        self._executions = executions
        self._library = library
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._journal = journal

    def in_chat(self, caller: Caller, chat_id: str, wanted: FlowStart) -> StartedFlow:
        """Let a flow lead an open chat from now on. An agent who has it is released, a flow that leads it is broken
        off. Raises LeftAlone in a situation in which it may not begin.

        404, 403 `not_your_chat`, 400 `/flow_id` and `/variables/…`, 409 `chat_closed`, `chat_moved` when somebody moved
        it at this moment."""
        chat = self._gate.visible(caller, chat_id)
        _permit(caller, chat)
        begins = self._beginning(caller.account, wanted)
        return self._known(caller.account, begins, wanted) or self._led(caller, chat, begins, wanted)

    def with_contact(self, caller: Caller, contact_id: str, channel_id: str, wanted: FlowStart) -> StartedFlow:
        """Let a flow lead the open chat with a contact on a channel, as `in_chat`, or a new one, as
        `ChatStarting.start`, whose refusals it has too."""
        a = caller.account
        begins = self._beginning(a, wanted)
        known = self._known(a, begins, wanted)
        if known is not None:
            return known
        started = self._starting.start(caller, contact_id, channel_id, begins)
        if started.was_open:
            return self._led(caller, started.chat, begins, replace(wanted, contact_id=contact_id))
        self._enqueue(a, begins.execution_id, started.chat)
        execution = begins.execution(started.chat.id, started.chat.contact_id, self._clock.now())
        return StartedFlow(execution, started.chat, None)

    def _beginning(self, a: str, wanted: FlowStart) -> Beginning:
        check_variables(wanted.variables)
        found = self._library.begin_at(a, wanted.flow_id)
        if found is None:
            raise Invalid.field("/flow_id", "not_found", "There is no such flow, or it was never published.")
        begins_as = execution_id(a, wanted.origin) if wanted.origin else self._ids.new("fx", a)
        return Beginning(
            begins_as, wanted.flow_id, *found, wanted.started_by, wanted.variables, wanted.opening, wanted.of_run
        )

    def _known(self, a: str, begins: Beginning, wanted: FlowStart) -> StartedFlow | None:
        """What an earlier run of the same start began."""
        execution = self._executions.get(a, begins.execution_id) if wanted.origin else None
        if execution is None:
            return None
        chat = self._reads.chat(a, execution.chat_id)
        if chat is None:
            raise NotFound("There is no such chat.")
        if not is_over(execution):
            self._enqueue(a, execution.id, chat)  # whoever began it may have died before
        return StartedFlow(execution, chat, None)

    def _led(self, caller: Caller, first: Chat, begins: Beginning, wanted: FlowStart) -> StartedFlow:
        """Begin in an open chat, which was read by now. What the start did meanwhile, by somebody who does the same, is
        looked for where something stands against it: that may be its own work."""
        chat = first
        for _ in range(_TRIES):
            try:
                started = self._lead(caller, chat, begins, wanted)
            except Conflict:
                known = self._known(caller.account, begins, wanted)
                if known is None:
                    raise
                return known
            started = started or self._known(caller.account, begins, wanted)
            if started is not None:
                return started
            chat = self._gate.visible(caller, first.id)
            if _place(chat) != _place(first):
                raise Conflict("Somebody else moved the chat meanwhile.", code="chat_moved", extra=whereabouts(chat))
        raise Busy(f"start of a flow in {first.id}")

    def _lead(self, caller: Caller, chat: Chat, begins: Beginning, wanted: FlowStart) -> StartedFlow | None:
        """None when something of what was decided upon had moved."""
        a, now = caller.account, self._clock.now()
        _permit(caller, chat)
        replaces = wanted.instead_of is not None and chat.execution_id == wanted.instead_of
        if chat.situation != "closed" and chat.situation not in wanted.situations and not replaces:
            raise LeftAlone(chat)
        thread = self._reads.thread(a, chat.thread)
        if thread is None:
            raise Busy(f"thread of {chat.id}")
        execution = replace(begins.execution(chat.id, chat.contact_id, now), begun_behind=thread.last_seq)
        move = replace(lead(chat, thread, execution, now), begins_with=wanted.contact_id)
        after = self._commits.write(caller, move, "flow_started", now, flow_notes(execution))
        if after is None:
            return None
        self._enqueue(a, begins.execution_id, after)
        return StartedFlow(execution, after, chat)

    def _enqueue(self, a: str, begun: str, chat: Chat) -> None:
        """Losing this is no harm: the table's stream and the sweep put the command there too."""
        try:
            self._queue.send([flow_command(a, begun, chat.id, begun)])
        except Exception as error:  # whatever it is, the execution is written and will be driven
            self._journal.not_enqueued(begun, error)


def _permit(caller: Caller, chat: Chat) -> None:
    if not can_answer_chat(caller, chat):
        raise Forbidden("Another agent serves this chat, or nobody yet: assume it first.", code="not_your_chat")


def _place(chat: Chat) -> tuple[str, str | None, str, str | None]:
    return chat.situation, chat.agent_id, chat.department_id, chat.execution_id
