"""What the mail provider tells: a mail that came, and what became of one that was sent (bounce, complaint, delivery).

The shapes are those of SES's notifications and of its published events, which differ in the name of their kind.
Sources: docs.aws.amazon.com/ses, "Contents of notifications for Amazon SES email receiving", "Contents of Amazon SNS
notifications", "Examples of event data". Pure; what is not understood is named, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from recado.domain.messages import DeliveryStatus

MAX_RECIPIENTS = 50
_VERDICTS = ("spam", "virus", "spf", "dkim", "dmarc")
_BOUNCES = {
    "NoEmail": "The address is not known at its mail server.",
    "Suppressed": "The address is on SES's list of addresses that do not exist.",
    "OnAccountSuppressionList": "The address is on the installation's list of addresses that are not written to.",
    "MailboxFull": "The customer's mailbox is full.",
    "MessageTooLarge": "The mail is too large for the customer's mail server.",
    "ContentRejected": "The customer's mail server refused what the mail holds.",
    "AttachmentRejected": "The customer's mail server refused the file.",
}


class Received(NamedTuple):
    """A mail lies in the bucket under `key`. recipients: of the envelope. verdicts: PASS, FAIL, GRAY … of spam, virus,
    spf, dkim, dmarc. null_sender: its envelope has no sender, as only machines write."""

    key: str
    provider_id: str
    at: datetime
    recipients: tuple[str, ...]
    verdicts: Mapping[str, str]
    null_sender: bool


class Outgoing(NamedTuple):
    """Something became of a mail of ours. kind: in lower case, as the provider calls it; message_id: our own, where
    the provider repeats it; details: what it tells of that kind."""

    kind: str
    provider_id: str
    source: str
    message_id: str | None
    at: datetime
    details: Mapping[str, Any]


Outcome = tuple[DeliveryStatus, datetime, str, str]
"""Status, when, code, title."""


def notification(body: Mapping[str, Any], now: datetime) -> Received | Outgoing | str:
    """What a notification says; a code for one that says nothing."""
    mail = _object(body.get("mail"))
    kind = _text(body.get("notificationType")) or _text(body.get("eventType"))
    provider_id = _text(mail.get("messageId"))
    if not kind or not provider_id:
        return "no_notification"
    if kind == "Received":
        return _received(mail, _object(body.get("receipt")), provider_id, now)
    name = kind.replace(" ", "").lower()
    details = _object(body.get(name[:1] + kind.replace(" ", "")[1:])) or _object(body.get(name))
    at = _moment(details.get("timestamp")) or _moment(mail.get("timestamp")) or now
    tags = _object(mail.get("tags")).get("recado_message")
    message_id = _text(tags[0]) if isinstance(tags, list) and tags else ""
    return Outgoing(name, provider_id, _text(mail.get("source")), message_id or None, at, details)


def _received(mail: Mapping[str, Any], receipt: Mapping[str, Any], provider_id: str, now: datetime) -> Received | str:
    key = _text(_object(receipt.get("action")).get("objectKey"))
    recipients = receipt.get("recipients")
    if not key or not isinstance(recipients, list):
        return "no_mail_in_notification"
    verdicts = {name: _text(_object(receipt.get(f"{name}Verdict")).get("status"))[:32] for name in _VERDICTS}
    at = _moment(receipt.get("timestamp")) or _moment(mail.get("timestamp")) or now
    return Received(
        key=key,
        provider_id=provider_id,
        at=min(at, now),
        recipients=tuple(one for one in recipients[:MAX_RECIPIENTS] if isinstance(one, str)),
        verdicts={name: status for name, status in verdicts.items() if status},
        null_sender=mail.get("source") in ("", "<>"),
    )


def outcomes(told: Outgoing) -> list[Outcome]:
    """What it means for the message: nothing for what is no end of it (sent, delayed, opened, a complaint about what
    came)."""
    if told.kind == "delivery":
        return [("delivered", told.at, "", "")]
    if told.kind == "bounce":
        kind, sub = _text(told.details.get("bounceType")), _text(told.details.get("bounceSubType"))
        title = _BOUNCES.get(sub, "The mail came back.")
        return [("failed", told.at, "/".join(one for one in (kind, sub) if one)[:100] or "bounce", title)]
    if told.kind == "complaint" and _text(told.details.get("complaintSubType")) in _BOUNCES:
        return [("failed", told.at, "complaint/OnAccountSuppressionList", _BOUNCES["OnAccountSuppressionList"])]
    if told.kind in ("reject", "renderingfailure"):
        return [("failed", told.at, told.kind, "SES took the mail and then refused to send it.")]
    return []


def problems(told: Outgoing) -> list[str]:
    """What those who look after the channel should know of, by codes: `complaint`, that somebody called a mail that
    they got spam."""
    return ["complaint"] if told.kind == "complaint" and not outcomes(told) else []


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 1_024 and value.isprintable() else ""


def _moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
