"""Races for the slots of a channel's second."""

from __future__ import annotations

from typing import Any

from recado.storage.speeds import DynamoSpeeds
from tests.storage.scenarios import scenario

A, CHANNEL, SECOND = "accounta", "ch_accounta_1", 1_772_452_800


@scenario("slots-before-now-are-over")
def a_later_worker_begins_a_second_that_another_has_begun(clock: Any, ids: Any) -> None:
    """The second one looks at its clock, sees a slot that is free by it, and is given one behind the first's."""
    speeds = DynamoSpeeds()
    assert speeds.lease(A, CHANNEL, SECOND, 40, 5, 80) == 40
    assert speeds.lease(A, CHANNEL, SECOND, 41, 1, 80) == 45


@scenario("slots-of-a-second-are-limited")
def many_workers_take_slots_of_one_second(clock: Any, ids: Any) -> None:
    speeds = DynamoSpeeds()
    taken = [speeds.lease(A, CHANNEL, SECOND, 0, 3, 10) for _ in range(5)]
    assert taken == [0, 3, 6, None, None]
    assert speeds.lease(A, CHANNEL, SECOND, 0, 1, 10) == 9
    assert speeds.lease(A, CHANNEL, SECOND, 0, 1, 10) is None
