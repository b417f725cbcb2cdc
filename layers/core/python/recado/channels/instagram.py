"""Instagram: the direct messages of a professional account. What it shares with Messenger is in ``meta_messaging``.

Two products of Meta's reach it: with Facebook's login (a page's token, Graph's own host), and with Instagram's (a token
beginning ``IG``, an app secret of its own, ``graph.instagram.com``). ``app_secret`` may hold the secrets of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from recado.channels import meta_tokens
from recado.channels.base import HttpRequest, Limits, MediaLimit, Secrets, Speed
from recado.channels.meta import GRAPH_VERSION
from recado.channels.meta_messaging import MAX_PARTS, MetaMessaging

INSTAGRAM_URL = "https://graph.instagram.com"
_MB = 1024 * 1024


class Instagram(MetaMessaging):
    """One account; ``page_id`` is its id as webhooks have it. People are known by the id they have for it (IGSID)."""

    type = "instagram"
    part_limit = 1_000
    limits = Limits(text=MAX_PARTS * part_limit, caption=MAX_PARTS * part_limit)
    cards = False
    speed = Speed(per_second=100, media_per_second=10)
    reaction_names: ClassVar = {"❤️": "love", "❤": "love"}
    media_limits: ClassVar = {
        "image": MediaLimit(8 * _MB, frozenset({"image/png", "image/jpeg", "image/gif"})),
        "audio": MediaLimit(25 * _MB, frozenset({"audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav"})),
        "video": MediaLimit(
            25 * _MB, frozenset({"video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"})
        ),
        "document": MediaLimit(25 * _MB, frozenset({"application/pdf"})),
    }

    @staticmethod
    def measure(text: str) -> int:
        """Bytes of UTF-8."""
        return len(text.encode("utf-8", "surrogatepass"))

    def probe(self, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """Whose the token is, for Instagram's login; nothing tells when such a token ends."""
        if not meta_tokens.of_instagram_login(secrets):
            return super().probe(settings, secrets)
        return meta_tokens.me_request(self._own_host(), secrets)

    def token_life(self, secrets: Secrets) -> timedelta | None:
        """60 days for Instagram's login."""
        return meta_tokens.LIFE if meta_tokens.of_instagram_login(secrets) else None

    def token_min_age(self, settings: Mapping[str, Any], secrets: Secrets) -> timedelta | None:
        """A day for Instagram's login."""
        if meta_tokens.of_instagram_login(secrets):
            return meta_tokens.INSTAGRAM_MIN_AGE
        return super().token_min_age(settings, secrets)

    def renewal(self, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """The same token for 60 days more, for Instagram's login."""
        if not meta_tokens.of_instagram_login(secrets):
            return super().renewal(settings, secrets)
        return meta_tokens.refresh_request(self._own_host(), secrets)

    def _own_host(self) -> str:
        return INSTAGRAM_URL if self.base_url == self.public_base_url else self.base_url

    def send_url(self, settings: Mapping[str, Any], token: str) -> str:
        """The token says whose messages they are, and of which of the two products."""
        public = self.base_url == self.public_base_url
        base = INSTAGRAM_URL if public and token.startswith("IG") else self.base_url
        return f"{base}/{GRAPH_VERSION}/me/messages"
