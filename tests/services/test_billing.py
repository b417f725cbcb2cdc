"""The billing ledger behind the statuses: each delivered message once, in any order, over crashes and lost answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from recado.domain.messages import StatusUpdate
from recado.ports.inbound import Delivery
from recado.services.statuses import StatusService
from recado.storage.chat_records import ThreadRecord
from recado.storage.statuses import DynamoStatuses
from tests.billing_world import DELIVERED, BillingWorld
from tests.lost_answers import LostAnswers
from tests.sending_world import CHANNEL, A

ONE = {("2026-03-02", "marketing"): {"messages": 1, "billable": 1, "micros": 62_500}}
TOLD = {("2026-03-02", "marketing"): {"messages": 1, "billable": 1, "micros": 62_500, "by_provider": 1}}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> BillingWorld:
    return BillingWorld(clock, ids)


def test_nothing_is_charged_before_it_is_delivered(world: BillingWorld) -> None:
    message = world.sent("marketing")
    world.tell(message, "sent", DELIVERED)
    entry = world.entry(message)
    assert entry
    assert (entry.delivered_at, world.counts()) == (None, {})
    world.tell(message, "failed")
    assert world.counts() == {}


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
@pytest.mark.parametrize("priced", [None, "sent", "delivered", "read"])
def test_a_message_is_charged_once_in_whatever_order(
    world: BillingWorld, order: tuple[str, ...], priced: str | None
) -> None:
    message = world.sent("marketing")
    for name in (*order, *order):
        world.tell(message, name, DELIVERED if name == priced else None)
    assert world.counts() == (TOLD if priced else ONE)


def test_the_provider_takes_back_what_was_estimated(world: BillingWorld) -> None:
    message = world.sent("marketing")
    world.tell(message, "delivered")
    assert world.counts() == ONE
    world.tell(
        message, "read", {**DELIVERED, "billable": False, "category": "utility", "type": "free_customer_service"}
    )
    assert world.counts() == {("2026-03-02", "utility"): {"messages": 1, "by_provider": 1}}


def test_a_template_without_a_category_is_unknown_until_the_provider_tells_it(world: BillingWorld) -> None:
    message = world.sent("something_new")
    world.tell(message, "delivered")
    assert world.counts() == {("2026-03-02", "unknown"): {"messages": 1, "billable": 1, "unpriced": 1}}
    world.tell(message, "read", DELIVERED)
    assert world.counts() == TOLD


def test_statuses_that_came_before_their_message_are_charged_with_it(world: BillingWorld) -> None:
    message = world.write()
    for name, pricing in (("sent", None), ("delivered", DELIVERED), ("read", None)):
        update = StatusUpdate("wamid.1", None, name, world.clock.now(), pricing=pricing)  # type: ignore[arg-type]
        assert world.statuses.apply(A, CHANNEL, update) == "parked"
    assert world.counts() == {}
    world.work()
    assert world.message(message.id).status == "read"
    assert world.counts() == TOLD


def test_a_status_that_settles_a_send_of_unknown_end_is_charged(world: BillingWorld) -> None:
    message = world.write()
    update = StatusUpdate("wamid.x", message.id, "delivered", world.clock.now(), pricing=DELIVERED)
    assert world.statuses.apply(A, CHANNEL, update) == "stands"
    assert world.counts() == TOLD


def test_a_worker_dies_between_the_status_and_its_charge(world: BillingWorld) -> None:
    message = world.sent("marketing")
    update = StatusUpdate(message.provider_id, None, "delivered", world.clock.now())
    assert StatusService(DynamoStatuses(), world.outbox).apply(A, CHANNEL, update) == "moved"
    assert world.counts() == {}
    assert world.statuses.apply(A, CHANNEL, update) == "stands"
    assert world.counts() == ONE


@pytest.mark.parametrize("how", ["lose", "drop", "repeat"])
def test_the_answer_of_the_charge_is_lost(world: BillingWorld, lost_answers: LostAnswers, how: str) -> None:
    message = world.sent("marketing")
    place = world.store_of_statuses.place(A, CHANNEL, message.provider_id or "")
    assert place
    getattr(lost_answers, how)("TransactWriteItems")
    try:
        world.tell(message, "delivered")
    except Exception:
        assert how in ("lose", "drop")
    assert not lost_answers._plans
    world.tell(message, "delivered")
    assert world.counts() == ONE


def test_a_conversation_of_an_earlier_day_is_charged_once(world: BillingWorld, clock: Any) -> None:
    clock.at = datetime(2025, 6, 29, 12, 0, tzinfo=UTC)
    messages = [world.sent("marketing") for _ in range(3)]
    for message in messages:
        world.tell(message, "delivered")
    clock.move(24 * 3600)
    world.tell(world.sent("marketing"), "delivered")
    assert world.counts() == {
        ("2025-06-29", "marketing"): {"messages": 3, "conversations": 1, "billable": 1, "unpriced": 1},
        ("2025-06-30", "marketing"): {"messages": 1, "conversations": 1, "billable": 1, "unpriced": 1},
    }


def test_the_rules_of_the_zone_that_the_channel_names(world: BillingWorld, clock: Any) -> None:
    """At 01:00 UTC on 1 July it is still June in São Paulo."""
    clock.at = datetime(2025, 7, 1, 1, 0, tzinfo=UTC)
    channel = world.channel
    assert channel
    world.channel = channel._replace(settings={**channel.settings, "time_zone": "America/Sao_Paulo"})
    message = world.sent("marketing")
    world.tell(message, "delivered")
    entry = world.entry(message)
    assert entry
    assert (entry.unit, entry.opened) == ("conversation", True)


def test_the_window_is_that_of_the_delivery_though_the_customer_wrote_since(world: BillingWorld, clock: Any) -> None:
    """The thread knows the last message of the customer alone; those before are looked up."""
    world.customer_was_silent(48)
    outside = world.sent("utility")
    clock.move(60)
    ThreadRecord.of_thread(A, replace(world.thread, last_inbound_at=clock.now())).save()
    world.tell(outside, "delivered", at=clock.now() - timedelta(seconds=30))
    entry = world.entry(outside)
    assert entry
    assert not entry.billable  # the world's first message of the customer lies a minute back


def test_a_free_entry_point(world: BillingWorld, clock: Any) -> None:
    came = clock.now()
    ThreadRecord.of_thread(A, replace(world.thread, came_by_ad_at=came)).save()
    clock.move(3600)
    first = world.sent()
    world.tell(first, "delivered")
    clock.move(71 * 3600)
    second = world.sent("marketing")
    world.tell(second, "delivered")
    clock.move(3600)
    third = world.sent("marketing")
    world.tell(third, "delivered")
    told = [(one.why_free, one.billable) for one in map(world.entry, (first, second, third)) if one]
    assert told == [("free_entry_point", False), ("free_entry_point", False), (None, True)]


def test_the_months_free_ones_are_counted_on_the_channel(world: BillingWorld, clock: Any) -> None:
    clock.at = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
    world.customer_was_silent(0)
    for _ in range(2):
        message = world.sent()
        for name in ("delivered", "read"):
            world.tell(message, name)
    assert world.ledger.used(A, CHANNEL, "service", datetime(2026, 11, 1).date()) == 2
    assert world.counts() == {("2026-11-10", "service"): {"messages": 2}}


@pytest.mark.parametrize("channel_type", ["custom"])
def test_other_channels_cost_nothing_and_nothing_is_read_for_them(
    dynamodb: Any, clock: Any, ids: Any, channel_type: str
) -> None:
    world = BillingWorld(clock, ids, channel_type)
    message = world.sent()
    place = world.store_of_statuses.place(A, CHANNEL, message.provider_id or "")
    world.ledger.look = None  # type: ignore[assignment,method-assign]
    world.tell(message, "read", DELIVERED)
    assert (world.entry(message), world.counts(), place) == (None, {}, None)


def test_a_message_that_is_gone_and_one_of_the_customer_are_not_charged(world: BillingWorld) -> None:
    message = world.sent("marketing")
    place = world.store_of_statuses.place(A, CHANNEL, message.provider_id or "")
    assert place
    for seq in (99, 1):
        world.billing.charge(A, replace(place, seq=seq), Delivery("delivered", world.clock.now()))
    assert world.counts() == {}
