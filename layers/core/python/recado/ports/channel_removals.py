"""What the removal of channels needs of storage and of the provider."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from recado.domain.channel_removal import Closing, RemovalCode
from recado.domain.channels import Channel
from recado.domain.chats import Event
from recado.ports.channels import Secrets
from recado.ports.sweeps import DuePage


class RemovalStore(Protocol):
    """Codes, the removal itself, and what is left to do after it."""

    def code(self, a: str, channel_id: str) -> RemovalCode | None:
        """The code that was mailed last, strongly consistent."""
        ...

    def move_code(self, a: str, channel_id: str, before: RemovalCode | None, after: RemovalCode) -> bool:
        """Write a new code or a try; False when it is no longer as `before`."""
        ...

    def remove(self, a: str, before: Channel, after: Channel, event: Event, closing: Closing) -> bool:
        """The channel without its secrets, address and code, with the fact and what is left to do, all at once. False
        when the channel is no longer as `before`."""
        ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Removed channels to be looked at."""
        ...

    def closing(self, a: str, channel_id: str) -> Closing | None:
        """What is left to do of a removed channel, strongly consistent; None: nothing."""
        ...

    def go_on(self, a: str, closing: Closing) -> None:
        """When and where to go on. Nothing where somebody has found the end."""
        ...

    def end(self, a: str, channel_id: str) -> None:
        """Nothing is left to do."""
        ...


class Deregistration(Protocol):
    """The provider's side of a channel that was removed."""

    def deregister(self, channel: Channel, secrets: Secrets) -> None:
        """Have the provider send its webhooks no more, where it can be asked for that. Never raises."""
        ...
