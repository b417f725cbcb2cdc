"""What Meta's channels have in common: the handshake of the webhook, its signature, Graph's version, access tokens.

Source: developers.facebook.com/docs/graph-api/webhooks/getting-started.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import digest
from re import ASCII
from re import compile as pattern
from typing import Any

from recado.channels import meta_tokens
from recado.channels.base import (
    Answer,
    BadSignature,
    ChannelAdapter,
    Headers,
    HttpRequest,
    Probed,
    Secrets,
    matches,
)
from recado.channels.graph_codes import error_code as error_code
from recado.domain.messages import Failure, Rejected, Renewed
from recado.ports.core import HttpResponse

GRAPH_VERSION = "v24.0"
_TOKEN = pattern(r"[\x21-\x7e]{1,2048}")
_APP_ID = pattern(r"\d{5,32}", ASCII)
_CHALLENGE = pattern(r"[\w.\-]{1,256}", ASCII)


def wrong_token(value: str) -> str | None:
    """What is wrong with a secret or token of Meta's, or None."""
    return None if _TOKEN.fullmatch(value) else "It must be printable characters without blanks."


def app_id(value: str) -> str | None:
    """What is wrong with the id of an app at Meta, or None."""
    return None if _APP_ID.fullmatch(value) else "It must be the app's id at Meta, digits only."


class MetaAdapter(ChannelAdapter):
    """A channel whose webhooks come from an app at Meta: secrets ``app_secret`` and ``verify_token``."""

    provider = "graph"
    public_base_url = "https://graph.facebook.com"
    token_secret = "access_token"

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

    # -- the access token --------------------------------------------------------------------------

    def probe(self, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """See ``meta_tokens``."""
        return meta_tokens.debug_request(self.base_url, settings, secrets)

    def probed(self, response: HttpResponse) -> Probed:
        """See ``meta_tokens``."""
        return meta_tokens.probed(response)

    def token_min_age(self, settings: Mapping[str, Any], secrets: Secrets) -> timedelta | None:
        """At once, where the app's id is known."""
        return None if self.renewal(settings, secrets) is None else timedelta(0)

    def renewal(self, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """A longer token for one of a person that still holds."""
        return meta_tokens.exchange_request(self.base_url, settings, secrets)

    def renewed(self, response: HttpResponse) -> Renewed | Rejected:
        """See ``meta_tokens``."""
        return meta_tokens.renewed(response)

    def token_refused(self, failure: Failure) -> bool:
        """Graph's code 190."""
        return meta_tokens.refused(failure)
