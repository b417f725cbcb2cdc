"""Tasks that come due while ticks die, come two at once, and go by clocks that are wrong by minutes, on the days when
the clock changes (R9): each occurrence has one run, none has two, none is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recado.domain import task_runs as steps
from recado.domain.recurrences import Recurrence
from recado.domain.task_runs import Run
from recado.domain.tasks import Task, due_at, planned
from recado.services.task_runs import RunBeginnings
from recado.services.task_schedule import TaskSchedule
from recado.storage.task_runs import DynamoRuns
from recado.storage.tasks import DynamoTasks
from tests.deaths import Deaths, Died
from tests.task_world import ACTION, A, Acts, Journal, Killer, Queue

DIES = 0.25
MOST_WRONG_S = 300


class Fate(Deaths):
    """Who writes may die before or behind it; who reads a task may be overtaken by a whole tick."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, DIES)
        self.overtaken = 0
        self.begun = Counter[str]()
        self.meanwhile: Callable[[], None] | None = None

    def between(self) -> None:
        """Whoever is here has read, and not written yet."""
        tick, self.meanwhile = self.meanwhile, None
        if tick is not None:
            self.overtaken += 1
            tick()


class Runs(DynamoRuns):
    fate: Fate

    def begin(self, *args: Any) -> Any:
        def write() -> Any:
            refused = super(Runs, self).begin(*args)
            self.fate.begun[args[1].id] += refused is None
            return refused

        return self.fate.around(write)


class Tasks(DynamoTasks):
    fate: Fate

    def get(self, a: str, task_id: str) -> Task | None:
        found = super().get(a, task_id)
        self.fate.between()
        return found

    def change(self, *args: Any) -> bool:
        return bool(self.fate.around(lambda: super(Tasks, self).change(*args)))


class Wrong:
    """A clock that is wrong by so much."""

    def __init__(self, clock: Any) -> None:
        self._clock, self.by_s = clock, 0.0

    def now(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self.by_s)  # type: ignore[no-any-return]


class Ticks:
    """One task, and ticks that look whether it is due."""

    def __init__(self, clock: Any, ids: Any, seed: int, zone: str, recurrence: Recurrence, began: datetime) -> None:
        clock.at = began
        self.clock, self.wrong, self.fate = clock, Wrong(clock), Fate(seed)
        self.runs, self.tasks, self.queue, self.zone = Runs(), Tasks(), Queue(), zone
        Runs.fate = Tasks.fate = self.fate
        beginnings = RunBeginnings(self.runs, Acts(Killer()), self.queue, self.wrong, ids, Journal())
        accounts = SimpleNamespace(get=lambda a: SimpleNamespace(time_zone=self.zone))
        self.schedule = TaskSchedule(self.tasks, beginnings, accounts, self.wrong)  # type: ignore[arg-type]
        made = Task(ids.new("ts", A), "Lembrete", "contacts", ACTION, began, began, began, recurrence=recurrence)
        self.task = planned(made, zone, ZoneInfo(zone), began)
        self.tasks.create(A, self.task, due_at(self.task, ZoneInfo(zone)))

    def tick(self) -> None:
        """One of the minute's, which may die, with another in the middle of it or not."""
        self.wrong.by_s = self.fate.chance.uniform(-MOST_WRONG_S, MOST_WRONG_S)
        self.fate.meanwhile = self._other if self.fate.chance.random() < 0.5 else None
        self._other()
        self.over()

    def _other(self) -> None:
        try:
            assert not self.schedule.run_due(160).failed
        except Died:
            return

    def right(self) -> None:
        """A tick that goes by the right time and lives."""
        self.wrong.by_s, self.fate.meanwhile = 0.0, None
        while True:
            try:
                self.schedule.run_due(160)
                return
            except Died:
                continue

    def every(self) -> list[Run]:
        return self.runs.page(A, self.task.id, 1_000, None)

    def over(self) -> None:
        """Runs end, so that there is room."""
        for run in self.every():
            if not run.is_over:
                assert self.runs.move(A, run, steps.cancelled(run, [], self.clock.now()))

    def occurrences(self, until: datetime) -> list[datetime]:
        """Which had their run, each one."""
        assert set(self.fate.begun.values()) == {1}, "an occurrence ran twice"
        return sorted(one.planned_at for one in self.every() if one.planned_at and one.planned_at <= until)


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def half_hours(began: datetime, ends: datetime) -> Iterator[datetime]:
    """Counted without the product: 30 minutes of real time."""
    now = began + timedelta(minutes=30)
    while now <= ends:
        yield now
        now += timedelta(minutes=30)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        pytest.param("America/New_York", "2026-03-08T02:00", id="New York forward"),
        pytest.param("America/New_York", "2026-11-01T02:00", id="New York back"),
        pytest.param("America/Sao_Paulo", "2018-11-04T00:00", id="Sao Paulo forward"),
        pytest.param("America/Sao_Paulo", "2019-02-17T00:00", id="Sao Paulo back"),
    ],
)
def test_every_half_hour_over_a_change_of_clocks(dynamodb: Any, clock: Any, ids: Any, zone: str, change: str) -> None:
    began = at(change, zone) - timedelta(hours=3)
    ends = began + timedelta(hours=7)
    ticks = Ticks(clock, ids, 5, zone, Recurrence("minutes", n=30), began)
    while clock.now() < ends:
        clock.move(ticks.fate.chance.uniform(60, 300))
        ticks.tick()
    clock.at = ends
    ticks.right()
    assert ticks.occurrences(ends) == list(half_hours(began, ends))
    assert ticks.fate.count > 5 and ticks.fate.overtaken > 5


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("first", "last", "minute", "shown"),
    [
        pytest.param(date(2026, 3, 6), date(2026, 3, 11), 150, {"02:30", "03:00"}, id="half past two that was not"),
        pytest.param(date(2026, 10, 30), date(2026, 11, 4), 90, {"01:30"}, id="half past one that came twice"),
    ],
)
def test_every_day_over_a_change_of_clocks(
    dynamodb: Any, clock: Any, ids: Any, seed: int, first: date, last: date, minute: int, shown: set[str]
) -> None:
    zone = "America/New_York"
    ticks = Ticks(clock, ids, seed, zone, Recurrence("day", at=minute), at(f"{first}T00:00", zone))
    while clock.now() < at(f"{last}T12:00", zone):
        clock.move(ticks.fate.chance.uniform(600, 7_200))
        ticks.tick()
    ticks.right()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = [one.astimezone(ZoneInfo(zone)) for one in ticks.occurrences(clock.now())]
    assert [one.date() for one in found] == days, "a day has no run, or two"
    assert {f"{one:%H:%M}" for one in found} == shown and {one.fold for one in found} == {0}


