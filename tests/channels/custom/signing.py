"""How a system signs a webhook: by the library of the standard, which takes texts only; other bytes by hand."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

from standardwebhooks import Webhook

SIGNATURE_HEADER = "webhook-signature"
HEADER_PREFIX = "v1,"


def sign(raw: bytes, secrets: dict[str, tuple[str, ...]], now: datetime, nth: int = 0) -> dict[str, str]:
    """The headers of a webhook signed with the nth of the secrets."""
    webhook_id, timestamp, secret = "msg_1", str(int(now.timestamp())), secrets["secret"][nth]
    try:
        signature = Webhook(secret).sign(webhook_id, now, raw.decode())
    except UnicodeDecodeError:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{webhook_id}.{timestamp}.".encode() + raw
        signature = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, SIGNATURE_HEADER: signature}
