"""What intake and delivery statuses need from outside: the stores of threads and statuses. What reception needs:
ports.reception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from recado.domain.chats import Chat, Event, Message, MessageError, Status, Thread, ThreadKey
from recado.domain.contacts import Contact
from recado.domain.intake import Intake


@dataclass(frozen=True)
class Seen:
    """Where the message of a provider's id lies. `digest` where the sender chooses the ids."""

    message_id: str
    thread: ThreadKey
    seq: int
    digest: str | None = None


@dataclass(frozen=True)
class LostRace:
    """An intake that did not happen: somebody moved what it was decided from. `known` are provider ids recorded
    before."""

    known: frozenset[str]


@dataclass(frozen=True)
class ContactWrite:
    """What the first message of a thread tells of its contact: a new one (`before` None), or what it adds to a known
    one; and the fact."""

    before: Contact | None
    after: Contact
    event: Event


class ThreadStore(Protocol):
    """Threads with their messages."""

    def thread(self, a: str, key: ThreadKey, aliases: Sequence[str]) -> Thread | None:
        """The thread of a customer, found by their key or by any second id. Strongly consistent."""
        ...

    def seen(self, a: str, channel_id: str, provider_ids: Sequence[str], certain: bool = False) -> Mapping[str, Seen]:
        """Which of these ids are recorded. Unless it has to be `certain`, it may be a moment old: what it misses, the
        transaction still refuses."""
        ...

    def take_in(self, a: str, intake: Intake, contact: ContactWrite | None, events: Sequence[Event]) -> LostRace | None:
        """Write an intake, all or nothing. None: written. Raises Busy."""
        ...

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """A chat, strongly consistent."""
        ...

    def message(self, a: str, place: Seen) -> Message | None:
        """A message by its place, strongly consistent."""
        ...

    def change(self, a: str, before: Message, after: Message) -> bool:
        """Replace text and payload of a message that is still as it was read; False when it is not."""
        ...


@dataclass(frozen=True)
class Delivery:
    """A status of a message of ours, as it is stored. `pricing`: what the provider said of its price; `withdrawn`: it
    failed because the customer wants no more messages."""

    status: Status
    at: datetime
    error: MessageError | None = None
    pricing: Mapping[str, Any] | None = None
    withdrawn: bool = False


class StatusStore(Protocol):
    """Delivery statuses of messages."""

    def place(self, a: str, channel_id: str, provider_id: str) -> Seen | None:
        """Where the message lies; strongly consistent."""
        ...

    def move(self, a: str, place: Seen, delivery: Delivery) -> bool:
        """Move a message's status forward by the lattice; False when it stands as far or is gone. What the status tells
        of the message's price, and of the customer's consent, is taken up in any case."""
        ...

    def park(self, a: str, channel_id: str, provider_id: str, delivery: Delivery) -> bool:
        """Keep a status that came before its message; False when the message is there by now."""
        ...

    def sent_until(self, a: str, thread: ThreadKey, until: datetime, status: Status) -> Sequence[Seen]:
        """The company's messages that were written until then, are known to be sent and can take the status: those
        after the last one that stands as far already, of the newest hundred of the thread."""
        ...

    def take_parked(self, a: str, channel_id: str, provider_id: str) -> int:
        """Apply the statuses that came before their message, which is recorded now; how many there were."""
        ...


class SentMessages(Protocol):
    """Messages on their way out."""

    def settle_by_status(
        self, a: str, channel_id: str, message_id: str, provider_id: str | None, delivery: Delivery
    ) -> Seen | None:
        """Where a message of ours lies. A status proves that it was received: a send of which no answer came is settled
        with the provider's id. None when this channel has no such message on its way."""
        ...


class ChannelProblems(Protocol):
    """Notes for the people who look after a channel."""

    def report(self, a: str, channel_id: str, code: str, detail: str) -> None:
        """Show a problem on the channel; one already shown stays as it is."""
        ...

    def token_refused(self, a: str, channel_id: str, used: Mapping[str, tuple[str, ...]]) -> None:
        """The provider refused the access token among the secrets: it has ended."""
        ...


class Journal(Protocol):
    """The log of what was put right or set aside. Fields are ids and counts; an error goes without its text."""

    def kept_raw(self, channel_id: str, blob_key: str, count: int) -> None:
        """So many items of a fragment could not be read in full; it is kept as it came."""
        ...

    def name_not_learned(self, channel_id: str, error: Exception) -> None:
        """A person's name could not be asked for or written down."""
        ...

    def template_word_left(self, channel_id: str, blob_key: str, why: str) -> None:
        """What a provider told of a template changed nothing, and is kept: `older`, `of_another`, `unknown`."""
        ...

    def failed(self, record_id: str, receives: int, error: Exception) -> None:
        """A command failed at this delivery."""
        ...

    def parked(self, record_id: str, blob_key: str) -> None:
        """A command was set aside at its last attempt."""
        ...
