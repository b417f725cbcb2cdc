"""Runs of tasks and their lanes: each step is written over the version that it was decided from (docs/data-model.md
G7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.domain.chats import Event
from recado.domain.task_runs import ENDED, Lane, Run
from recado.domain.tasks import Task
from recado.ports.task_runs import DueRun, Going, NotBegun
from recado.storage import keys
from recado.storage.alerts import add_alert
from recado.storage.due import Due, due_records
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.tasks import TaskRecord, add_task_step, seen
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard
from recado.storage.workspace_events import add_workspace_event

RUN_ONCE = guard("task-run-once", "an occurrence comes due again, as when the clock was put back: it runs twice")
RUN_SEEN = guard("task-run-from-seen-version", "a run is paused while its last lane ends it: it comes back to life")
RUN_THERE = guard("task-run-is-there-to-look-at", "a run ends while a look at it is put off: it is looked at for ever")
RUN_RUNS = guard(
    "task-page-only-while-run-runs", "a run is paused while a lane begins a page: it is acted on all the same"
)
RUN_FREEZES = guard(
    "task-targets-only-while-run-freezes", "a run is cancelled while a lane freezes: it goes on making targets"
)
LANE_HELD = guard(
    "task-lane-from-seen-version",
    "two workers are in one lane: who was thought dead makes targets twice, or writes over what the other did",
)
_KIND = "RUNS"
_COUNTS = (*ENDED, "waiting")


class TaskRunRecord(WorkspaceRecord):
    """RUN."""

    id = UnicodeAttribute()
    task_id = UnicodeAttribute()
    table = UnicodeAttribute()
    action = JSONAttribute()
    lanes = NumberAttribute()
    created_at = TimeAttribute()
    state = UnicodeAttribute()
    trigger = UnicodeAttribute()
    by = UnicodeAttribute(null=True)
    planned_at = TimeAttribute(null=True)
    skipped_months = JSONAttribute(null=True)
    audience = NumberAttribute(null=True)
    counts = JSONAttribute(null=True)
    passes = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    started_at = TimeAttribute(null=True)
    finished_at = TimeAttribute(null=True)
    version = NumberAttribute()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_run(cls, a: str, run: Run) -> TaskRunRecord:
        """The item of a run."""
        return cls.of(
            run,
            pk=keys.runs_pk(a, run.task_id),
            sk=run.id,
            action=dict(run.action),
            skipped_months=list(run.skipped_months) or None,
            counts=dict(run.counts) or None,
            due=None,
            due_pk=keys.due_pk(_KIND, run.id) if run.due else None,
            due_sk=keys.stamp(run.due) if run.due else None,
            ttl=int(run.expires_at.timestamp()),
        )

    def run(self) -> Run:
        """The entity."""
        return self.to(
            Run,
            lanes=int(self.lanes),
            skipped_months=tuple(self.skipped_months or ()),
            audience=None if self.audience is None else int(self.audience),
            counts=self.counts or {},
            passes=int(self.passes),
            version=int(self.version),
            due=datetime.fromisoformat(self.due_sk) if self.due_sk else None,
        )


class TaskFilterRecord(WorkspaceRecord):
    """The filter that a run began with."""

    filter = JSONAttribute()


class GoingRunRecord(WorkspaceRecord):
    """That a run is not over."""

    task_id = UnicodeAttribute()


class TaskLaneRecord(WorkspaceRecord):
    """LANE of a run. The counts are moved by what they change, whoever holds the lane."""

    stage = UnicodeAttribute()
    part = NumberAttribute()
    after = UnicodeAttribute(null=True)
    frozen = NumberAttribute()
    claimed = UnicodeAttribute(null=True)
    claimed_at = TimeAttribute(null=True)
    passes = NumberAttribute()
    held = NumberAttribute()
    tries = NumberAttribute()
    moved_at = TimeAttribute(null=True)
    version = NumberAttribute()
    executed = NumberAttribute(null=True)
    skipped = NumberAttribute(null=True)
    failed = NumberAttribute(null=True)
    unknown = NumberAttribute(null=True)
    waiting = NumberAttribute(null=True)

    @classmethod
    def of_lane(cls, a: str, run: Run, lane: Lane) -> TaskLaneRecord:
        """The item of a new lane."""
        return cls.of(
            lane,
            pk=keys.run_pk(a, run.id),
            sk=lane_sk(lane.number),
            waiting=None,
            ttl=int(run.expires_at.timestamp()),
        )

    def lane(self) -> Lane:
        """The entity."""
        numbers = {name: int(getattr(self, name)) for name in ("part", "frozen", "passes", "held", "tries", "version")}
        counts = {state: int(getattr(self, state) or 0) for state in ENDED}
        return self.to(
            Lane, number=int(self.sk.removeprefix("LANE#")), counts=counts, waiting=int(self.waiting or 0), **numbers
        )


def lane_sk(number: int) -> str:
    """Of a lane of a run."""
    return f"LANE#{number:02d}"


class DynamoRuns:
    """The port `recado.ports.task_runs.RunStore`."""

    def begin(
        self, a: str, run: Run, given: Any, lanes: Sequence[Lane], before: Task, after: Task, due: datetime | None,
        event: Event,
    ) -> NotBegun | None:  # fmt: skip
        """1 transaction: RUN, its filter, lanes and entry among those that go on, TASK, the fact."""
        tx = Transaction()
        tx.put("run", TaskRunRecord.of_run(a, run), RUN_ONCE(TaskRunRecord.pk.does_not_exist()))
        expires = int(run.expires_at.timestamp())
        tx.put("filter", TaskFilterRecord(keys.run_pk(a, run.id), "FILTER", filter=given, ttl=expires))
        for lane in lanes:
            tx.put(f"lane:{lane.number}", TaskLaneRecord.of_lane(a, run, lane))
        tx.put("going", _going(a, run))
        tx.put("task", TaskRecord.of_task(a, after, due), seen(before))
        add_workspace_event(tx, a, run.id, event)
        try:
            tx.commit()
        except Cancelled as lost:
            return "exists" if "run" in lost.failed else "again"
        return None

    def get(self, a: str, task_id: str, run_id: str) -> Run | None:
        """1 RRU."""
        found = TaskRunRecord.find(keys.runs_pk(a, task_id), run_id)
        return None if found is None else found.run()

    def page(self, a: str, task_id: str, limit: int, after: str | None) -> list[Run]:
        """1 query backwards."""
        before = TaskRunRecord.sk < after if after else None
        found = TaskRunRecord.query(
            keys.runs_pk(a, task_id), before, consistent_read=True, scan_index_forward=False, limit=limit,
            page_size=limit,
        )  # fmt: skip
        return [record.run() for record in islice(found, limit)]

    def filter_of(self, a: str, run_id: str) -> Any:
        """1 RRU for each 4 KB."""
        found = TaskFilterRecord.find(keys.run_pk(a, run_id), "FILTER")
        return found.filter if found else {}

    def going(self, a: str) -> list[Going]:
        """1 query."""
        pk = keys.workspace_pk(a, "GOING")
        return [Going(one.sk, one.task_id) for one in GoingRunRecord.query(pk, consistent_read=True)]

    def lanes(self, a: str, run_id: str) -> list[Lane]:
        """1 query."""
        begins = TaskLaneRecord.sk.startswith("LANE#")
        return [one.lane() for one in TaskLaneRecord.query(keys.run_pk(a, run_id), begins, consistent_read=True)]

    def lane(self, a: str, run_id: str, number: int) -> Lane | None:
        """1 RRU."""
        found = TaskLaneRecord.find(keys.run_pk(a, run_id), lane_sk(number))
        return None if found is None else found.lane()

    def move(self, a: str, before: Run, after: Run, event: Event | None = None, alerted: str | None = None) -> bool:
        """1 transaction: RUN, where it ends its entry among those that go on, the fact, and its copy as an alert."""
        tx = Transaction()
        tx.put("run", TaskRunRecord.of_run(a, after), _seen(before))
        if after.is_over and not before.is_over:
            tx.delete("going", GoingRunRecord(keys.workspace_pk(a, "GOING"), after.id))
        if event is not None:
            add_workspace_event(tx, a, after.id, event)
        if event is not None and alerted is not None:
            add_alert(tx, a, alerted, event)
        return tx.committed()

    def again(self, a: str, before: Run, after: Run, task: Task) -> bool:
        """1 transaction: RUN, its entry among those that go on, and TASK, which moves by a version: who deletes it saw
        none that goes on."""
        tx = Transaction()
        tx.put("run", TaskRunRecord.of_run(a, after), _seen(before))
        tx.put("going", _going(a, after))
        add_task_step(tx, a, task)
        return tx.committed()

    def look_again_at(self, a: str, task_id: str, run_id: str, when: datetime) -> None:
        """1 WRU for each KB, and the index."""
        record = TaskRunRecord(keys.runs_pk(a, task_id), run_id)
        try:
            record.update(
                [TaskRunRecord.due_sk.set(keys.stamp(when))], condition=RUN_THERE(TaskRunRecord.due_sk.exists())
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise

    def due(self, now: datetime, limit: int) -> tuple[list[DueRun], bool]:
        """16 queries of the index, over all accounts."""
        records, more = due_records(_KIND, TaskRunRecord, now, limit)
        return [DueRun(*_account_and(one.pk), one.sk) for one in records], more


def _going(a: str, run: Run) -> GoingRunRecord:
    expires = int(run.expires_at.timestamp())
    return GoingRunRecord(keys.workspace_pk(a, "GOING"), run.id, task_id=run.task_id, ttl=expires)


def _account_and(pk: str) -> tuple[str, str]:
    account, _, task_id = pk.split("#", 2)
    return account, task_id


def _seen(before: Run) -> Condition | None:
    return RUN_SEEN(TaskRunRecord.version == before.version)


def add_lane_step(tx: Transaction, a: str, run: Run, before: Lane, after: Lane, counts: dict[str, int]) -> None:
    """A lane goes on from where it was read; its counts move by so much. Label `lane`."""
    record = TaskLaneRecord(keys.run_pk(a, run.id), lane_sk(after.number))
    actions: list[Action] = [
        TaskLaneRecord.stage.set(after.stage),
        TaskLaneRecord.part.set(after.part),
        TaskLaneRecord.frozen.set(after.frozen),
        TaskLaneRecord.passes.set(after.passes),
        TaskLaneRecord.held.set(after.held),
        TaskLaneRecord.tries.set(after.tries),
        TaskLaneRecord.version.set(after.version),
        set_or_removed(TaskLaneRecord.moved_at, after.moved_at),
        set_or_removed(TaskLaneRecord.after, after.after),
        set_or_removed(TaskLaneRecord.claimed, after.claimed),
        set_or_removed(TaskLaneRecord.claimed_at, after.claimed_at),
        *count_actions(counts),
    ]
    tx.update("lane", record, actions, LANE_HELD(TaskLaneRecord.version == before.version))


def count_actions(counts: dict[str, int]) -> list[Action]:
    """The counts of a lane move by so much."""
    return [getattr(TaskLaneRecord, name).add(counts[name]) for name in _COUNTS if counts.get(name)]


def add_counts(tx: Transaction, a: str, run_id: str, number: int, counts: dict[str, int]) -> None:
    """The same, whoever holds the lane. Label `lane`."""
    tx.update("lane", TaskLaneRecord(keys.run_pk(a, run_id), lane_sk(number)), count_actions(counts))


def add_run_check(tx: Transaction, a: str, run: Run) -> None:
    """The run is neither paused nor over. Label `run`."""
    record = TaskRunRecord(keys.runs_pk(a, run.task_id), run.id)
    tx.check("run", record, RUN_RUNS(TaskRunRecord.state == "running"))


def add_freezing_check(tx: Transaction, a: str, run: Run) -> None:
    """The run is neither paused nor over before it has its audience. Label `run`."""
    record = TaskRunRecord(keys.runs_pk(a, run.task_id), run.id)
    tx.check("run", record, RUN_FREEZES(TaskRunRecord.state == "freezing"))


def set_or_removed(attribute: Any, value: Any) -> Action:
    """An attribute as it is now; None: there is none."""
    action: Action = attribute.remove() if value is None else attribute.set(value)
    return action
