"""The Graph API as the simulator plays it: sends, refusals, media, status webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from infra.local.providers.whatsapp import new_wamid, recipient_of
from tests.local.conftest import Inbox, Serve

BEARER = {"Authorization": "Bearer token"}
TO = "5511987654321"
KINDS: dict[str, Any] = {
    "text": {"body": "Olá"},
    "image": {"link": "https://example.com/a.jpg", "caption": "uma"},
    "audio": {"id": "123"},
    "video": {"id": "123"},
    "document": {"id": "123", "filename": "a.pdf"},
    "sticker": {"id": "123"},
    "template": {"name": "boas_vindas", "language": {"code": "pt_BR"}},
    "reaction": {"message_id": "wamid.x", "emoji": ""},
    "interactive": {"type": "button", "action": {"buttons": []}},
    "location": {"latitude": -23.5, "longitude": -46.6},
    "contacts": [{"name": {"formatted_name": "Ana"}}],
}


PLACE = {"latitude": "-23.5", "longitude": "-46.6", "name": "Loja", "address": "Rua 1"}


def shows(kind: str, place: dict[str, str]) -> dict[str, Any]:
    return {"type": kind, "parameters": [{"type": "location", "location": place}]}


def message(kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": TO, "type": kind, kind: KINDS[kind], **more}


def send(client: httpx.Client, simulator: str, body: object, number: str = "111") -> httpx.Response:
    return client.post(f"{simulator}/graph/v23.0/{number}/messages", json=body, headers=BEARER)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_accepted_with_a_fresh_id(simulator: str, web_client: httpx.Client, kind: str) -> None:
    answers = [send(web_client, simulator, message(kind, to=f"+{TO}")).json() for _ in range(2)]
    ids = {answer["messages"][0]["id"] for answer in answers}
    assert len(ids) == 2
    assert all(given.startswith("wamid.HBg") for given in ids)
    assert answers[0]["contacts"] == [{"input": f"+{TO}", "wa_id": TO}]
    assert answers[0]["messages"][0].get("message_status") == ("accepted" if kind == "template" else None)


@pytest.mark.parametrize(
    "body",
    [
        message(messaging_product="sms"),
        message(to=""),
        message(type="pigeon"),
        message(text={"body": ""}),
        message(text={"body": "x" * 4097}),
        message(text=None),
        message("image", image={"id": "1", "link": "https://example.com"}),
        message("template", template={"name": "a"}),
        message("template", template={**KINDS["template"], "components": [shows("header", {"latitude": "1"})]}),
        message("template", template={**KINDS["template"], "components": [shows("body", PLACE)]}),
        message("reaction", reaction={"message_id": "wamid.x"}),
        message(biz_opaque_callback_data="x" * 513),
        [],
    ],
)
def test_what_the_cloud_api_refuses_is_refused_in_its_shape(
    simulator: str, web_client: httpx.Client, body: object
) -> None:
    answer = send(web_client, simulator, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (400, 100, "OAuthException")
    assert error["message"].startswith("(#100) ")
    assert error["fbtrace_id"]


def test_a_template_shows_a_place(simulator: str, web_client: httpx.Client) -> None:
    body = message("template", template={**KINDS["template"], "components": [shows("header", PLACE)]})
    assert send(web_client, simulator, body).status_code == 200


def test_without_a_bearer_token_nothing_is_given(simulator: str, web_client: httpx.Client) -> None:
    answer = web_client.post(f"{simulator}/graph/v23.0/111/messages", json=message())
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)
    assert web_client.get(f"{simulator}/graph/v23.0/42").status_code == 401
    assert web_client.get(f"{simulator}/graph/media/42").status_code == 401


def test_a_read_receipt_is_a_success_without_an_id(simulator: str, web_client: httpx.Client) -> None:
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"}
    assert send(web_client, simulator, receipt).json() == {"success": True}


@pytest.mark.parametrize(
    ("media_id", "mime_type", "start"),
    [
        ("1234567890", "image/jpeg", b"\xff\xd8\xff"),
        ("png-1", "image/png", b"\x89PNG"),
        ("sticker-1", "image/webp", b"RIFF"),
        ("voice-1", "audio/ogg; codecs=opus", b"OggS"),
        ("video-1", "video/mp4", b"\x00\x00\x00\x18ftyp"),
        ("document-1", "application/pdf", b"%PDF-"),
    ],
)
def test_media_is_described_and_then_served(
    simulator: str, web_client: httpx.Client, media_id: str, mime_type: str, start: bytes
) -> None:
    described = web_client.get(f"{simulator}/graph/v23.0/{media_id}", headers=BEARER).json()
    assert (described["id"], described["mime_type"]) == (media_id, mime_type)
    assert described["url"].startswith(simulator)
    content = web_client.get(described["url"], headers=BEARER).content
    assert content.startswith(start)
    assert described["sha256"] == hashlib.sha256(content).hexdigest()
    assert described["file_size"] == len(content)


@pytest.fixture
def told(simulator: str, web_client: httpx.Client, serve: Serve, inbox: Inbox) -> None:
    """The simulator knows two numbers of the product, each with a secret of its own; 111 was told first."""
    base = serve(inbox.app())
    for number in ("111", "222"):
        settings = {
            "webhook_url": f"{base}/webhooks/ch_{number}",
            "app_secret": f"secret-{number}",
            "phone_number_id": number,
        }
        assert web_client.put(f"{simulator}/channels/whatsapp", json=settings).status_code == 200


def status(client: httpx.Client, simulator: str, wamid: str, name: str, **details: Any) -> httpx.Response:
    wish = {"channel": "whatsapp", "provider_id": wamid, "status": name, **details}
    return client.post(f"{simulator}/status", json=wish)


def entry_of(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The value and its only status."""
    (entry,) = json.loads(body)["entry"]
    (change,) = entry["changes"]
    assert change["field"] == "messages"
    (only,) = change["value"]["statuses"]
    return change["value"], only


