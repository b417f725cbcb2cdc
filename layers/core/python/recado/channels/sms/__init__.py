"""SMS and MMS by Twilio's Programmable Messaging: the adapter. ``inbound`` reads, ``outbound`` writes, ``errors`` is
the table of refusals.

A channel is one number. With a messaging service messages still leave from that number: a person is always written to
from the one that they know, and the service's opt-outs hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from re import ASCII
from re import compile as pattern
from typing import Any, ClassVar

from recado.channels.base import (
    SPEED_FIELD,
    Answer,
    Field,
    Headers,
    HttpRequest,
    Limits,
    MediaLimit,
    Part,
    Secrets,
    Speed,
    unreadable_body,
)
from recado.channels.sms import inbound, outbound
from recado.channels.sms.errors import OPTED_OUT, interpret
from recado.channels.twilio import TwilioAdapter, fields_of, wrong_account_sid, wrong_auth_token
from recado.domain.errors import FieldError
from recado.domain.file_limits import MB
from recado.domain.messages import CannotSend, Failure, OutboundMessage, Parsed, Rejected, Sender, Sent
from recado.ports.core import HttpResponse

_SERVICE_SID = pattern(r"MG[0-9a-fA-F]{32}", ASCII)


def _wrong_number(value: str) -> str | None:
    return None if inbound.our_number(value) else "It must be a telephone number with + and country, or a short code."


def _wrong_service(value: str) -> str | None:
    return None if _SERVICE_SID.fullmatch(value) else "It must be MG and 32 hexadecimal digits."


class Sms(TwilioAdapter):
    """One number of a Twilio account."""

    type = "sms"
    fields = (
        Field("settings", "number", "always", _wrong_number),
        Field("settings", "messaging_service_sid", "never", _wrong_service),
        SPEED_FIELD,
        Field("secrets", "auth_token", "always", wrong_auth_token, rotates=True),
        Field("secrets", "account_sid", "to_send", wrong_account_sid),
    )
    limits = Limits(text=outbound.MAX_PARTS * outbound.MAX_TEXT, caption=outbound.MAX_PARTS * outbound.MAX_TEXT)
    kinds = frozenset({"text", "image", "audio", "video", "document"})
    starts_by = frozenset({"mobile", "phone"})
    media_limits: ClassVar[Mapping[str, MediaLimit]] = {
        "image": MediaLimit(5 * MB, frozenset({"image/jpeg", "image/png", "image/gif"})),
        "audio": MediaLimit(5 * MB),
        "video": MediaLimit(5 * MB),
        "document": MediaLimit(5 * MB, frozenset({"application/pdf", "text/plain", "text/csv", "text/vcard"})),
    }
    ack = Answer(200, "<Response/>", "text/xml")
    speed = Speed(per_second=1)  # a long code's; short codes and numbers of some countries take more

    # -- the way in --------------------------------------------------------------------------------

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part: a webhook is one message or one status. It has no time of its own, so it is of now."""
        try:
            return inbound.split(fields_of(raw), now)
        except ValueError:
            return [unreadable_body(raw, "too many fields")]

    def read(self, part: Part) -> Parsed:
        """See ``inbound``."""
        return inbound.read(part.payload)

    # -- the way out -------------------------------------------------------------------------------

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """The kind, its file, and in how many parts the text would go."""
        return super().check(message) or outbound.check(message)

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """One request, or several for a long text. Raises CannotSend."""
        errors = self.check(message)
        if errors:
            raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))
        return outbound.requests(self.base_url, message, to, settings, secrets)

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """See ``errors``."""
        return interpret(response)

    def opted_out(self, failure: Failure) -> bool:
        """21610. Who wrote STOP is known before Twilio says so."""
        return failure.code == str(OPTED_OUT)

    # -- the channel itself ------------------------------------------------------------------------

    def canonical(self, address: str) -> str:
        """See ``inbound.customer_key``."""
        return inbound.customer_key(address)

    def account_address(self, settings: Mapping[str, Any]) -> str | None:
        """The number, as Twilio writes it."""
        return inbound.our_number(str(settings.get("number") or ""))
