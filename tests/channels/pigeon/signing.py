"""How the post office signs: hex HMAC-SHA256 of the body."""

from __future__ import annotations

import hmac
from datetime import datetime

SIGNATURE_HEADER = "x-coo"
HEADER_PREFIX = ""


def sign(raw: bytes, secrets: dict[str, tuple[str, ...]], now: datetime, nth: int = 0) -> dict[str, str]:
    """The headers of a webhook signed with the nth of the secrets."""
    return {SIGNATURE_HEADER: hmac.digest(secrets["seed"][nth].encode(), raw, "sha256").hex()}
