"""What tells of an erased contact elsewhere for a while: events in the feed, answers that the API keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from recado.domain.contact_data_exports import DataExport
from recado.ports.contact_erasures import Page
from recado.storage import keys
from recado.storage.contact_data_exports import DataExportRecord
from recado.storage.contact_erasures import commit_page
from recado.storage.feed import BUCKET, DynamoFeed, FeedRecord, oldest_kept
from recado.storage.idempotency import IdempotencyRecord
from recado.storage.people import ApiTokenRecord, UserRecord
from recado.storage.transaction import Transaction, guard

ENTRY_THERE = guard(
    "feed-entry-is-there-to-redact",
    "an entry's time ends while it is redacted: half an entry, without an end, would stand in the feed for ever",
)
ANSWER_AS_SEEN = guard(
    "kept-answer-is-forgotten-as-seen",
    "a key whose day is over is used for another request while its old answer is forgotten: that one would run twice",
)


class DynamoErasedElsewhere:
    """The ports `recado.ports.contact_erasures.ErasedElsewhere` and `ErasedDataExports`."""

    def erase_data_exports(self, a: str, page: Page, exports: Sequence[DataExport]) -> None:
        """2 WRU each."""
        tx = Transaction()
        for export in exports:
            tx.delete(export.id, DataExportRecord(keys.data_exports_pk(a, export.contact_id), export.id))
        commit_page(tx, a, page)

    def feed(self, a: str, after: int, limit: int) -> tuple[list[tuple[int, dict[str, Any]]], int | None]:
        """1 query of a bucket; before the first one a binary search for the oldest."""
        last = DynamoFeed().last_seq(a)
        bucket = oldest_kept(a, 0, last // BUCKET) if after == 0 else (after + 1) // BUCKET
        if bucket > last // BUCKET or not last:
            return [], None
        first = max(after + 1, bucket * BUCKET)
        found = list(
            FeedRecord.query(
                keys.feed_pk(a, bucket * BUCKET),
                FeedRecord.sk >= keys.feed_sk(first),
                consistent_read=True,
                limit=limit,
                page_size=limit,
            )
        )
        reached = found[-1].seq if len(found) == limit else (bucket + 1) * BUCKET - 1
        entries = [(one.seq, json.loads(one.event)) for one in found]
        return entries, None if reached >= last else reached

    def write_feed(self, a: str, page: Page, entries: Mapping[int, Mapping[str, Any]]) -> None:
        """2 WRU for each KB of each."""
        tx = Transaction()
        for seq, event in entries.items():
            record = FeedRecord(keys.feed_pk(a, seq), keys.feed_sk(seq))
            text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            tx.update(f"entry:{seq}", record, [FeedRecord.event.set(text)], ENTRY_THERE(FeedRecord.pk.exists()))
        commit_page(tx, a, page)

    def callers(self, a: str) -> list[str]:
        """2 queries of all users and tokens of the account."""
        users = UserRecord.query(keys.workspace_pk(a, "USERS"), attributes_to_get=["pk", "sk"])
        tokens = ApiTokenRecord.query(keys.workspace_pk(a, "TOKENS"), attributes_to_get=["pk", "sk"])
        return sorted(one.sk for one in (*users, *tokens))

    def answers(self, a: str, caller: str, after: str | None, limit: int) -> list[tuple[str, str, bytes]]:
        """1 query."""
        behind = IdempotencyRecord.sk > after if after else None
        found = IdempotencyRecord.query(
            keys.idempotency_pk(a, caller), behind, consistent_read=True, limit=limit, page_size=limit
        )
        return [(one.sk, one.claim, one.body or b"") for one in found]

    def forget_answers(self, a: str, page: Page, caller: str, answers: Sequence[tuple[str, str]]) -> None:
        """2 WRU for each KB of each."""
        tx = Transaction()
        for key, claim in answers:
            record = IdempotencyRecord(keys.idempotency_pk(a, caller), key)
            tx.delete(f"answer:{key}", record, ANSWER_AS_SEEN(IdempotencyRecord.claim == claim))
        commit_page(tx, a, page)
