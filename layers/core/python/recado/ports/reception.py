"""What the reception of webhooks needs from outside: channels and their adapters.

Ingress pays for every import at its cold start: named tuples, which are defined eight times faster than dataclasses,
and no domain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from recado.domain.messages import Parsed, Sender
    from recado.domain.windows import WindowRule


class ConnectedChannel(NamedTuple):
    """What a webhook needs of a channel. `secrets`: each one's values that hold, the newest first."""

    id: str
    type: str
    department_id: str
    state: str
    address: str = ""
    settings: Mapping[str, Any] = {}
    secrets: Mapping[str, tuple[str, ...]] = {}
    token_expires_at: str | None = None
    """When its access token ends, RFC 3339; None: not known, or never."""


class ChannelDirectory(Protocol):
    """Channels as webhooks find them; what it says may be some seconds old."""

    def find(self, a: str, channel_id: str, fresh: bool = False) -> ConnectedChannel | None:
        """A channel of the account, removed ones too. `fresh`: as it is now, unless that was asked a second ago."""
        ...

    def latest(self, a: str, channel_id: str) -> ConnectedChannel | None:
        """The channel as it is now, whenever that was asked last: read before something of it refuses a person."""
        ...

    def by_address(self, a: str, channel_type: str, address: str) -> ConnectedChannel | None:
        """The channel of that type to which the provider gives this address."""
        ...


class WebhookPart(Protocol):
    """What one customer did in one webhook (channels.base.Part)."""

    @property
    def kind(self) -> str:
        """messages, statuses, other or unreadable."""
        ...

    @property
    def address(self) -> str | None:
        """The provider's account it is for; None: the channel it was posted to."""
        ...

    @property
    def sender(self) -> str | None:
        """The customer's canonical key."""
        ...

    def to_json(self) -> str:
        """ASCII JSON."""
        ...


class WebhookAnswer(NamedTuple):
    """What a provider is answered."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


class Verifier(Protocol):
    """Where webhooks come to, and whether they come from their providers, by channel type."""

    def folder(self, channel: ConnectedChannel) -> str:
        """The folder of the channel's public URL."""
        ...

    def is_signed(
        self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], url: str, now: datetime
    ) -> bool:
        """Whether the bytes as they came were signed with one of the channel's secrets. Header names are lower case."""
        ...


class Webhooks(Verifier, Protocol):
    """The way in of all channels' adapters, by channel type."""

    def handshake(self, channel: ConnectedChannel, query: Mapping[str, str]) -> WebhookAnswer | None:
        """The answer to a GET; None when the channel has no such thing."""
        ...

    def split(
        self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], now: datetime
    ) -> Sequence[WebhookPart]:
        """The parts of a verified body; never raises."""
        ...

    def ack(self, channel: ConnectedChannel) -> WebhookAnswer:
        """The answer to a webhook that was taken."""
        ...

    def window(self, channel: ConnectedChannel) -> WindowRule | None:
        """How long after a customer's message anything may be sent."""
        ...

    def given_id(self, channel: ConnectedChannel, sender: Sender) -> str:
        """A customer's id as the other system writes it, to be shown."""
        ...

    def writes(self, channel: ConnectedChannel) -> bool:
        """Whether a text can be sent on the channel."""
        ...

    def canonical(self, channel: ConnectedChannel, address: str) -> str:
        """The key of the thread of a customer's address. Raises ValueError."""
        ...

    def parse(self, channel: ConnectedChannel, part_json: str) -> Parsed:
        """The normal forms of a part that `split` made."""
        ...

    def most_bytes(self, channel: ConnectedChannel) -> int:
        """How large a file may be that comes by the channel."""
        ...

    def answer(self, channel: ConnectedChannel, part_json: str) -> None:
        """Tell the provider at once that a part was taken, where it waits for that. Never raises; again does no
        harm."""
        ...
