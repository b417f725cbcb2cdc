"""Erasures of contacts: what is on record of them, and what is left to do (docs/data-model.md, LGPD)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.domain.chats import Event, ThreadKey
from recado.domain.contact_erasure import Counted, Erasing, Erasure
from recado.domain.contacts import Contact
from recado.ports.contact_erasures import Overtaken, Page
from recado.ports.contacts import ContactChange
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.contact_records import ClaimRecord
from recado.storage.contacts import add_disappearance
from recado.storage.due import Due, due_page
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard
from recado.storage.workspace_events import add_workspace_event

ERASED = "erased"
"""The kind of claim by which the id of an erased contact leads to its erasure."""
ERASED_ONCE = guard(
    "contact-is-erased-once",
    "two admins have what a deleted contact left erased at once: there would be two records, each with some of it",
)
ERASING_MOVES = guard(
    "erasing-moves-from-seen-version",
    "two looks go on with one erasure at once: what one erases the other would count again",
)
ERASING_THERE = guard(
    "erasing-is-there-to-look-at",
    "one look finds the end while another puts it off: half an item would be looked at for ever",
)


class ErasureRecord(WorkspaceRecord):
    """ERASURE: ids, counts and times."""

    id = UnicodeAttribute()
    contact_id = UnicodeAttribute()
    contact_ids = JSONAttribute()
    reason = UnicodeAttribute()
    requested_by = UnicodeAttribute()
    requested_at = TimeAttribute()
    state = UnicodeAttribute()
    finished_at = TimeAttribute(null=True)
    identities = NumberAttribute(null=True)
    search_tokens = NumberAttribute(null=True)
    chats = NumberAttribute(null=True)
    chat_events = NumberAttribute(null=True)
    executions = NumberAttribute(null=True)
    messages = NumberAttribute(null=True)
    files = NumberAttribute(null=True)
    calls = NumberAttribute(null=True)
    clicks = NumberAttribute(null=True)
    mails = NumberAttribute(null=True)
    timeline_entries = NumberAttribute(null=True)
    merges = NumberAttribute(null=True)
    kept_answers = NumberAttribute(null=True)
    feed_events = NumberAttribute(null=True)
    raw_bodies = NumberAttribute(null=True)
    exports = NumberAttribute(null=True)

    @classmethod
    def of_erasure(cls, a: str, erasure: Erasure) -> ErasureRecord:
        """The item of an erasure."""
        counts: dict[str, int] = {name: count for name, count in erasure.erased.items() if count}
        return cls.of(erasure, pk=_records_pk(a), sk=erasure.id, contact_ids=list(erasure.contact_ids), **counts)

    def erasure(self) -> Erasure:
        """The entity."""
        names: tuple[Counted, ...] = get_args(Counted)
        return self.to(
            Erasure,
            contact_ids=tuple(self.contact_ids),
            erased={name: int(getattr(self, name) or 0) for name in names},
        )


class ErasingRecord(WorkspaceRecord):
    """ERASING: what is left to do of an erasure. It goes with its end: it names the contact's addresses."""

    contact_ids = JSONAttribute()
    threads = JSONAttribute()
    names = JSONAttribute()
    gone_at = TimeAttribute()
    step = UnicodeAttribute()
    place = UnicodeAttribute(null=True)
    pass_from = TimeAttribute(null=True)
    found = NumberAttribute()
    others = JSONAttribute()
    spans = JSONAttribute()
    late_files = JSONAttribute()
    version = NumberAttribute()
    due_pk = UnicodeAttribute()
    due_sk = UnicodeAttribute()
    due = Due()

    @classmethod
    def of_work(cls, a: str, work: Erasing) -> ErasingRecord:
        """The item of what is left, with its place in the `due` index."""
        return cls.of(
            work,
            pk=_work_pk(a),
            sk=work.id,
            contact_ids=list(work.contact_ids),
            threads=[[one.channel_id, one.sender] for one in work.threads],
            names=list(work.names),
            others=list(work.others),
            spans=[list(one) for one in work.spans],
            late_files=list(work.late_files),
            due=None,
            due_pk=keys.due_pk("ERASING", work.id),
            due_sk=keys.stamp(work.due),
        )

    def work(self) -> Erasing:
        """The entity."""
        return self.to(
            Erasing,
            id=self.sk,
            contact_ids=tuple(self.contact_ids),
            threads=tuple(ThreadKey(*one) for one in self.threads),
            names=tuple(self.names),
            due=datetime.fromisoformat(self.due_sk),
            found=int(self.found),
            others=tuple(self.others),
            spans=tuple((one[0], one[1], one[2]) for one in self.spans),
            late_files=tuple(self.late_files),
            version=int(self.version),
        )


