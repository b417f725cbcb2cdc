"""What a delivered message costs, at the second before, on and after each boundary (J2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recado.channels.registry import adapter, types
from recado.channels.whatsapp.billing import BILLING
from recado.domain.billing import (
    Entry,
    Facts,
    Opening,
    Windows,
    charged,
    counts_of,
    difference,
    pricing_of,
    told,
)

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
CONVERSATIONS = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
MESSAGES = datetime(2025, 9, 10, 12, 0, tzinfo=UTC)
SERVICE_COSTS = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


class Customer:
    """Messages to one customer, delivered one after the other."""

    def __init__(self, zone: Any = UTC, phone: str = "+5511987654321") -> None:
        self.zone, self.phone, self.count = zone, phone, 0
        self.windows = Windows()
        self.wrote_at: datetime | None = None
        self.came_at: datetime | None = None
        self.used = 0

    def deliver(
        self, category: str, at: datetime, pricing: dict[str, Any] | None = None, written_at: datetime | None = None
    ) -> Entry:
        self.count += 1
        entry = told(Entry(f"m{self.count}", "ch"), at, pricing_of(BILLING, pricing, True))
        facts = Facts(
            entry.message_id, category, written_at or at, at, BILLING.market_of(self.phone),
            self.came_at, self.wrote_at, used=self.used,
        )  # fmt: skip
        entry, self.windows = charged(BILLING, self.zone, UTC, entry, facts, self.windows)
        self.used += entry.allowance
        return entry


def seen(entry: Entry) -> tuple[bool, bool, str | None]:
    return entry.opened, entry.billable, entry.why_free


OPENS, JOINS = (True, True, None), (False, False, "conversation_open")
COSTS = (False, True, None)


# -- per conversation


def test_a_conversation_lasts_24_hours_from_its_first_delivery_and_does_not_slide() -> None:
    customer = Customer()
    assert seen(customer.deliver("marketing", CONVERSATIONS)) == OPENS
    for later in (HOUR, 23 * HOUR, DAY - SECOND):
        assert seen(customer.deliver("marketing", CONVERSATIONS + later)) == JOINS
    assert seen(customer.deliver("marketing", CONVERSATIONS + DAY)) == OPENS
    assert seen(customer.deliver("marketing", CONVERSATIONS + 2 * DAY - SECOND)) == JOINS
    assert seen(customer.deliver("marketing", CONVERSATIONS + 2 * DAY + SECOND)) == OPENS


def test_categories_stack() -> None:
    customer = Customer()
    for category in ("marketing", "utility", "authentication"):
        assert seen(customer.deliver(category, CONVERSATIONS)) == OPENS
    for category in ("marketing", "utility", "authentication"):
        assert seen(customer.deliver(category, CONVERSATIONS + DAY - SECOND)) == JOINS


def test_a_service_conversation_opens_only_where_none_is_open_and_costs_nothing() -> None:
    customer = Customer()
    customer.deliver("marketing", CONVERSATIONS)
    assert seen(customer.deliver("service", CONVERSATIONS + DAY - SECOND)) == JOINS
    assert seen(customer.deliver("service", CONVERSATIONS + DAY)) == (True, False, "free_customer_service")
    assert seen(customer.deliver("service", CONVERSATIONS + DAY + HOUR)) == JOINS
    assert seen(customer.deliver("utility", CONVERSATIONS + DAY + HOUR)) == OPENS


def test_service_conversations_cost_until_2024_10_31_but_for_a_thousand_a_month() -> None:
    change = datetime(2024, 11, 1, tzinfo=UTC)
    customer = Customer()
    customer.used = 999
    assert seen(customer.deliver("service", change - 2 * DAY)) == (True, False, "monthly_allowance")
    assert seen(customer.deliver("service", change - SECOND)) == OPENS
    for at in (change, change + SECOND):
        fresh = Customer()
        fresh.used = 1_000
        assert seen(fresh.deliver("service", at)) == (True, False, "free_customer_service")


# -- the change of rules


@pytest.mark.parametrize("zone", ["UTC", "America/Sao_Paulo", "Asia/Kolkata"])
def test_conversations_end_with_june_2025_in_the_zone_of_the_account_at_the_provider(zone: str) -> None:
    change = datetime(2025, 7, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    customer = Customer(ZoneInfo(zone))
    assert seen(customer.deliver("marketing", change - 2 * SECOND)) == OPENS
    assert seen(customer.deliver("marketing", change - SECOND)) == JOINS
    for at in (change, change + SECOND):
        entry = customer.deliver("marketing", at)
        assert (entry.unit, seen(entry), entry.micros) == ("message", COSTS, 62_500)


# -- per message


@pytest.mark.parametrize("category", ["marketing", "authentication"])
def test_each_template_costs_whatever_is_open(category: str) -> None:
    customer = Customer()
    customer.wrote_at = MESSAGES - SECOND
    assert [seen(customer.deliver(category, MESSAGES + n * SECOND)) for n in range(3)] == [COSTS] * 3


@pytest.mark.parametrize(
    ("after", "free"),
    [(timedelta(0), True), (DAY - SECOND, True), (DAY, False), (DAY + SECOND, False), (-SECOND, False)],
)
def test_utility_is_free_inside_the_window_alone(after: timedelta, free: bool) -> None:
    customer = Customer()
    customer.wrote_at = MESSAGES
    entry = customer.deliver("utility", MESSAGES + after)
    assert (entry.billable, entry.micros) == ((False, 0) if free else (True, 6_800))


def test_what_is_no_template_is_free_until_october_2026_and_then_but_for_a_thousand_a_month_costs() -> None:
    change = datetime(2026, 10, 1, tzinfo=UTC)
    customer = Customer()
    customer.wrote_at = change - HOUR
    assert seen(customer.deliver("service", change - SECOND)) == (False, False, "free_customer_service")
    assert seen(customer.deliver("utility", change - SECOND)) == (False, False, "free_customer_service")
    customer.used = 998
    assert [seen(customer.deliver("service", at)) for at in (change, change + SECOND, change + HOUR)] == [
        (False, False, "monthly_allowance"),
        (False, False, "monthly_allowance"),
        COSTS,
    ]
    assert customer.deliver("service", change + HOUR).micros == 6_800
    assert seen(customer.deliver("utility", change)) == COSTS


# -- the free entry point


@pytest.mark.parametrize("at", [CONVERSATIONS, MESSAGES, SERVICE_COSTS], ids=["conversation", "message", "service"])
@pytest.mark.parametrize(
    ("answered_after", "opens"),
    [(timedelta(0), True), (DAY - SECOND, True), (DAY, False), (DAY + SECOND, False)],
)
def test_an_answer_within_24_hours_of_the_advertisement_makes_72_hours_free(
    at: datetime, answered_after: timedelta, opens: bool
) -> None:
    customer = Customer()
    customer.came_at = at
    answer = customer.deliver("marketing", at + answered_after)
    assert answer.billable != opens
    start = at + answered_after
    for later in (SECOND, 72 * HOUR - SECOND):
        entry = customer.deliver("authentication", start + later)
        assert (entry.why_free == "free_entry_point") == opens
    for later in (72 * HOUR, 72 * HOUR + SECOND):
        assert customer.deliver("marketing_lite", start + later).why_free != "free_entry_point"
    assert customer.deliver("utility", start + 96 * HOUR).billable


def test_it_begins_with_the_delivery_and_not_with_the_answer() -> None:
    customer = Customer()
    customer.came_at = MESSAGES
    late = MESSAGES + 30 * HOUR
    assert not customer.deliver("marketing", late, written_at=MESSAGES + 23 * HOUR).billable
    assert not customer.deliver("marketing", late + 72 * HOUR - SECOND).billable
    assert customer.deliver("marketing", late + 72 * HOUR).billable


def test_an_advertisement_opens_one_and_the_next_another() -> None:
    customer = Customer()
    customer.came_at = MESSAGES
    assert not customer.deliver("marketing", MESSAGES + HOUR).billable
    again = MESSAGES + 80 * HOUR
    assert customer.deliver("marketing", again, written_at=MESSAGES + 2 * HOUR).billable
    customer.came_at = again
    assert not customer.deliver("marketing", again + HOUR).billable


def test_it_closes_the_conversations_that_were_open() -> None:
    customer = Customer()
    customer.deliver("marketing", CONVERSATIONS)
    customer.came_at = CONVERSATIONS + HOUR
    assert not customer.deliver("service", CONVERSATIONS + 2 * HOUR).billable
    assert customer.windows.conversations == {}


# -- the provider's word


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
@pytest.mark.parametrize("priced", ["sent", "delivered", "read"])
def test_the_providers_price_wins_whichever_status_tells_it_in_whatever_order(
    order: tuple[str, ...], priced: str
) -> None:
    raw = {"billable": False, "pricing_model": "PMP", "category": "utility", "type": "free_customer_service"}
    facts = Facts("m1", "marketing", MESSAGES, MESSAGES, "brazil")
    entry, windows, counted = Entry("m1", "ch"), Windows(), {}
    for name in (*order, *order):
        delivered = MESSAGES if name != "sent" else None
        pricing = pricing_of(BILLING, raw if name == priced else None, name != "sent")
        after = told(entry, delivered, pricing)
        if after is entry:
            continue
        if after.delivered_at:
            after, windows = charged(BILLING, UTC, UTC, after, facts, windows)
        for place, figures in difference(entry, after).items():
            held = counted.setdefault(place, {})
            for figure, amount in figures.items():
                held[figure] = held.get(figure, 0) + amount
        entry = after
    assert (entry.category, seen(entry), entry.source) == (
        "utility",
        (False, False, "free_customer_service"),
        "provider",
    )
    left = {place: {name: one for name, one in figures.items() if one} for place, figures in counted.items()}
    assert {place: figures for place, figures in left.items() if figures} == {
        (MESSAGES.date(), "utility"): {"messages": 1, "by_provider": 1}
    }


def test_what_is_told_with_the_delivery_wins_over_what_was_told_before() -> None:
    before, after = ({"billable": one, "category": "utility"} for one in (True, False))
    entry = told(Entry("m1", "ch"), None, pricing_of(BILLING, before, False))
    entry = told(entry, MESSAGES, pricing_of(BILLING, after, True))
    assert entry.pricing
    assert not entry.pricing.billable
    assert told(entry, MESSAGES, pricing_of(BILLING, before, True)) is entry


def test_a_conversation_that_the_provider_prices_is_charged_once() -> None:
    raw = {"billable": True, "pricing_model": "CBP", "category": "marketing"}
    customer = Customer()
    first, second = customer.deliver("unknown", CONVERSATIONS, raw), customer.deliver("unknown", CONVERSATIONS, raw)
    assert (seen(first), seen(second)[:2]) == (OPENS, (False, False))
    assert (first.category, first.source) == ("marketing", "provider")


def test_a_price_told_later_takes_back_the_conversation_that_was_guessed() -> None:
    facts = Facts("m1", "unknown", CONVERSATIONS, CONVERSATIONS, "brazil")
    guessed, windows = charged(BILLING, UTC, UTC, told(Entry("m1", "ch"), CONVERSATIONS, None), facts, Windows())
    assert set(windows.conversations) == {"unknown"}
    raw = {"billable": True, "pricing_model": "CBP", "category": "utility"}
    known = told(guessed, CONVERSATIONS, pricing_of(BILLING, raw, True))
    known, windows = charged(BILLING, UTC, UTC, known, facts, windows)
    assert (windows.conversations, seen(known)) == ({"utility": Opening(CONVERSATIONS, "m1")}, OPENS)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, None),
        ({}, None),
        ({"billable": "yes"}, None),
        ({"category": "marketing"}, None),
        ({"type": "regular", "category": "marketing"}, (True, "marketing", None, None)),
        ({"type": "free_entry_point", "category": "SERVICE"}, (False, "service", None, "free_entry_point")),
        ({"billable": True, "category": ["x"]}, (True, "unknown", None, None)),
        ({"billable": True, "category": "something_new", "pricing_model": "XYZ"}, (True, "unknown", None, None)),
        ({"billable": True, "category": "authentication-international", "pricing_model": "pmp"},
         (True, "authentication_international", "message", None)),
    ],
)  # fmt: skip
def test_what_the_provider_may_say(raw: Any, expected: Any) -> None:
    pricing = pricing_of(BILLING, raw, True)
    assert (pricing[:4] if pricing else None) == expected


# -- prices


def test_a_price_is_of_the_recipients_market_and_the_day_and_else_unknown() -> None:
    assert (BILLING.market_of("+5511987654321"), BILLING.market_of("+972501234567")) == ("brazil", "israel")
    assert [BILLING.market_of(one) for one in ("+999123456", "u:BR.123", "", "+")] == ["other"] * 4
    assert BILLING.price("argentina", "utility", date(2025, 9, 30)) == 28_900
    assert BILLING.price("argentina", "utility", date(2025, 10, 1)) is None
    assert BILLING.price("brazil", "marketing", date(2025, 6, 30)) is None
    assert BILLING.price("brazil", "authentication_international", date(2026, 3, 1)) is None
    assert BILLING.price("other", "marketing", date(2026, 3, 1)) is None
    unpriced = Customer(phone="+4915112345678").deliver("marketing", MESSAGES)
    assert counts_of(unpriced) == {
        (MESSAGES.date(), "marketing"):
        {"messages": 1, "conversations": 0, "billable": 1, "unpriced": 1, "micros": 0, "by_provider": 0}
    }  # fmt: skip


def test_rules_and_rates_stand_in_the_order_of_their_days() -> None:
    days = [rule.since for rule in BILLING.rules]
    assert days == sorted(set(days))
    for market in {rates.market for rates in BILLING.rates}:
        of_market = [rates.since for rates in BILLING.rates if rates.market == market]
        assert of_market == sorted(set(of_market))
    priced = {category for rates in BILLING.rates for category in rates.micros}
    assert priced <= BILLING.categories
    assert {rates.market for rates in BILLING.rates} <= set(BILLING.markets.values())


def test_an_echo_of_what_was_written_at_the_provider_is_free_unless_it_says_otherwise() -> None:
    facts = Facts("m1", "service", SERVICE_COSTS, SERVICE_COSTS, "brazil", used=1_000)
    entry = told(Entry("m1", "ch"), SERVICE_COSTS, None)
    assert charged(BILLING, UTC, UTC, entry, facts, Windows())[0].billable
    assert not charged(BILLING, UTC, UTC, entry, replace(facts, ours=False), Windows())[0].billable


def test_one_channel_has_prices() -> None:
    assert [name for name in types() if adapter(name).billing()] == ["whatsapp"]
