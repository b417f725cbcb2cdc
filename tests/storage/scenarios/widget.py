"""Races of the online chat's doors."""

from __future__ import annotations

from typing import Any

from recado.storage.rate_limits import DynamoRateLimits
from tests.storage.scenarios import scenario

A = "accounta"


@scenario("rate-holds")
def many_come_within_a_minute(clock: Any, ids: Any) -> None:
    limits = DynamoRateLimits()
    for _ in range(3):
        assert limits.take(A, "message#a", 3, clock.now()) is None
    clock.move(20)
    assert limits.take(A, "message#a", 3, clock.now()) == 40, "more pass than the limit says"
    assert limits.take(A, "message#b", 3, clock.now()) is None
    clock.move(40)
    assert limits.take(A, "message#a", 3, clock.now()) is None
