"""What Graph says of access tokens: `GET /graph/debug_token`, and `GET /graph/oauth/access_token`, which gives a longer
one. Unscripted every token holds for ever, as those of system users do."""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.whatsapp import graph_error


class GraphTokens:
    """Calls are kept under `meta_tokens`: no channel's script is used up by them."""

    channel = "meta_tokens"
    routes = (("GET", "/graph/debug_token"), ("GET", "/graph/oauth/access_token"))

    def answer(self, call: Call) -> Answer:
        parts = urlsplit(call.path)
        query = parse_qs(parts.query)
        if parts.path.endswith("/oauth/access_token"):
            if "fb_exchange_token" not in query:
                return graph_error(400, 100, "(#100) Missing fb_exchange_token")
            return Answer.of_json(200, {"access_token": "EAA" + secrets.token_hex(40), "token_type": "bearer"})
        if not call.headers.get("authorization", "").startswith("Bearer ") or "input_token" not in query:
            return graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token")
        return Answer.of_json(200, {"data": {"type": "SYSTEM_USER", "is_valid": True, "expires_at": 0}})

    def remember(self, call: Call, answer: Answer) -> str | None:
        return None

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        raise StatusRefused("tokens have no statuses")
