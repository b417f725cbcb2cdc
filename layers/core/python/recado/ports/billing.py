"""What charging delivered messages needs from outside: the ledger, and the channels' prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from recado.domain.billing import Billing, Counts, Entry, Windows
from recado.domain.chats import Message, Thread, ThreadKey
from recado.ports.inbound import Delivery, Seen


@dataclass(frozen=True)
class Ledgered:
    """A message with its thread, its entry in the ledger, and what stands open for the customer; None: not there."""

    message: Message
    thread: Thread
    entry: Entry | None
    windows: Windows | None


@dataclass(frozen=True)
class Charge:
    """What one transaction writes of a charge. `windows` None: nothing opened. `month`: the month of which it takes a
    free one of `category`, None when it takes none."""

    thread: ThreadKey
    before: Entry | None
    after: Entry
    windows: Windows | None
    counts: Counts
    month: date | None = None


class BillingLedger(Protocol):
    """Charges as they are stored."""

    def look(self, a: str, place: Seen) -> Ledgered | None:
        """What a charge is decided from, strongly consistent. None: the message is gone."""
        ...

    def wrote_before(self, a: str, thread: ThreadKey, seq: int, at: datetime) -> datetime | None:
        """When the customer wrote last, not later than `at`, looking back from a message of the thread over a hundred
        others."""
        ...

    def used(self, a: str, channel_id: str, category: str, month: date) -> int:
        """How many free ones of a month are taken."""
        ...

    def write(self, a: str, charge: Charge) -> bool:
        """All or nothing; False when the entry or what stands open moved meanwhile. Raises Busy."""
        ...


class BillingCounts(Protocol):
    """The counts of the report."""

    def days(self, a: str, channel_id: str, first: date, last: date) -> Mapping[tuple[date, str], Mapping[str, int]]:
        """The figures of a channel by day and category."""
        ...


class Priced(Protocol):
    """A channel's adapter as far as prices go."""

    def billing(self) -> Billing | None:
        """The rules by which its provider charges; None: its messages cost nothing there."""
        ...


class PricedAdapters(Protocol):
    """Adapters by channel type."""

    def __call__(self, channel_type: str) -> Priced: ...


class Charges(Protocol):
    """What is told of every status that may say something of a price."""

    def charge(self, a: str, place: Seen, delivery: Delivery) -> None:
        """Bring the ledger to what the status tells. Again does no harm. Raises Busy."""
        ...
