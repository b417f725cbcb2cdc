"""One run of a task: whom it means, how far it is, and what became of each of them (PRODUCT G7). Pure.

A run freezes its audience first: each record that the filter means becomes a TARGET. Then it works through them. Both
is done in lanes, which work at the same time and each stand at a place of their own; every step of a lane is written
over the version that it was decided from, together with what it made, so that whoever dies anywhere has done each
thing once or not at all. What became of targets is counted in the transaction that writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from recado.domain.chats import ThreadKey
from recado.domain.ids import account_of, make_id, moment_of
from recado.domain.segment_fields import Table

RunState = Literal["freezing", "running", "paused", "done", "cancelled"]
TargetState = Literal["pending", "executed", "skipped", "failed", "unknown"]
Ended = Literal["executed", "skipped", "failed", "unknown"]
Stage = Literal["freezing", "frozen", "acting", "over"]
Trigger = Literal["manual", "schedule"]

ENDED: tuple[Ended, ...] = ("executed", "skipped", "failed", "unknown")
PARTS = 16
"""Of the contacts of an account, and of the targets of a run."""
PART_OF_CHATS = 1
"""Chats are frozen as one part, newest first. The version before froze them as part 0, oldest first: who goes on there
would leave out those that it did not come to."""
MOST_LANES = 8
LANES_OF_CHATS = 4
"""Of a run that moves chats and sends nothing."""
FROZEN_AT_ONCE = 95
"""Targets of one transaction, beside the lane and the run."""
ACTED_AT_ONCE = 25
"""Targets of a page, between two looks at whether the run still runs."""
LEASE = timedelta(seconds=120)
"""After so long without a step a lane's worker counts as dead: longer than the function runs."""
LOOK = timedelta(seconds=60)
"""How often a run that is not over is looked at."""
MOST_TRIES = 12
"""So often a lane is taken up without coming any further; then the run is given up."""
TRIES_OF_A_TARGET = 3
KEPT_FOR = timedelta(days=180)
"""How long a run and its targets are remembered, from when it began."""
MOST_AT_ONCE = 10
"""Runs of an account that are not over."""
MOST_OF_A_TASK = 3
FIRST_LOOK_AT_SEND = timedelta(seconds=60)
LAST_LOOK_AT_SEND = timedelta(hours=1)
"""A target whose message is not sent yet is looked at again after so long at first, and at most."""


