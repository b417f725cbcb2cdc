"""Those whom a run of a task means, and what became of each (docs/data-model.md G7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from recado.domain.task_runs import Lane, Run, Sent, Target, TargetState, counted
from recado.ports.task_runs import DueTarget, Owner
from recado.storage import keys
from recado.storage.due import Due, due_records
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.task_runs import (
    add_counts,
    add_freezing_check,
    add_lane_step,
    add_run_check,
    set_or_removed,
)
from recado.storage.transaction import Transaction, guard

TARGET_SEEN = guard(
    "task-target-from-seen-version", "two look at one target's message at once: what became of it is counted twice"
)
_KIND = "TARGET"
_LOOKED_AT, _PAGES = 500, 4


class TargetRecord(WorkspaceRecord):
    """TARGET."""

    state = UnicodeAttribute()
    task_id = UnicodeAttribute()
    lane = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    sent = JSONAttribute(null=True)
    looks = NumberAttribute(null=True)
    acted_at = TimeAttribute(null=True)
    version = NumberAttribute()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_target(cls, a: str, owner: Owner, target: Target, ttl: int) -> TargetRecord:
        """The item of a target."""
        place = {"due_pk": keys.due_pk(_KIND, target.id), "due_sk": keys.stamp(target.due)} if target.due else {}
        return cls.of(
            target,
            pk=keys.targets_pk(a, owner.run_id, part_of(target.id)),
            sk=target.id,
            task_id=owner.task_id,
            lane=owner.lane,
            sent=_sent_item(target.sent),
            looks=target.looks or None,
            due=None,
            ttl=ttl,
            **place,
        )

    def target(self) -> Target:
        """The entity."""
        return self.to(
            Target,
            id=self.sk,
            sent=_sent(self.sent),
            looks=int(self.looks or 0),
            version=int(self.version),
            due=datetime.fromisoformat(self.due_sk) if self.due_sk else None,
        )


def part_of(public_id: str) -> int:
    """Of which of the 16 parts a contact or chat is."""
    return int(keys.shard_of(public_id), keys.SHARDS)


class DynamoLanes:
    """The port `recado.ports.task_runs.LaneStore`."""

    def step(self, a: str, run: Run, before: Lane, after: Lane) -> bool:
        """1 transaction: LANE."""
        tx = Transaction()
        add_lane_step(tx, a, run, before, after, {})
        return tx.committed()

    def freeze(self, a: str, run: Run, before: Lane, after: Lane, ids: Sequence[str]) -> bool:
        """1 transaction: a TARGET for each, and LANE, without which none is made, and a check of RUN."""
        tx = Transaction()
        add_freezing_check(tx, a, run)
        ttl = int(run.expires_at.timestamp())
        for target_id in ids:
            owner = Owner(run.task_id, run.id, part_of(target_id) % run.lanes)
            tx.put(f"target:{target_id}", TargetRecord.of_target(a, owner, Target(target_id), ttl))
        add_lane_step(tx, a, run, before, after, {})
        return tx.committed()

    def begin_page(self, a: str, run: Run, before: Lane, after: Lane) -> bool:
        """1 transaction: LANE, and a check of RUN."""
        tx = Transaction()
        add_run_check(tx, a, run)
        add_lane_step(tx, a, run, before, after, {})
        return tx.committed()

    def settle(self, a: str, run: Run, before: Lane, after: Lane, targets: Sequence[tuple[Target, Target]]) -> bool:
        """1 transaction: a TARGET for each, and LANE with its counts."""
        tx = Transaction()
        ttl = int(run.expires_at.timestamp())
        for _, now in targets:
            owner = Owner(run.task_id, run.id, after.number)
            tx.put(f"target:{now.id}", TargetRecord.of_target(a, owner, now, ttl))
        add_lane_step(tx, a, run, before, after, counted(*zip(*targets, strict=True)) if targets else {})
        return tx.committed()


class DynamoTargets:
    """The port `recado.ports.task_runs.TargetStore`."""

    def page(
        self, a: str, run_id: str, part: int, after: str | None, limit: int, state: TargetState | None
    ) -> tuple[list[Target], str | None]:
        """1 query, strongly consistent; of one state up to 4, each of which looks at 500 targets."""
        wanted = TargetRecord.state == state if state else None
        behind = TargetRecord.sk > after if after else None
        size = _LOOKED_AT if state else limit
        place = keys.targets_pk(a, run_id, part)
        pages = TargetRecord.query(place, behind, wanted, consistent_read=True, page_size=size).page_iter
        targets = list[Target]()
        last: str | None = None
        for page in islice(pages, _PAGES if state else 1):
            targets += [TargetRecord.from_raw_data(one).target() for one in page["Items"]]
            last = page["LastEvaluatedKey"]["sk"]["S"] if page.get("LastEvaluatedKey") else None
            if len(targets) >= limit:
                break
        return (targets[:limit], targets[limit - 1].id) if len(targets) > limit else (targets, last)

    def get(self, a: str, run_id: str, target_id: str) -> tuple[Target, Owner] | None:
        """1 RRU."""
        found = TargetRecord.find(keys.targets_pk(a, run_id, part_of(target_id)), target_id)
        return None if found is None else (found.target(), Owner(found.task_id, run_id, int(found.lane)))

    def settle(self, a: str, owner: Owner, before: Target, after: Target) -> bool:
        """1 transaction: TARGET, and the counts of its lane where they move."""
        tx = Transaction()
        record = TargetRecord(keys.targets_pk(a, owner.run_id, part_of(after.id)), after.id)
        actions: list[Action] = [TargetRecord.state.set(after.state), TargetRecord.version.set(after.version)]
        actions.append(set_or_removed(TargetRecord.reason, after.reason or None))
        actions.append(set_or_removed(TargetRecord.sent, _sent_item(after.sent)))
        actions.append(set_or_removed(TargetRecord.acted_at, after.acted_at))
        if after.due is None:
            actions += [TargetRecord.due_pk.remove(), TargetRecord.due_sk.remove()]
        else:
            actions += [TargetRecord.due_sk.set(keys.stamp(after.due)), TargetRecord.looks.set(after.looks)]
        tx.update("target", record, actions, TARGET_SEEN(TargetRecord.version == before.version))
        counts = counted([before], [after])
        if counts:
            add_counts(tx, a, owner.run_id, owner.lane, counts)
        return tx.committed()

    def due(self, now: datetime, limit: int) -> tuple[list[DueTarget], bool]:
        """16 queries of the index, over all accounts."""
        records, more = due_records(_KIND, TargetRecord, now, limit)
        return [DueTarget(*_account_and_run(one.pk), one.sk) for one in records], more


def _sent_item(sent: Sent | None) -> list[Any] | None:
    """Ids alone: a thread is a telephone number or an address, which nobody would erase here."""
    if sent is None:
        return None
    return [sent.execution_id, sent.message_id, sent.seq]


def _sent(item: list[Any] | None) -> Sent | None:
    if item is None:
        return None
    execution_id, message_id, seq = item
    return Sent(execution_id, message_id, None, int(seq))


def _account_and_run(pk: str) -> tuple[str, str]:
    account, _, run_id, _ = pk.split("#", 3)
    return account, run_id
