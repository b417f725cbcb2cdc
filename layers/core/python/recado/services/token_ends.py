"""Whether a channel can send as far as its access token goes."""

from __future__ import annotations

from datetime import datetime

from recado.ports.reception import ConnectedChannel


def token_has_ended(channel: ConnectedChannel, now: datetime) -> bool:
    """At its last moment it has."""
    return channel.token_expires_at is not None and now >= datetime.fromisoformat(channel.token_expires_at)
