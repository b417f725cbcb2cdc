"""A company whose server does not answer holds up its own HTTP steps: nobody's messages, and nobody else's steps."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from recado.ports.flow_http import FlowRequestFailed
from recado.services.flow_commands import LANES
from recado.storage.chat_records import ChatRecord, MessageRecord
from tests.flow_world import Requests
from tests.handlers.stack import Stack
from tests.handlers.test_flows import Led

STEPS = {
    "a": {"type": "http", "method": "POST", "url": "https://erp.example/", "next": "b", "on_error": "b"},
    "b": {"type": "send_text", "text": "Olá!", "next": "c"},
    "c": {"type": "queue"},
}
CHATS = 30


def accounts(records: list[dict[str, Any]]) -> Counter[str]:
    return Counter(json.loads(one["body"])["account"] for one in records)


@pytest.fixture
def requests(stack: Stack) -> Requests:
    requests = Requests()
    stack.container.__dict__["flow_requests"] = requests
    return requests


@pytest.fixture
def hanging(stack: Stack, requests: Requests) -> tuple[Led, list[dict[str, Any]]]:
    """Many chats of one company stand at their requests: all that its workers hold, whose server says nothing."""
    slow = Led(stack, STEPS)
    for number in range(CHATS):
        slow.say("Oi", f"55119876500{number:02d}")
    slow.drive(slow.commands())
    assert requests.asked == [], "the outbound worker asks nobody"
    held = stack.receive("flow_requests", 1)
    assert set(accounts(held)) == {slow.a}
    return slow, held


def test_a_slow_server_holds_few_workers_and_nobody_else(
    stack: Stack, requests: Requests, hanging: tuple[Led, list[dict[str, Any]]]
) -> None:
    _, held = hanging
    assert 1 < len(held) <= LANES
    assert stack.receive("flow_requests", 1) == [], "the others of its account wait for these"
    other = Led(stack, STEPS, "oka", "100000000000002")
    other.say("Oi")
    other.drive(other.commands())
    [asks] = stack.receive("flow_requests", 1)
    assert accounts([asks]) == {other.a: 1}
    assert stack.invoke("flow_requests", {"Records": [asks]}) == {"batchItemFailures": []}
    assert len(requests.asked) == 1
    other.drive(other.commands())
    [written] = MessageRecord.scan(MessageRecord.direction == "outbound")
    assert written.pk.startswith(other.a)


def test_sends_of_everybody_go_on(stack: Stack, hanging: tuple[Led, list[dict[str, Any]]]) -> None:
    slow, _ = hanging
    assert stack.receive("outbound") == [], "nothing of flows is left to be waited for"
    slow.say("Tem alguém?", "5511987650000")
    assert accounts(stack.receive("outbound")) == {slow.a: 1}


def test_each_asks_once_in_its_turn(
    stack: Stack, requests: Requests, hanging: tuple[Led, list[dict[str, Any]]]
) -> None:
    slow, held = hanging
    requests.answers = [FlowRequestFailed("no_answer") for _ in range(CHATS)]
    while held:
        assert len(held) <= LANES
        for one in held:
            assert stack.invoke("flow_requests", {"Records": [one]}) == {"batchItemFailures": []}
            stack.delete("flow_requests", one)
        slow.drive(slow.commands())
        held = stack.receive("flow_requests", 1)
    assert len(requests.asked) == CHATS
    chats = [one.chat() for one in ChatRecord.scan(ChatRecord.sk == "CHAT")]
    assert [one.situation for one in chats] == ["queued"] * CHATS
