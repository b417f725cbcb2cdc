"""A product of one chat, in memory: as much of the public contract as the demo walks through, and one way to break."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import aiohttp
from aiohttp import web

SECRET = "app-secret"
NUMBER_ID = "111"
AGENTS = ("us_ana", "us_bruno", "us_carla")
LADDER = ("queued", "sent", "delivered", "read")
CONTACT, CHAT, MESSAGE = "ct_1", "ca_1", "ms_out"


class SmallRecado:
    """`broken` names what it gets wrong: assign (never gives the chat away), flow (leaves it to a flow),
    refused (by the provider), regress.
    `turns` is what its department's distribution shows beside what is well."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.providers_url = ""
        self.presence = dict.fromkeys(AGENTS, "unavailable")
        self.sessions: set[str] = set()
        self.contact: dict[str, Any] | None = None
        self.messages: list[dict[str, Any]] = []
        self.refused = 0
        self.written_at = 0
        self.turns: dict[str, Any] = {}

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/webhooks/ch_1", self.take_webhook),
                web.post("/v1/sessions", self.log_in),
                web.delete("/v1/sessions/current", self.log_out),
                web.put("/v1/users/{id}/presence", self.set_presence),
                web.get("/v1/contacts", self.list_contacts),
                web.get("/v1/chats", self.list_chats),
                web.get("/v1/chats/ca_1", self.get_chat),
                web.get("/v1/chats/ca_1/assignments", self.list_receipts),
                web.get("/v1/departments/dp_1/distribution", self.get_turns),
                web.get("/v1/chats/ca_1/messages", self.list_messages),
                web.post("/v1/chats/ca_1/messages", self.send_message),
            ]
        )
        return app

    def demo(self, base_url: str) -> dict[str, Any]:
        """demo.json for a product served at `base_url`."""
        agents = [{"id": agent, "name": agent[3:].title(), "email": agent, "password": agent} for agent in AGENTS]
        channel = {
            "id": "ch_1",
            "webhook_url": f"{base_url}/webhooks/ch_1",
            "app_secret": SECRET,
            "phone_number_id": NUMBER_ID,
        }
        return {
            "base_url": base_url,
            "providers_url": self.providers_url,
            "api_token": "admin",
            "agents": agents,
            "channels": {"whatsapp": channel},
        }

    async def take_webhook(self, request: web.Request) -> web.Response:
        raw = await request.read()
        expected = "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        if request.headers.get("X-Hub-Signature-256") != expected:
            self.refused += 1
            return web.Response(status=401)
        value = json.loads(raw)["entry"][0]["changes"][0]["value"]
        assert value["metadata"]["phone_number_id"] == NUMBER_ID
        for message in value.get("messages", []):
            sender = value["contacts"][0]
            self.contact = {"id": CONTACT, "name": sender["profile"]["name"], "mobile": "+" + message["from"]}
            self.written_at = int(message["timestamp"])
            text = message["text"]["body"]
            self.messages = [{"id": "ms_in", "direction": "inbound", "text": text, "status": "received"}]
        for status in value.get("statuses", []):
            assert status["biz_opaque_callback_data"] == MESSAGE
            sent = self.messages[-1]
            if self.broken == "regress" or LADDER.index(status["status"]) > LADDER.index(sent["status"]):
                sent["status"] = status["status"]
        return web.Response()

    async def log_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["email"] == body["password"]
        self.sessions.add(body["email"])
        return web.json_response({"token": body["email"], "user": {"id": body["email"]}}, status=201)

    async def log_out(self, request: web.Request) -> web.Response:
        self.sessions.remove(_bearer(request))
        return web.Response(status=204)

    async def set_presence(self, request: web.Request) -> web.Response:
        assert _bearer(request) == request.match_info["id"]
        self.presence[request.match_info["id"]] = (await request.json())["status"]
        return web.json_response({})

    async def list_contacts(self, request: web.Request) -> web.Response:
        assert _bearer(request) == "admin"
        query = request.query["q"]
        found = self.contact is not None and query in self.contact["mobile"]
        return web.json_response({"items": [self.contact] if found else [], "next": None})

    def _chat(self) -> dict[str, Any]:
        agent = None if self.broken in ("assign", "flow") else AGENTS[1]
        situation = "automatic" if self.broken == "flow" else "in_service" if agent else "queued"
        chat = {"id": CHAT, "channel_type": "whatsapp", "department_id": "dp_1"}
        return {**chat, "situation": situation, "agent_id": agent}

    async def list_chats(self, request: web.Request) -> web.Response:
        assert request.query["contact_id"] == CONTACT
        return web.json_response({"items": [self._chat()], "next": None})

    async def get_chat(self, request: web.Request) -> web.Response:
        return web.json_response(self._chat())

    async def get_turns(self, request: web.Request) -> web.Response:
        well = {"enabled": True, "open": True, "opens_at": None, "next_agent_id": AGENTS[1], "members": []}
        return web.json_response({**well, **self.turns})

    async def list_receipts(self, request: web.Request) -> web.Response:
        passed = {"agent_id": AGENTS[0], "outcome": "at_cap", "load": 2, "cap": 2}
        chosen = {"agent_id": AGENTS[1], "outcome": "chosen", "load": 0, "cap": None}
        receipt = {"agent_id": AGENTS[1], "turn": 2, "cause": "queued", "candidates": [passed, chosen], "not_listed": 0}
        return web.json_response({"items": [receipt], "next": None})

    async def list_messages(self, request: web.Request) -> web.Response:
        return web.json_response({"items": self.messages, "next": None})

    async def send_message(self, request: web.Request) -> web.Response:
        """Sends at once; the provider's id is known before the answer."""
        assert _bearer(request) == AGENTS[1]
        assert request.headers["Idempotency-Key"]
        assert self.contact is not None
        text = (await request.json())["text"]
        body = {
            "messaging_product": "whatsapp",
            "to": self.contact["mobile"],
            "type": "text",
            "text": {"body": text},
            "biz_opaque_callback_data": MESSAGE,
        }
        url = f"{self.providers_url}/graph/v23.0/{NUMBER_ID}/messages"
        async with (
            aiohttp.ClientSession(headers={"Authorization": "Bearer x"}) as session,
            session.post(url, json=body) as answer,
        ):
            wamid = (await answer.json())["messages"][0]["id"]
        sent = {"id": MESSAGE, "direction": "outbound", "text": text, "status": "queued", "provider_id": wamid}
        if self.broken == "refused":
            sent |= {"status": "failed", "provider_id": None, "error": {"code": 131047, "title": "Too late"}}
        self.messages.append(sent)
        return web.json_response(sent, status=201)


def _bearer(request: web.Request) -> str:
    return request.headers["Authorization"].removeprefix("Bearer ")
