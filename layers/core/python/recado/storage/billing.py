"""The billing ledger: an entry for each message, what stands open for a customer, the month's free ones, and the counts
of the report (docs/data-model.md J2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from recado.domain.billing import FIGURES, Entry, Opening, Pricing, Windows
from recado.domain.chats import ThreadKey
from recado.domain.ids import moment_of
from recado.ports.billing import Charge, Ledgered
from recado.ports.inbound import Seen
from recado.storage import keys
from recado.storage.chat_records import MessageRecord, ThreadRecord
from recado.storage.tables import ChatsRecord, TimeAttribute, WorkspaceRecord, read_together
from recado.storage.transaction import Transaction, guard

LOOK_BACK = 100
CHARGE_MOVES = guard(
    "charge-moves-from-seen-version",
    "two statuses of one message at once, or one while early ones are taken up: the message would be charged twice",
)
OPENINGS_MOVE = guard(
    "billing-openings-move-from-seen-version",
    "two messages of a customer are delivered at once: each would open a conversation of the same category",
)


class LedgerRecord(WorkspaceRecord):
    """LEDGER: what one message costs at its provider."""

    message_id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    delivered_at = TimeAttribute(null=True)
    pricing = JSONAttribute(null=True)
    day = UnicodeAttribute(null=True)
    category = UnicodeAttribute()
    unit = UnicodeAttribute()
    opened = BooleanAttribute()
    billable = BooleanAttribute()
    why_free = UnicodeAttribute(null=True)
    allowance = BooleanAttribute()
    market = UnicodeAttribute()
    micros = NumberAttribute(null=True)
    source = UnicodeAttribute()
    version = NumberAttribute()

    @classmethod
    def of_entry(cls, a: str, entry: Entry) -> LedgerRecord:
        """The item of an entry, at its next version."""
        return cls.of(
            entry,
            pk=keys.ledger_pk(a, entry.channel_id, moment_of(entry.message_id).date()),
            sk=entry.message_id,
            pricing=entry.pricing._asdict() if entry.pricing else None,
            day=entry.day.isoformat() if entry.day else None,
            version=entry.version + 1,
        )

    def entry(self) -> Entry:
        """The entity."""
        return self.to(
            Entry,
            pricing=Pricing(**self.pricing) if self.pricing else None,
            day=date.fromisoformat(self.day) if self.day else None,
            micros=None if self.micros is None else int(self.micros),
            version=int(self.version),
        )


class OpeningsRecord(ChatsRecord):
    """BILLING of a thread: its last free entry point, and the conversations that were opened last by category."""

    free_entry = JSONAttribute(null=True)
    conversations = JSONAttribute(null=True)
    version = NumberAttribute()

    def windows(self) -> Windows:
        """The entity."""
        return Windows(
            _opening(self.free_entry) if self.free_entry else None,
            {name: _opening(one) for name, one in (self.conversations or {}).items()},
            int(self.version),
        )


class AllowanceRecord(WorkspaceRecord):
    """ALLOWANCE: how many of a month's free ones a channel took."""

    used = NumberAttribute()


class BillingCountRecord(WorkspaceRecord):
    """COUNT of prices: one of the shards of a channel's day and category."""

    messages = NumberAttribute(null=True)
    conversations = NumberAttribute(null=True)
    billable = NumberAttribute(null=True)
    unpriced = NumberAttribute(null=True)
    micros = NumberAttribute(null=True)
    by_provider = NumberAttribute(null=True)


