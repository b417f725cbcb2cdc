"""The event feed over the tables in moto: numbers, doubles, two writers, buckets, what has expired, what is just
being written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import pytest

from recado.domain.errors import Busy
from recado.domain.reports import Counter, Figures
from recado.services.feed import FeedService
from recado.storage import feed as storage
from recado.storage.feed import DynamoFeed, FeedRecord, SeqRecord
from recado.storage.transaction import Transaction
from tests.storage.scenarios.feed import A, event


class Interrupted(DynamoFeed):
    """A store in which other feeders come first: `others` are fed between the reading of the seq and the writing."""

    def __init__(self, others: Iterator[list[dict[str, Any]]]) -> None:
        self._others = others
        self.tries = 0

    def append(
        self,
        a: str,
        seen: int,
        events: Sequence[Mapping[str, Any]],
        counts: Mapping[Counter, Figures],
        now: datetime,
    ) -> frozenset[str] | None:
        self.tries += 1
        for other in next(self._others, []):
            super().append(a, super().last_seq(a), [other], {}, now)
        return super().append(a, seen, events, counts, now)


class Utc:
    """Every account lives by UTC."""

    def of(self, a: str) -> tzinfo:
        return UTC


class NobodyErased:
    """No contact is being erased."""

    def contacts(self, a: str) -> frozenset[str]:
        return frozenset()


@pytest.fixture
def feed(dynamodb: Any, clock: Any) -> FeedService:
    return FeedService(DynamoFeed(), Utc(), NobodyErased(), clock)


def numbered(service: FeedService, a: str = A, after: int = 0, limit: int = 200) -> list[tuple[int, str]]:
    return [(item["seq"], item["id"]) for item in service.page(a, after, limit)[0]]


def events(first: int, last: int) -> list[dict[str, Any]]:
    return [event(f"ev_{n:04d}") for n in range(first, last + 1)]


def test_events_are_numbered_in_the_order_given_from_one(feed: FeedService) -> None:
    assert feed.feed(A, events(1, 3)) == 3
    assert feed.feed(A, events(4, 4)) == 1
    assert numbered(feed) == [(n, f"ev_{n:04d}") for n in range(1, 5)]
    assert feed.page(A, 0, 1)[0] == [{**event("ev_0001"), "seq": 1}]


def test_accounts_have_feeds_of_their_own(feed: FeedService) -> None:
    feed.feed(A, events(1, 2))
    feed.feed("acct0002", events(1, 1))
    assert numbered(feed, "acct0002") == [(1, "ev_0001")]


def test_more_than_a_transaction_takes_is_fed_in_several(feed: FeedService) -> None:
    assert feed.feed(A, events(1, 90)) == 90
    assert numbered(feed) == [(n, f"ev_{n:04d}") for n in range(1, 91)]


def test_what_is_told_again_is_passed_over(feed: FeedService) -> None:
    feed.feed(A, events(1, 3))
    assert feed.feed(A, [*events(2, 5), event("ev_0004")]) == 2
    assert feed.feed(A, events(1, 5)) == 0
    assert numbered(feed) == [(n, f"ev_{n:04d}") for n in range(1, 6)]


def test_a_crash_between_two_transactions_leaves_the_rest_for_the_next_try(
    feed: FeedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Transaction.commit
    commits: list[int] = []

    def failing(transaction: Transaction) -> None:
        commits.append(len(transaction))
        if len(commits) == 2:
            raise ConnectionError
        commit(transaction)

    monkeypatch.setattr(Transaction, "commit", failing)
    with pytest.raises(ConnectionError):
        feed.feed(A, events(1, 60))
    assert len(numbered(feed)) == 49  # two operations each, and the seq: 99 of the 100 that a transaction takes
    assert feed.feed(A, events(1, 60)) == 11
    assert numbered(feed) == [(n, f"ev_{n:04d}") for n in range(1, 61)]


def test_a_crash_after_the_write_feeds_nothing_twice(feed: FeedService, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Transaction.commit

    def unanswered(transaction: Transaction) -> None:
        commit(transaction)
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "commit", unanswered)
        with pytest.raises(ConnectionError):
            feed.feed(A, events(1, 3))
    assert feed.feed(A, events(1, 3)) == 0
    assert numbered(feed) == [(n, f"ev_{n:04d}") for n in range(1, 4)]


def test_two_writers_at_once_share_no_number(dynamodb: Any, clock: Any) -> None:
    store = Interrupted(iter([events(11, 12), events(13, 13)]))
    service = FeedService(store, Utc(), NobodyErased(), clock)
    assert service.feed(A, events(1, 2)) == 2
    assert [event_id for _, event_id in numbered(service)] == ["ev_0011", "ev_0012", "ev_0013", "ev_0001", "ev_0002"]
    assert [seq for seq, _ in numbered(service)] == [1, 2, 3, 4, 5]
    assert store.tries == 3


def test_the_same_event_by_two_writers_at_once_is_there_once(dynamodb: Any, clock: Any) -> None:
    service = FeedService(Interrupted(iter([events(2, 2)])), Utc(), NobodyErased(), clock)
    assert service.feed(A, events(1, 3)) == 2
    assert numbered(service) == [(1, "ev_0002"), (2, "ev_0001"), (3, "ev_0003")]


def test_races_lost_again_and_again_are_told(dynamodb: Any, clock: Any) -> None:
    service = FeedService(Interrupted(iter([event(f"ev_{n}")] for n in range(100, 200))), Utc(), NobodyErased(), clock)
    with pytest.raises(Busy):
        service.feed(A, events(1, 1))


def test_pages_follow_each_other_over_buckets(feed: FeedService, monkeypatch: pytest.MonkeyPatch) -> None:
    move_to(994)
    feed.feed(A, events(995, 1012))
    seen, after = [], 994
    while True:
        items, following = feed.page(A, after, 5)
        seen += [item["seq"] for item in items]
        if following is None:
            break
        assert following == seen[-1]
        after = following
    assert seen == list(range(995, 1013))
    assert feed.page(A, 1012, 5) == ([], None)
    assert feed.page(A, 5000, 5) == ([], None)


def test_a_reader_who_was_away_goes_on_at_the_oldest_kept(feed: FeedService, clock: Any) -> None:
    feed.feed(A, events(1, 2))
    clock.move(31 * 86400)
    move_to(7_998)
    feed.feed(A, events(7_999, 8_003))
    for after in (0, 1, 2, 3_000):
        assert [seq for seq, _ in numbered(feed, after=after)] == list(range(7_999, 8_004))


def test_nothing_is_kept_after_thirty_days(feed: FeedService, clock: Any) -> None:
    feed.feed(A, events(1, 2))
    clock.move(30 * 86400 - 1)
    assert len(numbered(feed)) == 2
    clock.move(1)
    assert numbered(feed) == []


def test_a_page_ends_before_a_seq_that_is_being_written(feed: FeedService, monkeypatch: pytest.MonkeyPatch) -> None:
    feed.feed(A, events(1, 5))
    entries = storage._entries

    def without_the_third(*asked: Any) -> Iterator[FeedRecord]:
        return (record for record in entries(*asked) if record.seq != 3)

    monkeypatch.setattr(storage, "_entries", without_the_third)
    assert numbered(feed) == [(1, "ev_0001"), (2, "ev_0002")]
    assert numbered(feed, after=2) == []


def test_a_page_stays_below_four_megabytes(feed: FeedService) -> None:
    large = {"text": "x" * 300_000}
    for n in range(1, 16):
        feed.feed(A, [{**event(f"ev_{n:04d}"), "data": large}])
    items, following = feed.page(A, 0, 200)
    assert (len(items), following) == (13, 13)
    assert len(feed.page(A, 13, 200)[0]) == 2


def move_to(seq: int) -> None:
    """The feed as it is after `seq` events."""
    SeqRecord(pk=f"{A}#FEED", sk="SEQ", last_seq=seq).save()
