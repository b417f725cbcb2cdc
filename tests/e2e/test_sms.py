"""SMS over the running stack: a message comes in, an answer goes out, Twilio tells what became of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually


class Texting:
    """A person with a fresh number, and the demo account's own."""

    def __init__(self, live: Live) -> None:
        self.live, self.number = live, f"+55119{secrets.choice('6789')}{secrets.randbelow(10**7):07d}"
        self.channel = live.demo["channels"]["sms"]

    def post(self, token: str | None = None, **form: str) -> Any:
        url = self.channel["webhook_url"]
        signed = url + "".join(name + form[name] for name in sorted(form))
        mac = hmac.new((token or self.channel["auth_token"]).encode(), signed.encode(), hashlib.sha1).digest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": base64.b64encode(mac).decode(),
        }
        return self.live.product.send("POST", url, urlencode(form).encode(), headers)

    def says(self, text: str, sid: str, **more: str) -> Any:
        form = {"MessageSid": sid, "SmsSid": sid, "SmsStatus": "received", "NumMedia": "0", "Body": text}
        return self.post(**form, From=self.number, To=self.channel["number"], **more)

    def calls(self) -> list[dict[str, Any]]:
        items = self.live.providers.items("/calls", channel="sms")
        return [one for one in items if one["method"] == "POST" and parse_qs(one["body"])["To"] == [self.number]]


@pytest.fixture
def texting(stack: Stack) -> Texting:
    return Texting(Live(stack))


def test_a_text_is_answered_and_its_delivery_told(texting: Texting) -> None:
    live, sid = texting.live, "SM" + secrets.token_hex(16)
    assert texting.says("Oi", sid, token="wrong").status == 401
    first = texting.says("Olá, é da loja?", sid)
    assert (first.status, first.text) == (200, "<Response/>")
    assert texting.says("Olá, é da loja?", sid).status == 200
    contact = eventually(lambda: live.admin.items("/v1/contacts", q=texting.number))[0]
    chat = eventually(lambda: live.chats_of(contact["id"]))[0]
    (question,) = eventually(lambda: live.messages(chat["id"]))
    assert (question["text"], question["provider_id"]) == ("Olá, é da loja?", sid)
    sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", {"kind": "text", "text": "Sim & até já 🙂"}, expect=201)
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "sent")
    (call,) = texting.calls()
    form = parse_qs(call["body"])
    assert (form["Body"], form["From"]) == (["Sim & até já 🙂"], [texting.channel["number"]])
    assert form["StatusCallback"] == [texting.channel["webhook_url"]]
    wish = {"channel": "sms", "provider_id": call["provider_id"], "status": "delivered"}
    assert live.providers.post("/status", wish)["webhook"]["status"] == 200
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "delivered")
    opted_out = {"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400}
    live.providers.post("/script", {"channel": "sms", "responses": [{"status": 400, "body": opted_out}]})
    refused = live.admin.post(f"/v1/chats/{chat['id']}/messages", {"kind": "text", "text": "Alô?"}, expect=201)
    eventually(lambda: live.status_of(chat["id"], refused["id"])["status"] == "failed")
    assert live.status_of(chat["id"], refused["id"])["error"]["code"] == "21610"
    live.close_all()
