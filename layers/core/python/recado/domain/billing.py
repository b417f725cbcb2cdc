"""What a delivered message costs the company at its provider (J2). Pure: the rules are data of the channel, by the day
from which they hold, so that a newer rule set is one more entry.

Under rules per conversation, the first delivered message of a category opens a conversation of a fixed length and
costs; what follows in it does not. Conversations of several categories stand beside each other; a message that is no
template opens one only where none is open. Under rules per message, each delivered one costs by itself. A free entry
point (the customer came by an advertisement, and the company answered in time) makes everything free for a while under
all rules.

What the provider says of a message's price wins over the estimate, whichever came first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal, NamedTuple

Unit = Literal["conversation", "message"]
Source = Literal["provider", "estimate"]
SERVICE, UNKNOWN, OTHER_MARKET = "service", "unknown", "other"
FIGURES = ("messages", "conversations", "billable", "unpriced", "micros", "by_provider")
"""What the days of the report add up: delivered messages; conversations opened; those of either that cost; those among
them without a known price; millionths of a US dollar; messages whose price the provider told."""


@dataclass(frozen=True)
class RuleSet:
    """Rules that hold from the beginning of the day `since` in the provider account's zone. `free`: categories that
    never cost; `free_in_window`: that do not while the customer's window is open; `free_per_month`: how many of a
    category cost nothing each month."""

    since: date
    unit: Unit
    free: frozenset[str] = frozenset()
    free_in_window: frozenset[str] = frozenset()
    free_per_month: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rates:
    """What one billable conversation or message of a market costs from a day on, in millionths of a US dollar. A
    category that is left out has no known price."""

    since: date
    market: str
    micros: Mapping[str, int]


@dataclass(frozen=True)
class Billing:
    """All that a channel knows of its provider's prices. `markets`: market by telephone prefix; `units`: how the
    provider calls its models; `categories`: those it tells; `zone_setting`: the channel's setting with the zone in
    which the rules' days begin, UTC without it."""

    rules: Sequence[RuleSet]
    rates: Sequence[Rates]
    markets: Mapping[str, str]
    categories: frozenset[str]
    units: Mapping[str, Unit]
    zone_setting: str
    window: timedelta = timedelta(hours=24)
    conversation: timedelta = timedelta(hours=24)
    answer_within: timedelta = timedelta(hours=24)
    free_entry: timedelta = timedelta(hours=72)

    def rule_of(self, day: date) -> RuleSet:
        """The rules that hold on a day; before the first ones, those."""
        held = [rule for rule in self.rules if rule.since <= day]
        return held[-1] if held else self.rules[0]

    def market_of(self, phone: str) -> str:
        """The market of a recipient by the longest prefix of their number."""
        digits = phone.removeprefix("+")
        prefixes = (digits[:length] for length in range(min(4, len(digits)), 0, -1)) if digits.isdigit() else ()
        return next((self.markets[one] for one in prefixes if one in self.markets), OTHER_MARKET)

    def price(self, market: str, category: str, day: date) -> int | None:
        """Millionths of a US dollar; None when it is not known."""
        held = [rates for rates in self.rates if rates.market == market and rates.since <= day]
        return held[-1].micros.get(category) if held else None


class Pricing(NamedTuple):
    """What the provider said of a message. `final`: with its delivery, so that nothing said before counts any more."""

    billable: bool
    category: str
    unit: Unit | None = None
    why_free: str | None = None
    final: bool = False


class Opening(NamedTuple):
    """When something was opened, and by the delivery of which message."""

    at: datetime
    by: str


@dataclass(frozen=True)
class Windows:
    """What stands open for a customer at the provider: the last free entry point, and conversations by category."""

    free_entry: Opening | None = None
    conversations: Mapping[str, Opening] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True)
