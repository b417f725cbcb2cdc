"""WhatsApp by Meta's Cloud API: the adapter. ``inbound`` reads, ``outbound`` writes, ``errors`` is the table of error
codes, ``billing`` what Meta charges.

Source: developers.facebook.com/documentation/business-messaging/whatsapp (webhooks reference, messages, error codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from re import ASCII
from re import compile as pattern
from typing import TYPE_CHECKING, Any

from recado.channels.base import (
    SPEED_FIELD,
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
    Window,
    unreadable_body,
)
from recado.channels.meta import MetaAdapter, app_id, wrong_token
from recado.channels.untrusted import Unreadable, decode
from recado.channels.whatsapp import files, inbound, outbound, template_updates
from recado.channels.whatsapp.errors import interpret
from recado.domain.errors import FieldError
from recado.domain.file_limits import KB, MB
from recado.domain.identity import e164
from recado.domain.messages import MEDIA_KINDS, Media, OutboundMessage, Parsed, Rejected, Sender, Sent
from recado.ports.core import HttpResponse

if TYPE_CHECKING:
    from recado.channels.template_calls import TemplateCalls
    from recado.domain.billing import Billing

_DIGITS = pattern(r"\d{5,32}", ASCII)

# Source: …/whatsapp/cloud-api/reference/media, "Supported media types". Of documents it lists some; others are sent
# too, by the same kind.
_MEDIA_LIMITS = {
    "image": MediaLimit(5 * MB, frozenset({"image/jpeg", "image/png"})),
    "video": MediaLimit(16 * MB, frozenset({"video/mp4", "video/3gpp"})),
    "audio": MediaLimit(16 * MB, frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})),
    "document": MediaLimit(100 * MB),
    "sticker": MediaLimit(500 * KB, frozenset({"image/webp"})),
}


def _account_id(value: str) -> str | None:
    return None if _DIGITS.fullmatch(value) else "It must be the number's id at Meta, digits only."


def _business_id(value: str) -> str | None:
    return None if _DIGITS.fullmatch(value) else "It must be the WhatsApp Business account's id at Meta, digits only."


def _number(value: str) -> str | None:
    return None if e164(value) else "It must be the number that people write to, with its country code."


def _zone_name(value: str) -> str | None:
    from zoneinfo import available_timezones

    return None if value in available_timezones() else "It must be the WhatsApp Business account's IANA time zone."


class WhatsApp(MetaAdapter):
    """One number of a WhatsApp Business account. One app, with one secret and one webhook, may serve many numbers."""

    type = "whatsapp"
    fields = (
        Field("settings", "phone_number_id", "always", _account_id),
        Field("settings", "waba_id", "never", _business_id),
        SPEED_FIELD,
        Field("settings", "display_phone_number", "never", _number),
        Field("settings", "time_zone", "never", _zone_name),
        Field("secrets", "app_secret", "always", wrong_token, rotates=True),
        Field("secrets", "verify_token", "always", wrong_token),
        Field("secrets", "access_token", "to_send", wrong_token),
        Field("settings", "app_id", "never", app_id),
    )
    limits = Limits(text=4096, caption=1024)
    kinds = MEDIA_KINDS | {"text", "template", "reaction", "interactive"}
    starts_by = frozenset({"mobile", "phone"})
    click_links = True
    link_previews = ("WhatsApp/",)
    window = Window(seconds=24 * 3600, after=frozenset({"template"}))
    media_limits = _MEDIA_LIMITS
    media_hosts = files.HOSTS
    speed = Speed(per_second=80, pair=PairSpeed(every_s=6.0, burst=45))  # up to 1,000 when raised, 20 beside the app
    retries = RetryPolicy(give_up_after_s=48 * 3600)  # code 131049 asks for a day alone

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part for each number of ours and customer; see ``inbound``."""
        try:
            body = decode(raw)
        except Unreadable as reason:
            return [unreadable_body(raw, str(reason))]
        return inbound.split(body, now)

    def read(self, part: Part) -> Parsed:
        """See ``inbound``; what is of the account, see ``template_updates``."""
        if part.kind == "account":
            return template_updates.read(part.payload)
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

    def locate_media(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """See ``files``."""
        return files.locate(self.base_url, media, secrets)

    def located(self, media: Media, response: HttpResponse) -> Media | Rejected:
        """See ``files``."""
        return files.located(media, response)

    def download(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """See ``files``."""
        return files.download(media, secrets)

    def canonical(self, address: str) -> str:
        """A phone in its canonical form, or ``u:`` and a business-scoped user id (``BR.…``)."""
        key = inbound.customer_key(address)
        if key is None:
            raise ValueError("neither a telephone number nor a business-scoped user id")
        return key

    def given_id(self, sender: Sender) -> str:
        """The digits of the telephone number, as Meta's ``wa_id``; else the business-scoped user id."""
        return sender.phone.removeprefix("+") if sender.phone else sender.user_id or sender.canonical

    def template_calls(self) -> TemplateCalls:
        """See ``templates``; imported when it is asked for, as reception has no use for it."""
        from recado.channels.whatsapp.templates import WhatsAppTemplates

        return WhatsAppTemplates(self.base_url)

    def click_link(self, settings: Mapping[str, Any], text: str) -> str | None:
        """``wa.me`` with the public number (faq.whatsapp.com, "How to use click to chat")."""
        from urllib.parse import quote

        number = e164(str(settings.get("display_phone_number") or ""))
        if number is None:
            return None
        return f"https://wa.me/{number.removeprefix('+')}" + (f"?text={quote(text, safe='')}" if text else "")

    def billing(self) -> Billing:
        """See ``billing``: loaded when it is asked for, as ingress never does."""
        from recado.channels.whatsapp.billing import BILLING

        return BILLING

    def account_address(self, settings: Mapping[str, Any]) -> str | None:
        """The number's id at Meta."""
        value = settings.get("phone_number_id")
        return value if isinstance(value, str) and value else None
