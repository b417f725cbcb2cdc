"""From a message that was written to the provider and back: queue, worker, sweep, over real HTTP on the loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.chats import Chat, Message, Thread, ThreadKey
from recado.services.accounts import NewAccount
from recado.services.sending import NewMessage
from recado.storage.chat_records import ChatRecord, ThreadRecord
from tests.handlers.stack import Stack
from tests.outside.servers import Behaviour, answering, free_port, resetting, serving

ACCEPTED = b'{"messages":[{"id":"wamid.out"}]}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ACCEPTED), ACCEPTED)


def graph_error(code: int, status: int = 400) -> bytes:
    body = b'{"error":{"code":%d}}' % code
    return b"HTTP/1.1 %d Refused\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class Graph:
    """A provider that answers one connection after the other as its script says, then accepts."""

    def __init__(self) -> None:
        self.script: list[Behaviour] = []
        self.requests: list[bytes] = []

    def behave(self, connection: socket.socket) -> None:
        (self.script.pop(0) if self.script else answering(OK))(connection)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    graph = Graph()
    with serving(graph.behave) as (port, requests):
        graph.requests = requests
        monkeypatch.setenv("GRAPH_BASE_URL", f"http://127.0.0.1:{port}")
        yield graph


class Conversation:
    """A customer who wrote to a WhatsApp number, and an admin who answers."""

    def __init__(self, stack: Stack, clock: Any, ids: Any) -> None:
        self.stack, services = stack, stack.container
        made = services.account_service.create(
            NewAccount("Company", "Ada", "ada@one.example", "a long password", "team", trial=False)
        )
        self.a = made.account.id.removeprefix("ac_")
        self.caller = Caller(self.a, "admin", user_id=made.admin.id)
        now = clock.now()
        channel = Channel(
            ids.new("ch", self.a),
            "whatsapp",
            "Number",
            made.department.id,
            now,
            {"phone_number_id": "10000000001"},
            "1",
        )
        services.channels.create(
            self.a, channel, {"access_token": ["token"], "app_secret": ["s"], "verify_token": ["v"]}
        )
        key = ThreadKey(channel.id, "+5511987654321")
        contact_id = ids.new("ct", self.a)
        self.chat = Chat(
            ids.new("ca", self.a), contact_id, channel.id, "whatsapp", key, made.department.id, "automatic", now, 1
        )
        ChatRecord.of_chat(self.a, self.chat).save()
        thread = Thread(key, contact_id, 0, self.chat.id, now, now, "hi", 1, "+5511987654321")
        ThreadRecord.of_thread(self.a, thread).save()

    def write(self, text: str = "hello") -> Message:
        return self.stack.container.sending_service.send(self.caller, self.chat.id, NewMessage(text=text), "corr-1")

    def messages(self) -> list[Message]:
        return self.stack.container.chat_service.messages(self.caller, self.chat.id, 50, 0)[0]


@pytest.fixture
def conversation(graph: Graph, stack: Stack, clock: Any, ids: Any) -> Conversation:
    stack.container.outbound._pause = clock.move
    return Conversation(stack, clock, ids)


def test_a_message_goes_out_and_its_outcome_is_kept(conversation: Conversation, stack: Stack, graph: Graph) -> None:
    conversation.write()
    assert stack.work("outbound", "outbound") == []
    [message] = conversation.messages()
    assert (message.status, message.provider_id) == ("sent", "wamid.out")
    assert b"authorization: bearer token" in graph.requests[0].lower()
    assert stack.receive("outbound") == []


def test_messages_to_one_customer_leave_in_order_through_a_retry(
    conversation: Conversation, stack: Stack, graph: Graph
) -> None:
    graph.script = [answering(graph_error(131000, 500)), answering(OK), answering(OK)]
    for text in ("first", "second"):
        conversation.write(text)
    while (
        stack.sqs.get_queue_attributes(QueueUrl=stack.urls["outbound"], AttributeNames=["All"])["Attributes"][
            "ApproximateNumberOfMessages"
        ]
        != "0"
    ):
        stack.work("outbound", "outbound")
    assert [b"first" in request for request in graph.requests] == [True, True, False]
    assert [message.status for message in conversation.messages()] == ["sent", "sent"]


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (answering(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), "unknown"),
        (resetting(), "unknown"),
        (answering(graph_error(131047)), "failed"),
    ],
)
def test_what_ends_it(
    conversation: Conversation, stack: Stack, graph: Graph, clock: Any, behaviour: Behaviour, status: str
) -> None:
    graph.script = [behaviour]
    conversation.write()
    stack.work("outbound", "outbound")
    clock.move(3_600)
    stack.container.outbound.settle_due(clock.now(), 100)
    stack.work("outbound", "outbound")
    assert [message.status for message in conversation.messages()] == [status]
    assert len(graph.requests) == 1


def test_a_provider_that_cannot_be_reached_is_tried_until_it_can(
    graph: Graph, stack: Stack, clock: Any, ids: Any
) -> None:
    conversation = Conversation(stack, clock, ids)
    adapters = stack.container.adapters
    stack.container.__dict__["adapters"] = lambda channel_type: adapters(
        channel_type, base_urls={"graph": f"http://127.0.0.1:{free_port()}"}
    )
    stack.container.outbound._pause = clock.move
    conversation.write()
    stack.work("outbound", "outbound")
    assert [message.status for message in conversation.messages()] == ["queued"]
    stack.container.outbound._adapters = adapters
    clock.move(60)
    assert stack.container.outbound.settle_due(clock.now(), 100).done == 1
    stack.work("outbound", "outbound")
    assert [message.status for message in conversation.messages()] == ["sent"]


def test_a_command_that_the_api_lost_is_told_by_the_stream(
    conversation: Conversation, stack: Stack, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(commands: Any) -> None:
        raise ConnectionError("no queue")

    stack.stream_records()
    monkeypatch.setattr(stack.container.outbound_queue, "send", broken)
    conversation.write()
    monkeypatch.undo()
    stack.invoke("events", {"Records": stack.stream_records()})
    stack.work("outbound", "outbound")
    assert [message.status for message in conversation.messages()] == ["sent"]
    assert len(graph.requests) == 1
