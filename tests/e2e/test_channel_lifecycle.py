"""A channel over the running stack: its token is renewed in time, and it is removed for good while a chat is open."""

from __future__ import annotations

import json
import re
import secrets
import time
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def says(live: Live, channel: dict[str, Any], person: int, text: str) -> int:
    who = {"id": person, "is_bot": False, "first_name": "Iara", "last_name": str(person)}
    place = {"id": person, "type": "private", "first_name": "Iara"}
    message = {"message_id": 1, "from": who, "chat": place, "date": int(time.time()), "text": text}
    body = json.dumps({"update_id": secrets.randbelow(10**9), "message": message}).encode()
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": "remove_me"}
    return live.product.send("POST", channel["webhook_url"], body, headers).status


def test_a_channel_with_an_open_chat_is_removed_by_force(live: Live) -> None:
    token = f"7300000001:{secrets.token_urlsafe(26)}"
    made = {"type": "telegram", "name": "To go", "secrets": {"secret_token": "remove_me", "bot_token": token}}
    channel = live.admin.post("/v1/channels", made, expect=201)
    path = f"/v1/channels/{channel['id']}"
    assert live.admin.post(f"{path}/test", {})["ok"] is True
    assert says(live, channel, 5_000_000_000 + secrets.randbelow(10**9), "Oi") == 200
    chat = eventually(lambda: live.admin.items("/v1/chats", channel_id=channel["id"]))[0]
    asked = live.admin.post(f"{path}/removal", {}, expect=202)
    assert asked["open_chats"]["ids"] == [chat["id"]]
    mail = live.providers.items("/calls", channel="system_mail")[-1]["body"]
    assert mail["Destination"]["ToAddresses"] == [live.demo["admin"]["email"]]
    found = re.search(r"\b\d{6}\b", mail["Content"]["Simple"]["Body"]["Text"]["Data"])
    assert found
    live.admin.call("DELETE", f"{path}?code={found[0]}", expect=409)
    live.admin.call("DELETE", f"{path}?code={found[0]}&force=true", expect=204)
    assert live.admin.get(path)["state"] == "removed"
    assert live.admin.get(f"/v1/chats/{chat['id']}")["situation"] == "closed"
    live.admin.post(f"/v1/chats/{chat['id']}/messages", {"kind": "text", "text": "Olá"}, expect=409)
    eventually(lambda: says(live, channel, 5_000_000_001, "Alguém?") == 404)
    assert [one for one in live.providers.items("/calls", channel="telegram")
            if one["path"].endswith("/deleteWebhook") and token in one["path"]]  # fmt: skip


def test_a_token_is_renewed_when_it_is_a_day_old(live: Live) -> None:
    page = {"page_id": str(17_900_000_000_000_000 + secrets.randbelow(10**9))}
    given = {"app_secret": "s" * 32, "verify_token": "v" * 12, "access_token": "IGAA" + secrets.token_hex(8)}
    made = {"type": "instagram", "name": "Instagram's own login", "settings": page, "secrets": given}
    channel = live.admin.post("/v1/channels", made, expect=201)
    path, ends = f"/v1/channels/{channel['id']}", channel["token"]["expires_at"]
    try:
        live.product.put("/_local/clock", {"offset_s": 86_400 + 60})
        live.stack_tick()
        renewed = live.admin.get(path)["token"]
    finally:
        live.product.put("/_local/clock", {"offset_s": 0})
    assert renewed["state"] == "active" and renewed["expires_at"] > ends