class Facts:
    """A delivered message as far as its price depends on it. `category` is that of its template, SERVICE without one,
    UNKNOWN where the template tells none. `ours`: not written in the provider's own application, which is free.
    `used`: how many of the month's free ones are taken."""

    message_id: str
    category: str
    written_at: datetime
    delivered_at: datetime
    market: str
    came_by_ad_at: datetime | None = None
    customer_wrote_at: datetime | None = None
    ours: bool = True
    used: int = 0


@dataclass(frozen=True)
class Entry:
    """LEDGER: what is known of one message's price. Not delivered (`day` None): nothing is counted yet. `day` is of the
    account's calendar; `micros` None: billable at an unknown price. `allowance`: it took one of the month's free
    ones."""

    message_id: str
    channel_id: str
    delivered_at: datetime | None = None
    pricing: Pricing | None = None
    day: date | None = None
    category: str = UNKNOWN
    unit: Unit = "message"
    opened: bool = False
    billable: bool = False
    why_free: str | None = None
    allowance: bool = False
    market: str = OTHER_MARKET
    micros: int | None = 0
    source: Source = "estimate"
    version: int = 0


Counts = Mapping[tuple[date, str], Mapping[str, int]]
"""Amounts of FIGURES by day and category."""


def pricing_of(billing: Billing, raw: Mapping[str, Any] | None, final: bool) -> Pricing | None:
    """The provider's `pricing` object; None when it does not say whether the message costs."""
    if not raw:
        return None
    kind = raw.get("type") if isinstance(raw.get("type"), str) else None
    billable = raw.get("billable")
    if not isinstance(billable, bool):
        if kind is None:
            return None
        billable = not kind.startswith("free")
    category = str(raw.get("category") or "").lower().replace("-", "_")
    unit = billing.units.get(str(raw.get("pricing_model") or "").upper())
    why = kind[:40] if kind and kind.startswith("free") else None
    return Pricing(billable, category if category in billing.categories else UNKNOWN, unit, why, final)


def told(entry: Entry, delivered_at: datetime | None, pricing: Pricing | None) -> Entry:
    """The entry with what a status tells: the first delivery stands, and the first price, unless a later one was told
    with the delivery and the first was not. The very same entry when nothing is new."""
    better = pricing is not None and (entry.pricing is None or (pricing.final and not entry.pricing.final))
    if not better and (delivered_at is None or entry.delivered_at is not None):
        return entry
    return replace(entry, delivered_at=entry.delivered_at or delivered_at, pricing=pricing if better else entry.pricing)


def category_of(entry: Entry, facts: Facts) -> str:
    """The category by which the message is charged: the provider's where it told one."""
    told_by_provider = entry.pricing.category if entry.pricing else UNKNOWN
    return facts.category if told_by_provider == UNKNOWN else told_by_provider


def charged(
    billing: Billing, zone: tzinfo, calendar: tzinfo, entry: Entry, facts: Facts, windows: Windows
) -> tuple[Entry, Windows]:
    """The entry of a delivered message with its price, and what stands open after it. What it opened when it was
    charged before is taken back first, so that charging again, with more known, does not meet itself."""
    day = facts.delivered_at.astimezone(zone).date()
    rule, pricing = billing.rule_of(day), entry.pricing
    unit = pricing.unit if pricing and pricing.unit else rule.unit
    category = category_of(entry, facts)
    before = _without(windows, facts.message_id)
    after = _with_free_entry(billing, before, facts)
    entry_is_free = _is_open(after.free_entry, facts.delivered_at, billing.free_entry)
    opened = False
    if unit == "conversation" and not entry_is_free:
        after, opened = _with_conversation(billing, after, category, facts)
    why, allowance = _why_free(billing, rule, entry, facts, category, entry_is_free)
    if unit == "conversation" and not opened and not entry_is_free:
        why, allowance = "conversation_open", False
    billable = why is None
    if pricing is not None:
        billable = pricing.billable and (unit == "message" or opened)
        why = None if billable else pricing.why_free or why or "provider"
        allowance = entry.allowance or (allowance and not billable)
    market_price = billing.price(facts.market, category, day) if billable else 0
    return replace(
        entry,
        day=facts.delivered_at.astimezone(calendar).date(),
        category=category,
        unit=unit,
        opened=opened,
        billable=billable,
        why_free=why,
        allowance=allowance,
        market=facts.market,
        micros=market_price,
        source="provider" if pricing else "estimate",
    ), after


