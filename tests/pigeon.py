"""A tenth channel, as docs/channels.md says to write one: pigeons, whose post office speaks JSON over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hmac import digest
from typing import Any

from recado.channels.base import (
    BadSignature,
    CannotSend,
    ChannelAdapter,
    Field,
    Headers,
    HttpRequest,
    Limits,
    Part,
    Secrets,
    matches,
    unreadable_body,
)
from recado.channels.untrusted import Unreadable, bounded_text, decode, epoch_seconds, identifier, label, mapping, text
from recado.domain.messages import (
    Failure,
    FailureClass,
    InboundMessage,
    OutboundMessage,
    Parsed,
    Rejected,
    Sender,
    Sent,
    StatusUpdate,
)
from recado.ports.core import HttpResponse


class Pigeon(ChannelAdapter):
    """One loft. People are known by the ring on their bird."""

    type = "pigeon"
    provider = "post_office"
    public_base_url = "https://pigeons.example"
    fields = (
        Field("settings", "loft", "always", lambda value: None if value.isalnum() else "It must be the loft's name."),
        Field(
            "secrets",
            "seed",
            "always",
            lambda value: None if identifier(value) else "It must be one word.",
            rotates=True,
        ),
    )
    limits = Limits(text=140, caption=0)
    kinds = frozenset({"text"})

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """X-Coo: hex HMAC-SHA256 of the body."""
        given = headers.get("x-coo", "")
        for seed in secrets.get("seed", ()):
            if seed and matches(digest(seed.encode(), raw, "sha256").hex(), given):
                return
        raise BadSignature

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """A bird carries one note."""
        try:
            body = mapping(decode(raw))
        except Unreadable as reason:
            return [unreadable_body(raw, str(reason))]
        try:
            sender = self.canonical(identifier(body.get("ring")) or "")
        except ValueError:
            return [Part("other", None, None, {"kept": [{"reason": "no_ring", "note": body}]})]
        return [Part("statuses" if "landed" in body else "messages", None, sender, body)]

    def read(self, part: Part) -> Parsed:
        """A note, or that one of ours has landed."""
        body, at = part.payload, epoch_seconds(part.payload.get("at"))
        provider_id = identifier(body.get("note_id"))
        if at is None or provider_id is None:
            return Parsed(kept_raw=("no_id_or_time",))
        if part.kind == "statuses":
            return Parsed(statuses=(StatusUpdate(provider_id, None, "delivered", at),))
        sender = Sender(part.sender or "", external_id=identifier(body["ring"]), name=label(body.get("owner")))
        said, cut = bounded_text(text(body.get("note")) or "")
        payload = {"truncated": True} if cut else {}
        message = InboundMessage(provider_id, sender, "text", said, payload, None, None, at)
        return Parsed(messages=(message,), kept_raw=("cut",) if cut else ())

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """One note for one bird."""
        errors = self.check(message)
        if errors:
            raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))
        body = json.dumps({"ring": self.given_id(to), "note": message.text, "our_id": message.id}).encode("ascii")
        url = f"{self.base_url}/lofts/{settings['loft']}/notes"
        return [HttpRequest("POST", url, {"content-type": "application/json"}, body, 5.0)]

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """201 names the note; a storm is waited for."""
        try:
            note_id = identifier(mapping(decode(response.body)).get("note_id"))
        except Unreadable:
            note_id = None
        if response.status == 201 and note_id:
            return Sent(note_id)
        if response.status == 503:
            return Rejected(Failure("storm", "No bird flies in this weather.", "retry"))
        klass: FailureClass = "content" if 400 <= response.status < 500 else "unknown"
        return Rejected(Failure(f"http_{response.status}", "The post office took no note.", klass))

    def canonical(self, address: str) -> str:
        """``x:`` and the ring."""
        ring = address.removeprefix("x:")
        if not (ring.isascii() and ring.isalnum() and len(ring) <= 100):
            raise ValueError("no ring")
        return f"x:{ring}"

    def given_id(self, sender: Sender) -> str:
        """The ring."""
        return sender.external_id or sender.canonical.removeprefix("x:")
