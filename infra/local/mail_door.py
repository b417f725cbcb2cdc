"""The mail provider's side of incoming mail, on this machine: `POST /_local/email` puts the mail into the bucket and
its notification into the queue, as SES and SNS do in AWS.

A body is {recipients[], raw_base64, verdicts?{spam, virus, spf, dkim, dmarc: PASS|FAIL|GRAY…}, source?} for a mail that
comes, or {notification: {…}} for what became of one that was sent, which the provider simulator posts.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import Any

from infra.local.deployment import client

MAX_MAIL_BYTES = 40 * 1024 * 1024
"""What SES receives at most."""
MAX_MAIL_BODY_BYTES = 60 * 1024 * 1024
VERDICTS = ("spam", "virus", "spf", "dkim", "dmarc")
MAX_HEADERS_TOLD = 10 * 1024


class BadMail(Exception):
    """The body is no mail; the text says why."""


class MailDoor:
    """One bucket and one queue of the local AWS."""

    def __init__(self, ministack_url: str, bucket: str, queue_url: str) -> None:
        self._s3 = client("s3", ministack_url)
        self._sqs = client("sqs", ministack_url)
        self._bucket = bucket
        self._queue_url = queue_url

    def post(self, body: bytes, now: datetime) -> dict[str, Any]:
        """{message_id, object_key} of the mail. Whether its recipients exist is for the product to find out, as in AWS.
        BadMail says what is wrong with the body."""
        try:
            given = json.loads(body)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise BadMail("the body must be a JSON object")
        if isinstance(given.get("notification"), dict):
            self._tell(given["notification"])
            return {"told": True}
        recipients, raw = given.get("recipients"), _raw(given.get("raw_base64"))
        if not isinstance(recipients, list) or not recipients or not all(isinstance(one, str) for one in recipients):
            raise BadMail("recipients must be a list of addresses")
        message_id = new_message_id(now)
        key = f"mail/{message_id}"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=raw)
        self._tell(_notification(message_id, key, self._bucket, recipients, raw, given, now))
        return {"message_id": message_id, "object_key": key}

    def _tell(self, notification: dict[str, Any]) -> None:
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(notification))


def new_message_id(now: datetime) -> str:
    """An id in SES's form."""
    chance = f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-{secrets.token_hex(6)}"
    return f"{int(now.timestamp() * 1000):016x}-{chance}-000000"


def _raw(value: Any) -> bytes:
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise BadMail("raw_base64 must be base64") from None
    if not raw or len(raw) > MAX_MAIL_BYTES:
        raise BadMail(f"a mail has 1 to {MAX_MAIL_BYTES} bytes")
    return raw


def _notification(
    message_id: str, key: str, bucket: str, recipients: list[str], raw: bytes, given: dict[str, Any], now: datetime
) -> dict[str, Any]:
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told, wanted = _headers(raw), given.get("verdicts")
    verdicts = wanted if isinstance(wanted, dict) else {}
    source = given.get("source", next((value for name, value in told if name.lower() == "return-path"), None))
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": at,
            "source": source.strip("<> ") if isinstance(source, str) else "sender@outside.example",
            "messageId": message_id,
            "destination": recipients,
            "headersTruncated": len(raw) > MAX_HEADERS_TOLD,
            "headers": [{"name": name, "value": value} for name, value in told],
            "commonHeaders": {},
        },
        "receipt": {
            "timestamp": at,
            "processingTimeMillis": 1,
            "recipients": recipients,
            **{f"{name}Verdict": {"status": str(verdicts.get(name, "PASS"))} for name in VERDICTS},
            "action": {"type": "S3", "bucketName": bucket, "objectKey": key, "objectKeyPrefix": "mail/"},
        },
    }


def _headers(raw: bytes) -> list[tuple[str, str]]:
    """The first headers, as far as they can be told."""
    try:
        found = BytesHeaderParser().parsebytes(raw[:MAX_HEADERS_TOLD]).items()
        return [(str(name), str(value).encode("ascii", "replace").decode()) for name, value in found]
    except Exception:  # what the library cannot read is not told; the mail itself lies in the bucket
        return []
