"""What sending needs from outside: the adapters' way out, the store of sends, delivery statuses that came early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from recado.domain.chats import Message, Thread, ThreadKey
from recado.domain.errors import FieldError
from recado.domain.file_limits import Feature, MediaLimit
from recado.domain.messages import Failure, OutboundMessage, Rejected, Sender, Sent
from recado.domain.sending import Outgoing, Posting, Step
from recado.domain.speed import Speed
from recado.domain.windows import WindowRule
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer
from recado.ports.sweeps import DuePage


class ProviderRequest(Protocol):
    """One request to a provider (channels.base.HttpRequest). `customer_url`: a customer chose the URL."""

    @property
    def method(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...

    @property
    def timeout_s(self) -> float: ...

    @property
    def customer_url(self) -> bool: ...


class Retries(Protocol):
    """When a retryable failure is tried again (channels.base.RetryPolicy)."""

    @property
    def give_up_after_s(self) -> float: ...

    def wait_s(self, attempt: int, jitter: float, asked_s: float | None = None) -> float:
        """Seconds before the try after the `attempt`-th; `jitter` in [0, 1)."""
        ...


class SendingAdapter(Protocol):
    """A channel's adapter as far as sending goes (channels.base.ChannelAdapter)."""

    @property
    def window(self) -> WindowRule | None: ...

    @property
    def answers_last(self) -> bool: ...

    @property
    def retries(self) -> Retries: ...

    @property
    def kinds(self) -> frozenset[str]: ...

    @property
    def writes(self) -> bool:
        """Whether a text can be sent, and so a flow can lead chats of such a channel."""
        ...

    @property
    def media_limits(self) -> Mapping[str, MediaLimit]: ...

    @property
    def fetched(self) -> bool:
        """Whether the customer's page fetches our messages, so that nobody is asked to take them."""
        ...

    @property
    def speed(self) -> Speed | None: ...

    @property
    def file_feature(self) -> Feature: ...

    @property
    def uploads(self) -> bool: ...

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """What is wrong with a message for this channel; empty: it can be sent."""
        ...

    def build_send(
        self,
        message: OutboundMessage,
        to: Sender,
        settings: Mapping[str, Any],
        secrets: Mapping[str, tuple[str, ...]],
        now: datetime,
    ) -> Sequence[ProviderRequest]:
        """The requests that send the message. Raises CannotSend."""
        ...

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """What the provider's answer means."""
        ...

    def token_refused(self, failure: Failure) -> bool:
        """Whether a send failed because the access token does not hold."""
        ...

    def opted_out(self, failure: Failure) -> bool:
        """Whether a send was refused because the customer wants no more messages."""
        ...

    def interpret_no_response(self, error: ConnectFailed | NoAnswer) -> Rejected:
        """What it means that no answer came."""
        ...


class Adapters(Protocol):
    """Adapters by channel type."""

    def __call__(self, channel_type: str) -> SendingAdapter: ...


class OutboxStore(Protocol):
    """Messages being written, and their sends."""

    def write(self, a: str, posting: Posting) -> Message | None:
        """Store a message with all that it moves, at once; the message as it is stored. Where a send of its id was
        written before, that is its message, and nothing more was written. None when thread or chat moved meanwhile;
        nothing was written then. Any error but Busy means that it may have been, and that this could not be found
        out."""
        ...

    def get(self, a: str, message_id: str) -> Outgoing | None:
        """A send, strongly consistent."""
        ...

    def message(self, a: str, thread: ThreadKey, seq: int) -> Message | None:
        """A message by its place, strongly consistent."""
        ...

    def opt_out(self, a: str, out: Outgoing, at: datetime) -> None:
        """Note that the customer wants no more messages, unless they wrote after this one. Raises Busy."""
        ...

    def said_before(self, a: str, message: Message) -> Message | None:
        """Of the messages right before this one that have a provider id: the customer's last; without one, the
        company's first of the same chat."""
        ...

    def thread(self, a: str, key: ThreadKey) -> Thread | None:
        """A thread, strongly consistent."""
        ...

    def advance(self, a: str, before: Outgoing, step: Step) -> bool:
        """Write a send's next state with what its message shows. False when the send moved meanwhile; nothing was
        written then. A message whose status stands further keeps it."""
        ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Sends that a sweep must look at, by message id."""
        ...

    def look_again_at(self, a: str, message_id: str, when: datetime) -> None:
        """Let the sweep come back to a due send then, whatever it is due for. What has ended stays out."""
        ...


class ParkedStatuses(Protocol):
    """Statuses that came before their message was known by the provider's id."""

    def take_parked(self, a: str, channel_id: str, provider_id: str) -> int:
        """Apply them; how many there were."""
        ...


class Hints(Protocol):
    """Whoever fetches messages waits for word that there is one."""

    def tell(self, a: str, thread: ThreadKey, seq: int) -> None:
        """Say so, if it can be said now. Never raises."""
        ...


class SendJournal(Protocol):
    """What is told of sends to those who run the product: ids, numbers and codes only."""

    def tried(self, message_id: str, attempt: int, state: str, code: str) -> None:
        """A try ended; `state` is the send's from now on, `code` why it was not sent, empty when it was."""
        ...

    def not_enqueued(self, message_id: str, error: Exception) -> None:
        """The queue did not take the command; the table's stream and the sweep put it there later."""
        ...
