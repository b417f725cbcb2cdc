"""Runs of tasks over stores in memory, whose workers die wherever a test says: what the real tables guard, these guard
by the same versions (tests/storage/scenarios/tasks.py holds the real ones to it)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from recado.domain.chats import Event, Message, ThreadKey
from recado.domain.errors import FieldError
from recado.domain.ids import make_id
from recado.domain.segment_fields import Table, fields_of
from recado.domain.segment_operands import Moment
from recado.domain.segments import Group, parse
from recado.domain.task_runs import ENDED, PARTS, Lane, Result, Run, Target, TargetState, counted, new_lanes
from recado.domain.tasks import Task
from recado.ports.core import Command
from recado.ports.sweeps import Swept
from recado.ports.task_runs import DueRun, DueTarget, Going, NotBegun, Owner, Turn
from recado.services.task_endings import RunEndings
from recado.services.task_run_work import TaskRunWork
from recado.services.task_runs import RunBeginnings
from recado.services.task_sends import TaskSends
from recado.storage.task_targets import part_of

A = "accounta"
ACTION: Mapping[str, Any] = {"type": "run_flow", "project_id": "pj_1", "flow_id": "fl_1", "channel_id": "ch_1"}


class Killed(BaseException):
    """The process is gone."""


class Killer:
    """Kills whoever writes: each write once before it and once after it, when asked to."""

    def __init__(self) -> None:
        self.armed = False
        self._spared = Counter[Any]()
        self.kills = 0

    def around(self, place: Any, write: Callable[[], Any]) -> Any:
        self._maybe(("before", place))
        answer = write()
        self._maybe(("after", place))
        return answer

    def _maybe(self, place: Any) -> None:
        if self.armed and not self._spared[place]:
            self._spared[place] += 1
            self.kills += 1
            raise Killed(str(place))


class Tables:
    """Every port of ports.task_runs."""

    def __init__(self, killer: Killer) -> None:
        self.killer = killer
        self.runs: dict[str, Run] = {}
        self.filters: dict[str, Any] = {}
        self.lanes_of: dict[str, list[Lane]] = {}
        self.targets: dict[str, dict[str, tuple[Target, Owner]]] = {}
        self.events: list[Event] = []
        self.records: list[dict[str, Any]] = []
        self.put: Counter[str] = Counter()
        self._sorted: dict[str, tuple[int, dict[int, list[str]]]] = {}
        self._records: dict[int, list[dict[str, Any]]] = {}

    # runs
    def begin(
        self, a: str, run: Run, given: Any, lanes: Sequence[Lane], before: Task, after: Task, due: datetime | None,
        event: Event,
    ) -> NotBegun | None:  # fmt: skip
        if run.id in self.runs:
            return "exists"
        self.runs[run.id], self.filters[run.id], self.lanes_of[run.id] = run, given, list(lanes)
        self.targets[run.id] = {}
        self.events.append(event)
        return None

    def get(self, a: str, task_id: str, run_id: str) -> Run | None:
        return self.runs.get(run_id)

    def page(self, a: str, task_id: str, limit: int, after: str | None) -> list[Run]:
        raise NotImplementedError

    def filter_of(self, a: str, run_id: str) -> Any:
        return self.filters[run_id]

    def going(self, a: str) -> list[Going]:
        return [Going(one.id, one.task_id) for one in self.runs.values() if not one.is_over]

    def lanes(self, a: str, run_id: str) -> list[Lane]:
        return list(self.lanes_of[run_id])

    def lane(self, a: str, run_id: str, number: int) -> Lane | None:
        return self.lanes_of[run_id][number]

    def move(self, a: str, before: Run, after: Run, event: Event | None = None, alerted: str | None = None) -> bool:
        return bool(self.killer.around(("run", after.id, after.version), lambda: self._move(before, after, event)))

    def _move(self, before: Run, after: Run, event: Event | None) -> bool:
        if self.runs[before.id].version != before.version:
            return False
        self.runs[before.id] = after
        self.events += [event] if event else []
        return True

    def stop(self, a: str, run: Run, given: object, because: str) -> None:
        """There are no tasks here."""

    def default(self, a: str) -> str | None:
        return None

    def again(self, a: str, before: Run, after: Run, task: Task) -> bool:
        raise NotImplementedError

    def look_again_at(self, a: str, task_id: str, run_id: str, when: datetime) -> None:
        now = self.runs[run_id]
        if now.due is not None:
            self.runs[run_id] = replace(now, due=when)

    def due(self, now: datetime, limit: int) -> tuple[list[DueRun], bool]:
        return [DueRun(A, one.task_id, one.id) for one in self.runs.values() if one.due and one.due <= now], False

    # lanes
    def step(self, a: str, run: Run, before: Lane, after: Lane) -> bool:
        return self._lane(run, before, after, lambda: None)

    def freeze(self, a: str, run: Run, before: Lane, after: Lane, ids: Sequence[str]) -> bool:
        def put() -> None:
            for one in ids:
                self.put[one] += 1
                self.targets[run.id][one] = Target(one), Owner(run.task_id, run.id, part_of(one) % run.lanes)

        return self.runs[run.id].state == "freezing" and self._lane(run, before, after, put)

    def begin_page(self, a: str, run: Run, before: Lane, after: Lane) -> bool:
        return self.runs[run.id].state == "running" and self._lane(run, before, after, lambda: None)

    def settle(self, a: str, run: Any, before: Any, after: Any, targets: Any = ()) -> bool:
        """Of a lane, and, with a target in the place of a lane, of one target."""
        if isinstance(run, Owner):
            return self._settle_one(run, before, after)

        def write() -> None:
            for _, now in targets:
                self._write(Owner(run.task_id, run.id, after.number), now)
            self._count(run.id, after.number, counted(*zip(*targets, strict=True)))

        return self._lane(run, before, after, write)

    def _settle_one(self, owner: Owner, before: Target, after: Target) -> bool:
        if self.targets[owner.run_id][before.id][0].version != before.version:
            return False
        self._write(owner, after)
        self._count(owner.run_id, owner.lane, counted([before], [after]))
        return True

    def _lane(self, run: Run, before: Lane, after: Lane, write: Callable[[], None]) -> bool:
        def commit() -> bool:
            kept = self.lanes_of[run.id][after.number]
            if kept.version != before.version:
                return False
            self.lanes_of[run.id][after.number] = replace(after, counts=kept.counts, waiting=kept.waiting)
            write()
            return True

        place = ("lane", after.number, after.passes, after.stage, after.part, after.after, after.claimed)
        return bool(self.killer.around(place, commit))

    def _write(self, owner: Owner, target: Target) -> None:
        self.targets[owner.run_id][target.id] = target, owner

    def _count(self, run_id: str, number: int, changes: Mapping[str, int]) -> None:
        lane = self.lanes_of[run_id][number]
        counts = {state: lane.counts.get(state, 0) + changes.get(state, 0) for state in ENDED}
        self.lanes_of[run_id][number] = replace(lane, counts=counts, waiting=lane.waiting + changes.get("waiting", 0))

    # targets; their `page`, `get` and `due` by other names, as runs have them too
    def targets_page(
        self, a: str, run_id: str, part: int, after: str | None, limit: int, state: TargetState | None
    ) -> tuple[list[Target], str | None]:
        every = self._ids_of(run_id, part)
        wanted = list[Target]()
        for one in every[bisect_right(every, after) if after else 0 :]:
            target = self.targets[run_id][one][0]
            if state is None or target.state == state:
                wanted.append(target)
            if len(wanted) > limit:
                return wanted[:limit], wanted[limit - 1].id
        return wanted, None

    def _ids_of(self, run_id: str, part: int) -> list[str]:
        size = len(self.targets[run_id])
        if self._sorted.get(run_id, (-1, {}))[0] != size:
            parts: dict[int, list[str]] = {}
            for one in sorted(self.targets[run_id]):
                parts.setdefault(part_of(one), []).append(one)
            self._sorted[run_id] = size, parts
        return self._sorted[run_id][1].get(part, [])

    # records
    def part(
        self, a: str, table: Table, bounds: Any, part: int, after: str | None
    ) -> Callable[[], Iterator[list[dict[str, Any]]]]:
        def pages() -> Iterator[list[dict[str, Any]]]:
            if not self._records:
                for one in self._newest_first():
                    self._records.setdefault(part_of(one["id"]["S"]), []).append(one)
            every = self._newest_first() if table == "chats" else self._records.get(part, [])
            behind = [one for one in every if after is None or one["id"]["S"] <= after]
            for at in range(0, len(behind), 200):
                yield behind[at : at + 200]

        return pages

    def _newest_first(self) -> list[dict[str, Any]]:
        return sorted(self.records, key=lambda one: str(one["id"]["S"]), reverse=True)


class Targets:
    """The port `TargetStore` of tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.page = tables.targets_page

    def get(self, a: str, run_id: str, target_id: str) -> tuple[Target, Owner] | None:
        return self._tables.targets[run_id].get(target_id)

    def settle(self, a: str, owner: Owner, before: Target, after: Target) -> bool:
        return self._tables.settle(a, owner, before, after)

    def due(self, now: datetime, limit: int) -> tuple[list[DueTarget], bool]:
        every = (found for of_run in self._tables.targets.values() for found in of_run.values())
        due = [DueTarget(A, owner.run_id, one.id) for one, owner in every if one.due and one.due <= now]
        return due[:limit], len(due) > limit


