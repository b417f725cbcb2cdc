"""How Telegram proves a webhook: by the secret it was set with, sent along. The body is not signed."""

from __future__ import annotations

from datetime import datetime

SIGNATURE_HEADER = "x-telegram-bot-api-secret-token"
HEADER_PREFIX = ""
SIGNS_BODY = False


def sign(raw: bytes, secrets: dict[str, tuple[str, ...]], now: datetime, nth: int = 0) -> dict[str, str]:
    """The headers of a webhook that was set with the nth of the secrets."""
    return {SIGNATURE_HEADER: secrets["secret_token"][nth]}
