"""What Meta's channels have in common: the handshake of the webhook, its signature, Graph's version and error codes.

Source: developers.facebook.com/docs/graph-api/webhooks/getting-started.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hmac import digest
from re import ASCII
from re import compile as pattern
from typing import Any

from recado.channels.base import Answer, BadSignature, ChannelAdapter, Headers, Secrets, matches
from recado.channels.untrusted import identifier

GRAPH_VERSION = "v24.0"
_TOKEN = pattern(r"[\x21-\x7e]{1,2048}")
_CHALLENGE = pattern(r"[\w.\-]{1,256}", ASCII)


def wrong_token(value: str) -> str | None:
    """What is wrong with a secret or token of Meta's, or None."""
    return None if _TOKEN.fullmatch(value) else "It must be printable characters without blanks."


def error_code(value: Any) -> int | None:
    """A code as Graph writes it, a number or its digits."""
    text = identifier(value)
    return int(text) if text and len(text) <= 9 and text.isascii() and text.isdigit() else None


class MetaAdapter(ChannelAdapter):
    """A channel whose webhooks come from an app at Meta: secrets ``app_secret`` and ``verify_token``."""

    provider = "graph"
    public_base_url = "https://graph.facebook.com"

    def handshake(self, query: Mapping[str, str], settings: Mapping[str, Any], secrets: Secrets) -> Answer | None:
        """The challenge as it came, for the verify token we gave Meta; 403 for anything else."""
        given, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
        known = any(matches(token, given) for token in secrets.get("verify_token", ()) if token)
        if query.get("hub.mode") == "subscribe" and known and _CHALLENGE.fullmatch(challenge):
            return Answer(200, challenge)
        return Answer(403, "Forbidden")

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """X-Hub-Signature-256: ``sha256=`` and the lower-case hex HMAC-SHA256 of the bytes under one of the app's
        secrets."""
        given = headers.get("x-hub-signature-256", "")
        for secret in secrets.get("app_secret", ()):
            if secret and matches("sha256=" + digest(secret.encode(), raw, "sha256").hex(), given):
                return
        raise BadSignature