@dataclass(frozen=True)
class Run:
    """`audience` None: it is being frozen. `passes`: how often its failed targets were taken up again, and one.
    `reason`: why it was cancelled, where nobody did. `planned_at`: which occurrence it is, of one by the schedule.
    `skipped_months`: those without the task's day, since the run before. `counts` of targets that ended, as the lanes
    know them; written with the run when it is over. `due`: when somebody looks whether it goes on."""

    id: str
    task_id: str
    table: Table
    action: Mapping[str, Any]
    lanes: int
    created_at: datetime
    state: RunState = "freezing"
    trigger: Trigger = "manual"
    by: str | None = None
    planned_at: datetime | None = None
    skipped_months: tuple[str, ...] = ()
    audience: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    passes: int = 1
    reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    due: datetime | None = None
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Whether it goes no further by itself."""
        return self.state in ("done", "cancelled")

    @property
    def goes_on(self) -> bool:
        """Whether its lanes are to work."""
        return self.state in ("freezing", "running")

    @property
    def expires_at(self) -> datetime:
        """Until when it is remembered."""
        return self.created_at + KEPT_FOR


@dataclass(frozen=True)
class Lane:
    """One worker's share of a run: the parts `number`, `number + lanes`, … `after`: the last id of the part `part` that
    is done with. `held`: the version at which whoever works on it took it. `claimed`: up to which target a page was
    begun, at `claimed_at`; they may have been acted on. `counts` of those that ended, and `waiting`, those whose
    messages are not sent yet, change whoever holds it: by what `counted` says."""

    number: int
    stage: Stage = "freezing"
    part: int = 0
    after: str | None = None
    frozen: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    claimed: str | None = None
    claimed_at: datetime | None = None
    passes: int = 1
    held: int = -1
    tries: int = 0
    moved_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True)
class Sent:
    """What tells what became of a target: the flow that was begun for them, and its first message once there is one.
    `thread`: where the message lies, while somebody looks at it; it is not kept."""

    execution_id: str | None = None
    message_id: str | None = None
    thread: ThreadKey | None = None
    seq: int = 0


@dataclass(frozen=True)
class Target:
    """`id`: of the contact or chat. `sent`: the message that was written to them, while nobody knows yet what became of
    it and afterwards. `looks`: how often somebody asked; `due`: when next. `version` moves by one with each change."""

    id: str
    state: TargetState = "pending"
    reason: str | None = None
    sent: Sent | None = None
    due: datetime | None = None
    looks: int = 0
    acted_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True)
class Result:
    """What became of an act. `pending` with `sent`: done, but whether the message went out is not known yet.
    `messages`: how many the flow says before it waits, of one that the act began. `withdrawn`: it was taken back before
    anything was said."""

    state: TargetState
    reason: str | None = None
    sent: Sent | None = None
    messages: int = 0
    withdrawn: bool = False


WITHDRAWN = Result("pending", withdrawn=True)


def shared(number: int, lanes: int, table: Table, stage: Stage) -> list[int]:
    """The parts of a lane in their order. Chats are frozen by one lane: they have no parts, as they move between their
    situations."""
    if stage == "freezing" and table == "chats":
        return [PART_OF_CHATS] if number == 0 else []
    return list(range(number, PARTS, lanes))


def first_part(number: int, lanes: int, table: Table, stage: Stage) -> int | None:
    """Where a lane begins a stage; None: there is nothing for it to do."""
    parts = shared(number, lanes, table, stage)
    return parts[0] if parts else None


def part_behind(lane: Lane, run: Run) -> int | None:
    """The part behind the one at which the lane stands; None: that was the last."""
    parts = shared(lane.number, run.lanes, run.table, lane.stage)
    later = [part for part in parts if part > lane.part]
    return later[0] if later else None


def new_lanes(run: Run) -> list[Lane]:
    """The lanes of a new run."""
    lanes = []
    for number in range(run.lanes):
        part = first_part(number, run.lanes, run.table, "freezing")
        lanes.append(Lane(number, "freezing" if part is not None else "frozen", part or 0, moved_at=run.created_at))
    return lanes


def taken(lane: Lane, seen: int, now: datetime) -> Lane:
    """The lane in the hands of a worker whose command was for the version `seen`."""
    return _moved(replace(lane, held=seen, tries=lane.tries + 1), now)


def may_take(lane: Lane, run: Run, version: int) -> bool:
    """Whether a command is the one that is to go on: it names the lane's version, or it is the very command whose
    worker died."""
    return not is_lane_over(lane, run) and version in (lane.version, lane.held)


def is_of_version_before(lane: Lane, run: Run) -> bool:
    """Whether its chats are frozen half-way, oldest first."""
    return run.table == "chats" and lane.stage == "freezing" and lane.part != PART_OF_CHATS


def is_lane_over(lane: Lane, run: Run) -> bool:
    """Whether the lane has acted on all of its targets in the present pass."""
    return lane.stage == "over" and lane.passes == run.passes


def left(lane: Lane, now: datetime, broken: bool = False) -> Lane:
    """The lane when its worker leaves it in order, or because something broke."""
    return _moved(replace(lane, held=-1, tries=lane.tries if broken else 0), now)


def to_ask_for(run: Run, lanes: Sequence[Lane], now: datetime) -> list[Lane]:
    """The lanes of a run that goes on on which nobody works any more."""
    if run.state == "freezing" and all(lane.stage == "frozen" for lane in lanes):
        return list(lanes[:1])
    going = [lane for lane in lanes if not is_lane_over(lane, run)]
    if run.state == "freezing":
        going = [lane for lane in going if lane.stage == "freezing"]
    return [lane for lane in going if lane.held == -1 or lane.moved_at is None or lane.moved_at + LEASE <= now]


def frozen_further(lane: Lane, count: int, last: str, now: datetime) -> Lane:
    """So many targets more, up to a record of the part."""
    return _moved(replace(lane, frozen=lane.frozen + count, after=last, tries=0), now)


def part_done(lane: Lane, run: Run, now: datetime) -> Lane:
    """The lane behind a part that it is through with."""
    behind = part_behind(lane, run)
    if behind is not None:
        return _moved(replace(lane, part=behind, after=None, claimed=None, claimed_at=None, tries=0), now)
    ended: Stage = "frozen" if lane.stage == "freezing" else "over"
    return _moved(replace(lane, stage=ended, after=None, claimed=None, claimed_at=None, tries=0), now)


def acting(lane: Lane, run: Run, now: datetime) -> Lane:
    """The lane at the beginning of a pass over the targets."""
    part = first_part(lane.number, run.lanes, run.table, "acting")
    stage: Stage = "over" if part is None else "acting"
    return _moved(
        replace(
            lane, stage=stage, part=part or 0, after=None, claimed=None, claimed_at=None, passes=run.passes, tries=0
        ),
        now,
    )


def page_begun(lane: Lane, last: str, now: datetime) -> Lane:
    """The lane that is about to act on its next targets, up to `last`; when it began stays when it begins again."""
    return _moved(replace(lane, claimed=last, claimed_at=lane.claimed_at or now), now)


def acted_up_to(lane: Lane, last: str, now: datetime) -> Lane:
    """The lane behind a target of its page that it acted on."""
    ended = last == lane.claimed
    claimed, claimed_at = (None, None) if ended else (lane.claimed, lane.claimed_at)
    return _moved(replace(lane, after=last, tries=0, claimed=claimed, claimed_at=claimed_at), now)


def counted(before: Iterable[Target], after: Iterable[Target]) -> dict[str, int]:
    """By how much each count of a lane changes with these targets, `waiting` too."""
    changes = Counter[str]()
    for old, new in zip(before, after, strict=True):
        for one, step in ((old, -1), (new, 1)):
            if one.state in ENDED:
                changes[one.state] += step
            elif waits(one):
                changes["waiting"] += step
    return {name: change for name, change in changes.items() if change}


def waits(target: Target) -> bool:
    """Whether its message is on its way."""
    return target.state == "pending" and target.sent is not None


def ended_as(target: Target, result: Result, now: datetime) -> Target:
    """The target after an act. What an earlier pass sent is known still where this one sent nothing."""
    due = now + FIRST_LOOK_AT_SEND if result.state == "pending" and result.sent else None
    return replace(
        target, state=result.state, reason=result.reason, sent=result.sent or target.sent, due=due, looks=0,
        acted_at=now, version=target.version + 1,
    )  # fmt: skip


def looked_at(target: Target, result: Result, now: datetime) -> Target:
    """The target after its message was looked at; `pending`: it is still on its way, or, withdrawn, was not reached."""
    seen = replace(target, version=target.version + 1)
    if result.withdrawn:
        return replace(seen, state="pending", reason=None, sent=None, due=None, acted_at=None)
    if result.state != "pending":
        return replace(seen, state=result.state, reason=result.reason, sent=result.sent or target.sent, due=None)
    pause = min(FIRST_LOOK_AT_SEND * 2 ** min(target.looks, 10), LAST_LOOK_AT_SEND)
    return replace(seen, sent=result.sent, looks=target.looks + 1, due=now + pause)


def tally(lanes: Iterable[Lane]) -> dict[str, int]:
    """How many targets ended in which way, in all lanes."""
    counts: dict[str, int] = dict.fromkeys(ENDED, 0)
    for lane in lanes:
        for state in ENDED:
            counts[state] += lane.counts.get(state, 0)
    return counts


def running(run: Run, lanes: Sequence[Lane], now: datetime) -> Run:
    """The run once all lanes have frozen their share."""
    return _run(replace(run, state="running", audience=sum(lane.frozen for lane in lanes), started_at=now), now)


def is_through(run: Run, lanes: Sequence[Lane]) -> bool:
    """Whether every target of the run has ended."""
    return (
        run.state == "running"
        and all(is_lane_over(lane, run) and not lane.waiting for lane in lanes)
        and sum(tally(lanes).values()) == run.audience
    )


def done(run: Run, lanes: Sequence[Lane], now: datetime) -> Run:
    """The run at its end."""
    return replace(_run(replace(run, state="done", counts=tally(lanes), finished_at=now), now), due=None)


def paused(run: Run, now: datetime) -> Run:
    """The run, which stands still until it is resumed."""
    return replace(_run(replace(run, state="paused"), now), due=None)


def resumed(run: Run, now: datetime) -> Run:
    """The run where it stood."""
    return _run(replace(run, state="freezing" if run.audience is None else "running"), now)


def cancelled(run: Run, lanes: Sequence[Lane], now: datetime, reason: str | None = None) -> Run:
    """The run, which goes no further; those that were not reached stay pending."""
    over = _run(replace(run, state="cancelled", counts=tally(lanes), finished_at=now, reason=reason), now)
    return replace(over, due=None)


def again(run: Run, now: datetime) -> Run:
    """A run that is done takes up its failed targets once more."""
    return _run(replace(run, state="running", passes=run.passes + 1, finished_at=None), now)


def wanted(run: Run) -> TargetState:
    """Which targets a pass is about."""
    return "pending" if run.passes == 1 else "failed"


def occurrence_id(task_id: str, planned_at: datetime) -> str:
    """The id of the run of an occurrence: the same one whoever makes it, so that there is one."""
    return make_id("rn", account_of(task_id) or "", planned_at, sha256(task_id.encode()).hexdigest()[:16])


def act_id(run: Run, lane: Lane, target_id: str) -> str:
    """The id (kind `rq`) of the act on a target in a pass: the same one whoever repeats it, and another in a later
    pass. What the act makes has its ids from it."""
    return _act_id(run, lane.claimed_at or moment_of(run.id), target_id)


def act_id_of_kept(run: Run, contact_id: str) -> str:
    """The same of a contact into which targets were merged that is none itself: one id in whatever lanes they are."""
    return _act_id(run, moment_of(run.id), contact_id)


def may_have_heard(target: Target) -> bool:
    """Whether a message of the run reached them, or may have."""
    return waits(target) or target.state in ("executed", "unknown")


def _act_id(run: Run, at: datetime, target_id: str) -> str:
    digest = sha256(f"{run.id}/{run.passes}/{target_id}".encode()).hexdigest()[:16]
    return make_id("rq", account_of(run.id) or "", at, digest)


def _run(run: Run, now: datetime) -> Run:
    """The run a step further."""
    return replace(run, version=run.version + 1, due=now + LOOK)


def _moved(lane: Lane, now: datetime) -> Lane:
    """The lane a step further."""
    return replace(lane, version=lane.version + 1, moved_at=now)
