"""The batch sender: bounds of a call, refusals that are tried again, refusals that are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from recado import telemetry
from recado.aws import queue as queue_module
from recado.aws import session
from recado.aws.queue import MAX_BYTES, NotSent, SqsQueue, fifo_id
from recado.ports.core import Command


class ScriptedSqs:
    """Answers each call with the scripted refusals: {body number: (code, sender's fault)}."""

    def __init__(self, script: list[dict[int, tuple[str, bool]]]) -> None:
        self._script = script
        self.calls: list[list[dict[str, Any]]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        refusals = self._script[len(self.calls)] if len(self.calls) < len(self._script) else {}
        self.calls.append(Entries)
        numbers = {entry["Id"]: json.loads(entry["MessageBody"])["n"] for entry in Entries}
        return {
            "Failed": [
                {"Id": entry_id, "Code": refusals[number][0], "SenderFault": refusals[number][1]}
                for entry_id, number in numbers.items()
                if number in refusals
            ]
        }

    def numbers(self) -> list[list[int]]:
        return [[json.loads(entry["MessageBody"])["n"] for entry in call] for call in self.calls]


def command(n: int, padding: str = "") -> Command:
    return Command(group="g", dedup=f"d{n}", body={"n": n, "padding": padding})


def scripted(monkeypatch: pytest.MonkeyPatch, *script: dict[int, tuple[str, bool]]) -> ScriptedSqs:
    fake = ScriptedSqs(list(script))
    monkeypatch.setattr(queue_module, "sqs", lambda: fake)
    return fake


def test_ten_commands_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = scripted(monkeypatch)
    SqsQueue("https://queue").send([command(n) for n in range(23)])
    assert [len(call) for call in fake.calls] == [10, 10, 3]
    assert list(chain.from_iterable(fake.numbers())) == list(range(23))


def test_a_call_stays_within_256_kilobytes(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = scripted(monkeypatch)
    # é is sent as six characters: 90 KB a command
    SqsQueue("https://queue").send([command(n, "é" * 15_000) for n in range(6)])
    assert fake.numbers() == [[0, 1], [2, 3], [4, 5]]
    assert all(sum(len(entry["MessageBody"].encode()) for entry in call) <= MAX_BYTES for call in fake.calls)
    assert all(entry["MessageBody"].isascii() for call in fake.calls for entry in call)


def test_a_command_larger_than_a_call_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = scripted(monkeypatch)
    with pytest.raises(ValueError, match="takes 262144"):
        SqsQueue("https://queue").send([*(command(n) for n in range(10)), command(10, "x" * MAX_BYTES)])
    assert fake.calls == []


def test_what_sqs_refused_by_its_own_fault_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = scripted(monkeypatch, {1: ("InternalError", False), 3: ("InternalError", False)})
    SqsQueue("https://queue").send([command(n) for n in range(4)])
    assert fake.numbers() == [[0, 1, 2, 3], [1, 3]]


def test_what_stays_refused_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = scripted(
        monkeypatch,
        {0: ("InvalidMessageContents", True), 2: ("InternalError", False), 3: ("InternalError", False)},
        {3: ("ThrottlingException", False)},
    )
    with pytest.raises(NotSent) as caught:
        SqsQueue("https://queue").send([command(n) for n in range(4)])
    assert fake.numbers() == [[0, 1, 2, 3], [2, 3]]
    assert (caught.value.refused, caught.value.total) == (2, 4)
    assert caught.value.codes == {"InvalidMessageContents", "ThrottlingException"}


def test_no_commands_make_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = scripted(monkeypatch)
    SqsQueue("https://queue").send([])
    assert fake.calls == []


def test_the_correlation_id_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = scripted(monkeypatch)
    with telemetry.correlated("req-1"):
        SqsQueue("https://queue").send([command(1), Command("g", "d", {"n": 2, "correlation_id": "own"})])
    bodies = [json.loads(entry["MessageBody"]) for entry in fake.calls[0]]
    assert [body["correlation_id"] for body in bodies] == ["req-1", "own"]


@given(st.text(max_size=200))
def test_any_text_becomes_a_fifo_id(text: str) -> None:
    assert re.fullmatch(r"[0-9A-Za-z!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}", fifo_id(text))


def test_fifo_ids_that_are_taken_stay_and_others_stay_apart() -> None:
    assert fifo_id("ch_abc#+5511999999999") == "ch_abc#+5511999999999"
    assert fifo_id("x" * 128) == "x" * 128
    assert len({fifo_id("a b"), fifo_id("a  b"), fifo_id("ab"), fifo_id("x" * 129), fifo_id("x" * 130)}) == 5


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        session.reset_clients()
        yield boto3.client("sqs")
        session.reset_clients()


def test_commands_arrive_in_order_with_group_and_deduplication(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    SqsQueue(url).send([command(1), command(2), command(2)])
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert [json.loads(message["Body"])["n"] for message in got] == [1, 2]
    assert {message["Attributes"]["MessageGroupId"] for message in got} == {"g"}
