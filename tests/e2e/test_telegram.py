"""Telegram over the running stack: a message comes in, an answer goes out, a pressed button is answered."""

from __future__ import annotations

import json
import secrets
import time
from datetime import datetime
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually


class Chatting:
    """A person with a fresh user id beyond 32 bits, and the demo account's bot."""

    def __init__(self, live: Live) -> None:
        self.live, self.id = live, 5_000_000_000 + secrets.randbelow(10**9)
        self.channel = live.demo["channels"]["telegram"]
        self.person = {"id": self.id, "is_bot": False, "first_name": "Iara", "last_name": f"Monteiro {self.id}"}
        self.place = {"id": self.id, "type": "private", "first_name": "Iara"}

    def post(self, secret: str | None = None, **update: Any) -> int:
        body = json.dumps({"update_id": secrets.randbelow(10**9), **update}).encode()
        token = self.channel["secret_token"] if secret is None else secret
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": token}
        return self.live.product.send("POST", self.channel["webhook_url"], body, headers).status

    def says(self, number: int, text: str) -> int:
        message = {"message_id": number, "from": self.person, "chat": self.place, "date": int(time.time())}
        return self.post(message={**message, "text": text})

    def presses(self, query_id: str, number: int, data: str, keyboard: Any) -> int:
        message = {"message_id": number, "chat": self.place, "date": int(time.time()), "reply_markup": keyboard}
        return self.post(callback_query={"id": query_id, "from": self.person, "message": message, "data": data})

    def calls(self, method: str) -> list[dict[str, Any]]:
        items = self.live.providers.items("/calls", channel="telegram")
        return [one for one in items if one["path"].endswith(f"/{method}")]

    def chat(self) -> dict[str, Any]:
        contact = eventually(lambda: self.live.admin.items("/v1/contacts", q=str(self.id)))[0]
        return eventually(lambda: self.live.chats_of(contact["id"]))[0]


@pytest.fixture
def chatting(stack: Stack) -> Chatting:
    return Chatting(Live(stack))


def test_a_message_is_answered_and_a_button_too(chatting: Chatting) -> None:
    live = chatting.live
    assert chatting.says(1, "Olá, vocês entregam?") == 200
    assert chatting.says(1, "Olá, vocês entregam?") == 200
    chat = chatting.chat()
    (question,) = eventually(lambda: live.messages(chat["id"]))
    assert (question["text"], question["provider_id"]) == ("Olá, vocês entregam?", f"{chatting.id}:1")
    options = {"type": "buttons", "buttons": [{"id": "sim", "title": "Quero"}]}
    reply = {"kind": "interactive", "text": "Entregamos.", "payload": options, "reply_to": question["id"]}
    sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", reply, expect=201)
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "sent")
    (call,) = [one for one in chatting.calls("sendMessage") if one["body"]["chat_id"] == chatting.id]
    assert call["body"]["text"] == "Entregamos."
    assert call["body"]["reply_parameters"]["message_id"] == 1
    number = int(call["provider_id"].split(":")[1])
    query_id = secrets.token_hex(8)
    assert chatting.presses(query_id, number, "sim", call["body"]["reply_markup"]) == 200
    pressed = eventually(lambda: [one for one in live.messages(chat["id"]) if one["text"] == "Quero"])[0]
    assert (pressed["kind"], pressed["payload"]["id"], pressed["reply_to"]) == ("interactive", "sim", sent["id"])
    assert [one["body"]["callback_query_id"] for one in chatting.calls("answerCallbackQuery")] == [query_id]
    live.close_all()


def test_a_wait_that_telegram_asks_for_is_kept_and_a_block_is_told(chatting: Chatting) -> None:
    live = chatting.live
    assert chatting.says(1, "Oi") == 200
    chat = chatting.chat()
    wait = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 3}}
    blocked = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    responses = [{"status": 429, "body": wait}, {"status": 403, "body": blocked}]
    live.providers.post("/script", {"channel": "telegram", "responses": responses})
    sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", {"kind": "text", "text": "Olá"}, expect=201)
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "failed")
    first, second = [one["at"] for one in chatting.calls("sendMessage") if one["body"]["chat_id"] == chatting.id]
    assert 3 <= (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds() < 5
    assert live.status_of(chat["id"], sent["id"])["error"]["code"] == "403"
    live.close_all()


def test_a_wrong_secret_is_401_and_a_group_makes_nobody(chatting: Chatting) -> None:
    assert chatting.post(secret="x", message={}) == 401
    group = {"id": -1001999888777, "type": "supergroup", "title": str(chatting.id)}
    message = {"message_id": 1, "from": chatting.person, "chat": group, "date": int(time.time()), "text": "oi"}
    assert chatting.post(message=message) == 200
    assert chatting.post(hologram={}) == 200
    time.sleep(1)
    assert chatting.live.admin.items("/v1/contacts", q=str(chatting.id)) == []


def test_the_webhook_was_set_when_the_channel_was_connected(chatting: Chatting) -> None:
    live = chatting.live
    token = f"7200000001:{secrets.token_urlsafe(26)}"
    made = {"type": "telegram", "name": "Second", "secrets": {"secret_token": "abc_1", "bot_token": token}}
    channel = live.admin.post("/v1/channels", made, expect=201)
    assert channel["problems"] == []
    (call,) = [one for one in chatting.calls("setWebhook") if token in one["path"]]
    assert call["body"]["url"] == channel["webhook_url"]
    assert call["body"]["secret_token"] == "abc_1"
    live.providers.post("/script", {"channel": "telegram", "responses": [{"status": 401, "body": {"ok": False}}]})
    refused = live.admin.post("/v1/channels", made, expect=201)
    assert [one["code"] for one in refused["problems"]] == ["webhook_not_set"]
    assert token not in json.dumps(refused)
