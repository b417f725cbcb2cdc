"""What intake has to know where a message finds no open chat, and the way out of a closed department's answer."""

from __future__ import annotations

from dataclasses import replace

from recado.domain.chats import Chat, Thread
from recado.domain.intake import Intake
from recado.domain.openings import Opening, opening
from recado.domain.people import Department
from recado.ports.core import Clock, Queue
from recado.ports.inbound import ThreadStore
from recado.ports.outbox import SendJournal
from recado.ports.people import DepartmentStore
from recado.ports.reception import ConnectedChannel, Webhooks
from recado.services.opening_hours import OpeningHours
from recado.services.sending import send_command


class ChatOpenings:
    """Reads the channel's department, the chat that closed last and that one's department, and whether it is open
    now."""

    def __init__(
        self,
        departments: DepartmentStore,
        threads: ThreadStore,
        hours: OpeningHours,
        webhooks: Webhooks,
        queue: Queue,
        clock: Clock,
        journal: SendJournal,
    ) -> None:
        self._departments = departments
        self._threads = threads
        self._hours = hours
        self._webhooks = webhooks
        self._queue = queue
        self._clock = clock
        self._journal = journal

    def look(self, a: str, channel: ConnectedChannel, thread: Thread | None, contact_id: str) -> Opening:
        """How a chat opens now in this thread, or in a new one. On a channel that cannot send nothing is answered."""
        department = self._departments.get(a, channel.department_id)
        last = self._last(a, thread)
        own = self._own(a, last, department)
        found = opening(department, last, own, contact_id, self._clock.now())
        if channel.state != "active" or not self._webhooks.writes(channel):
            return found
        return replace(found, away=self._away(a, found.department), window=self._webhooks.window(channel))

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
        """Let the away message be sent. Losing this is no harm: the table's stream and then the sweep put the command
        into the queue again."""
        if intake.away is None:
            return
        message = intake.away.message
        try:
            self._queue.send([send_command(a, message.id, message.thread, "")])
        except Exception as error:  # whatever it is, the message is written and will be enqueued
            self._journal.not_enqueued(message.id, error)
