"""A channel whose chats a flow leads, on real storage (moto): customers write, the engine is driven by hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from recado import bootstrap, settings
from recado.bootstrap import Container
from recado.domain.access import Caller
from recado.domain.agents import with_load
from recado.domain.channels import Channel
from recado.domain.chats import Chat, Event, Message
from recado.domain.flow_executions import Execution, is_over
from recado.ports.core import Command
from recado.ports.flow_http import FlowRequestFailed, FlowResponse
from recado.storage import keys
from recado.storage.channels import ChannelRecord, ChannelSecretsRecord
from recado.storage.chat_records import ChatEventRecord
from recado.storage.flow_executions import ExecutionRecord
from recado.storage.people import AccountRecord, UserRecord
from tests.reception import APP_SECRET, CHANNEL, DEPARTMENT, NUMBER_ID, A, Queue, Reception, said, text

ADMIN = Caller(A, "admin", user_id=f"us_{A}_{9:027x}")
ANA_USER = f"us_{A}_{1:027x}"
MENU: Mapping[str, Any] = {
    "start": "hello",
    "steps": {
        "hello": {"type": "send_text", "text": "Olá!", "next": "menu"},
        "menu": {
            "type": "ask_choice",
            "text": "Vendas ou suporte?",
            "options": [{"label": "Vendas", "next": "name"}, {"label": "Suporte", "next": "queue"}],
        },
        "name": {"type": "ask", "text": "Seu nome?", "save_as": "name", "next": "set"},
        "set": {"type": "set_field", "field": "name", "value": "{{name}}", "next": "thanks"},
        "thanks": {"type": "send_text", "text": "Obrigado, {{contact.name}}.", "next": "queue"},
        "queue": {"type": "queue"},
    },
}


class Requests:
    """The way out: it remembers what was asked, and answers what it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], str | None]] = []
        self.answers: list[FlowResponse | FlowRequestFailed] = []

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> FlowResponse:
        self.asked.append((method, url, dict(headers), body))
        answer = self.answers.pop(0) if self.answers else FlowResponse(200, {"ok": True})
        if isinstance(answer, FlowRequestFailed):
            raise answer
        return answer


class FlowWorld:
    """`container` is wired as in a function; commands stay in `queue`, which drops doubles as SQS does."""

    def __init__(self, clock: Any, ids: Any) -> None:
        self.clock, self.ids = clock, ids
        self.reception = Reception(clock, ids)
        self.queue, self.request_queue = self.reception.sends, Queue()
        self.container = Container(bootstrap.settings())
        self.requests, self.looks = Requests(), Queue()
        self.container.__dict__.update(
            clock=clock, ids=ids, outbound_queue=self.queue, distribution_queue=self.looks,
            flow_requests_queue=self.request_queue, flow_requests=self.requests,
        )  # fmt: skip
        self.pauses: list[float] = []
        self.container.flow_engine._pause = self.pauses.append
        self.wamids = itertools.count(1)
        now = clock.now()
        AccountRecord(
            keys.workspace_pk(A, "ACCOUNT"), "ACCOUNT", id=f"ac_{A}", name="Ipê", plan="team", seats=5,
            locale="pt-BR", time_zone="America/Sao_Paulo", created_at=now, admins=1,
        ).save()  # fmt: skip
        self.reception.settle()
        self.project = self.container.project_service.create(A, "Atendimento")

    def agent(self, user_id: str = ANA_USER, cap: int | None = None, load: int = 0) -> None:
        """A user who is an agent, at work elsewhere."""
        UserRecord(
            keys.workspace_pk(A, "USERS"), user_id, id=user_id, name="Ana", email="ana@ipe.example", role="agent",
            created_at=self.clock.now(),
        ).save()  # fmt: skip
        self.container.agents.create(A, user_id, cap)
        for _ in range(load):
            found = self.container.agents.get(A, user_id)
            assert found is not None
            self.container.agents.change(A, with_load(found[0], 1))

    def publish(self, steps: Mapping[str, Any], start: str = "a") -> str:
        """A published flow's id."""
        flow = self.container.flow_service.create(A, self.project.id, "Fluxo", start, steps)
        self.container.flow_service.publish(ADMIN, flow.id)
        return flow.id

    def enter_by(self, flow_id: str | None) -> None:
        """The channel's own flow."""
        own = {"phone_number_id": NUMBER_ID} | ({"entry_flow_id": flow_id} if flow_id else {})
        channel = Channel(CHANNEL, "whatsapp", "WhatsApp", DEPARTMENT, self.clock.now(), own, NUMBER_ID)
        ChannelRecord.of_channel(A, channel).save()
        secrets = {"app_secret": [APP_SECRET], "verify_token": ["verify"], "access_token": ["token"]}
        ChannelSecretsRecord(keys.workspace_pk(A, "CHANNELSECRETS"), CHANNEL, secrets=secrets).save()
        self.clock.move(4)  # what processes remember of the channel is old now

    # -- what happens --------------------------------------------------------------------------------------------------

    def say(self, body: str, **more: Any) -> None:
        """The customer writes."""
        at = int(self.clock.now().timestamp())
        self.reception.deliver(said(text(f"wamid.{next(self.wamids)}", body, at=at, **more)))

    def commands(self) -> list[Command]:
        """The looks at executions that wait in both queues; sends are left out."""
        return [one for one in self.queue.take() if "execution_id" in one.body] + self.request_queue.take()

    def look(self, one: Command, receives: int = 1) -> None:
        """What the worker of its queue does with a command."""
        engine = self.container.flow_engine
        drive = engine.ask_outside if one.dedup.startswith("flow-request-") else engine.look
        drive(A, one.body["execution_id"], receives)

    def run(self, receives: int = 1) -> int:
        """Work the queue off; how many commands there were."""
        count = 0
        while commands := self.commands():
            for one in commands:
                count += 1
                self.look(one, receives)
        return count

    # -- what is stored ------------------------------------------------------------------------------------------------

    @property
    def chat(self) -> Chat:
        (chat,) = self.reception.chats()
        return chat

    @property
    def execution(self) -> Execution:
        (one,) = self.executions
        return one

    @property
    def executions(self) -> list[Execution]:
        """As they began; of those of one moment the one last that goes on: ids within a millisecond have no order."""
        found = ExecutionRecord.scan(ExecutionRecord.sk == "EXEC")
        return sorted((one.execution() for one in found), key=lambda one: (one.started_at, not is_over(one), one.id))

    def texts(self) -> list[str]:
        """What was said, ours after →."""
        return [("→ " if one.direction == "outbound" else "") + one.text for one in self.messages()]

    def messages(self) -> list[Message]:
        return self.reception.messages()

    def facts(self) -> list[Event]:
        pk = keys.chat_pk(A, self.chat.id)
        return [one.event() for one in ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"))]

    def trace(self) -> list[tuple[str, str, str]]:
        lines = self.container.executions.trace(A, self.executions[-1].id)
        return [(one.step, one.type, one.outcome) for one in lines]


def fresh_world(clock: Any, ids: Any) -> FlowWorld:
    """A world on the tables of the `dynamodb` fixture."""
    settings.settings.cache_clear()
    return FlowWorld(clock, ids)
