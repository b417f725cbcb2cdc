"""Ingress: what is answered, what goes into the queue, what is kept raw; and its handler on moto's queue and bucket."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from recado.aws.queue import SqsQueue
from recado.channels.custom import signature
from recado.services.ingress import stored_commands
from recado.services.webhook_gate import MAX_BODY_BYTES, WebhookRequest
from tests.handlers.functions import Functions, forget_environment
from tests.reception import (
    ANA,
    APP_SECRET,
    CHANNEL,
    CUSTOM_CHANNEL,
    CUSTOM_SECRET,
    NUMBER_ID,
    A,
    Reception,
    body,
    change,
    fingerprint,
    record_of,
    said,
    signed,
    status,
    text,
)  # fmt: skip

OTHER = f"ch_{A}_" + "3".rjust(27, "0")


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


def custom_headers(reception: Reception, raw: bytes, webhook_id: str = "msg_1") -> dict[str, str]:
    at = str(int(reception.clock.now().timestamp()))
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": at,
        "webhook-signature": signature(CUSTOM_SECRET, webhook_id, at, raw),
    }


# -- answers
# ---------------------------------------------------------------------------------------------------------------


def test_unknown_malformed_foreign_and_removed_channels_are_404(reception: Reception) -> None:
    raw = said(text("wamid.1"))
    for channel_id in (
        f"ch_{A}_" + "9" * 27,
        "nonsense",
        "",
        f"ch_otherabc_{'1'.rjust(27, '0')}",
        f"dp_{A}_{'1' * 27}",
    ):
        assert reception.post(raw, channel_id=channel_id).answer.status == 404
    reception.connect(OTHER, "whatsapp", "9", {"app_secret": [APP_SECRET]}, state="removed")
    assert reception.post(raw, channel_id=OTHER).answer.status == 404
    assert reception.queue.commands == []


def test_a_body_over_4_000_000_bytes_is_413_before_it_is_hashed(reception: Reception) -> None:
    at_the_limit = b" " * 4_000_000
    assert reception.post(at_the_limit, {}).answer.status == 401
    assert reception.post(at_the_limit + b" ", {}).answer.status == 413


@pytest.mark.parametrize("headers", [{}, {"x-hub-signature-256": ""}, {"x-hub-signature-256": "sha256=" + "0" * 64}])
def test_a_bad_or_missing_signature_is_401(reception: Reception, headers: dict[str, str]) -> None:
    assert reception.post(said(text("wamid.1")), headers).answer.status == 401
    assert reception.queue.commands == []
    assert reception.blobs.objects == {}


def test_a_secret_that_was_just_changed_is_known_at_once(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = said(text("wamid.1"))
    assert reception.post(raw).answer.status == 200
    reception.connect(CHANNEL, "whatsapp", NUMBER_ID, {"app_secret": ["new", APP_SECRET]})
    monkeypatch.setattr("recado.aws.channel_directory.FRESH_S", 0.0)
    assert reception.post(raw, signed(raw, "new")).answer.status == 200
    assert reception.post(raw, signed(raw, "newer")).answer.status == 401


def test_the_handshake_echoes_the_challenge_for_the_verify_token_alone(reception: Reception) -> None:
    def ask(channel_id: str, token: str) -> tuple[int, str]:
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        answer = reception.ingress.receive(WebhookRequest(channel_id, "GET", query, {}, b"", "r")).answer
        return answer.status, answer.body

    assert ask(CHANNEL, "verify") == (200, "1158201444")
    assert ask(CHANNEL, "guess")[0] == 403
    assert ask(CUSTOM_CHANNEL, "verify")[0] == 405


def test_a_custom_message_is_202(reception: Reception) -> None:
    raw = json.dumps(
        {"external_id": "1", "contact": {"external_id": "c"}, "message": {"kind": "text", "text": "Oi"}}
    ).encode()
    assert reception.post(raw, custom_headers(reception, raw), CUSTOM_CHANNEL).answer.status == 202
    broken = b'{"external_id": '
    assert reception.post(broken, custom_headers(reception, broken), CUSTOM_CHANNEL).answer.status == 200
    assert len(reception.blobs.under("kept")) == 1


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b'{"object": "page"}', b"\xff\xfe", b'{"entry": [{"changes": [{"field": "flows"}]}]}']
)
def test_well_signed_but_broken_or_unknown_is_kept_and_200(reception: Reception, raw: bytes) -> None:
    assert reception.post(raw).answer.status == 200
    assert reception.queue.commands == []
    (key,) = reception.blobs.under("kept")
    assert key.endswith(fingerprint(raw))
    assert reception.blobs.objects[key] == raw


def test_a_broken_item_beside_good_ones_keeps_the_body_and_loses_none(reception: Reception) -> None:
    one = change(text("wamid.1"), text("wamid.2", sender="5521999990000"))
    one["value"]["messages"].insert(1, "nonsense")
    raw = body([one])
    assert reception.post(raw).kept == ("unreadable",)
    assert len(reception.queue.commands) == 2
    assert reception.blobs.objects[reception.blobs.under("kept")[0]] == raw


# -- routing
# ---------------------------------------------------------------------------------------------------------------


def test_a_number_of_another_channel_is_routed_there(reception: Reception, dynamodb: Any) -> None:
    reception.connect(OTHER, "whatsapp", "222", {"app_secret": ["another"]})
    key = {"pk": {"S": f"{A}#CHANNELADDR#whatsapp"}, "sk": {"S": "222"}, "channel_id": {"S": OTHER}}
    dynamodb.put_item(TableName="workspace", Item=key)
    raw = body(
        [change(text("wamid.1")), change(text("wamid.2"), number_id="222"), change(text("wamid.3"), number_id="333")]
    )
    received = reception.post(raw)
    assert received.answer.status == 200
    assert received.kept == ("unknown_address",)
    assert reception.work() == []
    assert [one.provider_id for one in reception.messages(channel_id=CHANNEL)] == ["wamid.1"]
    assert [one.provider_id for one in reception.messages(channel_id=OTHER)] == ["wamid.2"]
    assert len(reception.blobs.under("kept")) == 1


# -- commands
# --------------------------------------------------------------------------------------------------------------


def test_one_command_for_each_customer_grouped_by_channel_and_customer(reception: Reception) -> None:
    reception.post(
        body([change(text("wamid.1"), text("wamid.2", sender="551187654321"), text("wamid.3", sender="5521999990000"))])
    )
    assert [one.group for one in reception.queue.commands] == [f"{CHANNEL}#+{ANA}", f"{CHANNEL}#+5521999990000"]
    assert all(one.body["correlation_id"] == "request-1" for one in reception.queue.commands)


def test_the_same_webhook_again_is_the_same_command_and_another_status_is_not(reception: Reception) -> None:
    for name in ("sent", "delivered", "sent"):
        reception.post(body([change(statuses=[status("wamid.1", name)])]))
    assert len(reception.queue.commands) == 2


def test_what_the_queue_refuses_is_not_answered_as_taken(reception: Reception) -> None:
    reception.queue.refuses = True
    with pytest.raises(ConnectionError):
        reception.post(said(text("wamid.1")))


def test_more_than_ten_customers_go_by_the_bucket(reception: Reception) -> None:
    raw = said(*(text(f"wamid.{number}", sender=f"55119900000{number:02d}") for number in range(11)))
    assert reception.post(raw).stored
    (command,) = reception.queue.commands
    assert command.body["kind"] == "split"
    assert command.body["key"].startswith(f"{A}/")
    assert reception.post(raw).stored, "and again"
    assert len(reception.queue.commands) == 1
    assert reception.work() == []
    assert len(reception.chats()) == 11


def test_a_part_too_large_for_the_queue_stays_in_the_bucket(reception: Reception) -> None:
    raw = said(*(text(f"wamid.{number}", "é" * 4_000) for number in range(40)))
    assert reception.post(raw).stored
    assert reception.work() == []
    assert [one.seq for one in reception.messages()] == list(range(1, 41))
    assert len(reception.blobs.under("part")) == 1


class CountingSqs:
    """SQS, as far as a queue needs it."""

    def __init__(self) -> None:
        self.calls = 0
        self.groups: list[str] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls += 1
        self.groups += [entry["MessageGroupId"] for entry in Entries]
        return {}


def test_a_body_of_45_000_statuses_is_sent_on_in_calls_that_fit_an_invocation(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = [status(f"w.{n}", "sent", sender=str(5511900000000 + n)) for n in range(45_000)]
    raw = json.dumps(json.loads(body([change(statuses=statuses)])), separators=(",", ":")).encode()
    assert len(raw) < MAX_BODY_BYTES
    received = reception.post(raw)
    assert (received.answer.status, received.commands) == (200, 45_000)
    records = [record_of(command) for command in reception.queue.take()]
    sqs, calls = CountingSqs(), list[int]()
    monkeypatch.setattr("recado.aws.queue.sqs", lambda: sqs)
    reception.inbound._queue = SqsQueue("https://queue.example")
    for start in range(0, len(records), 10):  # as many as Lambda takes at once
        sqs.calls = 0
        batch = records[start : start + 10]
        assert reception.inbound.work(batch) == len(batch)
        calls.append(sqs.calls)
    assert max(calls) <= 500, "10 s at 20 ms a call, of the function's 30"
    assert len(sqs.groups) == len(set(sqs.groups)) == 45_000


def test_the_chunks_of_a_body_come_in_order_and_once(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recado.services.ingress.CHUNK_COMMANDS", 2)
    senders = [f"55119900000{number:02d}" for number in range(11)]
    raw = said(*(text(f"wamid.{number}", sender=sender) for number, sender in enumerate(senders)))
    assert reception.post(raw).stored
    chunks = list(reception.queue.commands)
    bodies = [stored_commands(reception.blobs.get(chunk.body["key"])) for chunk in chunks]
    assert [len(one) for one in bodies] == [2, 2, 2, 2, 2, 1]
    assert [one.body["sender"] for each in bodies for one in each] == ["+" + sender for sender in senders]
    assert len({chunk.group for chunk in chunks}) == 1, "one after the other"
    reception.post(raw)
    assert reception.queue.commands == chunks, "sent again, they are the same"


# -- the handler
# -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def functions(dynamodb: Any, clock: Any, ids: Any) -> Iterator[Functions]:
    with pytest.MonkeyPatch.context() as environment:
        yield Functions(clock, ids, environment)
    forget_environment()


def event(
    raw: bytes, headers: dict[str, str], encoded: bool, channel_id: str = CHANNEL, method: str = "POST"
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "headers": headers,
        "requestContext": {"requestId": "gw-1", "http": {"method": method, "path": f"/webhooks/{channel_id}"}},
        "pathParameters": {"channel_id": channel_id},
        "body": base64.b64encode(raw).decode() if encoded else raw.decode(),
        "isBase64Encoded": encoded,
    }


@pytest.mark.parametrize("encoded", [True, False])
def test_the_handler_hashes_the_bytes_as_they_came(functions: Functions, encoded: bool) -> None:
    raw = said(text("wamid.1", "Olá \U0001f600 \u00e4/")).replace(b"/", b"\\/")
    headers = {name.title(): value for name, value in signed(raw).items()}
    assert functions.ingress(event(raw, headers, encoded))["statusCode"] == 200
    (message,) = functions.received()
    assert message["Attributes"]["MessageGroupId"] == f"{CHANNEL}#+{ANA}"
    assert message["Body"].isascii()
    assert json.loads(message["Body"])["correlation_id"] == "gw-1"
    assert functions.ingress(event(raw + b" ", headers, encoded))["statusCode"] == 401


def problem_of(answer: dict[str, Any]) -> tuple[int, str]:
    """Status and code of an answer that is a problem in every part."""
    assert answer["headers"]["content-type"] == "application/problem+json"
    problem = json.loads(answer["body"])
    assert problem.keys() == {"type", "title", "status", "detail", "code", "errors"}
    assert (problem["type"], problem["errors"], problem["status"]) == ("about:blank", [], answer["statusCode"])
    assert problem["title"] and problem["detail"]
    return problem["status"], problem["code"]


def test_the_handler_answers_500_when_the_queue_is_gone(functions: Functions) -> None:
    raw = said(text("wamid.1"))
    functions.drop_queue()
    assert problem_of(functions.ingress(event(raw, signed(raw), False))) == (500, "internal")


def test_refusals_are_problems(functions: Functions) -> None:
    raw = said(text("wamid.1"))
    guess = event(b"", {}, False, method="GET")
    guess["queryStringParameters"] = {"hub.mode": "subscribe", "hub.verify_token": "guess", "hub.challenge": "42"}
    assert problem_of(functions.ingress(event(raw, {}, False))) == (401, "bad_signature")
    assert problem_of(functions.ingress(guess)) == (403, "handshake_refused")
    assert problem_of(functions.ingress(event(raw, {}, False, OTHER))) == (404, "not_found")
    assert problem_of(functions.ingress(event(b"", {}, False, CUSTOM_CHANNEL, "GET"))) == (405, "method_not_allowed")
    assert problem_of(functions.ingress(event(b" " * 4_000_001, {}, False))) == (413, "too_large")


def test_a_long_or_odd_sender_makes_a_group_that_sqs_takes(functions: Functions) -> None:
    contact = {"external_id": "éü" * 100}
    raw = json.dumps({"external_id": "1", "contact": contact, "message": {"kind": "text", "text": "Oi"}}).encode()
    assert (
        functions.ingress(event(raw, custom_headers(functions.reception, raw), True, CUSTOM_CHANNEL))["statusCode"]
        == 202
    )
    (message,) = functions.received()
    assert len(message["Attributes"]["MessageGroupId"]) <= 128


def test_the_handler_answers_a_get(functions: Functions) -> None:
    asked = event(b"", {}, False, method="GET")
    asked["queryStringParameters"] = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "42"}
    answer = functions.ingress(asked)
    assert (answer["statusCode"], answer["body"], answer["headers"]["content-type"]) == (200, "42", "text/plain")


# -- both handlers
# ---------------------------------------------------------------------------------------------------------


def test_from_the_webhook_to_the_tables_over_real_queue_messages(functions: Functions) -> None:
    raw = said(text("wamid.1"), text("wamid.2", sender="5521999990000"))
    assert functions.ingress(event(raw, signed(raw), True))["statusCode"] == 200
    assert functions.inbound_batch() == {"batchItemFailures": []}
    assert len(functions.reception.chats()) == 2


def test_a_record_that_fails_comes_again_with_those_behind_it(functions: Functions) -> None:
    for number in range(3):
        raw = said(text(f"wamid.{number}"))
        functions.ingress(event(raw, signed(raw), False))
    batch = functions.batch()
    batch["Records"][1]["body"] = "{"
    failures = functions.inbound(batch)["batchItemFailures"]
    assert [one["itemIdentifier"] for one in failures] == [one["messageId"] for one in batch["Records"][1:]]
    assert [one.provider_id for one in functions.reception.messages()] == ["wamid.0"]


def test_the_last_attempt_parks_the_poison_and_frees_what_is_behind(functions: Functions) -> None:
    for number in range(3):
        raw = said(text(f"wamid.{number}"))
        functions.ingress(event(raw, signed(raw), False))
    batch = functions.batch(receives=4)
    batch["Records"][1]["body"] = "{"
    assert functions.inbound(batch) == {"batchItemFailures": []}
    assert [one.provider_id for one in functions.reception.messages()] == ["wamid.0", "wamid.2"]
    (dead,) = functions.received(functions.dead_letters_url)
    assert functions.raw(json.loads(dead["Body"])["parked"]["key"]) == b"{"
