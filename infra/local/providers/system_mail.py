"""The product's own mail (invitations, verification): takes {to, subject, text} and says 202."""

from __future__ import annotations

import secrets
from datetime import datetime

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook


class SystemMail:
    channel = "system_mail"
    routes = (("POST", "/system_mail"),)

    def answer(self, call: Call) -> Answer:
        mail = call.object()
        missing = [name for name in ("to", "subject", "text") if not mail.get(name)]
        if missing:
            return Answer.of_json(400, {"error": f"{missing[0]} is missing"})
        return Answer.of_json(202, {"id": f"mail-{secrets.token_hex(12)}"})

    def remember(self, call: Call, answer: Answer) -> str | None:
        return str(answer.object()["id"]) if answer.status == 202 and "id" in answer.object() else None

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        raise StatusRefused("system mail has no statuses")