class DynamoLedger:
    """The port `recado.ports.billing.BillingLedger`."""

    def look(self, a: str, place: Seen) -> Ledgered | None:
        """1 batch get of four items."""
        thread_pk = keys.thread_pk(a, place.thread)
        channel_id, day = place.thread.channel_id, moment_of(place.message_id).date()
        message_key, entry_key = (
            (thread_pk, keys.message_sk(place.seq)),
            (keys.ledger_pk(a, channel_id, day), place.message_id),
        )
        found: Mapping[tuple[str, str], Any] = read_together(
            [
                (MessageRecord, *message_key),
                (ThreadRecord, thread_pk, "THREAD"),
                (OpeningsRecord, thread_pk, "BILLING"),
                (LedgerRecord, *entry_key),
            ]
        )
        message, thread = found.get(message_key), found.get((thread_pk, "THREAD"))
        if message is None or thread is None:
            return None
        entry, windows = found.get(entry_key), found.get((thread_pk, "BILLING"))
        return Ledgered(
            message.message(), thread.thread(), entry.entry() if entry else None, windows.windows() if windows else None
        )

    def wrote_before(self, a: str, thread: ThreadKey, seq: int, at: datetime) -> datetime | None:
        """1 query backwards. What was written while the message was on its way lies behind it."""
        records = MessageRecord.query(
            keys.thread_pk(a, thread),
            MessageRecord.sk.between(keys.message_sk(0), keys.message_sk(seq + LOOK_BACK // 2)),
            consistent_read=True,
            scan_index_forward=False,
            page_size=LOOK_BACK,
            limit=LOOK_BACK,
        )
        times = (one.sent_at for one in records if one.direction == "inbound" and one.kind != "system")
        return max((one for one in times if one <= at), default=None)

    def used(self, a: str, channel_id: str, category: str, month: date) -> int:
        """1 RRU."""
        found = AllowanceRecord.find(*_allowance_key(a, channel_id, category, month))
        return int(found.used) if found else 0

    def write(self, a: str, charge: Charge) -> bool:
        """LEDGER, the counts that move, and where something opened or a free one is taken, those."""
        tx, after = Transaction(), charge.after
        seen = charge.before.version if charge.before else None
        moved = LedgerRecord.pk.does_not_exist() if seen is None else LedgerRecord.version == seen
        tx.put("entry", LedgerRecord.of_entry(a, after), CHARGE_MOVES(moved))
        if charge.windows is not None:
            _add_openings(tx, a, charge.thread, charge.windows)
        if charge.month is not None:
            month = AllowanceRecord(*_allowance_key(a, after.channel_id, after.category, charge.month))
            tx.update("allowance", month, [AllowanceRecord.used.add(1)])
        for (day, category), figures in charge.counts.items():
            pk = keys.count_pk(a, "billing", after.channel_id)
            record = BillingCountRecord(pk, keys.billing_count_sk(day, category, after.message_id))
            actions = [getattr(BillingCountRecord, name).add(amount) for name, amount in figures.items()]
            tx.update(f"count {day} {category}", record, actions)
        return tx.committed()


class DynamoBillingCounts:
    """The port `recado.ports.billing.BillingCounts`."""

    def days(self, a: str, channel_id: str, first: date, last: date) -> dict[tuple[date, str], dict[str, int]]:
        """1 query, eventually consistent; the shards added up."""
        between = BillingCountRecord.sk.between(first.isoformat(), f"{last.isoformat()}$")
        sums: dict[tuple[date, str], dict[str, int]] = {}
        for record in BillingCountRecord.query(keys.count_pk(a, "billing", channel_id), between):
            day, category, _ = record.sk.split("#")
            figures = sums.setdefault((date.fromisoformat(day), category), dict.fromkeys(FIGURES, 0))
            for name in FIGURES:
                figures[name] += int(getattr(record, name) or 0)
        return {place: figures for place, figures in sums.items() if any(figures.values())}


def _add_openings(tx: Transaction, a: str, thread: ThreadKey, windows: Windows) -> None:
    record = OpeningsRecord(
        keys.thread_pk(a, thread),
        "BILLING",
        free_entry=_stored(windows.free_entry) if windows.free_entry else None,
        conversations={name: _stored(one) for name, one in windows.conversations.items()} or None,
        version=windows.version + 1,
    )
    seen = OpeningsRecord.version == windows.version if windows.version else OpeningsRecord.pk.does_not_exist()
    tx.put("openings", record, OPENINGS_MOVE(seen))


def _allowance_key(a: str, channel_id: str, category: str, month: date) -> tuple[str, str]:
    return keys.allowance_pk(a, channel_id), f"{month:%Y-%m}#{category}"


def _stored(opening: Opening) -> list[str]:
    return [keys.stamp(opening.at), opening.by]


def _opening(stored: list[str]) -> Opening:
    return Opening(datetime.fromisoformat(stored[0]), stored[1])
