"""What charging a delivered message may cost (docs/data-model.md §3, J2)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from recado.storage.billing import DynamoBillingCounts
from tests.billing_world import DELIVERED, BillingWorld
from tests.recording import record
from tests.sending_world import CHANNEL, A


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> BillingWorld:
    return BillingWorld(clock, ids)


def test_a_delivered_message(world: BillingWorld) -> None:
    message = world.sent("marketing")
    with record() as calls:
        world.tell(message, "delivered", DELIVERED)
    # the status: SEEN, MSG; the charge: MSG, THREAD, what stands open, LEDGER in one read; LEDGER and the count
    assert calls.operations == {
        "dynamodb:GetItem": 1,
        "dynamodb:UpdateItem": 1,
        "dynamodb:BatchGetItem": 1,
        "dynamodb:TransactWriteItems": 1,
    }
    assert (calls.wru, calls.rru) == (1 + 4, 1 + 4)


def test_its_further_statuses(world: BillingWorld) -> None:
    message = world.sent("marketing")
    world.tell(message, "delivered", DELIVERED)
    with record() as calls:
        world.tell(message, "read", DELIVERED)
    assert (calls.wru, calls.rru) == (1, 1 + 4)


def test_one_that_opens_a_conversation(world: BillingWorld, clock: Any) -> None:
    clock.at = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
    message = world.sent("marketing")
    with record() as calls:
        world.tell(message, "delivered")
    assert (calls.wru, calls.rru) == (1 + 6, 1 + 4)


def test_one_of_the_months_free_ones(world: BillingWorld, clock: Any) -> None:
    clock.at = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
    world.customer_was_silent(0)
    message = world.sent()
    with record() as calls:
        world.tell(message, "delivered")
    assert (calls.wru, calls.rru) == (1 + 6, 1 + 5)


def test_the_report_of_a_channel(world: BillingWorld) -> None:
    for _ in range(20):
        world.tell(world.sent("marketing"), "delivered")
    with record() as calls:
        [figures] = DynamoBillingCounts().days(A, CHANNEL, date(2026, 1, 1), date(2026, 12, 31)).values()
    assert figures["messages"] == 20
    assert calls.operations == {"dynamodb:Query": 1}
    assert calls.rru <= 1
