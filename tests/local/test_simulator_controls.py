"""The simulator's controls: calls, scripts, reset, channels, statuses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import local_clock
from infra.local.providers.base import Call
from infra.local.providers.call_log import CallLog
from tests.local.conftest import Inbox, Serve

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def script(client: httpx.Client, simulator: str, channel: str, *responses: dict[str, Any]) -> None:
    answer = client.post(f"{simulator}/script", json={"channel": channel, "responses": list(responses)})
    assert answer.status_code == 200, answer.text


def calls(client: httpx.Client, simulator: str, channel: str | None = None) -> list[dict[str, Any]]:
    query = {"channel": channel} if channel else None
    return list(client.get(f"{simulator}/calls", params=query).json()["items"])


def test_calls_are_kept_in_order_with_headers_and_parsed_bodies(simulator: str, web_client: httpx.Client) -> None:
    web_client.post(f"{simulator}/webhook/a?x=1", content=b'{"n": 1}', headers={"Webhook-Id": "ev_1"})
    web_client.post(f"{simulator}/webhook/a", content="não é JSON".encode())
    web_client.post(f"{simulator}/custom", json={"n": 3})
    first, second = calls(web_client, simulator, "webhook")
    assert (first["method"], first["path"], first["body"]) == ("POST", "/webhook/a?x=1", {"n": 1})
    assert first["headers"]["webhook-id"] == "ev_1"
    assert first["raw"] == '{"n": 1}'
    assert second["body"] == "não é JSON"
    assert datetime.fromisoformat(first["at"]) <= datetime.fromisoformat(second["at"])
    assert [call["channel"] for call in calls(web_client, simulator)] == ["webhook", "webhook", "custom"]


def test_scripted_answers_come_in_order_then_the_default(simulator: str, web_client: httpx.Client) -> None:
    script(
        web_client,
        simulator,
        "custom",
        {"status": 429, "body": {"error": "slow"}, "headers": {"Retry-After": "7"}},
        {"status": 500},
    )
    script(web_client, simulator, "custom", {"status": 201, "body": "plain"})
    answers = [web_client.post(f"{simulator}/custom", json={}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 500, 201, 200]
    assert (answers[0].json(), answers[0].headers["retry-after"]) == ({"error": "slow"}, "7")
    assert answers[1].content == b""
    assert answers[2].text == "plain"
    assert answers[3].json()["id"].startswith("cus_")
    assert [call["status"] for call in calls(web_client, simulator, "custom")] == [429, 500, 201, 200]


def test_a_script_is_for_its_channel_alone(simulator: str, web_client: httpx.Client) -> None:
    script(web_client, simulator, "custom", {"status": 503})
    assert web_client.post(f"{simulator}/webhook/a", json={}).status_code == 200
    assert web_client.post(f"{simulator}/custom", json={}).status_code == 503


def test_drop_closes_without_an_answer_and_the_call_is_kept(simulator: str, web_client: httpx.Client) -> None:
    script(web_client, simulator, "custom", {"drop": True})
    with pytest.raises(httpx.TransportError):
        web_client.post(f"{simulator}/custom", json={"n": 1})
    (call,) = calls(web_client, simulator, "custom")
    assert (call["body"], call["dropped"], call["status"]) == ({"n": 1}, True, None)
    assert web_client.post(f"{simulator}/custom", json={}).status_code == 200


def test_delay_holds_back_one_answer_while_others_go_on(simulator: str, web_client: httpx.Client) -> None:
    script(web_client, simulator, "custom", {"delay_ms": 700})
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        slow = pool.submit(web_client.post, f"{simulator}/custom", json={"n": 1})
        while not calls(web_client, simulator, "custom"):
            time.sleep(0.01)
        assert web_client.post(f"{simulator}/custom", json={"n": 2}).status_code == 200
        assert not slow.done()
        assert slow.result(10).json()["id"].startswith("cus_")
        assert time.monotonic() - began >= 0.7


def test_reset_forgets_calls_and_scripts(simulator: str, web_client: httpx.Client) -> None:
    web_client.post(f"{simulator}/custom", json={})
    script(web_client, simulator, "custom", {"status": 500})
    assert web_client.post(f"{simulator}/reset").status_code == 200
    assert calls(web_client, simulator) == []
    assert web_client.post(f"{simulator}/custom", json={}).status_code == 200


@pytest.mark.parametrize("channel", ["whatsapp", "messenger", "instagram", "telegram", "sms", "telephone", "email",
                                     "custom", "webhook", "system_mail", "stripe"])  # fmt: skip
def test_any_channel_of_the_contract_can_be_scripted(simulator: str, web_client: httpx.Client, channel: str) -> None:
    script(web_client, simulator, channel, {"status": 500})
    assert calls(web_client, simulator, channel) == []


@pytest.mark.parametrize(
    "body",
    [
        {"channel": "pigeon", "responses": []},
        {"channel": ["stripe"], "responses": []},
        {"channel": "custom", "responses": {}},
        {"channel": "custom", "responses": [{"status": 99}]},
        {"channel": "custom", "responses": [{"status": True}]},
        {"channel": "custom", "responses": [{"delay_ms": -1}]},
        {"channel": "custom", "responses": [{"stauts": 200}]},
        {"channel": "custom", "responses": [{"drop": 1}]},
        [],
    ],
)
def test_a_script_that_cannot_be_played_is_refused(simulator: str, web_client: httpx.Client, body: object) -> None:
    answer = web_client.post(f"{simulator}/script", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_unknown_paths_are_problems(simulator: str, web_client: httpx.Client) -> None:
    answer = web_client.get(f"{simulator}/nothing")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_many_calls_at_once_take_each_scripted_answer_once(simulator: str, web_client: httpx.Client) -> None:
    script(web_client, simulator, "custom", *({"status": 400 + number} for number in range(40)))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: web_client.post(f"{simulator}/custom", json={}), range(40)))
    assert sorted(answer.status_code for answer in answers) == [400 + number for number in range(40)]
    assert len(calls(web_client, simulator, "custom")) == 40


def test_the_call_log_is_bounded_by_count_and_by_bytes() -> None:
    def call(number: int, size: int = 1) -> Call:
        at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        return Call("custom", at, "POST", f"/{number}", {}, b"x" * size, {})

    log = CallLog(max_calls=3, max_bytes=100)
    for number in range(5):
        log.record(call(number))
    assert [item["path"] for item in log.items(None)] == ["/2", "/3", "/4"]
    log.record(call(5, size=99))
    assert [item["path"] for item in log.items(None)] == ["/4", "/5"]


def test_system_mail_says_200_and_wants_its_fields(simulator: str, web_client: httpx.Client) -> None:
    url = f"{simulator}/system_mail/v2/email/outbound-emails"
    content = {"Simple": {"Subject": {"Data": "Code"}, "Body": {"Text": {"Data": "123456"}}}}
    mail = {
        "FromEmailAddress": "a@one.example",
        "Destination": {"ToAddresses": ["b@one.example"]},
        "Content": content,
    }
    assert web_client.post(url, json=mail).status_code == 200
    assert web_client.post(url, json={**mail, "Destination": {}}).status_code == 400
    assert calls(web_client, simulator, "system_mail")[0]["body"] == mail


def test_a_custom_status_is_signed_for_the_message_it_was_sent_for(
    simulator: str, web_client: httpx.Client, serve: Serve, inbox: Inbox, local_dir: Path
) -> None:
    told = {"webhook_url": serve(inbox.app()) + "/webhooks/ch_1", "secret": SECRET}
    web_client.put(f"{simulator}/channels/custom", json=told)
    callback = {"type": "message.outbound", "data": {"message_id": "ms_1"}}
    given = web_client.post(f"{simulator}/custom/x", json=callback, headers={"webhook-id": "ev_9"}).json()["id"]
    local_clock.write_offset_s(local_dir, 90_000)
    for provider_id in (given, "ev_9", "ms_1"):
        wish = {"channel": "custom", "provider_id": provider_id, "status": "delivered"}
        assert web_client.post(f"{simulator}/status", json=wish).json()["webhook"] == {"status": 200, "body": "noted"}
    for headers, body in inbox.received:
        assert json.loads(body) == {"status": {"message_id": "ms_1", "status": "delivered"}}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = base64.b64encode(hmac.digest(bytes(range(32)), signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
        # The whole local world shares the shifted clock: else the product would refuse the timestamp.
        assert abs(int(headers["webhook-timestamp"]) - time.time() - 90_000) < 60


def test_a_status_nobody_can_send_is_refused(
    simulator: str, web_client: httpx.Client, write_demo: Callable[[dict[str, Any]], None]
) -> None:
    def status(**wish: object) -> httpx.Response:
        return web_client.post(f"{simulator}/status", json=wish)

    assert status(channel="pigeon", provider_id="x", status="sent").status_code == 400
    assert status(channel="webhook", provider_id="x", status="sent").status_code == 400
    assert "demo.json" in status(channel="custom", provider_id="x", status="sent").json()["detail"]
    write_demo({"channels": {"custom": {"webhook_url": "http://127.0.0.1:9/webhooks/x", "secret": SECRET}}})
    assert status(channel="custom", provider_id="x", status="flown").status_code == 400
    assert status(channel="custom", provider_id="x", status="sent").status_code == 502
