"""A flow over the functions as they are deployed: the customer's message, the outbound queue, the streams, the tick."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.flow_executions import Execution
from recado.services.accounts import NewAccount
from recado.services.flow_commands import COMES_AGAIN_AFTER_S, comes_again_after
from recado.services.flow_engine import GIVES_UP_AT
from recado.storage.chat_records import ChatRecord, MessageRecord
from recado.storage.flow_executions import ExecutionRecord
from tests.handlers.stack import Stack
from tests.reception import ANA, said, signed, text

STEPS = {
    "a": {"type": "ask", "text": "Seu nome?", "save_as": "name", "next": "b", "timeout_s": 60, "on_timeout": "b"},
    "b": {"type": "send_text", "text": "Obrigado, {{name}}.", "next": "c"},
    "c": {"type": "queue"},
}


class Led:
    """A WhatsApp number of a company of its own, whose chats a flow leads."""

    def __init__(
        self, stack: Stack, steps: Mapping[str, Any] = STEPS, company: str = "ipe", number: str = "100000000000001"
    ) -> None:
        self.stack, services = stack, stack.container
        made = services.account_service.create(
            NewAccount(company, "Ada", f"ada@{company}.example", "a long password", "team", trial=False)
        )
        self.a = made.account.id.removeprefix("ac_")
        admin = Caller(self.a, "admin", user_id=made.admin.id)
        project = services.project_service.create(self.a, "Atendimento")
        flow = services.flow_service.create(self.a, project.id, "Entrada", "a", steps)
        services.flow_service.publish(admin, flow.id)
        self.number = number
        settings = {"phone_number_id": number, "entry_flow_id": flow.id}
        secrets = {"app_secret": "app-secret", "verify_token": "v", "access_token": "token"}
        self.channel = services.channel_service.create(self.a, "whatsapp", "W", None, settings, secrets)
        self.numbers = itertools.count(1)

    def say(self, body: str, sender: str = ANA) -> None:
        at = int(self.stack.container.clock.now().timestamp())
        message = text(f"wamid.{self.number}.{next(self.numbers)}", body, sender, at)
        raw = said(message, number_id=self.number)
        event = {
            "pathParameters": {"channel_id": self.channel.id},
            "requestContext": {"http": {"method": "POST"}, "requestId": "request-1"},
            "headers": {name.title(): value for name, value in signed(raw).items()},
            "body": raw.decode(),
            "isBase64Encoded": False,
        }
        assert self.stack.invoke("ingress", event)["statusCode"] == 200
        assert self.stack.work("inbound", "inbound") == []

    def commands(self) -> list[dict[str, Any]]:
        """The looks at executions in the outbound queue; sends are taken out."""
        looks = []
        for record in self.stack.receive("outbound"):
            if "execution_id" in record["body"] or "failed_seq" in record["body"]:
                looks.append(record)
            self.stack.delete("outbound", record)
        return looks

    def drive(self, looks: list[dict[str, Any]]) -> None:
        for one in looks:
            assert self.stack.invoke("outbound", {"Records": [one]}) == {"batchItemFailures": []}

    @property
    def texts(self) -> list[str]:
        found = [one.message() for one in MessageRecord.scan(MessageRecord.sk.startswith("MSG#"))]
        return [one.text for one in sorted(found, key=lambda one: one.seq)]

    @property
    def chat(self) -> Chat:
        (found,) = ChatRecord.scan(ChatRecord.sk == "CHAT")
        return found.chat()

    @property
    def execution(self) -> Execution:
        (found,) = ExecutionRecord.scan(ExecutionRecord.sk == "EXEC")
        return found.execution()


@pytest.fixture
def led(stack: Stack) -> Led:
    return Led(stack)


def test_a_message_is_answered_through_the_queues(led: Led) -> None:
    led.say("Oi")
    assert led.chat.situation == "automatic"
    led.drive(led.commands())
    led.say("Ana")
    led.drive(led.commands())
    assert led.texts == ["Oi", "Seu nome?", "Ana", "Obrigado, Ana."]
    assert (led.chat.situation, led.execution.state) == ("queued", "finished")


def test_what_the_workers_do_not_ask_for_the_streams_do(led: Led) -> None:
    """The first command of each kind is lost."""
    led.say("Oi")
    led.stack.invoke("events", {"Records": led.stack.stream_records()})
    asked = {"Records": led.commands()}
    assert len(asked["Records"]) == 1, "the same command twice is one"
    led.drive(asked["Records"])
    led.say("Ana")
    led.commands()
    told = led.stack.container.facts._reader
    changes = [told.read(one) for one in led.stack.stream_records()]
    heard = [one for one in changes if one is not None and getattr(one.what, "after", None)]
    assert [one.what.after.heard_by for one in heard if one.what.after.text == "Ana"] == [led.execution.id]


def test_a_message_that_was_not_delivered_comes_back_through_the_stream(led: Led) -> None:
    led.say("Oi")
    led.drive(led.commands())
    led.stack.invoke("events", {"Records": led.stack.stream_records()})
    led.commands()
    [asked] = [one for one in MessageRecord.scan(MessageRecord.sk.startswith("MSG#")) if one.direction == "outbound"]
    for status in ("sent", "failed", "failed"):
        asked.update([MessageRecord.status.set(status), MessageRecord.error_code.set("131026")])
        led.stack.invoke("events", {"Records": led.stack.stream_records()})
        looks = led.commands()
        assert len(looks) == (status == "failed" and led.execution.state == "waiting")
        led.drive(looks)
    assert (led.execution.state, led.execution.reason, led.chat.situation) == ("failed", "message_failed", "queued")


def test_the_minute_brings_what_is_due(led: Led, clock: Any) -> None:
    led.say("Oi")
    led.drive(led.commands())
    clock.move(61)
    assert led.stack.invoke("tick", {"jobs": ["flows"]})["flows"] == 1
    led.drive(led.commands())
    assert led.texts == ["Oi", "Seu nome?", "Obrigado, ."]
    assert led.chat.situation == "queued"
    assert led.stack.invoke("tick", {"jobs": ["flows"]})["flows"] == 0


@pytest.mark.parametrize("function", ["outbound", "flow_requests"])
def test_what_broke_comes_again_soon(stack: Stack, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """The first time at once here; the second time the message behind it waits with it."""
    asks = {**STEPS, "a": {"type": "http", "method": "GET", "url": "https://erp.example/", "next": "c"}}
    led = Led(stack, asks if function == "flow_requests" else STEPS)
    monkeypatch.setattr("recado.services.flow_commands.COMES_AGAIN_AFTER_S", (0, 60, 60))
    led.say("Oi")
    if function == "flow_requests":
        led.drive(led.commands())
    monkeypatch.setattr(stack.container.flow_steps, "do", lambda *_: 1 / 0)
    monkeypatch.setattr(stack.container.flow_engine, "_pause", lambda _: None)
    for receives in ("1", "2"):
        [look] = stack.receive(function)
        assert look["attributes"]["ApproximateReceiveCount"] == receives
        assert stack.invoke(function, {"Records": [look]})["batchItemFailures"] == [
            {"itemIdentifier": look["messageId"]}
        ]
    led.say("Alguém?")
    assert stack.receive(function) == []


def test_what_broke_comes_again_later_and_later() -> None:
    assert [comes_again_after(receives) for receives in (1, 2, 3, 4, 5)] == [10, 30, 120, 900, 900]
    assert len(COMES_AGAIN_AFTER_S) == GIVES_UP_AT - 1


def test_a_send_that_broke_comes_at_the_queues_own_time(led: Led, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recado.services.flow_commands.COMES_AGAIN_AFTER_S", (0, 0, 0))
    led.say("Oi")
    led.drive(led.commands())
    [send] = led.stack.receive("outbound")
    monkeypatch.setattr(led.stack.container.outbound, "send", lambda *_: 1 / 0)
    assert led.stack.invoke("outbound", {"Records": [send]})["batchItemFailures"] != []
    assert led.stack.receive("outbound") == []


def test_poison_ends_and_the_chat_waits_for_people(led: Led, monkeypatch: pytest.MonkeyPatch) -> None:
    led.say("Oi")
    [look] = led.commands()
    monkeypatch.setattr(led.stack.container.flow_steps, "do", lambda *_: 1 / 0)
    monkeypatch.setattr(led.stack.container.flow_engine, "_pause", lambda _: None)
    assert led.stack.invoke("outbound", {"Records": [look]})["batchItemFailures"] != []
    look["attributes"] = {**look["attributes"], "ApproximateReceiveCount": "4"}
    led.drive([look])
    assert (led.execution.state, led.execution.reason, led.chat.situation) == ("failed", "internal_error", "queued")