@pytest.mark.usefixtures("told")
def test_statuses_are_signed_with_the_sending_numbers_secret(
    simulator: str, web_client: httpx.Client, inbox: Inbox
) -> None:
    sent = send(web_client, simulator, message(biz_opaque_callback_data="ms_é"), number="111").json()
    wamid = sent["messages"][0]["id"]
    for name in ("sent", "delivered", "read", "failed"):
        assert status(web_client, simulator, wamid, name).json()["webhook"]["status"] == 200
    seen = []
    for headers, body in inbox.received:
        expected = hmac.new(b"secret-111", body, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature-256"] == f"sha256={expected}"
        value, only = entry_of(body)
        assert value["metadata"]["phone_number_id"] == "111"
        assert (only["id"], only["recipient_id"], only["biz_opaque_callback_data"]) == (wamid, TO, "ms_é")
        assert only["timestamp"].isdigit()
        seen.append((only["status"], "conversation" in only, "pricing" in only, "errors" in only))
    assert seen == [
        ("sent", True, True, False),
        ("delivered", True, True, False),
        ("read", False, False, False),
        ("failed", False, False, True),
    ]


@pytest.mark.usefixtures("told")
def test_a_failure_says_the_error_asked_for(simulator: str, web_client: httpx.Client, inbox: Inbox) -> None:
    wamid = send(web_client, simulator, message()).json()["messages"][0]["id"]
    status(web_client, simulator, wamid, "failed", error={"code": 131047, "title": "Re-engagement message"})
    (error,) = entry_of(inbox.received[0][1])[1]["errors"]
    assert (error["code"], error["title"], error["message"]) == (
        131047,
        "Re-engagement message",
        "Re-engagement message",
    )


@pytest.mark.usefixtures("told")
def test_an_id_given_by_a_script_is_known(simulator: str, web_client: httpx.Client, inbox: Inbox) -> None:
    scripted = {"status": 200, "body": {"messages": [{"id": "wamid.SCRIPTED"}]}}
    web_client.post(f"{simulator}/script", json={"channel": "whatsapp", "responses": [scripted]})
    send(web_client, simulator, message(biz_opaque_callback_data="ms_1"), number="222")
    status(web_client, simulator, "wamid.SCRIPTED", "sent")
    only = entry_of(inbox.received[0][1])[1]
    assert (only["recipient_id"], only["biz_opaque_callback_data"]) == (TO, "ms_1")


@pytest.mark.usefixtures("told")
def test_a_dropped_send_can_still_be_reported(simulator: str, web_client: httpx.Client, inbox: Inbox) -> None:
    """The provider took the message, its answer was lost: the status is how the product hears of it."""
    web_client.post(f"{simulator}/script", json={"channel": "whatsapp", "responses": [{"drop": True}]})
    with pytest.raises(httpx.TransportError):
        send(web_client, simulator, message(biz_opaque_callback_data="ms_1"))
    (call,) = web_client.get(f"{simulator}/calls?channel=whatsapp").json()["items"]
    status(web_client, simulator, call["provider_id"], "delivered")
    assert entry_of(inbox.received[0][1])[1]["biz_opaque_callback_data"] == "ms_1"


def test_the_channel_is_read_from_demo_json_when_it_appears(
    simulator: str,
    web_client: httpx.Client,
    serve: Serve,
    inbox: Inbox,
    write_demo: Callable[[dict[str, Any]], None],
) -> None:
    wamid = new_wamid(TO)
    assert status(web_client, simulator, wamid, "read").status_code == 400
    url = serve(inbox.app()) + "/webhooks/ch_1"
    write_demo({"channels": {"whatsapp": {"webhook_url": url, "app_secret": "s", "phone_number_id": "777"}}})
    assert status(web_client, simulator, wamid, "read").status_code == 200
    value, only = entry_of(inbox.received[0][1])
    assert (value["metadata"]["phone_number_id"], only["recipient_id"]) == ("777", TO)
    assert "biz_opaque_callback_data" not in only


@pytest.mark.usefixtures("told")
def test_the_products_refusal_is_shown(simulator: str, web_client: httpx.Client, inbox: Inbox) -> None:
    inbox.status = 401
    assert status(web_client, simulator, new_wamid(TO), "read").json()["webhook"]["status"] == 401
    assert status(web_client, simulator, new_wamid(TO), "queued").status_code == 400


@pytest.mark.parametrize("wamid", ["", "wamid.", "wamid.AAAA", "nonsense", "wamid.HBg="])
def test_a_foreign_id_names_no_recipient(wamid: str) -> None:
    assert recipient_of(wamid) == ""
    assert recipient_of(new_wamid(TO)) == TO
