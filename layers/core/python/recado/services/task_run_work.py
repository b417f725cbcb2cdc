"""The work of runs of tasks: freeze whom they mean, then act on one after the other (PRODUCT G7).

A worker has one lane of a run. It may die anywhere: a lane's step and the targets that come of it are one transaction,
so the next worker goes on where it stood. Targets of a page that was begun and not written down may have been acted on;
each act has an id that is the same whoever repeats it, by which it is found done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

from recado.domain import task_runs as steps
from recado.domain.errors import Busy, FieldError, Invalid
from recado.domain.segment_bounds import bounds_of
from recado.domain.segment_fields import Table
from recado.domain.segment_matching import Matcher
from recado.domain.segments import Group
from recado.domain.task_runs import (
    ACTED_AT_ONCE,
    FROZEN_AT_ONCE,
    LOOK,
    MOST_TRIES,
    TRIES_OF_A_TARGET,
    Lane,
    Result,
    Run,
    Target,
    act_id,
    acted_up_to,
    ended_as,
    is_lane_over,
    is_through,
    may_take,
    page_begun,
    to_ask_for,
    wanted,
)
from recado.domain.task_window import Window
from recado.ports.core import Clock
from recado.ports.sweeps import Swept
from recado.ports.task_runs import Audience, LaneStore, Owner, RunStore, TargetStore, Turn
from recado.services.task_ahead import OnTheirWay
from recado.services.task_endings import RunEndings
from recado.services.task_runs import RunBeginnings
from recado.services.task_sends import TaskSends
from recado.services.tasks import ActionReferences

_PAGES_WITHOUT_STEP = 8
"""So many pages of records of which none is meant are read before the place is noted."""
_RUN_AGAIN_S = 2.0
"""How old what a worker knows of its run may be when it acts on a target."""
_BROKEN_AGAIN = timedelta(seconds=30)
_LOOKS_AT_SENDS = 10
"""Seconds that a lane waits at its end for what became of its messages."""
_LOOKS_BEFORE_LEAVING = 5
"""The same of a worker whose time is over: the next one does not know what is on its way."""
_TRIES = 5


class Overtaken(Exception):
    """Somebody else has the lane, or the run does not go on."""


class TargetActions(Protocol):
    """What is done to one target (services.task_actions)."""

    def act(self, a: str, run: Run, target: Target, act_id: str) -> Result:
        """Do what the run's action says, once however often it is repeated. Raises Busy, and what nobody foresaw."""
        ...


class TaskPace(Protocol):
    """The speed of the channel that a run writes on (services.task_pacing)."""

    def turn(self, a: str, run: Run, target: Target) -> Turn | None:
        """When the target may be acted on; None: there is no room soon."""
        ...

    def charge(self, a: str, turn: Turn, messages: int) -> None:
        """More is written in a turn than one message: others wait for these too."""
        ...

    def ahead(self, a: str, run: Run) -> int | None:
        """How many targets of each of the run's lanes may be on their way at once; None: it sends nothing."""
        ...


class FiltersAt(Protocol):
    """The one reading of filters (services.segments)."""

    def tree(self, a: str, table: Table, given: Any, pointer: str = "/filter", at: datetime | None = None) -> Group:
        """Raises Invalid."""
        ...


class WorkJournal(Protocol):
    """What workers tell of runs."""

    def left(self, run_id: str, lane: int, outcome: str, count: int) -> None:
        """A worker leaves a lane: `over`, `waits` for another worker, `overtaken`, or it `stands`, as the run does, or
        it is `full`: too many messages are on their way, and the minute's look asks for it again."""
        ...

    def broke(self, run_id: str, lane: int, error: Exception) -> None:
        """Something went wrong; the lane is taken up again."""
        ...


