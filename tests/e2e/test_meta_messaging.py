"""Messenger and Instagram over the real stack: a customer writes, is answered once, and what became of it is shown."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually

OBJECTS = {"messenger": "page", "instagram": "instagram"}


@pytest.fixture(params=list(OBJECTS))
def channel_type(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


class Page:
    """One of the demo account's channels at Meta, and a customer who writes to it."""

    def __init__(self, stack: Stack, channel_type: str) -> None:
        self.live, self.type = Live(stack), channel_type
        self.channel = self.live.demo["channels"][channel_type]
        self.customer = "71" + "".join(secrets.choice("0123456789") for _ in range(14))

    def post(self, **event: Any) -> int:
        page_id = self.channel["page_id"]
        item = {"sender": {"id": self.customer}, "recipient": {"id": page_id}, "timestamp": int(time.time() * 1000)}
        entry = {"id": page_id, "time": int(time.time() * 1000), "messaging": [item | event]}
        raw = json.dumps({"object": OBJECTS[self.type], "entry": [entry]}).encode()
        digest = hmac.new(self.channel["app_secret"].encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
        return self.live.product.send("POST", self.channel["webhook_url"], raw, headers).status

    def chat(self) -> Any:
        def look() -> Any:
            found = self.live.admin.items("/v1/chats", situation="queued", channel_id=self.channel["id"])
            found += self.live.admin.items("/v1/chats", situation="in_service", channel_id=self.channel["id"])
            return next(iter(found), None)

        return eventually(look)

    def calls(self) -> list[Any]:
        url = f"/calls?channel={self.type}"
        return [call for call in self.live.providers.get(url)["items"] if self.customer in call["raw"]]

    def calls_of_a_whole_message(self) -> list[Any]:
        """The calls of a message of several parts, once there are as many as the first says."""
        found = self.calls()
        count = found[0]["body"]["message"]["metadata"].rpartition("/")[2] if found else "0"
        return found if len(found) == int(count) > 1 else []

    def status(self, provider_id: str, status: str) -> None:
        wish = {"channel": self.type, "provider_id": provider_id, "status": status}
        assert self.live.providers.post("/status", wish)["webhook"]["status"] == 200


def test_a_customer_writes_and_is_answered_once(stack: Stack, channel_type: str) -> None:
    page = Page(stack, channel_type)
    page.live.close_all()
    assert page.post(message={"mid": "m_" + secrets.token_hex(8), "text": "Olá!"}) == 200
    chat = page.chat()
    assert chat["channel_type"] == channel_type
    answer = page.live.admin.post(f"/v1/chats/{chat['id']}/messages", {"text": "Bom dia! " * 300}, expect=201)

    calls = eventually(page.calls_of_a_whole_message)
    bodies = [call["body"] for call in calls]
    count = len(bodies)
    assert [body["recipient"] for body in bodies] == [{"id": page.customer}] * count
    marks = [body["message"]["metadata"] for body in bodies]
    assert marks == [f"{answer['id']}#{number}/{count}" for number in range(1, count + 1)]
    stored = eventually(lambda: (one := page.live.messages(chat["id"])[-1])["status"] == "sent" and one)
    assert stored["provider_id"] == calls[0]["provider_id"]

    for call in calls:
        page.status(call["provider_id"], "sent")  # the echoes of what we sent
    page.status(calls[0]["provider_id"], "delivered")
    eventually(lambda: page.live.messages(chat["id"])[-1]["status"] == "delivered")
    page.status(calls[0]["provider_id"], "read")
    eventually(lambda: page.live.messages(chat["id"])[-1]["status"] == "read")
    assert [one["direction"] for one in page.live.messages(chat["id"])] == ["inbound", "outbound"]
    page.live.close_all()


def test_a_bad_signature_is_refused_and_the_handshake_answered(stack: Stack, channel_type: str) -> None:
    page = Page(stack, channel_type)
    page.channel = {**page.channel, "app_secret": "another"}
    assert page.post(message={"mid": "m_1", "text": "Olá!"}) == 401
    token = page.channel["verify_token"]
    query = f"?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=4711"
    answer = page.live.product.send("GET", page.channel["webhook_url"] + query, b"", {})
    assert (answer.status, answer.text) == (200, "4711")
