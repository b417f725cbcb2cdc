"""By which types of channels a contact can be written to first: each adapter knows what it needs for that."""

from __future__ import annotations

from collections.abc import Sequence

from recado.channels.registry import adapter_class, types
from recado.domain.channels import Channel
from recado.domain.contacts import Contact


class ChannelReach:
    """The port `recado.ports.contacts.Reach`."""

    def channels(self, contact: Contact, connected: Sequence[Channel]) -> dict[str, bool]:
        """For each type of the connected channels, whether one of them can reach the contact: it is known there
        already, or it has the data by which the channel reaches people who never wrote."""
        reached: dict[str, bool] = {}
        known = {identity.channel_id for identity in contact.identities}
        for channel in connected:
            if channel.type in types():
                by_data = adapter_class(channel.type).starts_by
                can = channel.id in known or any(getattr(contact, field) for field in by_data)
                reached[channel.type] = reached.get(channel.type, False) or can
        return reached
