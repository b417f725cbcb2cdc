"""The product's own mail (codes, invitations), by the API of SESv2: takes a simple text for one address or more."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook

SEND = "/system_mail/v2/email/outbound-emails"


class SystemMail:
    channel = "system_mail"
    routes = (("POST", SEND),)

    def answer(self, call: Call) -> Answer:
        mail = call.object()
        content = _within(mail, "Content", "Simple")
        needed = {
            "FromEmailAddress": mail.get("FromEmailAddress"),
            "Destination": _within(mail, "Destination").get("ToAddresses"),
            "Subject": _within(content, "Subject").get("Data"),
            "Body": _within(content, "Body", "Text").get("Data"),
        }
        missing = [name for name, value in needed.items() if not value]
        if missing:
            refused = Answer.of_json(400, {"message": f"{missing[0]} is missing"})
            return Answer(400, refused.body, {**refused.headers, "x-amzn-ErrorType": "BadRequestException"})
        return Answer.of_json(200, {"MessageId": secrets.token_hex(28)})

    def remember(self, call: Call, answer: Answer) -> str | None:
        return answer.object().get("MessageId") if answer.status == 200 else None

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        raise StatusRefused("system mail has no statuses")


def _within(value: Mapping[str, Any], *steps: str) -> Mapping[str, Any]:
    for step in steps:
        below = value.get(step)
        value = below if isinstance(below, dict) else {}
    return value
