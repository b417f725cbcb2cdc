"""Races of the event feed."""

from __future__ import annotations

from typing import Any

from recado.domain.reports import Counter
from recado.storage.counters import DynamoCounters
from recado.storage.feed import DynamoFeed
from tests.storage.scenarios import scenario

A = "acct0001"


def event(event_id: str) -> dict[str, Any]:
    return {"id": event_id, "type": "chat.queued", "timestamp": "2026-03-02T12:00:00.000Z", "actor": {}, "data": {}}


def feed_of(clock: Any) -> list[tuple[int, str]]:
    items, _ = DynamoFeed().page(A, 0, 200, clock.now())
    return [(item["seq"], item["id"]) for item in items]


@scenario("feed-seq-moves-from-seen")
def two_feeders_saw_the_same_seq(clock: Any, ids: Any) -> None:
    feed = DynamoFeed()
    seen = feed.last_seq(A)
    assert feed.append(A, seen, [event("ev_1"), event("ev_2")], {}, clock.now()) is None
    feed.append(A, seen, [event("ev_3")], {}, clock.now())
    assert feed_of(clock) == [(1, "ev_1"), (2, "ev_2")]
    second = feed.last_seq(A)
    assert feed.append(A, second, [event("ev_3")], {}, clock.now()) is None
    feed.append(A, second, [event("ev_4")], {}, clock.now())
    assert feed_of(clock) == [(1, "ev_1"), (2, "ev_2"), (3, "ev_3")]


@scenario("event-fed-once")
def a_fact_is_told_twice(clock: Any, ids: Any) -> None:
    feed = DynamoFeed()
    counter = Counter("channel", "ch_1", clock.now().date())
    feed.append(A, 0, [event("ev_1")], {counter: {"opened": 1}}, clock.now())
    refused = feed.append(A, 1, [event("ev_2"), event("ev_1")], {counter: {"opened": 1}}, clock.now())
    assert feed_of(clock) == [(1, "ev_1")]
    assert refused == {"ev_1"}
    [day] = DynamoCounters().days(A, "channel", "ch_1", counter.day, counter.day)
    assert day.figures == {"opened": 1}
