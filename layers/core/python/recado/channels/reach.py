"""By which types of channels a contact can be written to first: each adapter knows what it needs for that."""

from __future__ import annotations

from collections.abc import Sequence

from recado.channels.registry import adapter, adapter_class, types
from recado.domain.channels import Channel
from recado.domain.contacts import Contact, Identity
from recado.domain.identity import e164
from recado.domain.messages import Sender
from recado.domain.starting import Address

_FIRST_CHOICE = ("mobile", "phone", "email")


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

    def needed(self, channel: Channel) -> frozenset[str]:
        """The fields of a contact by any of which the channel reaches people who never wrote; empty: they write
        first."""
        return adapter_class(channel.type).starts_by

    def addresses(self, contact: Contact, channel: Channel) -> list[Address]:
        """Where the channel reaches the contact: as it knows them already, the one known last first; else by their
        data, in the form under which their own messages would come. Empty: nowhere."""
        known = [one for one in contact.identities if one.channel_id == channel.id]
        if known:
            return [Address(one, _called(one)) for one in reversed(known)]
        by_data = (self._by(contact, channel, field) for field in _FIRST_CHOICE if field in self.needed(channel))
        first = next((one for one in by_data if one is not None), None)
        return [first] if first else []

    def _by(self, contact: Contact, channel: Channel, field: str) -> Address | None:
        value = getattr(contact, field)
        if not value:
            return None
        of_type = adapter(channel.type)
        try:
            key = of_type.canonical(value)
        except ValueError:
            return None
        sender = Sender(key, email=value) if field == "email" else Sender(key, phone=value)
        return Address(Identity(channel.id, key, of_type.given_id(sender)), value)


def _called(identity: Identity) -> str:
    """How the provider calls whom it knows: a telephone number in full, or an id of its own."""
    number = e164(identity.external_id or identity.key) if identity.key.startswith("+") else None
    return number or identity.external_id or identity.key
