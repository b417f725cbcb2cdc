"""Channels without webhooks: what customers say comes by a door of the product's own, in normal forms already."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from recado.channels.base import BadSignature, ChannelAdapter, Headers, Part, Secrets, unreadable_body
from recado.domain.messages import Parsed


class Unhooked(ChannelAdapter):
    """No request is a webhook of such a channel."""

    webhooks: ClassVar[bool] = False

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """Nobody signs for it."""
        raise BadSignature

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """Kept as it came."""
        return [unreadable_body(raw, "the channel has no webhooks")]

    def read(self, part: Part) -> Parsed:
        """No part is of a customer."""
        return Parsed(kept_raw=(part.kind,))
