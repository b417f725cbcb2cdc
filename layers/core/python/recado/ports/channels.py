"""What services need of the storage of channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from recado.domain.channels import Channel
from recado.domain.chats import Event

Secrets = Mapping[str, tuple[str, ...]]
"""Each secret's values that hold at present, the newest first."""


class Registration(Protocol):
    """The provider's side of a channel's webhooks."""

    def register(self, channel: Channel, secrets: Secrets) -> str | None:
        """Have the provider send the channel's webhooks to us. What went wrong, in a sentence; None when nothing did,
        or when people set that up at the provider. Doing it again does no harm."""
        ...


class ChannelStore(Protocol):
    """Channels of an account; their secrets and addresses lie apart."""

    def get(self, a: str, channel_id: str) -> Channel | None:
        """A channel, removed ones too; None when there is none."""
        ...

    def secrets(self, a: str, channel_id: str) -> Secrets:
        """A channel's secrets by name; empty when it has none."""
        ...

    def by_address(self, a: str, channel_type: str, address: str) -> str | None:
        """The id of the channel that a provider's payload names by its address."""
        ...

    def page(self, a: str, limit: int, after: str | None) -> list[Channel]:
        """Channels in the order of their ids, those after an id."""
        ...

    def create(self, a: str, channel: Channel, secrets: Secrets) -> None:
        """Raises Conflict `address_taken`, NotFound when the department is gone."""
        ...

    def change(
        self,
        a: str,
        before: Channel,
        after: Channel,
        secrets: Secrets | None,
        events: Sequence[Event] = (),
        now: datetime | None = None,
    ) -> bool:
        """Write what changed, with facts; False when the channel is no longer as `before`. `secrets` None leaves
        them; `now` is needed where the address may change."""
        ...
