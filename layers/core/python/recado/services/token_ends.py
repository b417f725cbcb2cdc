"""Whether a channel can send: it is active and its access token has not ended."""

from __future__ import annotations

from datetime import datetime

from recado.ports.reception import ChannelDirectory, ConnectedChannel


def channel_to_send_on(
    channels: ChannelDirectory, a: str, channel_id: str, now: datetime, fresh: bool = False
) -> ConnectedChannel | None:
    """The channel as it is remembered. One that cannot send is read anew: somebody may have resumed it or given it
    another token a moment ago."""
    channel = channels.find(a, channel_id, fresh)
    if channel is None or (channel.state == "active" and not token_has_ended(channel, now)):
        return channel
    return channels.latest(a, channel_id)


OPTED_OUT = "The customer has opted out of messages on this channel. They may write START to have them again."


def token_has_ended(channel: ConnectedChannel, now: datetime) -> bool:
    """At its last moment it has."""
    return channel.token_expires_at is not None and now >= datetime.fromisoformat(channel.token_expires_at)