class Queue:
    """Commands that wait; one that was lost is never seen."""

    def __init__(self) -> None:
        self.waiting: list[Command] = []
        self.loses = False

    def send(self, commands: Sequence[Command]) -> None:
        if not self.loses:
            self.waiting += commands


class Acts:
    """What is done to targets: an act of an id once, as with the real services. `effects`: acts that had one, of each
    target; `refuse`: what the product refuses; `breaks`: what raises."""

    def __init__(self, killer: Killer) -> None:
        self.killer = killer
        self.effects: dict[str, set[str]] = {}
        self.asked: Counter[str] = Counter()
        self.results: dict[str, Result] = {}
        self.breaks: dict[str, Exception] = {}
        self.before: Callable[[str], None] = lambda target_id: None

    def act(self, a: str, run: Run, target: Target, act_id: str) -> Result:
        target_id = target.id
        self.before(target_id)
        self.asked[target_id] += 1
        if target_id in self.breaks:
            raise self.breaks[target_id]
        result = self.results.get(target_id, Result("executed"))
        if result.state in ("executed", "pending"):
            self.effects.setdefault(target_id, set()).add(act_id)
        return result

    def errors(self, a: str, table: Table, action: Mapping[str, Any]) -> list[FieldError]:
        return []

    def turn(self, a: str, run: Run, target: Target) -> Turn | None:
        return Turn()

    def charge(self, a: str, turn: Turn, messages: int) -> None:
        assert messages < 0

    def ahead(self, a: str, run: Run) -> int | None:
        return 60

    def of(self, a: str, task: Task) -> int:
        return 4


