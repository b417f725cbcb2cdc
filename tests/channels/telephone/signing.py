"""Twilio's signature and forms: twilio.com/docs/usage/webhooks/webhooks-security."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

SIGNATURE_HEADER = "x-twilio-signature"
HEADER_PREFIX = ""
URL = "https://recado.example.com/webhooks/ch_1"
SAYS_WORDS = False
"""Nothing that a caller says comes as text."""


def encode(document: Any) -> bytes:
    """A form, with a repeated field for each value of a list."""
    return urlencode(document if isinstance(document, dict) else {}, doseq=True, errors="replace").encode()


def sign(
    raw: bytes, secrets: dict[str, tuple[str, ...]], now: datetime, nth: int = 0, url: str = URL
) -> dict[str, str]:
    values: dict[str, set[str]] = {}
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace"):
        values.setdefault(name, set()).add(value)
    signed = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    made = hmac.new(secrets["auth_token"][nth].encode(), signed.encode("utf-8", "surrogatepass"), hashlib.sha1)
    return {SIGNATURE_HEADER: base64.b64encode(made.digest()).decode()}
