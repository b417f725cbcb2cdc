"""What reception, intake and delivery statuses need from outside: channels, their adapters, and the stores of threads and statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from recado.domain.chats import Event, Message, MessageError, Status, Thread, ThreadKey
from recado.domain.contacts import Contact
from recado.domain.intake import Intake
from recado.domain.messages import Parsed


@dataclass(frozen=True)
class ConnectedChannel:
    """What a webhook needs of a channel. `secrets`: each one's values that hold, the newest first."""

    id: str
    type: str
    department_id: str
    state: str
    address: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ChannelDirectory(Protocol):
    """Channels as webhooks find them; what it says may be a minute old."""

    def find(self, a: str, channel_id: str) -> ConnectedChannel | None:
        """A channel of the account, removed ones too."""
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


@dataclass(frozen=True)
class WebhookAnswer:
    """What a provider is answered."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


class Webhooks(Protocol):
    """The way in of all channels' adapters, by channel type."""

    def handshake(self, channel: ConnectedChannel, query: Mapping[str, str]) -> WebhookAnswer | None:
        """The answer to a GET; None when the channel has no such thing."""
        ...

    def is_signed(
        self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], url: str, now: datetime
    ) -> bool:
        """Whether the bytes as they came were signed with one of the channel's secrets. Header names are lower case."""
        ...

    def split(
        self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], now: datetime
    ) -> Sequence[WebhookPart]:
        """The parts of a verified body; never raises."""
        ...

    def ack(self, channel: ConnectedChannel) -> WebhookAnswer:
        """The answer to a webhook that was taken."""
        ...

    def parse(self, channel: ConnectedChannel, part_json: str) -> Parsed:
        """The normal forms of a part that `split` made."""
        ...


@dataclass(frozen=True)
class Seen:
    """Where the message of a provider's id lies. `digest` where the sender chooses the ids."""

    message_id: str
    thread: ThreadKey
    seq: int
    digest: str | None = None


@dataclass(frozen=True)
class LostRace:
    """An intake that did not happen: somebody moved what it was decided from. `known` are provider ids recorded before."""

    known: frozenset[str]


@dataclass(frozen=True)
class NewContact:
    """A contact to be made with the first message of a thread, and its fact."""

    contact: Contact
    event: Event


class ThreadStore(Protocol):
    """Threads with their messages."""

    def thread(self, a: str, key: ThreadKey, aliases: Sequence[str]) -> Thread | None:
        """The thread of a customer, found by their key or by any second id. Strongly consistent."""
        ...

    def seen(self, a: str, channel_id: str, provider_ids: Sequence[str]) -> Mapping[str, Seen]:
        """Which of these ids are recorded, eventually consistent: what it misses, the transaction still refuses."""
        ...

    def take_in(
        self, a: str, intake: Intake, contact: NewContact | None, events: Sequence[Event]
    ) -> LostRace | None:
        """Write an intake, all or nothing. None: written. Raises Busy."""
        ...

    def message(self, a: str, place: Seen) -> Message | None:
        """A message by its place, strongly consistent."""
        ...

    def change(self, a: str, before: Message, after: Message) -> bool:
        """Replace text and payload of a message that is still as it was read; False when it is not."""
        ...


class ContactBook(Protocol):
    """Whose messages these are."""

    def find(self, a: str, contact: Contact) -> str | None:
        """The id of the contact that claims any identity, number variant or e-mail of this one."""
        ...


@dataclass(frozen=True)
class Delivery:
    """A status of a message of ours, as it is stored."""

    status: Status
    at: datetime
    error: MessageError | None = None


class StatusStore(Protocol):
    """Delivery statuses of messages."""

    def place(self, a: str, channel_id: str, provider_id: str) -> Seen | None:
        """Where the message lies; strongly consistent."""
        ...

    def move(self, a: str, place: Seen, delivery: Delivery) -> bool:
        """Move a message's status forward by the lattice; False when it stands as far or is gone."""
        ...

    def park(self, a: str, channel_id: str, provider_id: str, delivery: Delivery) -> bool:
        """Keep a status that came before its message; False when the message is there by now."""
        ...

    def take_parked(self, a: str, channel_id: str, provider_id: str) -> int:
        """Apply the statuses that came before their message, which is recorded now; how many there were."""
        ...


class SentMessages(Protocol):
    """Messages on their way out."""

    def settle_by_status(self, a: str, channel_id: str, message_id: str, provider_id: str | None, delivery: Delivery) -> bool:
        """A status proves that a send, of which no answer came, was received: settle it with the provider's id. False when there is no
        such message of this channel on its way."""
        ...


class ChannelProblems(Protocol):
    """Notes for the people who look after a channel."""

    def report(self, a: str, channel_id: str, code: str, detail: str) -> None:
        """Show a problem on the channel; one already shown stays as it is."""
        ...
