"""How Meta signs a webhook."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

SIGNATURE_HEADER = "x-hub-signature-256"
HEADER_PREFIX = "sha256="


def sign(raw: bytes, secrets: dict[str, tuple[str, ...]], now: datetime, nth: int = 0) -> dict[str, str]:
    """The headers of a webhook signed with the nth of the secrets."""
    key = secrets["app_secret"][nth].encode()
    return {SIGNATURE_HEADER: HEADER_PREFIX + hmac.new(key, raw, hashlib.sha256).hexdigest()}
