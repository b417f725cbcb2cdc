"""What intake has to know where a message finds no open chat, and the way out of a closed department's answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from recado.domain.chats import Chat, Thread
from recado.domain.flow_starts import Beginning
from recado.domain.intake import Intake
from recado.domain.openings import MAX_FLOWS_IN_A_ROW, Opening, flows_in_a_row, opening
from recado.domain.people import Department
from recado.ports.core import Clock, Queue
from recado.ports.inbound import ChannelProblems, ThreadStore
from recado.ports.outbox import SendJournal
from recado.ports.people import DepartmentStore
from recado.ports.reception import ConnectedChannel, Webhooks
from recado.services.flow_commands import flow_command
from recado.services.opening_hours import OpeningHours
from recado.services.sending import send_command


class EntryFlows(Protocol):
    """Published flows (services.flow_library)."""

    def begin_at(self, a: str, flow_id: str) -> tuple[int, str] | None:
        """The version with which a flow begins now, and its first step; None: there is none."""
        ...


class ChatOpenings:
    """Reads the channel's department, the chat that closed last and that one's department, whether it is open now, and
    the channel's own flow."""

    def __init__(
        self,
        departments: DepartmentStore,
        threads: ThreadStore,
        hours: OpeningHours,
        webhooks: Webhooks,
        queue: Queue,
        clock: Clock,
        journal: SendJournal,
        flows: EntryFlows,
        problems: ChannelProblems,
    ) -> None:
        self._departments = departments
        self._threads = threads
        self._hours = hours
        self._webhooks = webhooks
        self._queue = queue
        self._clock = clock
        self._journal = journal
        self._flows = flows
        self._problems = problems

    def look(self, a: str, channel: ConnectedChannel, thread: Thread | None, contact_id: str) -> Opening:
        """How a chat opens now in this thread, or in a new one. On a channel that cannot send nothing is answered, and
        no flow begins."""
        department = self._departments.get(a, channel.department_id)
        last = self._last(a, thread)
        own = self._own(a, last, department)
        found = opening(department, last, own, contact_id, self._clock.now())
        if channel.state != "active" or not self._webhooks.writes(channel):
            return found
        in_a_row = flows_in_a_row(last, contact_id, self._clock.now())
        flow = None if found.reopens or in_a_row > MAX_FLOWS_IN_A_ROW else self._flow(a, channel)
        return replace(
            found, away=self._away(a, found.department), window=self._webhooks.window(channel), flow=flow,
            flows_in_a_row=in_a_row,
        )  # fmt: skip

    def _flow(self, a: str, channel: ConnectedChannel) -> Beginning | None:
        """The channel's own flow, whose execution the message that opens the chat will name. One that is gone is told
        on the channel, and the chat waits for people."""
        flow_id = channel.settings.get("entry_flow_id")
        if flow_id is None:
            return None
        found = self._flows.begin_at(a, str(flow_id))
        if found is None:
            self._problems.report(
                a, channel.id, "entry_flow_gone", "The channel's flow is not there: chats are queued."
            )
            return None
        return Beginning("", str(flow_id), *found, "entry")

    def _away(self, a: str, department: Department | None) -> str | None:
        if department is None or not department.away_message or self._hours.open(a, department):
            return None
        return department.away_message

    def _last(self, a: str, thread: Thread | None) -> Chat | None:
        return None if thread is None or thread.last_chat_id is None else self._threads.chat(a, thread.last_chat_id)

    def _own(self, a: str, last: Chat | None, department: Department | None) -> Department | None:
        if last is None or department is None or last.department_id == department.id:
            return department
        return self._departments.get(a, last.department_id)

    def answer(self, a: str, intake: Intake) -> None:
        """Let the away message be sent, and the flow hear what was said. Losing this is no harm: the table's stream and
        then the sweep put the commands into the queue again."""
        commands = [flow_command(a, one.heard_by, one.chat_id, one.id) for one in intake.messages if one.heard_by]
        if intake.begins:
            commands.append(flow_command(a, intake.begins.id, intake.begins.chat_id, intake.begins.id))
        if intake.away:
            commands.append(send_command(a, intake.away.message.id, intake.away.message.thread, ""))
        if not commands:
            return
        try:
            self._queue.send(commands)
        except Exception as error:  # whatever it is, all is written and will be enqueued
            self._journal.not_enqueued((intake.away.message if intake.away else intake.messages[-1]).id, error)
