"""The event feed: SEQ counts, FEED entries lie in buckets of 1000, a FED claim for each event keeps it from coming
twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist, TransactGetError
from pynamodb.transactions import TransactGet

from recado.domain.reports import Counter, Figures
from recado.storage import keys
from recado.storage.counters import add_counts
from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import Cancelled, Transaction, guard

KEPT_DAYS = 30
BUCKET = 1000
_MAX_PAGE_BYTES = 4_000_000

SEQ_MOVES = guard(
    "feed-seq-moves-from-seen", "two feeders read the same last seq: one would write its events over the other's"
)
FED_ONCE = guard(
    "event-fed-once",
    "a fact is told twice, by a redelivery or a replay: it would stand in the feed twice and count twice",
)


class SeqRecord(WorkspaceRecord):
    """SEQ: the seq of the newest event of the account."""

    last_seq = NumberAttribute()


class FeedRecord(WorkspaceRecord):
    """FEED: one event as JSON text; its seq is in the key."""

    event = UnicodeAttribute()

    @property
    def seq(self) -> int:
        """Its place in the feed."""
        return int(self.sk)


class FedRecord(WorkspaceRecord):
    """FED: the event with this id has its place in the feed."""

    seq = NumberAttribute()


class DynamoFeed:
    """The store of feeds (ports.feed.FeedStore)."""

    def last_seq(self, a: str) -> int:
        """1 RRU."""
        found = SeqRecord.find(*_seq_key(a))
        return 0 if found is None else int(found.last_seq)

    def append(
        self,
        a: str,
        seen: int,
        events: Sequence[Mapping[str, Any]],
        counts: Mapping[Counter, Figures],
        now: datetime,
    ) -> frozenset[str] | None:
        """2 + 4 n WRU for n events that fit in 1 KB each, and 2 for each counter."""
        ttl = int((now + timedelta(days=KEPT_DAYS)).timestamp())
        tx = Transaction()
        for seq, event in enumerate(events, seen + 1):
            text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            tx.put(f"entry {seq}", FeedRecord(pk=keys.feed_pk(a, seq), sk=keys.feed_sk(seq), event=text, ttl=ttl))
            claim = FedRecord(pk=keys.fed_pk(a, event["id"]), sk="FED", seq=seq, ttl=ttl)
            tx.put(event["id"], claim, FED_ONCE(FedRecord.pk.does_not_exist()))
        moved = SeqRecord.last_seq == seen if seen else SeqRecord.pk.does_not_exist()
        tx.put("seq", SeqRecord(*_seq_key(a), last_seq=seen + len(events)), SEQ_MOVES(moved))
        add_counts(tx, a, counts)
        try:
            tx.commit()
        except Cancelled as cancelled:
            return cancelled.failed - {"seq"}
        return None

    def page(self, a: str, after: int, limit: int, now: datetime) -> tuple[list[dict[str, Any]], bool]:
        """A query for each bucket that it spans; where the first holds nothing any more, a binary search finds the
        oldest kept event.

        Entries of one transaction appear one by one. A page therefore ends before a seq that is only just being
        written."""
        last = self.last_seq(a)
        items: list[dict[str, Any]] = []
        size, expected, moment = 0, after + 1, int(now.timestamp())
        for record in self._from(a, expected, last, limit, moment):
            size += len(record.event)
            if (items and size > _MAX_PAGE_BYTES) or (
                record.seq != expected and _is_being_written(a, expected, moment)
            ):
                break
            items.append({**json.loads(record.event), "seq": record.seq})
            expected = record.seq + 1
            if len(items) == limit:
                break
        return items, bool(items) and expected <= last

    def _from(self, a: str, first: int, last: int, limit: int, now: int) -> Iterator[FeedRecord]:
        """The kept entries from `first` to `last` in order."""
        empty_so_far = True
        bucket = first // BUCKET
        while bucket <= last // BUCKET:
            for record in _entries(a, bucket, first, limit):
                if record.ttl > now:
                    empty_so_far = False
                    yield record
            bucket = oldest_kept(a, bucket + 1, last // BUCKET) if empty_so_far else bucket + 1


def oldest_kept(a: str, low: int, high: int) -> int:
    """The first bucket from `low` to `high` that holds anything; events expire in their order, so the empty ones
    come first."""
    while low < high:
        middle = (low + high) // 2
        if any(True for _ in _entries(a, middle, 0, 1)):
            high = middle
        else:
            low = middle + 1
    return low


def _entries(a: str, bucket: int, first: int, page: int) -> Iterator[FeedRecord]:
    """The entries of a bucket from `first` on, read `page` at a time as they are asked for."""
    seq = bucket * BUCKET
    place = FeedRecord.sk >= keys.feed_sk(max(first, seq))
    return FeedRecord.query(keys.feed_pk(a, seq), place, consistent_read=True, page_size=page)


def _is_being_written(a: str, seq: int, now: int) -> bool:
    """Whether the missing entry is there after all, or in a transaction that goes on; else it has expired."""
    try:
        with TransactGet(connection=FeedRecord._get_connection().connection) as read:
            found = read.get(FeedRecord, keys.feed_pk(a, seq), keys.feed_sk(seq))
        return bool(found.get().ttl > now)
    except TransactGetError:
        return True
    except DoesNotExist:
        return False


def _seq_key(a: str) -> tuple[str, str]:
    return keys.workspace_pk(a, "FEED"), "SEQ"
