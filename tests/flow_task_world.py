"""Tasks that begin flows on real storage (moto): a channel, its customers, and runs whose lanes are worked off by
hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from recado import settings
from recado.domain.chats import Chat
from recado.domain.task_runs import PARTS, Target
from recado.domain.templates import MessageTemplate
from recado.services.tasks import NewTask
from recado.storage import keys
from recado.storage.agents import AgentStore
from recado.storage.channels import ChannelRecord
from recado.storage.chat_records import MessageRecord
from recado.storage.task_targets import DynamoTargets
from recado.storage.templates import DynamoTemplates
from tests.flow_world import ADMIN, ANA_USER, MENU, FlowWorld
from tests.reception import CHANNEL, A, Queue

HELLO = {"a": {"type": "ask", "text": "Posso ajudar?", "save_as": "yes"}}
WRITTEN = "→ Posso ajudar?"


class TaskWorld(FlowWorld):
    """A channel, a customer, and tasks whose lanes are worked off by hand."""

    def prepare(self) -> None:
        self.lanes, self.made = Queue(), 10_000_000
        self.container.__dict__.update(task_run_queue=self.lanes)
        self.container.task_pacing.of = lambda a, task: 1  # type: ignore[method-assign]
        self.container.task_pacing.ahead = lambda a, run: None  # type: ignore[method-assign]
        self.flow_id = self.publish(HELLO)

    def task(self, table: str = "contacts", filter: Any = None, **settings: Any) -> str:
        action = {"type": "run_flow", "project_id": self.project.id, "flow_id": self.flow_id, **settings}
        if table == "contacts":
            action["channel_id"] = CHANNEL
        new = NewTask("Tarefa", table, action, filter=filter)  # type: ignore[arg-type]
        return self.container.task_service.create(ADMIN, new).id

    def run_task(self, table: str = "contacts", **settings: Any) -> Any:
        """A run as it is when its lanes, the flows and the sends are through."""
        task_id = self.task(table, **settings)
        self.run_id = self.container.task_run_service.start(ADMIN, task_id)["id"]
        self.work()
        self.run()
        self.sent()
        self.clock.move(61)
        self.container.task_run_work.look_at_sends(160)
        return self.seen(task_id)

    def work(self) -> None:
        while commands := self.lanes.take():
            for one in commands:
                body = one.body
                self.container.task_run_work.work(
                    A, body["task_id"], body["run_id"], body["lane"], body["version"], lambda: True
                )

    def sent(self, status: str = "sent") -> None:
        """The provider took everything."""
        for record in MessageRecord.scan(MessageRecord.status == "queued"):
            record.update([MessageRecord.status.set(status)])

    def minute(self) -> None:
        """What the minute's work looks at, and the workers after it."""
        self.clock.move(61)
        self.container.flow_engine.look_due(160)
        self.container.task_run_work.look_due(160)
        self.work()
        self.run()
        self.sent()
        self.container.task_run_work.look_at_sends(160)

    def approve(self, name: str, body: str) -> None:
        """A template of the channel that may be sent."""
        now = self.clock.now()
        components = ({"type": "BODY", "text": body, "example": {"body_text": [["Ana"]]}},)
        made = MessageTemplate(
            self.ids.new("tm", A), CHANNEL, name, "pt_BR", "MARKETING", components, now, now, status="APPROVED"
        )
        assert DynamoTemplates().create(A, made)

    def told(self, name: str, status: str) -> None:
        """What the provider makes of a template."""
        before = DynamoTemplates().named(A, CHANNEL, name, "pt_BR")
        assert before is not None
        assert DynamoTemplates().change(A, before, replace(before, status=status, version=before.version + 1), None)

    def set_channel(self, **settings: str) -> None:
        """The channel as its owner set it, once nobody remembers it as it was."""
        record = ChannelRecord.find(keys.workspace_pk(A, "CHANNELS"), CHANNEL)
        assert record is not None
        channel = record.channel()
        ChannelRecord.of_channel(A, replace(channel, settings={**channel.settings, **settings})).save()
        self.clock.move(61)

    def people(self, number: int, **fields: str) -> list[str]:
        """Contacts who never wrote: they are reached by a template alone."""
        made = []
        for one in range(number):
            given = {"name": f"Pessoa {one}", "mobile": f"+55119{self.made:08}", **fields}
            made.append(self.container.contact_service.create(ADMIN, given)["id"])
            self.made += 1
        return made

    def seen(self, task_id: str) -> Any:
        """The run as it is."""
        return self.container.task_run_service.get(ADMIN, task_id, self.run_id)

    def targets_of_all(self) -> list[Target]:
        return [one for part in range(PARTS) for one in DynamoTargets().page(A, self.run_id, part, None, 99, None)[0]]

    def targets(self) -> Counter[tuple[str, str | None]]:
        return Counter((one.state, one.reason) for one in self.targets_of_all())

    def target(self) -> Target:
        (one,) = self.targets_of_all()
        return one

    def load(self) -> int:
        found = AgentStore().get(A, ANA_USER)
        assert found is not None
        return found[0].load

    def waits(self) -> Chat:
        self.say("Oi")
        return self.chat

    def served(self) -> Chat:
        self.container.presence.create(A, ANA_USER, None)
        chat = self.waits()
        self.container.chat_actions.transfer_to_agent(ADMIN, chat.id, ANA_USER)
        assert self.load() == 1
        return self.chat

    def led(self) -> Chat:
        self.enter_by(self.publish(MENU["steps"], "hello"))
        self.say("Oi")
        self.run()
        assert self.chat.situation == "automatic"
        return self.chat


def task_world(clock: Any, ids: Any) -> TaskWorld:
    """A world on the tables of the `dynamodb` fixture."""
    settings.settings.cache_clear()
    made = TaskWorld(clock, ids)
    made.prepare()
    return made