def counts_of(entry: Entry | None) -> dict[tuple[date, str], dict[str, int]]:
    """What an entry counts for; nothing before its message is delivered."""
    if entry is None or entry.day is None:
        return {}
    unpriced = entry.billable and entry.micros is None
    figures = (1, entry.opened, entry.billable, unpriced, entry.micros or 0, entry.source == "provider")
    return {(entry.day, entry.category): {name: int(value) for name, value in zip(FIGURES, figures, strict=True)}}


def difference(before: Entry | None, after: Entry) -> dict[tuple[date, str], dict[str, int]]:
    """What has to be added to the counts when an entry takes the place of another; amounts of 0 are left out."""
    sums: dict[tuple[date, str], dict[str, int]] = {}
    for entry, sign in ((before, -1), (after, 1)):
        for place, figures in counts_of(entry).items():
            held = sums.setdefault(place, {})
            for name, amount in figures.items():
                held[name] = held.get(name, 0) + sign * amount
    moved = {place: {name: one for name, one in figures.items() if one} for place, figures in sums.items()}
    return {place: figures for place, figures in moved.items() if figures}


def _why_free(
    billing: Billing, rule: RuleSet, entry: Entry, facts: Facts, category: str, entry_is_free: bool
) -> tuple[str | None, bool]:
    """Why the estimate has it cost nothing, None when it costs; and whether it is one of the month's free ones."""
    if entry_is_free:
        return "free_entry_point", False
    if not facts.ours:
        return "written_at_the_provider", False
    if category in rule.free:
        return "free_customer_service", False
    wrote = facts.customer_wrote_at
    in_window = wrote is not None and wrote <= facts.delivered_at < wrote + billing.window
    if in_window and category in rule.free_in_window:
        return "free_customer_service", False
    if category in rule.free_per_month and (entry.allowance or facts.used < rule.free_per_month[category]):
        return "monthly_allowance", True
    return None, False


def _without(windows: Windows, message_id: str) -> Windows:
    """What stood open before a message opened something."""
    entry = windows.free_entry
    left = {category: one for category, one in windows.conversations.items() if one.by != message_id}
    return replace(windows, free_entry=None if entry and entry.by == message_id else entry, conversations=left)


def _with_free_entry(billing: Billing, windows: Windows, facts: Facts) -> Windows:
    """A message that answers a customer who came by an advertisement opens the free entry point, which closes all
    conversations. An advertisement opens one only, at the earliest delivery that is known."""
    came, at, held = facts.came_by_ad_at, facts.delivered_at, windows.free_entry
    if came is None or not facts.ours or not came <= facts.written_at < came + billing.answer_within:
        return windows
    if _is_open(held, at, billing.free_entry) or (held is not None and came <= held.at <= at):
        return windows
    return replace(windows, free_entry=Opening(at, facts.message_id), conversations={})


def _with_conversation(billing: Billing, windows: Windows, category: str, facts: Facts) -> tuple[Windows, bool]:
    """A conversation is open to what is delivered in its time, and to what was delivered before its first message but
    told later: then it began there."""
    at, held = facts.delivered_at, windows.conversations
    if category == SERVICE and any(_is_open(one, at, billing.conversation) for one in held.values()):
        return windows, False
    known = held.get(category)
    if _is_open(known, at, billing.conversation):
        return windows, False
    if known is not None and at < known.at < at + billing.conversation:
        return replace(windows, conversations={**held, category: Opening(at, known.by)}), False
    return replace(windows, conversations={**held, category: Opening(at, facts.message_id)}), True


def _is_open(opening: Opening | None, at: datetime, length: timedelta) -> bool:
    return opening is not None and opening.at <= at < opening.at + length
