"""The running product as its users have it: agents over the API, customers over signed webhooks, the provider over
its simulator."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from infra.local.demo_client import Client
from infra.local.front import TICK_TIMEOUT_S
from infra.local.stack import Stack
from recado.aws.channel_directory import REMEMBERED_S

Found = TypeVar("Found")


def eventually(look: Callable[[], Found], within_s: float = 20, every_s: float = 0.1) -> Found:
    """The first truthy answer; the last one fails the test when none comes in time."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found or time.monotonic() > deadline:
            assert found, f"nothing after {within_s} s"
            return found
        time.sleep(every_s)


ANSWER_WITHIN_S = 60
"""Ten webhooks at once begin ten processes here, on two cores."""


@dataclass
class Customer:
    """A WhatsApp customer with a fresh Brazilian mobile, of those that have a form without the ninth digit."""

    name: str = "Iara Monteiro"
    number: str = field(default_factory=lambda: f"55119{secrets.choice('6789')}{secrets.randbelow(10**7):07d}")


class Live:
    """The demo account, as its admin and its agents."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.demo = stack, stack.demo
        self.product = Client(stack.base_url, timeout_s=ANSWER_WITHIN_S)
        self.admin = self.product.as_bearer(self.demo["api_token"])
        self.providers = Client(stack.providers_url)

    @contextmanager
    def agents_at_work(self, max_chats: int | None = None) -> Iterator[dict[str, Client]]:
        """Ana, Bruno and Carla logged in and available in the demo department; home again afterwards with all their
        chats closed."""
        clients: dict[str, Client] = {}
        for agent in self.demo["agents"]:
            self.admin.call("PATCH", f"/v1/users/{agent['id']}", {"max_chats": max_chats})
            login = {"email": agent["email"], "password": agent["password"]}
            session = self.product.post("/v1/sessions", login, expect=201)
            clients[agent["name"]] = self.product.as_bearer(session["token"])
            clients[agent["name"]].put(f"/v1/users/{agent['id']}/presence", {"status": "available"})
        try:
            yield clients
        finally:
            for agent in self.demo["agents"]:
                clients[agent["name"]].put(f"/v1/users/{agent['id']}/presence", {"status": "unavailable"})
            self.close_all()
            for agent in self.demo["agents"]:
                clients[agent["name"]].call("DELETE", "/v1/sessions/current", expect=204)
                self.admin.call("PATCH", f"/v1/users/{agent['id']}", {"max_chats": None})

    def change_channel(self, channel_id: str, **settings: Any) -> None:
        """Changes settings of a channel and waits until no process remembers what they were."""
        self.admin.call("PATCH", f"/v1/channels/{channel_id}", {"settings": settings})
        time.sleep(REMEMBERED_S)

    def close_all(self) -> None:
        """Close every open chat, until none is listed: the lists are eventually consistent."""
        for situation in ("queued", "in_service"):
            while chats := self.admin.items("/v1/chats", situation=situation, limit="200"):
                for chat in chats:
                    self.admin.post(f"/v1/chats/{chat['id']}/close", {})

    def name_of(self, agent_id: str | None) -> str:
        return next((agent["name"] for agent in self.demo["agents"] if agent["id"] == agent_id), "-")

    # -- customers ---------------------------------------------------------------------------------------------------

    def message(self, customer: Customer, text: str = "Oi!", at: int | None = None, **more: Any) -> dict[str, Any]:
        return {
            "from": customer.number,
            "id": "wamid." + secrets.token_hex(20).upper(),
            "timestamp": str(at or int(time.time())),
            "type": "text",
            "text": {"body": text},
            **more,
        }

    def change(self, customer: Customer, messages: list[Any], statuses: list[Any] | None = None) -> dict[str, Any]:
        value = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": "5511900000000",
                "phone_number_id": self.demo["channels"]["whatsapp"]["phone_number_id"],
            },
            "contacts": [{"profile": {"name": customer.name}, "wa_id": customer.number}],
            "messages": messages,
            **({"statuses": statuses} if statuses else {}),
        }
        return {"field": "messages", "value": value}

    def post_webhook(self, entries: list[list[dict[str, Any]]], signature: str | None = None) -> int:
        """Post a body of entries with their changes, signed as Meta signs; the status of the answer."""
        channel = self.demo["channels"]["whatsapp"]
        entry = [{"id": str(number), "changes": changes} for number, changes in enumerate(entries)]
        body = json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()
        signed = hmac.new(channel["app_secret"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature or signed}"}
        return self.product.send("POST", channel["webhook_url"], body, headers).status

    def writes(self, customer: Customer, text: str = "Oi!") -> dict[str, Any]:
        """The customer writes; answers their open chat once it is there."""
        assert self.post_webhook([[self.change(customer, [self.message(customer, text)])]]) == 200
        return self.open_chat(customer)

    def open_chat(self, customer: Customer) -> dict[str, Any]:
        contact = eventually(lambda: self.admin.items("/v1/contacts", q=f"+{customer.number}"))[0]
        open_chats = eventually(lambda: [one for one in self.chats_of(contact["id"]) if one["situation"] != "closed"])
        assert len(open_chats) == 1
        return open_chats[0]

    def chats_of(self, contact_id: str) -> list[dict[str, Any]]:
        return self.admin.items(f"/v1/contacts/{contact_id}/chats")

    def chat(self, chat_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.admin.get(f"/v1/chats/{chat_id}")
        return found

    def messages(self, chat_id: str) -> list[dict[str, Any]]:
        return self.admin.items(f"/v1/chats/{chat_id}/messages", limit="200")

    def owner(self, chat_id: str) -> str:
        return self.name_of(self.chat(chat_id)["agent_id"])

    # -- the provider ------------------------------------------------------------------------------------------------

    def sends_of(self, message_id: str) -> list[dict[str, Any]]:
        """The provider's calls that carry this message of ours."""
        calls = self.providers.items("/calls", channel="whatsapp")
        return [
            call
            for call in calls
            if isinstance(call["body"], dict) and call["body"].get("biz_opaque_callback_data") == message_id
        ]

    def stack_tick(self) -> None:
        """Run the minute work now: as long as the function may take, since other tests leave work behind, such as the
        fifty agents of the long queue."""
        Client(self.stack.base_url, timeout_s=TICK_TIMEOUT_S + 5).post("/_local/tick", {})

    def script(self, *responses: dict[str, Any]) -> None:
        self.providers.post("/script", {"channel": "whatsapp", "responses": list(responses)})

    def status_of(self, chat_id: str, message_id: str) -> dict[str, Any]:
        return next(one for one in self.messages(chat_id) if one["id"] == message_id)
