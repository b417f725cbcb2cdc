"""Telegram by its Bot API: the adapter. ``inbound`` and ``contents`` read, ``outbound`` writes, ``errors`` is the table
of refusals.

The bot's token is part of every URL of the API. It stands in requests alone: in no stored URL, no failure, no log.
Source: core.telegram.org/bots/api.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from re import ASCII
from re import compile as pattern
from typing import Any, ClassVar

from recado.channels.base import (
    BadSignature,
    ChannelAdapter,
    Field,
    Headers,
    HttpRequest,
    Limits,
    MediaLimit,
    PairSpeed,
    Part,
    RetryPolicy,
    Secrets,
    Speed,
    matches,
    unreadable_body,
)
from recado.channels.telegram import inbound, outbound
from recado.channels.telegram.errors import answer_of, interpret, media_failure
from recado.channels.untrusted import Unreadable, decode, identifier, mapping, text
from recado.domain.errors import FieldError
from recado.domain.messages import (
    MEDIA_KINDS,
    CannotSend,
    Failure,
    Media,
    OutboundMessage,
    Parsed,
    Rejected,
    Sender,
    Sent,
)
from recado.ports.core import HttpResponse

ANSWER_TIMEOUT_S = 3.0
_MEGABYTE = 1024 * 1024
_FILE = MediaLimit(50 * _MEGABYTE)
_BOT_TOKEN = pattern(r"\d{1,20}:[A-Za-z0-9_-]{1,200}", ASCII)
_SECRET_TOKEN = pattern(r"[A-Za-z0-9_-]{1,256}", ASCII)
_FILE_PATH = pattern(r"(?!.*\.\.)[\w./\-]{1,512}", ASCII)


def _bot_token(value: str) -> str | None:
    return None if _BOT_TOKEN.fullmatch(value) else "It must be the bot's token: digits, a colon, letters and digits."


def _secret_token(value: str) -> str | None:
    return None if _SECRET_TOKEN.fullmatch(value) else "It must be 1 to 256 letters, digits, underscores and hyphens."


class Telegram(ChannelAdapter):
    """One bot."""

    type = "telegram"
    provider = "bot_api"
    public_base_url = "https://api.telegram.org"
    fields = (
        Field("secrets", "secret_token", "always", _secret_token, rotates=True),
        Field("secrets", "bot_token", "to_send", _bot_token),
    )
    limits = Limits(text=outbound.MAX_PARTS * outbound.MAX_TEXT, caption=(outbound.MAX_PARTS - 1) * outbound.MAX_TEXT)
    kinds = MEDIA_KINDS | {"text", "reaction", "interactive", "location", "contacts"}
    retries = RetryPolicy(as_asked=True)
    media_limits: ClassVar[Mapping[str, MediaLimit]] = {
        "image": MediaLimit(10 * _MEGABYTE, frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})),
        "audio": _FILE,
        "video": _FILE,
        "document": _FILE,
        "sticker": MediaLimit(512 * 1024, frozenset({"image/webp", "application/x-tgsticker", "video/webm"})),
    }
    uploads = True
    speed = Speed(per_second=30, pair=PairSpeed(every_s=1.0, burst=3))  # "short bursts" to a chat are let pass

    # -- the way in --------------------------------------------------------------------------------

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """X-Telegram-Bot-Api-Secret-Token: the secret that the webhook was set with. The body itself is not signed."""
        given = headers.get("x-telegram-bot-api-secret-token", "")
        if not any(secret and matches(secret, given) for secret in secrets.get("secret_token", ())):
            raise BadSignature

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part: a webhook is one update; see ``inbound``."""
        try:
            return inbound.split(decode(raw), now)
        except Unreadable as reason:
            return [unreadable_body(raw, str(reason))]

    def read(self, part: Part) -> Parsed:
        """See ``inbound``."""
        return inbound.read(part.payload, part.sender or "")

    def answers(self, part: Part, secrets: Secrets) -> list[HttpRequest]:
        """A pressed button shows that it waits until its query is answered."""
        query_id = identifier(mapping(part.payload.get("callback_query")).get("id"))
        if query_id is None or not secrets.get("bot_token"):
            return []
        root = outbound.bot_url(self.base_url, secrets)
        request = outbound.call(root, "answerCallbackQuery", {"callback_query_id": query_id})
        return [request._replace(timeout_s=ANSWER_TIMEOUT_S)]

    def registration(self, webhook_url: str, secrets: Secrets) -> HttpRequest | None:
        """setWebhook, with the kinds of updates that are read; without a token nothing can be asked for."""
        if not secrets.get("bot_token"):
            return None
        wanted = {
            "url": webhook_url,
            "secret_token": secrets["secret_token"][0],
            "allowed_updates": list(inbound.READERS),
        }
        return outbound.call(outbound.bot_url(self.base_url, secrets), "setWebhook", wanted)

    def probe(self, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """getMe."""
        if not secrets.get("bot_token"):
            return None
        return outbound.call(outbound.bot_url(self.base_url, secrets), "getMe", {})

    def deregistration(self, webhook_url: str, secrets: Secrets) -> HttpRequest | None:
        """deleteWebhook; without a token nothing can be asked for."""
        if not secrets.get("bot_token"):
            return None
        return outbound.call(outbound.bot_url(self.base_url, secrets), "deleteWebhook", {})

    # -- the way out -------------------------------------------------------------------------------

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """The kind, what it needs beside its text, and in how many parts the text would go."""
        return super().check(message) or outbound.check(message)

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """One call, or several for a long text, for a caption over the limit (as a text after the file) and for several
        contacts."""
        errors = self.check(message)
        if errors:
            raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))
        return outbound.requests(self.base_url, message, to, secrets)

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """See ``errors``."""
        return interpret(response)

    # -- files at the provider ---------------------------------------------------------------------

    def locate_media(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """getFile, which is for files of at most 20 MB. Raises CannotSend without a token."""
        return outbound.call(outbound.bot_url(self.base_url, secrets), "getFile", {"file_id": media.provider_id})

    def located(self, media: Media, response: HttpResponse) -> Media | Rejected:
        """The file with a URL that lacks the token: `download` alone puts it in."""
        body = answer_of(response)
        if response.status >= 400 or body.get("ok") is not True:
            return Rejected(media_failure(response))
        file = mapping(body.get("result"))
        path, size = text(file.get("file_path")) or "", file.get("file_size")
        if not _FILE_PATH.fullmatch(path):
            return Rejected(Failure("unreadable_answer", "Telegram did not say where the file is.", "content"))
        known = size if isinstance(size, int) and not isinstance(size, bool) else media.size
        return media._replace(url=f"{self.base_url}/file/{path}", size=known)

    def download(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """The bytes at what `located` found. Raises CannotSend without a token."""
        path = (media.url or "").removeprefix(f"{self.base_url}/file/")
        url = outbound.bot_url(f"{self.base_url}/file", secrets) + f"/{path}"
        return HttpRequest("GET", url, {}, b"", 60.0)

    # -- the channel itself ------------------------------------------------------------------------

    def canonical(self, address: str) -> str:
        """``u:`` and the person's user id, which is the id of their private chat."""
        return inbound.customer_key(address)

    def given_id(self, sender: Sender) -> str:
        """The user id."""
        return sender.user_id or sender.canonical.removeprefix("u:")