class DynamoErasures:
    """The ports `recado.ports.contact_erasures.ErasureStore` and `RecentErasures`."""

    def begin(
        self,
        a: str,
        contact: Contact | None,
        erasure: Erasure,
        work: Erasing,
        others: Sequence[ContactChange] = (),
    ) -> bool:
        """CONTACT with its claims, tokens and memberships, ERASURE, ERASING and the way from the contact's id to it."""
        tx = Transaction()
        if contact is not None:
            add_disappearance(tx, a, contact, others)
        way = ClaimRecord(keys.claim_pk(a, ERASED, erasure.contact_id), "CLAIM", contact_id=erasure.id)
        tx.put("way", way, ERASED_ONCE(ClaimRecord.pk.does_not_exist()))
        tx.put("erasure", ErasureRecord.of_erasure(a, erasure))
        tx.put("work", ErasingRecord.of_work(a, work))
        return tx.committed()

    def get(self, a: str, erasure_id: str) -> Erasure | None:
        """1 RRU."""
        found = ErasureRecord.find(_records_pk(a), erasure_id)
        return None if found is None else found.erasure()

    def of_contact(self, a: str, contact_id: str) -> Erasure | None:
        """2 RRU."""
        way = ClaimRecord.find(keys.claim_pk(a, ERASED, contact_id), "CLAIM")
        return None if way is None else self.get(a, way.contact_id)

    def page(self, a: str, limit: int, before: str | None) -> list[Erasure]:
        """1 query."""
        below = ErasureRecord.sk < before if before else None
        found = ErasureRecord.query(_records_pk(a), below, scan_index_forward=False, limit=limit, page_size=limit)
        return [record.erasure() for record in found]

    def contacts(self, a: str, since: datetime) -> frozenset[str]:
        """1 query."""
        first = f"er_{a}_{int(since.timestamp() * 1000):011x}"
        found = ErasureRecord.query(_records_pk(a), ErasureRecord.sk >= first)
        return frozenset(one for record in found for one in record.contact_ids)

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page("ERASING", ErasingRecord, now, limit)

    def work(self, a: str, erasure_id: str) -> Erasing | None:
        """1 RRU for each 4 KB."""
        found = ErasingRecord.find(_work_pk(a), erasure_id)
        return None if found is None else found.work()

    def go_on(self, a: str, page: Page) -> None:
        """1 WRU for each KB, and the index; 1 transaction when something is counted."""
        if any(page.counts.values()):
            commit_page(Transaction(), a, page)
            return
        try:
            ErasingRecord.of_work(a, page.after).save(condition=_unmoved(page))
        except PutError as error:
            if condition_failed(error):
                raise Overtaken from error
            raise

    def finish(self, a: str, work: Erasing, erasure: Erasure, event: Event) -> None:
        """Who moves ERASING moves the counts too, so those of `erasure` are the last."""
        tx = Transaction()
        unmoved = ERASING_MOVES(ErasingRecord.version == work.version)
        tx.delete("work", ErasingRecord(_work_pk(a), work.id), unmoved)
        tx.put("erasure", ErasureRecord.of_erasure(a, erasure))
        add_workspace_event(tx, a, erasure.id, event)
        if not tx.committed():
            raise Overtaken

    def put_off(self, a: str, erasure_id: str, until: datetime) -> None:
        """1 WRU and the index."""
        record = ErasingRecord(_work_pk(a), erasure_id)
        try:
            record.update(
                [ErasingRecord.due_sk.set(keys.stamp(until))], condition=ERASING_THERE(ErasingRecord.pk.exists())
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise


def commit_page(tx: Transaction, a: str, page: Page) -> None:
    """What a transaction erases, with the place and the counts. Raises Overtaken; nothing is written then."""
    tx.put("work", ErasingRecord.of_work(a, page.after), _unmoved(page))
    actions: list[Action] = [getattr(ErasureRecord, name).add(count) for name, count in page.counts.items() if count]
    if actions:
        tx.update("erasure", ErasureRecord(_records_pk(a), page.before.id), actions)
    try:
        tx.commit()
    except Cancelled as lost:
        raise Overtaken from lost


def _unmoved(page: Page) -> Condition | None:
    return ERASING_MOVES(ErasingRecord.version == page.before.version)


def _records_pk(a: str) -> str:
    return keys.workspace_pk(a, "ERASURES")


def _work_pk(a: str) -> str:
    return keys.workspace_pk(a, "ERASING")
