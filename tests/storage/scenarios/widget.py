"""Races of the online chat's doors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recado.domain.sockets import opened
from recado.storage.rate_limits import DynamoRateLimits
from recado.storage.sockets import DynamoSockets
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


@scenario("sockets-unchanged")
def two_pages_open_a_socket_at_once(clock: Any, ids: Any) -> None:
    store = DynamoSockets()
    ends_at = clock.now() + timedelta(minutes=1)
    for connection, ticket in (("a", "1"), ("b", "2")):
        seen = store.get(A, "listener")
        other = opened(seen, f"{connection}-first", f"{ticket}-first", ends_at, clock.now())
        after = opened(seen, connection, ticket, ends_at, clock.now())
        assert other is not None and after is not None
        assert store.write(A, other)
        store.write(A, after)
        assert f"{connection}-first" in store.get(A, "listener").open, "a page hears no hint"
        assert f"{ticket}-first" in store.get(A, "listener").spent, "its ticket opens another socket"
