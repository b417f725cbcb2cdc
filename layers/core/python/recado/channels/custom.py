"""The custom channel: a customer's own system, both ways signed as Standard Webhooks (standardwebhooks.com).

Inbound ``{external_id, contact{external_id,name,phone,email}, message{kind,text,file_url,file_name}}`` or
``{status{message_id,status}}``. Outbound ``{type: "message.outbound", timestamp, data{message_id, chat_id,
contact{external_id}, message{kind,text,file_url}}}``, with our message id as ``webhook-id``: the receiver drops what it
has seen, so that here, and only here, a send without an answer is tried again. Any 2xx is the delivery.

The signature is made with the standard library: the ``standardwebhooks`` package reads the machine's clock instead of
ours and raises other errors than its own on malformed headers. Tests hold the two against each other.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from hmac import digest
from re import ASCII
from re import compile as pattern
from typing import Any
from urllib.parse import urlsplit

from recado.channels.base import (
    Answer,
    BadSignature,
    CannotSend,
    ChannelAdapter,
    Field,
    Headers,
    HttpRequest,
    Limits,
    MediaLimit,
    Part,
    RetryPolicy,
    Secrets,
    matches,
    retry_after_s,
    unreadable,
    unreadable_body,
)
from recado.channels.untrusted import (
    MAX_ID,
    Unreadable,
    bounded_text,
    decode,
    epoch_seconds,
    identifier,
    label,
    mapping,
    text,
)
from recado.domain.errors import FieldError
from recado.domain.file_limits import MB
from recado.domain.identity import e164
from recado.domain.messages import (
    MEDIA_KINDS,
    DeliveryStatus,
    Failure,
    InboundMessage,
    Media,
    OutboundMessage,
    Parsed,
    Rejected,
    Sender,
    Sent,
    StatusUpdate,
)
from recado.ports.core import HttpResponse

TIMEOUT_S = 5.0
DOWNLOAD_TIMEOUT_S = 60.0
TOLERANCE_S = 300
MAX_SIGNATURES = 16
MAX_URL = 2048

_SECRET_PREFIX = "whsec_"
_TIMESTAMP = pattern(r"\d{1,10}", ASCII)
_SIGNATURES = pattern(r"v\d+[a-z]?,[A-Za-z0-9+/=_\-]+(?: v\d+[a-z]?,[A-Za-z0-9+/=_\-]+)*", ASCII)
_READABLE_ID = pattern(r"[\x21-\x7e]{1,128}")
_STATUSES: dict[str, DeliveryStatus] = {"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed"}

_BAD_ID = (
    "external_id_invalid",
    f"A message came whose external_id, or its contact's, is not 1 to {MAX_ID} printable characters without blanks. It "
    "was kept as it came.",
)

Json = dict[str, Any]


def _key(secret: str) -> bytes:
    """The 24 to 64 bytes of ``whsec_`` + base64. Raises ValueError."""
    if not secret.startswith(_SECRET_PREFIX):
        raise ValueError("no whsec_ secret")
    key = b64decode(secret[len(_SECRET_PREFIX) :], validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a secret of the wrong length")
    return key


def signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """``v1,`` and the base64 HMAC-SHA256 of ``id.timestamp.body``. Raises ValueError for a malformed secret."""
    signed = f"{webhook_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
    return "v1," + b64encode(digest(_key(secret), signed, "sha256")).decode("ascii")


def _wrong_secret(value: str) -> str | None:
    try:
        _key(value)
    except ValueError:
        return "It must be whsec_ and the base64 of 24 to 64 bytes."
    return None


def _wrong_url(value: str) -> str | None:
    """Only the form is checked: whether the host may be called is decided, by its addresses, at each call."""
    return None if _is_web_url(value) else "It must be an absolute http or https URL without credentials."


def _is_web_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        named = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:
        return False
    return named and len(value) <= MAX_URL and value.isascii() and value.isprintable() and " " not in value


class Custom(ChannelAdapter):
    """One system of a customer's."""

    type = "custom"
    fields = (
        Field("settings", "callback_url", "to_send", _wrong_url),
        Field("secrets", "secret", "always", _wrong_secret, rotates=True),
    )
    limits = Limits(text=20_000, caption=20_000)
    kinds = MEDIA_KINDS | {"text"}
    media_limits = dict.fromkeys(MEDIA_KINDS, MediaLimit(100 * MB))  # sent as links: nothing but our own care
    retries = RetryPolicy(give_up_after_s=24 * 3600, after_no_answer=True)
    ack = Answer(202)

    # -- the way in --------------------------------------------------------------------------------

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """webhook-id, webhook-timestamp within five minutes of ours, and one good ``v1`` in webhook-signature."""
        webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        given = headers.get("webhook-signature", "")
        if not webhook_id or not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURES.fullmatch(given):
            raise BadSignature
        if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
            raise BadSignature
        signatures = given.split(" ")[:MAX_SIGNATURES]
        for secret in secrets.get("secret", ()):
            try:
                expected = signature(secret, webhook_id, timestamp, raw)
            except ValueError:
                continue
            if any(matches(expected, candidate) for candidate in signatures):
                return
        raise BadSignature

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part. The time is that of the verified header, as the body has none; the digest tells an id used for
        other contents."""
        try:
            body = decode(raw)
        except Unreadable as reason:
            return [unreadable_body(raw, str(reason))]
        if not isinstance(body, dict):
            return [unreadable(None, [{"reason": "not an object", "item": body}])]
        timestamp = headers.get("webhook-timestamp", "")
        given = mapping(body.get("contact")).get("external_id")
        external_id = identifier(given) or text(given)  # one that is no id has its customer too, and is told of later
        sender = self.canonical(external_id) if external_id else None
        payload: Json = {"timestamp": timestamp, "body": body}
        if "message" in body:
            if sender is None:
                return [unreadable(None, [{"reason": "a message without contact.external_id", "item": body}])]
            payload["digest"] = _digest(body)
            return [Part("messages", None, sender, payload)]
        if "status" in body:
            return [Part("statuses", None, sender, payload)]
        return [Part("other", None, None, {"kept": [{"reason": "neither message nor status", "item": body}]})]

    def read(self, part: Part) -> Parsed:
        """One message or one status."""
        body = mapping(part.payload.get("body"))
        at = epoch_seconds(part.payload.get("timestamp"))
        if at is None:
            return Parsed(kept_raw=("without a valid time",))
        if part.kind == "statuses":
            return _read_status(mapping(body.get("status")), at)
        return self._read_message(body, at, text(part.payload.get("digest")))

    def _read_message(self, body: Json, at: datetime, contents: str | None) -> Parsed:
        provider_id = identifier(body.get("external_id"))
        person, message = mapping(body.get("contact")), mapping(body.get("message"))
        external_id = identifier(person.get("external_id"))
        if provider_id is None or external_id is None:
            return Parsed(kept_raw=("a message without an external_id or a contact",), problems=(_BAD_ID,))
        if not message:
            return Parsed(kept_raw=("a message that is no object",))
        phone, kind = label(person.get("phone")), label(message.get("kind")) or ""
        given = text(message.get("text")) or None
        url = message.get("file_url")
        media = None
        if kind in MEDIA_KINDS:
            if not isinstance(url, str) or not _is_web_url(url):
                return Parsed(kept_raw=("a file without a valid file_url",))
            media = Media(None, url, label(message.get("content_type")), label(message.get("file_name")))
        elif kind == "text" and given is None:
            return Parsed(kept_raw=("a text without a text",))
        shown, cut = bounded_text(given or "")
        payload: Json = {"truncated": True} if cut else {}
        known = kind == "text" or media is not None
        if not known:
            payload["unknown_type"] = kind[:64] or "none"
        sender = Sender(
            self.canonical(external_id),
            e164(phone) if phone else None,
            None,
            external_id,
            label(person.get("email")),
            label(person.get("name")),
        )
        form = InboundMessage(
            provider_id,
            sender,
            kind if known else "unsupported",  # type: ignore[arg-type]  # known: text or one of MEDIA_KINDS
            shown or None,
            payload,
            media,
            identifier(message.get("reply_to")),
            at,
            None,
            contents,
        )
        kept = ("cut",) if cut else () if known else ("a kind not known",)
        return Parsed(messages=(form,), kept_raw=kept)

    # -- the way out -------------------------------------------------------------------------------

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """Kind and length; a file needs its URL."""
        errors = super().check(message)
        if not errors and message.kind in MEDIA_KINDS and not (message.media and message.media.url):
            return (FieldError("/file_id", "required", "A file is needed."),)
        return errors

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """One request, signed with each secret that holds. The body is the same at every try; the signature's time is
        not."""
        errors = self.check(message)
        if errors:
            raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))
        url = settings.get("callback_url")
        if not isinstance(url, str) or not url:
            raise CannotSend(Failure("no_callback_url", "The channel has no callback_url.", "pause_channel"))
        if not to.external_id:
            raise CannotSend(Failure("no_address", "The contact is not known to this channel.", "recipient"))
        body = _outbound_body(message, to.external_id)
        timestamp = str(int(now.timestamp()))
        try:
            signatures = [signature(secret, message.id, timestamp, body) for secret in secrets.get("secret", ())]
        except ValueError:
            signatures = []
        if not signatures:
            raise CannotSend(Failure("no_secret", "The channel has no valid secret.", "pause_channel"))
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(signatures),
        }
        return [HttpRequest("POST", url, headers, body, TIMEOUT_S, customer_url=True)]

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """2xx delivered; 429, 408 and 5xx again, after Retry-After if given; 410 asks us to stop; anything else is
        refused."""
        status = response.status
        if 200 <= status < 300:
            return Sent(None, "delivered")
        title = f"The callback answered with HTTP {status}."
        if status in (408, 429) or status >= 500:
            return Rejected(Failure(f"http_{status}", title, "retry", retry_after_s(response.headers)))
        return Rejected(Failure(f"http_{status}", title, "pause_channel" if status == 410 else "content"))

    # -- files at the provider ---------------------------------------------------------------------

    def download(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """The bytes at ``file_url``, which the customer's system chose."""
        return HttpRequest("GET", media.url or "", {}, b"", DOWNLOAD_TIMEOUT_S, customer_url=True)

    # -- the channel itself ------------------------------------------------------------------------

    def canonical(self, address: str) -> str:
        """``x:`` and the external id when it is short and printable ASCII, else ``xh:`` and its SHA-256: never the
        same."""
        if not address:
            raise ValueError("an empty external id")
        if _READABLE_ID.fullmatch(address):
            return "x:" + address
        return "xh:" + sha256(address.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(body: Json) -> str:
    """SHA-256 of what was said, whatever the order of keys and blanks."""
    said = [body.get("contact"), body.get("message")]
    try:
        return sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()
    except RecursionError:
        return ""


def _read_status(status: Json, at: datetime) -> Parsed:
    message_id, known = identifier(status.get("message_id")), _STATUSES.get(text(status.get("status")) or "")
    if message_id is None or known is None:
        return Parsed(kept_raw=("a status without a message_id or not known",))
    given = mapping(status.get("error"))
    error = None
    if known == "failed":
        error = Failure(
            label(given.get("code")) or "failed", label(given.get("title")) or "The receiver failed.", "content"
        )
    return Parsed(statuses=(StatusUpdate(None, message_id, known, at, error),))


def _outbound_body(message: OutboundMessage, external_id: str) -> bytes:
    media = message.media
    content: Json = {"kind": message.kind, "text": message.text, "file_url": media.url if media else None}
    if media and media.name:
        content["file_name"] = media.name
    if message.reply_to:
        content["reply_to"] = message.reply_to
    data = {
        "message_id": message.id,
        "chat_id": message.chat_id,
        "contact": {"external_id": external_id},
        "message": content,
    }
    timestamp = message.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": "message.outbound", "timestamp": timestamp, "data": data}).encode("ascii")
