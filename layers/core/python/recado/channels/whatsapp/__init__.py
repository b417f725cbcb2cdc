"""WhatsApp by Meta's Cloud API: the adapter. ``inbound`` reads, ``outbound`` writes, ``errors`` is the table of error
codes.

Source: developers.facebook.com/documentation/business-messaging/whatsapp (webhooks reference, messages, error codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hmac import digest
from re import ASCII
from re import compile as pattern
from typing import Any

from recado.channels.base import (
    Answer,
    BadSignature,
    ChannelAdapter,
    Field,
    Headers,
    HttpRequest,
    Limits,
    Part,
    RetryPolicy,
    Secrets,
    Window,
    matches,
    unreadable_body,
)
from recado.channels.untrusted import Unreadable, decode
from recado.channels.whatsapp import inbound, outbound
from recado.channels.whatsapp.errors import interpret
from recado.domain.errors import FieldError
from recado.domain.messages import MEDIA_KINDS, OutboundMessage, Parsed, Rejected, Sender, Sent
from recado.ports.core import HttpResponse

_DIGITS = pattern(r"\d{5,32}", ASCII)
_TOKEN = pattern(r"[\x21-\x7e]{1,2048}")
_CHALLENGE = pattern(r"[\w.\-]{1,256}", ASCII)


def _account_id(value: str) -> str | None:
    return None if _DIGITS.fullmatch(value) else "It must be the number's id at Meta, digits only."


def _token(value: str) -> str | None:
    return None if _TOKEN.fullmatch(value) else "It must be printable characters without blanks."


class WhatsApp(ChannelAdapter):
    """One number of a WhatsApp Business account. One app, with one secret and one webhook, may serve many numbers."""

    type = "whatsapp"
    provider = "graph"
    public_base_url = "https://graph.facebook.com"
    fields = (
        Field("settings", "phone_number_id", "always", _account_id),
        Field("secrets", "app_secret", "always", _token),
        Field("secrets", "verify_token", "always", _token),
        Field("secrets", "access_token", "to_send", _token),
    )
    limits = Limits(text=4096, caption=1024)
    kinds = MEDIA_KINDS | {"text", "template", "reaction", "interactive"}
    starts_by = frozenset({"mobile", "phone"})
    window = Window(seconds=24 * 3600, after=frozenset({"template"}))
    retries = RetryPolicy(give_up_after_s=48 * 3600)  # code 131049 asks for a day alone

    def handshake(self, query: Mapping[str, str], settings: Mapping[str, Any], secrets: Secrets) -> Answer | None:
        """The challenge as it came, for the verify token we gave Meta; 403 for anything else."""
        given, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
        known = any(matches(token, given) for token in secrets.get("verify_token", ()) if token)
        if query.get("hub.mode") == "subscribe" and known and _CHALLENGE.fullmatch(challenge):
            return Answer(200, challenge)
        return Answer(403, "Forbidden")

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """X-Hub-Signature-256: ``sha256=`` and the lower-case hex HMAC-SHA256 of the bytes under the app's secret."""
        given = headers.get("x-hub-signature-256", "")
        for secret in secrets.get("app_secret", ()):
            if secret and matches("sha256=" + digest(secret.encode(), raw, "sha256").hex(), given):
                return
        raise BadSignature

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part for each number of ours and customer; see ``inbound``."""
        try:
            body = decode(raw)
        except Unreadable as reason:
            return [unreadable_body(raw, str(reason))]
        return inbound.split(body)

    def read(self, part: Part) -> Parsed:
        """See ``inbound``."""
        return inbound.read(part.payload, part.sender or "")

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """The kind, the length of the text, and what the kind needs beside it."""
        return super().check(message) or outbound.check(message)

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """Always one request: a text over the limit is refused, never split, so that a message has one id and one
        delivery."""
        outbound.refuse(self.check(message))
        return [outbound.request(self.base_url, message, to, settings, secrets)]

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """By the error's code, not by the HTTP status; see ``errors``."""
        return interpret(response)

    def canonical(self, address: str) -> str:
        """A phone in its canonical form, or ``u:`` and a business-scoped user id (``BR.…``)."""
        key = inbound.customer_key(address)
        if key is None:
            raise ValueError("neither a telephone number nor a business-scoped user id")
        return key

    def given_id(self, sender: Sender) -> str:
        """The digits of the telephone number, as Meta's ``wa_id``; else the business-scoped user id."""
        return sender.phone.removeprefix("+") if sender.phone else sender.user_id or sender.canonical

    def account_address(self, settings: Mapping[str, Any]) -> str | None:
        """The number's id at Meta."""
        value = settings.get("phone_number_id")
        return value if isinstance(value, str) and value else None