class Messages:
    """What became of messages, by their ids; and what flows began them."""

    def __init__(self) -> None:
        self.status: dict[str, Message] = {}
        self.begun: dict[str, Result] = {}

    def message(self, a: str, thread: ThreadKey, seq: int) -> Message | None:
        return self.status.get(f"{thread.sender}-{seq}")

    def result(self, a: str, execution_id: str) -> Result:
        return self.begun.get(execution_id, Result("pending"))


class Filters:
    """Filters of contacts without custom fields."""

    def tree(self, a: str, table: Table, given: Any, pointer: str = "/filter", at: datetime | None = None) -> Group:
        moment = Moment(at or datetime(2026, 1, 1, tzinfo=UTC), UTC, lambda text: None)
        return parse(given, fields_of(table, []), moment, {}, pointer)


class Journal:
    """What workers told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, str]] = []
        self.broken: list[Exception] = []

    def left(self, run_id: str, lane: int, outcome: str, count: int) -> None:
        self.told.append((run_id, lane, outcome))

    def broke(self, run_id: str, lane: int, error: Exception) -> None:
        self.broken.append(error)

    def not_enqueued(self, run_id: str, error: Exception) -> None:
        raise AssertionError(run_id)


class World:
    """One worker process after the other, in one account."""

    def __init__(
        self, clock: Any, ids: Any, people: int = 0, killer: Killer | None = None, tables: Tables | None = None,
        acts: Acts | None = None,
    ) -> None:  # fmt: skip
        self.clock, self.ids = clock, ids
        self.killer = killer or Killer()
        self.tables = tables or Tables(self.killer)
        self.acts = acts or Acts(self.killer)
        self.queue, self.messages, self.journal = Queue(), Messages(), Journal()
        self.beginnings = RunBeginnings(self.tables, self.acts, self.queue, clock, ids, self.journal)
        targets = Targets(self.tables)
        sends = TaskSends(targets, self.messages, self.messages, clock)
        self.work = TaskRunWork(
            self.tables, self.tables, targets, self.tables, Filters(), self.acts, self.acts, self.acts, sends,
            self.beginnings, RunEndings(self.tables, self.tables, self.tables, clock, ids), clock, clock.move,
            self.journal,
        )  # fmt: skip
        self.people = [make_id("ct", A, clock.now(), f"{number:016x}") for number in range(people)]
        self.tables.records = [{"id": {"S": one}, "name": {"S": f"Pessoa {one[-4:]}"}} for one in self.people]

    def begin(self, given: Any = None, lanes: int = 4, table: Table = "contacts") -> str:
        """A new run; its id."""
        now = self.clock.now()
        task = Task(self.ids.new("ts", A), "Lembrete", table, ACTION, now, now, now, filter=given or {})
        run = Run(self.ids.new("rn", A), task.id, table, ACTION, lanes, now, due=now)
        self.acts.of = lambda a, task: lanes  # type: ignore[method-assign]
        assert self.beginnings.begin(A, run, task, task, None) is None
        return run.id

    def dies_once_at_each(self) -> None:
        """Before the act on it, the first time that somebody comes to it."""
        died = set[str]()

        def before(target_id: str) -> None:
            if target_id not in died:
                died.add(target_id)
                raise Killed(target_id)

        self.acts.before = before

    def run(self, run_id: str) -> Run:
        return self.tables.runs[run_id]

    def deliver(self, command: Command, has_time: Callable[[], bool] = lambda: True) -> bool:
        """A command reaches a worker; whether it lived."""
        body = command.body
        try:
            self.work.work(body["account"], body["task_id"], body["run_id"], body["lane"], body["version"], has_time)
        except Killed:
            return False
        return True

    def go_on(self, has_time: Callable[[], bool] = lambda: True, most: int = 100_000) -> int:
        """Deliver what waits until nothing does; a command whose worker died comes again, some time later."""
        count = 0
        while self.queue.waiting and count < most:
            count += 1
            command = self.queue.waiting.pop(0)
            if not self.deliver(command, has_time):
                self.clock.move(30)
                self.queue.waiting.append(command)
        return count

    def minute(self) -> list[Swept]:
        """The minute's looks."""
        self.clock.move(61)
        return [self.work.look_due(160), self.work.look_at_sends(160)]

    def to_the_end(self, run_id: str, minutes: int = 500) -> Run:
        """Work until the run is over."""
        for _ in range(minutes):
            self.go_on()
            if self.run(run_id).is_over:
                return self.run(run_id)
            try:
                self.minute()
            except Killed:
                continue
        raise AssertionError(f"{self.run(run_id)} never ends: {self.tables.lanes_of[run_id]}")

    def states(self, run_id: str) -> Counter[str]:
        return Counter(one.state for one, _ in self.tables.targets[run_id].values())

    def counts(self, run_id: str) -> dict[str, int]:
        return {name: number for name, number in self.run(run_id).counts.items() if number}


__all__ = ["ACTION", "PARTS", "A", "Killed", "World", "new_lanes"]
