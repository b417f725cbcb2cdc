"""Races of the billing ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from recado.domain.chats import Message
from recado.ports.inbound import Delivery, Seen
from tests.billing_world import BillingWorld
from tests.sending_world import A
from tests.storage.scenarios import scenario

SPRING_2025 = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)


def between(world: BillingWorld, message: Message, meanwhile: Callable[[], None]) -> None:
    """A delivery is charged, and something happens after what it is decided from was read."""
    look, pending = world.ledger.look, [meanwhile]

    def read(a: str, place: Seen) -> Any:
        found = look(a, place)
        if pending:
            pending.pop()()
        return found

    world.ledger.look = read  # type: ignore[method-assign]
    place = Seen(message.id, message.thread, message.seq)
    world.billing.charge(A, place, Delivery("delivered", world.clock.now()))


@scenario("charge-moves-from-seen-version")
def delivered_and_read_are_told_at_once(clock: Any, ids: Any) -> None:
    world = BillingWorld(clock, ids)
    message = world.sent("marketing")
    between(world, message, lambda: world.tell(message, "read"))
    assert world.counts() == {("2026-03-02", "marketing"): {"messages": 1, "billable": 1, "micros": 62_500}}


@scenario("billing-openings-move-from-seen-version")
def two_messages_of_a_customer_are_delivered_at_once(clock: Any, ids: Any) -> None:
    clock.at = SPRING_2025
    world = BillingWorld(clock, ids)
    first, second = world.sent("marketing"), world.sent("marketing")
    between(world, first, lambda: world.tell(second, "delivered"))
    [figures] = world.counts().values()
    assert (figures["messages"], figures["conversations"], figures["billable"]) == (2, 1, 1)