class TaskRunWork:
    """Goes on with lanes. Whoever asks says how long there is time."""

    def __init__(
        self,
        runs: RunStore,
        lanes: LaneStore,
        targets: TargetStore,
        audience: Audience,
        filters: FiltersAt,
        references: ActionReferences,
        actions: TargetActions,
        pace: TaskPace,
        sends: TaskSends,
        beginnings: RunBeginnings,
        endings: RunEndings,
        clock: Clock,
        sleep: Callable[[float], None],
        journal: WorkJournal,
    ) -> None:
        self._runs = runs
        self._lanes = lanes
        self._targets = targets
        self._audience = audience
        self._filters = filters
        self._references = references
        self._actions = actions
        self._pace = pace
        self._sends = sends
        self._beginnings = beginnings
        self._endings = endings
        self._clock = clock
        self._sleep = sleep
        self._journal = journal

    def work(self, a: str, task_id: str, run_id: str, number: int, version: int, has_time: Callable[[], bool]) -> None:
        """Bring a lane that is at this version as far as there is time, then ask for more. Whatever goes wrong, the
        lane is taken up again half a minute later; raises it only when not even that could be noted."""
        run, lane = self._runs.get(a, task_id, run_id), self._runs.lane(a, run_id, number)
        if run is None or lane is None or not run.goes_on or not may_take(lane, run, version):
            return
        held = _Held(self, a, run, lane)
        try:
            if lane.tries >= MOST_TRIES or steps.is_of_version_before(lane, run):
                self._endings.cancel(a, run, "gave_up")
                return
            held.step(steps.taken(lane, version, self._clock.now()))
            outcome = held.go_on(has_time)
            if outcome in ("waits", "full"):
                held.step(steps.left(held.lane, self._clock.now()))
            if outcome == "waits":
                self._beginnings.ask(a, held.run, [held.lane])
            self._journal.left(run_id, number, outcome, held.acted)
        except Overtaken:
            self._journal.left(run_id, number, "overtaken", held.acted)
        except Exception as error:
            self._journal.broke(run_id, number, error)
            held.let_go()

    def look_due(self, limit: int) -> Swept:
        """Runs that are looked at: lanes that nobody works on are asked for again, and one that is through ends. One
        that breaks is put off, so that it stands before no other."""
        now = self._clock.now()
        found, more = self._runs.due(now, limit)
        asked, failed = 0, dict[str, Exception]()
        for a, task_id, run_id in found:
            try:
                asked += self._look(a, task_id, run_id)
            except Exception as error:  # whatever it is, it stops no other run
                failed[run_id] = error
                with suppress(Exception):  # what failed first is told; the run stays due
                    self._runs.look_again_at(a, task_id, run_id, now + LOOK)
        return Swept(len(found), asked, more, failed)

    def look_at_sends(self, limit: int) -> Swept:
        """Targets whose messages were on their way; what became of them may end their runs."""
        swept, owners = self._sends.look_due(limit)
        failed = dict(swept.failed)
        for a, task_id, run_id in owners:
            try:
                self._endings.end(a, task_id, run_id)
            except Exception as error:  # the minute's look at the run ends it
                failed[run_id] = error
        return Swept(swept.seen, swept.done, swept.more, failed)

    def _look(self, a: str, task_id: str, run_id: str) -> bool:
        run, now = self._runs.get(a, task_id, run_id), self._clock.now()
        if run is None or run.due is None or run.due > now:
            return False
        self._runs.look_again_at(a, task_id, run_id, now + LOOK)
        if not run.goes_on:
            return False
        lanes = self._runs.lanes(a, run_id)
        if is_through(run, lanes):
            return self._endings.end(a, task_id, run_id)
        left = to_ask_for(run, lanes, now)
        if left:
            self._beginnings.ask(a, run, left, f"-{now:%H%M%S}")
        return bool(left)


