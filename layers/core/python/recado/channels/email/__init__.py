"""E-mail over Amazon SES: the adapter. ``inbound`` reads what the mail worker made of a mail or of a notification,
``outbound`` writes mail, ``errors`` is the table of refusals.

There is no webhook: mail comes by the receipt rule of the installation's domain (services/mail.py), so nothing that is
posted to the channel is ever taken. Who answers a mail writes to `<channel>+<tag>@…`: the tag names the chat
(`domain.mail.reply_tag`). Source: docs.aws.amazon.com/ses (API v2 SendEmail, receiving email, notifications).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from recado.channels.base import (
    SPEED_FIELD,
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
from recado.channels.email import inbound, outbound
from recado.channels.email.errors import interpret
from recado.channels.unhooked import Unhooked
from recado.channels.untrusted import Unreadable, decode
from recado.domain.errors import FieldError
from recado.domain.file_limits import MB
from recado.domain.mail import mail_address
from recado.domain.messages import CannotSend, Failure, OutboundMessage, Parsed, Rejected, Sender, Sent
from recado.ports.core import HttpResponse

MAX_OWN_LOCAL_PART = 34
"""With the + and the 28 characters of a tag behind it, 64 are not passed."""
MAX_READABLE_KEY = 150
MAX_FROM_NAME = 100
_FILE = MediaLimit(25 * MB)


def _wrong_address(value: str) -> str | None:
    address = mail_address(value)
    if address is None or not address.isascii() or address != value.lower() or "=?" in value:
        return "It must be an e-mail address."
    local = address.partition("@")[0]
    if "+" in local:
        return "It must have no + in it: what follows one tells chats apart."
    if len(local) > MAX_OWN_LOCAL_PART:
        return f"What stands before the @ may have at most {MAX_OWN_LOCAL_PART} characters."
    return None


def _wrong_name(value: str) -> str | None:
    """Printable signs alone: nothing that ends a line, turns its direction or is half a sign; and nothing that mail
    programs take for signs written in another way."""
    if not value.strip() or not value.isprintable() or "=?" in value:
        return "It must be a name in one line of printable signs."
    return None if len(value) <= MAX_FROM_NAME else f"It may have at most {MAX_FROM_NAME} characters."


class Email(Unhooked):
    """One address of the installation's mail domain; `from_name` is what customers see beside it."""

    type = "email"
    provider = "mail_api"
    public_base_url = "https://email.us-east-1.amazonaws.com"
    address_directory = "mailbox"
    answers_last = True
    fields = (
        Field("settings", "address", "always", _wrong_address),
        Field("settings", "from_name", "never", _wrong_name),
        SPEED_FIELD,
    )
    limits = Limits(text=50_000, caption=50_000)
    kinds = frozenset({"text", "image", "audio", "video", "document"})
    starts_by = frozenset({"email"})
    media_limits: ClassVar[Mapping[str, MediaLimit]] = dict.fromkeys(("image", "audio", "video", "document"), _FILE)
    file_feature = "email"
    uploads = True
    speed = Speed(per_second=14)  # of an account of SES that has left its sandbox; it can be raised

    # -- the way in --------------------------------------------------------------------------------

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part: see ``inbound`` for the document that the mail worker writes."""
        try:
            return inbound.split(decode(raw), self.canonical)
        except Unreadable as reason:
            return [unreadable_body(raw, str(reason))]

    def read(self, part: Part) -> Parsed:
        """See ``inbound``."""
        return inbound.read(part.payload, part.sender or "")

    # -- the way out -------------------------------------------------------------------------------

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """Kind and length; a file is needed by the kinds that are files."""
        errors = super().check(message)
        if not errors and message.kind != "text" and message.media is None:
            return (FieldError("/file_id", "required", "A file is needed."),)
        return errors

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """One call of SendEmail with the whole mail. The bytes are the same at every try."""
        errors = self.check(message)
        if errors:
            raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))
        return [outbound.request(self.base_url, message, to, settings)]

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """See ``errors``."""
        return interpret(response)

    # -- the channel itself ------------------------------------------------------------------------

    def canonical(self, address: str) -> str:
        """``e:`` and the address in lower case; ``eh:`` and its SHA-256 when it is long or not ASCII."""
        found = mail_address(address)
        if found is None:
            raise ValueError("no e-mail address")
        if found.isascii() and len(found) <= MAX_READABLE_KEY:
            return "e:" + found
        return "eh:" + sha256(found.encode()).hexdigest()

    def given_id(self, sender: Sender) -> str:
        """The address."""
        return sender.email or sender.canonical.removeprefix("e:")

    def account_address(self, settings: Mapping[str, Any]) -> str | None:
        """The channel's own address, in lower case: no other channel of any account has it."""
        address = settings.get("address")
        return mail_address(address) if isinstance(address, str) else None

    def misplaced(self, settings: Mapping[str, Any], mail_domain: str) -> tuple[FieldError, ...]:
        """An address elsewhere would neither receive nor be let send."""
        if (self.account_address(settings) or "").endswith(f"@{mail_domain.lower()}") and mail_domain:
            return ()
        detail = f"It must end in @{mail_domain}." if mail_domain else "This installation has no domain for mail."
        return (FieldError("/settings/address", "domain_not_served", detail),)
