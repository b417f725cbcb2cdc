"""SES's API v2, as far as mail is sent by it: SendEmail with a whole mail, and the events that tell what became of it.

Base of the product's calls: `{providers_url}/email`. Shapes: docs.aws.amazon.com/ses (API v2 SendEmail, examples of
event data). Events go to the product by the front's mail door, which puts them where SNS would.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from infra.local.mail_door import new_message_id
from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.channel_settings import text
from infra.local.providers.memory import Memory

MAX_MAIL_BYTES = 40 * 1024 * 1024
EVENTS = {
    "delivered": "Delivery",
    "bounce": "Bounce",
    "failed": "Bounce",
    "complaint": "Complaint",
    "rejected": "Reject",
}


@dataclass(frozen=True)
class SentMail:
    """What an event repeats of the mail it speaks of."""

    source: str
    destination: list[str]
    tags: dict[str, list[str]] = field(default_factory=dict)


class Ses:
    channel = "email"
    routes = (("POST", "/email/v2/email/outbound-emails"),)

    def __init__(self) -> None:
        self._mails: Memory[SentMail] = Memory()

    def answer(self, call: Call) -> Answer:
        if (
            "AWS4-HMAC-SHA256" not in call.headers.get("authorization", "")
            or "/ses/" not in call.headers["authorization"]
        ):
            return refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        body = call.object()
        wrong = _wrong(body)
        if wrong:
            return refusal(400, "BadRequestException", wrong)
        return Answer.of_json(200, {"MessageId": new_message_id(call.at)})

    def remember(self, call: Call, answer: Answer) -> str | None:
        message_id, body = answer.object().get("MessageId"), call.object()
        if not isinstance(message_id, str):
            return None
        tags = {str(one.get("Name")): [str(one.get("Value"))] for one in body.get("EmailTags", [])}
        sent = SentMail(str(body.get("FromEmailAddress")), list(body["Destination"]["ToAddresses"]), tags)
        self._mails.put(message_id, sent)
        return message_id

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        """A status is the message's id, or its Message-ID as it arrived."""
        kind = EVENTS.get(wish.status)
        if kind is None:
            raise StatusRefused(f"status must be one of {', '.join(EVENTS)}")
        message_id = wish.provider_id.strip("<>").partition("@")[0]
        mail = self._mails.get(message_id)
        if mail is None:
            raise StatusRefused("no mail of this id was sent")
        webhook_url = urlsplit(text(settings.find("whatsapp"), "webhook_url"))
        event = _event(kind, message_id, mail, wish, now)
        body = json.dumps({"notification": event}).encode()
        url = f"{webhook_url.scheme}://{webhook_url.netloc}/_local/email"
        return Webhook(url, {"Content-Type": "application/json"}, body)


def mail_of(raw_base64: str) -> EmailMessage:
    """The mail of a call's Content.Raw.Data. ValueError when it is none."""
    raw = base64.b64decode(raw_base64, validate=True)
    if len(raw) > MAX_MAIL_BYTES:
        raise ValueError("the mail is too large")
    return message_from_bytes(raw, policy=policy.default)


def _wrong(body: dict[str, Any]) -> str | None:
    """What SES would say of a call; None when it takes it."""
    source, to = body.get("FromEmailAddress"), body.get("Destination", {}).get("ToAddresses")
    if not isinstance(source, str) or "@" not in source:
        return "FromEmailAddress is missing."
    if (
        not isinstance(to, list)
        or not to
        or not all(isinstance(one, str) and one.isascii() and "@" in one for one in to)
    ):
        return "Illegal address"
    data = body.get("Content", {}).get("Raw", {}).get("Data")
    try:
        mail = mail_of(data)
        defects = [type(one).__name__ for part in mail.walk() for one in part.defects]
        missing = [name for name in ("From", "To", "Subject", "Date", "MIME-Version") if mail[name] is None]
    except (binascii.Error, ValueError, TypeError) as error:
        return f"The mail cannot be read: {type(error).__name__}"
    if defects or missing:
        return f"The mail has defects: {', '.join(defects + missing)}"
    return None if source in str(mail["From"]) else "FromEmailAddress is not the mail's From."


def _event(kind: str, message_id: str, mail: SentMail, wish: StatusRequest, now: datetime) -> dict[str, Any]:
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    details: dict[str, Any] = {"timestamp": at}
    if kind == "Delivery":
        details |= {"recipients": mail.destination, "smtpResponse": "250 2.0.0 OK", "processingTimeMillis": 500}
    elif kind == "Bounce":
        told = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        details |= {
            "bounceType": wish.details.get("bounce_type", "Permanent"),
            "bounceSubType": wish.details.get("bounce_sub_type", "NoEmail"),
            "bouncedRecipients": [{"emailAddress": one, **told} for one in mail.destination],
            "feedbackId": f"{message_id}-bounce",
        }
    elif kind == "Complaint":
        details |= {"complainedRecipients": [{"emailAddress": one} for one in mail.destination]}
        details |= {"complaintFeedbackType": "abuse", "feedbackId": f"{message_id}-complaint"}
    else:
        details = {"reason": "Bad content"}
    told_of = {"timestamp": at, "source": mail.source, "messageId": message_id, "destination": mail.destination}
    return {"eventType": kind, "mail": {**told_of, "tags": mail.tags}, kind.lower(): details}


def refusal(status: int, name: str, message: str) -> Answer:
    """An error of SES."""
    body = json.dumps({"message": message}).encode()
    return Answer(status, body, {"Content-Type": "application/json", "x-amzn-ErrorType": name})
