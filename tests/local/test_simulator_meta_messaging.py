"""Messenger and Instagram as the simulator plays them: sends, refusals, files, echoes, deliveries and reads."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import httpx
import pytest

from tests.local.conftest import Inbox, Serve

BEARER = {"Authorization": "Bearer token"}
PATHS = {"messenger": "104000000000001", "instagram": "me"}
CHANNELS = list(PATHS)
QUICK = {"content_type": "text", "title": "Sim", "payload": "s"}


def body(**more: Any) -> dict[str, Any]:
    return {
        "recipient": {"id": "71"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Olá", "metadata": "m"},
        **more,
    }


def send(client: httpx.Client, simulator: str, channel: str, content: Any) -> httpx.Response:
    return client.post(f"{simulator}/graph/v24.0/{PATHS[channel]}/messages", json=content, headers=BEARER)


def action(**payload: str) -> dict[str, Any]:
    return {"recipient": {"id": "71"}, "sender_action": "react", "payload": payload}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "content",
    [
        body(),
        body(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT"),
        body(message={"text": "Qual?", "quick_replies": [QUICK]}),
        body(message={"attachment": {"type": "image", "payload": {"url": "https://example.com/a.jpg"}}}),
        body(message={"attachment": {"type": "template", "payload": {"template_type": "button"}}}),
        body(reply_to={"mid": "m_1"}),
    ],
)
def test_a_message_is_accepted_with_a_fresh_id(
    simulator: str, web_client: httpx.Client, channel: str, content: dict[str, Any]
) -> None:
    answers = [send(web_client, simulator, channel, content).json() for _ in range(2)]
    assert [answer["recipient_id"] for answer in answers] == ["71", "71"]
    assert len({answer["message_id"] for answer in answers}) == 2
    calls = web_client.get(f"{simulator}/calls", params={"channel": channel}).json()["items"]
    assert [call["provider_id"] for call in calls] == [answer["message_id"] for answer in answers]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_reaction_is_accepted_without_an_id(simulator: str, web_client: httpx.Client, channel: str) -> None:
    answer = send(web_client, simulator, channel, action(message_id="m_1", reaction="👍"))
    assert (answer.status_code, answer.json()) == (200, {"recipient_id": "71"})


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "content",
    [
        body(recipient={"id": ""}),
        body(sender_action="react"),
        body(messaging_type="PROMOTION"),
        body(messaging_type="MESSAGE_TAG"),
        body(tag="HUMAN_AGENT"),
        body(message={}),
        body(message={"text": ""}),
        body(message={"text": "x" * 2_001}),
        body(message={"text": "x", "metadata": "m" * 1_001}),
        body(message={"text": "x", "quick_replies": [QUICK] * 14}),
        body(message={"text": "x", "quick_replies": [{"title": "t" * 21}]}),
        body(message={"attachment": {"type": "document", "payload": {"url": "https://a.example"}}}),
        body(message={"attachment": {"type": "image", "payload": {}}}),
        action(reaction="👍"),
        action(message_id="m_1"),
    ],
)
def test_what_graph_refuses_is_refused_in_its_shape(
    simulator: str, web_client: httpx.Client, channel: str, content: dict[str, Any]
) -> None:
    answer = send(web_client, simulator, channel, content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_instagram_counts_bytes(simulator: str, web_client: httpx.Client) -> None:
    for text, status in (("é" * 500, 200), ("é" * 501, 400)):
        assert send(web_client, simulator, "instagram", body(message={"text": text})).status_code == status
        assert send(web_client, simulator, "messenger", body(message={"text": text})).status_code == 200


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_script_is_for_its_own_channel(simulator: str, web_client: httpx.Client, channel: str) -> None:
    script = {"channel": channel, "responses": [{"status": 400, "body": {"error": {"code": 613}}}]}
    web_client.post(f"{simulator}/script", json=script)
    statuses = {name: send(web_client, simulator, name, body()).status_code for name in CHANNELS}
    assert statuses == {name: 400 if name == channel else 200 for name in CHANNELS}


@pytest.mark.parametrize("channel", CHANNELS)
def test_without_a_token_nothing_is_taken(simulator: str, web_client: httpx.Client, channel: str) -> None:
    answer = web_client.post(f"{simulator}/graph/v24.0/{PATHS[channel]}/messages", json=body())
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


@pytest.mark.parametrize("channel", CHANNELS)
def test_files_are_served_by_their_name(simulator: str, web_client: httpx.Client, channel: str) -> None:
    answer = web_client.get(f"{simulator}/graph/{channel}-files/foto.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


@pytest.mark.parametrize("channel", CHANNELS)
def test_echo_delivery_and_read_are_signed(
    simulator: str, web_client: httpx.Client, channel: str, serve: Serve, inbox: Inbox
) -> None:
    settings = {"webhook_url": f"{serve(inbox.app())}/webhooks/ch_1", "app_secret": "s3", "page_id": "104000000000001"}
    web_client.put(f"{simulator}/channels/{channel}", json=settings)
    mid = send(web_client, simulator, channel, body()).json()["message_id"]
    items = []
    for status in ("sent", "delivered", "read"):
        wish = {"channel": channel, "provider_id": mid, "status": status}
        told = web_client.post(f"{simulator}/status", json=wish).json()
        (entry,) = told["sent"]["entry"]
        assert entry["id"] == "104000000000001"
        items += entry["messaging"]
    echo, delivery, read = items
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == ("104000000000001", "71")
    assert (echo["message"]["mid"], echo["message"]["metadata"], echo["message"]["is_echo"]) == (mid, "m", True)
    assert delivery["delivery"]["mids"] == [mid]
    assert read["sender"]["id"] == "71"
    assert read["read"] == ({"watermark": read["timestamp"]} if channel == "messenger" else {"mid": mid})
    assert len(inbox.received) == 3
    for headers, raw in inbox.received:
        signature = hmac.new(b"s3", raw, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature-256"] == f"sha256={signature}"
    refused = web_client.post(f"{simulator}/status", json={"channel": channel, "provider_id": mid, "status": "failed"})
    assert refused.status_code == 400


def test_people_have_names_and_asking_uses_no_script_up(simulator: str, web_client: httpx.Client) -> None:
    bearer = {"Authorization": "Bearer token"}
    web_client.post(f"{simulator}/script", json={"channel": "messenger", "responses": [{"status": 500}]})
    told = web_client.get(f"{simulator}/graph/v24.0/7100042?fields=name", headers=bearer)
    assert told.json() == {"name": "Clara 0042", "id": "7100042"}
    assert web_client.get(f"{simulator}/graph/v24.0/7100042?fields=name").status_code == 401
    assert len(web_client.get(f"{simulator}/calls?channel=meta_profiles").json()["items"]) == 2
    assert web_client.get(f"{simulator}/graph/v24.0/42", headers=bearer).json()["id"] == "42", "a file of WhatsApp"
