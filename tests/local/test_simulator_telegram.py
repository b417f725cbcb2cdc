"""The Bot API as the simulator plays it: messages, refusals, files."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

BOT = "telegram/bot5200000001:AAExample"
SENDS: dict[str, dict[str, Any]] = {
    "sendMessage": {"text": "Olá"},
    "sendPhoto": {"photo": "AgACx"},
    "sendVenue": {"latitude": 1, "longitude": 2, "title": "a", "address": "b"},
    "sendContact": {"phone_number": "+5511987650001", "first_name": "Ana"},
}
LONG_BUTTON = {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]}


def call(client: httpx.Client, simulator: str, method: str, **parameters: Any) -> httpx.Response:
    return client.post(f"{simulator}/{BOT}/{method}", json=parameters)


@pytest.mark.parametrize("method", SENDS)
def test_a_message_gets_a_fresh_id(simulator: str, web_client: httpx.Client, method: str) -> None:
    ids = [
        call(web_client, simulator, method, chat_id=7012345678, **SENDS[method]).json()["result"]["message_id"]
        for _ in range(2)
    ]
    assert len(set(ids)) == 2
    calls = web_client.get(f"{simulator}/calls?channel=telegram").json()["items"]
    assert [one["provider_id"] for one in calls] == [f"7012345678:{number}" for number in ids]


@pytest.mark.parametrize(
    ("method", "parameters", "status", "description"),
    [
        ("sendMessage", {"chat_id": 7}, 400, "text is empty"),
        ("sendMessage", {"chat_id": 7, "text": " "}, 400, "message text is empty"),
        ("sendMessage", {"chat_id": 7, "text": "x" * 4097}, 400, "message is too long"),
        ("sendMessage", {"chat_id": "ana", "text": "x"}, 400, "chat not found"),
        ("sendMessage", {"text": "x"}, 400, "chat_id is empty"),
        ("sendPhoto", {"chat_id": 7, "photo": "a", "caption": "x" * 1025}, 400, "message caption is too long"),
        (
            "sendMessage",
            {
                "chat_id": 7,
                "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]},
            },
            400,
            "BUTTON_DATA_INVALID",
        ),
        ("sendPigeon", {"chat_id": 7}, 404, "Not Found"),
        ("getFile", {}, 400, "invalid file_id"),
    ],
)
def test_what_telegram_refuses_is_refused_in_its_shape(
    simulator: str, web_client: httpx.Client, method: str, parameters: dict[str, Any], status: int, description: str
) -> None:
    answer = call(web_client, simulator, method, **parameters)
    said = answer.json()
    assert (answer.status_code, said["ok"], said["error_code"]) == (status, False, status)
    assert said["description"].endswith(description)


def test_without_a_token_nothing_is_given(simulator: str, web_client: httpx.Client) -> None:
    assert web_client.post(f"{simulator}/telegram/botnone/sendMessage", json={}).status_code == 401


def test_a_form_is_read_as_parameters(simulator: str, web_client: httpx.Client) -> None:
    files = {"document": ("a.pdf", b"%PDF", "application/pdf")}
    data = {"chat_id": "7012345678", "caption": "contrato"}
    said = web_client.post(f"{simulator}/{BOT}/sendDocument", data=data, files=files).json()["result"]
    assert (said["chat"]["id"], said["caption"]) == (7012345678, "contrato")


def test_a_file_is_described_and_served(simulator: str, web_client: httpx.Client) -> None:
    described = call(web_client, simulator, "getFile", file_id="my-voice-1").json()["result"]
    served = web_client.get(f"{simulator}/telegram/file/bot5200000001:AAExample/{described['file_path']}")
    assert served.content[:4] == b"OggS"
    assert len(served.content) == described["file_size"]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("answerCallbackQuery", {"callback_query_id": "1"}),
        ("setMessageReaction", {"chat_id": 7, "message_id": 1, "reaction": []}),
        ("setWebhook", {"url": "https://a.example"}),
    ],
)
def test_what_makes_no_message_is_answered_with_true(
    simulator: str, web_client: httpx.Client, method: str, parameters: dict[str, Any]
) -> None:
    assert call(web_client, simulator, method, **parameters).json() == {"ok": True, "result": True}


def test_there_are_no_statuses(simulator: str, web_client: httpx.Client) -> None:
    wish = {"channel": "telegram", "provider_id": "7:1", "status": "delivered"}
    assert web_client.post(f"{simulator}/status", json=wish).status_code == 400