def test_the_clock_of_the_ticks_goes_back_by_an_hour(dynamodb: Any, clock: Any, ids: Any) -> None:
    began = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    ticks = Ticks(clock, ids, 2, "UTC", Recurrence("minutes", n=30), began)
    for minutes in (31, 61, 0, 20, 45, 91, 119, 30, 60, 121):
        clock.at = began + timedelta(minutes=minutes)
        for _ in range(3):
            ticks.tick()
        ticks.right()
        ticks.over()
    assert ticks.occurrences(clock.now()) == list(half_hours(began, clock.now()))


@pytest.mark.parametrize("became", ["America/New_York", "Asia/Kolkata"])
def test_a_half_hour_that_is_due_when_the_time_zone_is_changed(
    dynamodb: Any, clock: Any, ids: Any, became: str
) -> None:
    began = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    ticks = Ticks(clock, ids, 1, "America/Sao_Paulo", Recurrence("minutes", n=30), began)
    clock.move(30 * 60 + 5)
    ticks.zone = became
    for _ in range(3):
        ticks.right()
        clock.move(60)
    assert ticks.occurrences(clock.now()) == [began + timedelta(minutes=30)], "it was due, and was left out"
    task = ticks.tasks.get(A, ticks.task.id)
    assert task is not None and (task.zone, task.next_run_at) == (became, began + timedelta(hours=1))


def test_what_was_missed_while_no_tick_came_runs_once(dynamodb: Any, clock: Any, ids: Any) -> None:
    began = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    ticks = Ticks(clock, ids, 3, "UTC", Recurrence("minutes", n=30), began)
    clock.move(5 * 3_600 + 600)
    for _ in range(6):
        ticks.tick()
    ticks.right()
    assert ticks.occurrences(clock.now()) == [began + timedelta(minutes=30)]
    clock.at = began + timedelta(hours=5, minutes=31)
    ticks.right()
    assert ticks.occurrences(clock.now()) == [began + timedelta(minutes=30), began + timedelta(hours=5, minutes=30)]


def test_a_run_whose_tick_died_behind_it_is_worked_on(dynamodb: Any, clock: Any, ids: Any) -> None:
    began = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    ticks = Ticks(clock, ids, 0, "UTC", Recurrence("hours"), began)
    clock.move(3_601)
    ticks.fate.chance = SimpleNamespace(random=iter([1.0, 0.0]).__next__)  # type: ignore[assignment]
    ticks._other()
    [run] = ticks.every()
    assert ticks.fate.count == 1 and ticks.queue.waiting == [], "its commands were sent by the dead"
    clock.move(61)
    found, _ = ticks.runs.due(clock.now(), 160)
    assert [one.run_id for one in found] == [run.id], "nobody looks whether it goes on"
    asked = steps.to_ask_for(run, ticks.runs.lanes(A, run.id), clock.now())
    assert len(asked) == run.lanes
    assert replace(run, version=1) == run, "somebody moved it"
