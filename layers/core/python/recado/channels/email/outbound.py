"""From our messages to mails: whole ones, as SES takes them (API v2 SendEmail with Content.Raw).

A mail is plain text and the same as simple HTML, with the file of the message if it has one. It answers the message
that `message.reply_to` names (its subject, In-Reply-To and References, by `message.answered`), and is itself answered
to the channel's address with the chat's tag. Whatever comes from a message goes through the library's policy, which
refuses line breaks in fields; they are taken out before. What looks like an encoded word (RFC 2047) is broken up or
refused: the library decodes such words when a field is set, and writes line breaks in them as they are.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from re import ASCII, IGNORECASE
from re import compile as pattern
from typing import Any
from urllib.parse import urlsplit

from recado.channels.base import CannotSend, HttpRequest
from recado.channels.untrusted import label
from recado.domain.mail import mail_address, reply_tag
from recado.domain.messages import Failure, Media, OutboundMessage, Sender

TIMEOUT_S = 30.0
MAX_SUBJECT = 200
MAX_REFERENCES = 20
MAX_FIRST_LINE = 78
_ANSWER = pattern(r"\s*(?:re|res|enc|fwd?|aw|rv)\s*(?:\[\d+\])?\s*:", IGNORECASE)
_REFERENCE = pattern(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,400}>", ASCII)
_SES_ID = pattern(r"[0-9a-f][0-9a-f-]{20,100}", ASCII)
_HOST = pattern(r"email\.([a-z0-9-]+)\.amazonaws\.com")
_ENCODED = "=?"
"""Begins an encoded word."""
_TYPE = pattern(r"[a-z]+/[a-z0-9.+-]+", ASCII)


def request(base_url: str, message: OutboundMessage, to: Sender, settings: Mapping[str, Any]) -> HttpRequest:
    """The call that sends the message. Raises CannotSend."""
    own = mail_address(str(settings.get("address") or ""))
    if own is None:
        raise CannotSend(Failure("no_address", "The channel has no address.", "pause_channel"))
    customer = _deliverable(to.email or to.external_id or "")
    mail = _mail(message, customer, own, _line(label(settings.get("from_name")) or ""), base_url)
    body = {
        "FromEmailAddress": own,
        "Destination": {"ToAddresses": [customer]},
        "Content": {"Raw": {"Data": b64encode(mail.as_bytes()).decode("ascii")}},
        "EmailTags": [{"Name": "recado_message", "Value": message.id}],
    }
    url = f"{base_url}/v2/email/outbound-emails"
    return HttpRequest("POST", url, {"content-type": "application/json"}, json.dumps(body).encode("ascii"), TIMEOUT_S)


def _deliverable(address: str) -> str:
    """The address as SES takes it: ASCII, a domain of other letters in its ASCII form."""
    found = mail_address(address)
    local, _, domain = (found or "").rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = ""
    if not found or not ascii_domain or not local.isascii() or _ENCODED in local:
        raise CannotSend(Failure("no_address", "SES cannot send to the contact's address.", "recipient"))
    return f"{local}@{ascii_domain}"


def _mail(message: OutboundMessage, customer: str, own: str, name: str, base_url: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    local, _, domain = own.rpartition("@")
    to_local, _, to_domain = customer.rpartition("@")
    mail["From"] = Address(display_name=name, username=local, domain=domain)
    mail["To"] = Address(username=to_local, domain=to_domain)
    mail["Reply-To"] = Address(username=f"{local}+{reply_tag(message.chat_id)}", domain=domain)
    mail["Subject"] = _subject(message)
    mail["Date"] = format_datetime(message.created_at.replace(microsecond=0))
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    references = _references(message, base_url)
    if references:
        mail["In-Reply-To"] = references[-1]
        mail["References"] = " ".join(references)
    if message.automatic:
        mail["Auto-Submitted"] = "auto-replied" if references else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    words = message.text or ""
    mail.set_content(words, charset="utf-8", cte="base64" if _is_foreign(words) else "quoted-printable")
    mail.add_alternative(_html(words), subtype="html", charset="utf-8", cte="base64")
    if message.media is not None:
        _attach(mail, message.media)
    _name_boundaries(mail, message.id)
    return mail


def _is_foreign(words: str) -> bool:
    """Whether most of it would have to be escaped."""
    return sum(not sign.isascii() for sign in words) * 3 > len(words)


def _html(words: str) -> str:
    lines = escape(words).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return f'<!doctype html><html><body><div dir="auto">{lines}</div></body></html>\r\n'


def _subject(message: OutboundMessage) -> str:
    """Of what is answered; without that, the first words of the message."""
    answered = message.answered or {}
    subject = _line(label(answered.get("subject")) or "") or _first_words(answered.get("text"))
    if subject:
        return subject if _ANSWER.match(subject) else f"Re: {subject}"
    return _first_words(message.text) or (_first_words(_file_name(message.media)) if message.media else "")


def _first_words(words: Any) -> str:
    """The beginning of a text, as a subject."""
    lines = words.splitlines() if isinstance(words, str) else []
    first = _line(next((line for line in lines if line.strip()), ""))
    return first if len(first) <= MAX_FIRST_LINE else first[: MAX_FIRST_LINE - 1].rstrip() + "…"


def _line(words: str) -> str:
    """A text in one line, without signs that mean something to a mail server."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return plain.replace(_ENCODED, "= ?")[:MAX_SUBJECT]


def _references(message: OutboundMessage, base_url: str) -> list[str]:
    """The chain of what is answered, the answered one last."""
    if not message.reply_to:
        return []
    answered = _written_id(message.reply_to, base_url)
    given = (message.answered or {}).get("references")
    chain = [_written_id(str(one), base_url) for one in given] if isinstance(given, list) else []
    known = [one for one in dict.fromkeys([*chain, answered]) if one and one != answered]
    if answered is None:
        return []
    return [*known[:1], *known[1:][-MAX_REFERENCES:], answered] if known else [answered]


def _written_id(key: str, base_url: str) -> str | None:
    """A message id as a header takes it. The key of a mail that SES sent is what stood before its @."""
    key = key.partition("#")[0]
    if _SES_ID.fullmatch(key):
        found = _HOST.fullmatch(urlsplit(base_url).hostname or "")
        region = found[1] if found else "us-east-1"
        return f"<{key}@{'email' if region == 'us-east-1' else region}.amazonses.com>"
    return key if _REFERENCE.fullmatch(key) and _ENCODED not in key else None


def _attach(mail: EmailMessage, media: Media) -> None:
    if media.content is None:
        raise CannotSend(Failure("no_file", "The file's bytes are missing.", "content"))
    kind, _, subtype = _type(media).partition("/")
    mail.add_attachment(media.content, maintype=kind, subtype=subtype, filename=_file_name(media))


def _type(media: Media) -> str:
    given = (media.content_type or "").partition(";")[0].strip().lower()
    plain = _TYPE.fullmatch(given) and not given.startswith(("multipart/", "message/"))
    return given if plain else "application/octet-stream"


def _file_name(media: Media) -> str:
    return _line(media.name or "")[:200] or f"anexo.{_type(media).rpartition('/')[2].rpartition('.')[2][:10]}"


def _name_boundaries(mail: EmailMessage, message_id: str) -> None:
    """Boundaries made of the message's id, so that a mail is the same at every try."""
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary("=_" + sha256(f"{message_id}/{number}".encode()).hexdigest()[:40])
