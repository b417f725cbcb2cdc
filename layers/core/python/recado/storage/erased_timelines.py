"""Events of a contact that is erased, and merges that hold its data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recado.domain.chats import Event
from recado.domain.contact_merging import Merge
from recado.ports.contact_erasures import Page
from recado.storage import keys
from recado.storage.contact_erasures import commit_page
from recado.storage.contact_merges import DynamoMerges, MergeRecord
from recado.storage.contact_records import ClaimRecord, ContactEventRecord
from recado.storage.contacts import MERGED
from recado.storage.transaction import Transaction, guard

EVENT_THERE = guard(
    "event-is-there-to-redact",
    "the other contact of an undone merge is erased too, at the same time: half an event of it would be made anew",
)


class DynamoErasedTimelines:
    """The port `recado.ports.contact_erasures.ErasedTimelines`."""

    def own_events(self, a: str, contact_id: str, limit: int) -> list[Event]:
        """1 query."""
        found = ContactEventRecord.query(
            keys.contact_events_pk(a, contact_id), consistent_read=True, limit=limit, page_size=limit
        )
        return [record.event() for record in found]

    def erase_own(self, a: str, page: Page, events: Sequence[Event]) -> None:
        """2 WRU for each KB of each."""
        tx = Transaction()
        for event in events:
            tx.delete(f"event:{event.id}", _record(a, event))
        commit_page(tx, a, page)

    def merges(self, a: str, kept_id: str) -> list[Merge]:
        """1 query; a contact has some tens of them, each three contacts large."""
        return DynamoMerges().of(a, kept_id)

    def erase_merges(self, a: str, page: Page, merges: Sequence[Merge], merged_ids: Sequence[str]) -> None:
        """2 WRU for each KB of each."""
        tx = Transaction()
        for merge in merges:
            tx.delete(f"merge:{merge.id}", MergeRecord(keys.merges_pk(a, merge.kept.id), merge.id))
        for merged_id in merged_ids:
            tx.delete(f"merged:{merged_id}", ClaimRecord(keys.claim_pk(a, MERGED, merged_id), "CLAIM"))
        commit_page(tx, a, page)

    def between(
        self, a: str, contact_id: str, since: datetime, until: datetime, after: str | None, limit: int
    ) -> list[Event]:
        """1 query."""
        first = keys.event_sk(f"{after}~" if after else _stem(a, since))
        found = ContactEventRecord.query(
            keys.contact_events_pk(a, contact_id),
            ContactEventRecord.sk.between(first, keys.event_sk(f"{_stem(a, until)}~")),
            consistent_read=True,
            limit=limit,
            page_size=limit,
        )
        return [record.event() for record in found]

    def redact_own(self, a: str, page: Page, events: Sequence[Event]) -> None:
        """2 WRU for each KB of each."""
        tx = Transaction()
        for event in events:
            actions = [ContactEventRecord.data.set(dict(event.data))]
            tx.update(f"event:{event.id}", _record(a, event), actions, EVENT_THERE(ContactEventRecord.pk.exists()))
        commit_page(tx, a, page)


def _record(a: str, event: Event) -> ContactEventRecord:
    return ContactEventRecord(keys.contact_events_pk(a, event.contact_id or ""), keys.event_sk(event.id))


def _stem(a: str, at: datetime) -> str:
    """How ids of events begin that were made in this millisecond (domain.ids)."""
    return f"ev_{a}_{int(at.timestamp() * 1000):011x}"
