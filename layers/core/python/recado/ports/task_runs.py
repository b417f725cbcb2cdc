"""What runs of tasks need of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from recado.domain.chats import Event
from recado.domain.segment_bounds import Bounds
from recado.domain.segment_fields import Table
from recado.domain.segment_matching import Record
from recado.domain.task_runs import Lane, Run, Target, TargetState
from recado.domain.tasks import Task

NotBegun = Literal["again", "exists"]
"""`again`: the task was changed or deleted meanwhile. `exists`: there is this run already."""


class Going(NamedTuple):
    """A run of an account that is not over."""

    run_id: str
    task_id: str


class DueRun(NamedTuple):
    """A run that is to be looked at."""

    account: str
    task_id: str
    run_id: str


class DueTarget(NamedTuple):
    """A target whose message is to be looked at."""

    account: str
    run_id: str
    target_id: str


class Turn(NamedTuple):
    """A turn to write on a channel, in so many seconds. `channel_id` None: nobody counts what is written."""

    wait_s: float = 0.0
    channel_id: str | None = None


class Owner(NamedTuple):
    """Whose a target is: a task's run, and one of its lanes."""

    task_id: str
    run_id: str
    lane: int


class RunStore(Protocol):
    """Runs and their lanes. A False means that somebody else was first; nothing was written."""

    def begin(
        self, a: str, run: Run, given: Any, lanes: Sequence[Lane], before: Task, after: Task, due: datetime | None,
        event: Event,
    ) -> NotBegun | None:  # fmt: skip
        """A new run with the filter `given`, and its task, which is looked at next when it is `due`."""
        ...

    def get(self, a: str, task_id: str, run_id: str) -> Run | None:
        """One, strongly consistent."""
        ...

    def page(self, a: str, task_id: str, limit: int, after: str | None) -> list[Run]:
        """The newest first, from before the run id `after` on."""
        ...

    def filter_of(self, a: str, run_id: str) -> Any:
        """The filter that it began with."""
        ...

    def going(self, a: str) -> list[Going]:
        """Those of the account that are not over, strongly consistent."""
        ...

    def lanes(self, a: str, run_id: str) -> list[Lane]:
        """All lanes, strongly consistent."""
        ...

    def lane(self, a: str, run_id: str, number: int) -> Lane | None:
        """One, strongly consistent."""
        ...

    def move(self, a: str, before: Run, after: Run, event: Event | None = None, alerted: str | None = None) -> bool:
        """Write a step of the run. `alerted`: a department whose supervisors are told the event."""
        ...

    def again(self, a: str, before: Run, after: Run, task: Task) -> bool:
        """A run that is done goes on again. False too when its task is not as it was read any more, or gone."""
        ...

    def look_again_at(self, a: str, task_id: str, run_id: str, when: datetime) -> None:
        """Put the next look off; it is no step."""
        ...

    def due(self, now: datetime, limit: int) -> tuple[list[DueRun], bool]:
        """Runs that are to be looked at, of all accounts, and whether there may be more."""
        ...


class LaneStore(Protocol):
    """Steps of lanes, each with what it made. False: the lane is no longer at the version that was read."""

    def step(self, a: str, run: Run, before: Lane, after: Lane) -> bool:
        """A step that makes nothing."""
        ...

    def freeze(self, a: str, run: Run, before: Lane, after: Lane, ids: Sequence[str]) -> bool:
        """Targets of these ids, at most FROZEN_AT_ONCE. False too when the run does not freeze any more."""
        ...

    def begin_page(self, a: str, run: Run, before: Lane, after: Lane) -> bool:
        """A page is begun; False too when the run does not run any more."""
        ...

    def settle(self, a: str, run: Run, before: Lane, after: Lane, targets: Sequence[tuple[Target, Target]]) -> bool:
        """What became of targets that the lane acted on, each as it was and as it is, counted."""
        ...


class TargetStore(Protocol):
    """The targets of runs."""

    def page(
        self, a: str, run_id: str, part: int, after: str | None, limit: int, state: TargetState | None
    ) -> tuple[list[Target], str | None]:
        """Targets of one part in the order of their ids, of a state where one is given; and the id behind which the
        next are, None at the end. There may be none, and more all the same."""
        ...

    def get(self, a: str, run_id: str, target_id: str) -> tuple[Target, Owner] | None:
        """One, strongly consistent, and of whom it is."""
        ...

    def settle(self, a: str, owner: Owner, before: Target, after: Target) -> bool:
        """What became of a target whose message was looked at, counted. False: somebody else settled it first."""
        ...

    def due(self, now: datetime, limit: int) -> tuple[list[DueTarget], bool]:
        """Targets whose messages are to be looked at, of all accounts, and whether there may be more."""
        ...


class Audience(Protocol):
    """Records of one part of a table, for runs that go on where they stood."""

    def part(
        self, a: str, table: Table, bounds: Bounds, part: int, after: str | None
    ) -> Callable[[], Iterator[Sequence[Record]]]:
        """Pages of records, newest first, from before the id `after` on: of contacts those of one of 16 parts, of chats
        all that are open, whatever `part` is. Each comes once, also a chat that moves meanwhile. Eventually
        consistent."""
        ...