class _Held:
    """A lane in the hands of a worker. `lane` may be ahead of what is written: a part without anything to do is gone
    past with the next step that does something."""

    def __init__(self, work: TaskRunWork, a: str, run: Run, lane: Lane) -> None:
        self._work = work
        self._a = a
        self.run = run
        self.lane = lane
        self._written = lane
        self.acted = 0
        self._run_seen_at = work._clock.now()
        ahead = work._pace.ahead(a, run)
        self._away = OnTheirWay(
            a, Owner(run.task_id, run.id, lane.number), lane.waiting, None if ahead is None else Window(ahead),
            work._sends, work._clock, work._sleep,
        )  # fmt: skip

    def step(self, after: Lane) -> None:
        """Write a step. Raises Overtaken."""
        self._must(self._work._lanes.step(self._a, self.run, self._written, after), after)

    def let_go(self) -> None:
        """Somebody else is to take the lane up."""
        work, now = self._work, self._work._clock.now()
        lane = work._runs.lane(self._a, self.run.id, self.lane.number)
        if lane is None or lane.held != self.lane.held:
            return
        work._lanes.step(self._a, self.run, lane, steps.left(lane, now, broken=True))
        with suppress(Exception):  # else it is looked at within the minute
            work._runs.look_again_at(self._a, self.run.task_id, self.run.id, now + _BROKEN_AGAIN)

    def go_on(self, has_time: Callable[[], bool]) -> str:
        """Freeze, then act; how the worker leaves the lane."""
        if self.run.state == "freezing":
            if self.lane.stage == "freezing" and not self._freeze(has_time):
                return "waits"
            if not self._all_frozen():
                return "over"
        else:  # it was paused, is taken up again, or has gone on for long
            self._look_at_references()
        if self.lane.stage in ("freezing", "frozen") or self.lane.passes < self.run.passes:
            self.lane = steps.acting(self.lane, self.run, self._work._clock.now())
        return self._act(has_time)

    def _look_at_references(self) -> None:
        """A run whose action names what is gone goes no further. Raises Overtaken."""
        errors = self._work._references.errors(self._a, self.run.table, self.run.action)
        if errors:
            self._work._endings.gone(self._a, self.run, _code_of(errors))
            raise Overtaken

    # -- freezing ------------------------------------------------------------------------------------------------

    def _freeze(self, has_time: Callable[[], bool]) -> bool:
        """Whether the lane's share is frozen."""
        work, run = self._work, self.run
        try:
            tree = work._filters.tree(self._a, run.table, work._runs.filter_of(self._a, run.id), at=run.created_at)
        except Invalid as wrong:  # a field or a workflow that it names is gone
            work._endings.gone(self._a, run, f"filter_{_code_of(wrong.errors)}")
            raise Overtaken from wrong
        matcher, bounds = Matcher(tree), bounds_of(tree)
        while self.lane.stage == "freezing":
            pages = work._audience.part(self._a, run.table, bounds, self.lane.part, self.lane.after)
            for ids in self._meant(pages(), matcher):
                self._freeze_page(ids)
                if not has_time():
                    return False
            self.lane = steps.part_done(self.lane, run, work._clock.now())
        self.step(self.lane)
        return True

    def _meant(self, pages: Iterator[Sequence[Any]], matcher: Matcher) -> Iterator[tuple[list[str], str]]:
        """The ids of the records that are meant, newest first, and up to which record that is."""
        after, unnoted = self.lane.after, 0
        for page in pages:
            behind = [one for one in page if after is None or one["id"]["S"] < after]
            ids = [one["id"]["S"] for one in matcher.select(behind)]
            for at in range(0, len(ids), FROZEN_AT_ONCE):
                some = ids[at : at + FROZEN_AT_ONCE]
                yield some, some[-1]
            unnoted = 0 if ids else unnoted + 1
            if unnoted == _PAGES_WITHOUT_STEP and behind:
                unnoted = 0
                yield [], behind[-1]["id"]["S"]

    def _freeze_page(self, page: tuple[list[str], str]) -> None:
        ids, last = page
        after = steps.frozen_further(self.lane, len(ids), last, self._work._clock.now())
        self._must(self._work._lanes.freeze(self._a, self.run, self._written, after, ids), after)

    def _all_frozen(self) -> bool:
        """Whether the run runs: whose lane is the last to be frozen lets all of them act."""
        work = self._work
        for _ in range(_TRIES):
            lanes = work._runs.lanes(self._a, self.run.id)
            if not all(lane.stage == "frozen" for lane in lanes):
                return False
            self._look_at_references()
            after = steps.running(self.run, lanes, work._clock.now())
            if work._runs.move(self._a, self.run, after):
                self.run = after
                work._beginnings.ask(self._a, after, [one for one in lanes if one.number != self.lane.number])
                return True
            self._read_run()
            if self.run.state != "freezing":
                return self.run.state == "running"
        raise Busy(f"freezing of {self.run.id}")

    # -- acting --------------------------------------------------------------------------------------------------

    def _act(self, has_time: Callable[[], bool]) -> str:
        work, run = self._work, self.run
        while not is_lane_over(self.lane, run):
            room = self._away.room(has_time)
            if not room:
                return "full" if has_time() else "waits"
            targets, following = work._targets.page(
                self._a, run.id, self.lane.part, self.lane.after, ACTED_AT_ONCE, wanted(run)
            )
            if targets:
                if not self._act_on(targets, room, has_time):
                    return "stands"
            elif following is not None:
                self.lane = acted_up_to(self.lane, following, work._clock.now())
            else:
                self.lane = steps.part_done(self.lane, run, work._clock.now())
            self._away.look()
            if not has_time():
                self._away.wait(_LOOKS_BEFORE_LEAVING)
                return "waits"
        self.step(self.lane)
        self._away.wait(_LOOKS_AT_SENDS, has_time)
        work._endings.end(self._a, run.task_id, run.id)
        return "over"

    def _act_on(self, targets: list[Target], room: int, has_time: Callable[[], bool]) -> bool:
        """Act on a page of so many, or on what is left of the one that was begun; False when the run stands still."""
        work, claimed = self._work, self.lane.claimed
        if claimed is not None and claimed >= targets[0].id:  # all of it, by the ids that it was begun with
            targets = [one for one in targets if one.id <= claimed]
        else:
            targets = targets[:room]
        begun = page_begun(self.lane, targets[-1].id, work._clock.now())
        if not work._lanes.begin_page(self._a, self.run, self._written, begun):
            self._read_run()
            if self.run.state != "running":
                return False
            raise Overtaken
        self.lane = self._written = begun
        self._run_seen_at = work._clock.now()
        ended = list[tuple[Target, Target]]()
        broken: Exception | None = None
        for target in targets:
            turn = self._turn(target, has_time)
            if turn is None:
                break
            try:
                result = self._result(target, first=not ended)
                work._pace.charge(self._a, turn, result.messages - 1)
            except Exception as error:  # what was done before it is written down first
                broken = error
                break
            ended.append((target, ended_as(target, result, work._clock.now())))
        self._settle(ended)
        if broken is not None:
            raise broken
        return self.run.state == "running"

    def _result(self, target: Target, first: bool) -> Result:
        try:
            act = act_id(self.run, self.lane, target.id)
            return self._work._actions.act(self._a, self.run, target, act)
        except Exception as error:
            if not first or self.lane.tries < TRIES_OF_A_TARGET:
                raise
            # It stands in the way of all behind it. Busy means that nothing was changed.
            self._work._journal.broke(self.run.id, self.lane.number, error)
            return Result("failed", "busy") if isinstance(error, Busy) else Result("unknown", "internal")

    def _turn(self, target: Target, has_time: Callable[[], bool]) -> Turn | None:
        """Wait for the channel's speed; None when time is over, or the run stands still."""
        work = self._work
        while has_time():
            if (work._clock.now() - self._run_seen_at).total_seconds() > _RUN_AGAIN_S:
                self._read_run()
                if self.run.state != "running":
                    return None
            turn = work._pace.turn(self._a, self.run, target)
            if turn is not None:
                if turn.wait_s:
                    work._sleep(turn.wait_s)
                return turn
            work._sleep(1.0)
        return None

    def _settle(self, ended: list[tuple[Target, Target]]) -> None:
        if not ended:
            return
        after = acted_up_to(self.lane, ended[-1][1].id, self._work._clock.now())
        self._must(self._work._lanes.settle(self._a, self.run, self._written, after, ended), after)
        self.acted += len(ended)
        self._away.acted_on([now for _, now in ended])

    def _read_run(self) -> None:
        found = self._work._runs.get(self._a, self.run.task_id, self.run.id)
        if found is None:
            raise Overtaken
        self.run, self._run_seen_at = found, self._work._clock.now()

    def _must(self, written: bool, after: Lane) -> None:
        if not written:
            raise Overtaken
        self.lane = self._written = after


def _code_of(errors: Sequence[FieldError]) -> str:
    """The first error as a reason: the field and the code."""
    first = errors[0]
    return f"{first.pointer.rsplit('/', 1)[-1]}_{first.code}" if first.pointer else first.code
