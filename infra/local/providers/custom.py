"""A custom system: takes the product's callbacks and reports statuses, both as Standard Webhooks.

Signature: `v1,` + base64 of HMAC-SHA256 over `id.timestamp.body`, keyed by the base64 after `whsec_`
(https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import datetime

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.channel_settings import text
from infra.local.providers.memory import Memory

STATUSES = ("sent", "delivered", "read", "failed")


class CustomSystem:
    """The callback is the delivery; `statuses` beyond it are the system's own wish."""

    channel = "custom"
    routes = (("POST", "/custom"), ("POST", "/custom/{rest:.*}"))

    def __init__(self) -> None:
        self._message_ids: Memory[str] = Memory()

    def answer(self, call: Call) -> Answer:
        return Answer.of_json(200, {"id": f"cus_{secrets.token_hex(12)}"})

    def remember(self, call: Call, answer: Answer) -> str | None:
        """A status names the product's message id; it may be asked for by our id, the callback's id or itself."""
        data = call.object().get("data")
        given = answer.object().get("id")
        if isinstance(data, dict) and isinstance(data.get("message_id"), str):
            for name in (given, call.headers.get("webhook-id")):
                if isinstance(name, str):
                    self._message_ids.put(name, data["message_id"])
        return given if isinstance(given, str) else None

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        if wish.status not in STATUSES:
            raise StatusRefused(f"status must be one of {', '.join(STATUSES)}")
        channel = settings.find(self.channel)
        message_id = self._message_ids.get(wish.provider_id) or wish.provider_id
        body = json.dumps({"status": {"message_id": message_id, "status": wish.status}}).encode()
        webhook_id = f"msg_{secrets.token_hex(12)}"
        headers = sign(text(channel, "secret"), webhook_id, int(now.timestamp()), body)
        return Webhook(text(channel, "webhook_url"), {"Content-Type": "application/json", **headers}, body)


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three Standard Webhooks headers. `timestamp` in seconds. StatusRefused: the secret is not base64."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise StatusRefused("the channel's secret is not whsec_ and base64") from None
    digest = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
