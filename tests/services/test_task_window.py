"""How far runs are ahead of what goes out: what is begun may leave after a cancel, and stands before what agents write
(PRODUCT G7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from recado.domain import task_runs as steps
from recado.domain.chats import Author, Message, ThreadKey
from recado.domain.task_runs import Result, Sent
from recado.domain.task_window import FEW, LATE, STUCK, Window
from tests.task_world import A, World

AHEAD = 30
"""Of a lane of a channel that takes 80 a second."""


class Outbound:
    """Sends what was begun, in its order, so many a second of the clock, whatever the run does meanwhile."""

    def __init__(self, world: World, per_second: float) -> None:
        self.world, self.per_second = world, per_second
        self.line: list[str] = []
        self.sent: list[str] = []
        self.longest = 0
        self._time, self._move = 0.0, world.clock.move
        world.clock.move = self.passes
        world.work._sleep = self.passes
        world.acts.before = self.begins
        world.acts.ahead = lambda *_: AHEAD  # type: ignore[method-assign]
        for one in world.people:
            world.acts.results[one] = Result("pending", None, Sent("fx_" + one))

    def begins(self, target_id: str) -> None:
        self.line.append(target_id)
        self.longest = max(self.longest, len(self.line))
        self.passes(0.02)

    def passes(self, seconds: float) -> None:
        self._move(seconds)
        self._time += seconds * self.per_second
        while self._time >= 1:
            self._time -= 1
            if self.line:
                self._leaves(self.line.pop(0))

    def _leaves(self, target_id: str) -> None:
        now, key = self.world.clock.now(), ThreadKey("ch_1", target_id)
        self.sent.append(target_id)
        sent = Sent("fx_" + target_id, "ms_" + target_id, key, 1)
        self.world.messages.begun["fx_" + target_id] = Result("pending", None, sent)
        self.world.messages.status[f"{target_id}-1"] = Message(
            "ms_" + target_id, "ca_1", target_id, key, 1, "outbound", "text", "Oi", "sent", Author("flow"), now, now
        )


def limited(world: World, seconds: float) -> Callable[[], bool]:
    """A worker's time."""
    until = world.clock.now() + timedelta(seconds=seconds)
    return lambda: bool(world.clock.now() < until)


@pytest.mark.parametrize("per_second", [1, 5])
def test_a_slow_way_out_is_never_far_behind_the_run(clock: Any, ids: Any, per_second: int) -> None:
    """What is on its way leaves within some seconds, so that is how long an agent waits behind it."""
    world = World(clock, ids, people=300)
    outbound = Outbound(world, per_second)
    run_id = world.begin(lanes=1)
    for _ in range(2):
        world.deliver(world.queue.waiting.pop(0), limited(world, 100 / per_second))
    assert 190 < len(outbound.sent) < 300 and outbound.longest <= 7 * per_second + FEW
    run, left = world.run(run_id), len(outbound.sent)
    assert world.tables.move(A, run, steps.cancelled(run, world.tables.lanes(A, run_id), clock.now()))
    world.go_on()
    outbound.passes(600)
    assert len(outbound.sent) - left <= outbound.longest, "much leaves after the run was cancelled"


def test_a_quick_way_out_is_used(clock: Any, ids: Any) -> None:
    """Each lane of a channel of 80 a second brings its share of it."""
    world = World(clock, ids, people=300)
    outbound = Outbound(world, 30)
    began = clock.now()
    run_id = world.begin(lanes=1)
    world.to_the_end(run_id, minutes=1)
    assert len(outbound.sent) == 300 and outbound.longest <= AHEAD
    assert 300 / (clock.now() - began).total_seconds() > 60 / 8, "the lane waits more than it sends"


def test_a_provider_that_stands_still_gets_few(clock: Any, ids: Any) -> None:
    world = World(clock, ids, people=300)
    outbound = Outbound(world, 0)
    run_id = world.begin(lanes=1)
    world.go_on()
    assert len(outbound.line) == FEW
    for _ in range(30):
        world.minute()
        world.go_on()
    assert len(outbound.line) == AHEAD, "more than the channel takes in some seconds is on its way"
    outbound.per_second = 30
    assert world.to_the_end(run_id).counts["executed"] == 300
    assert sorted(outbound.sent) == sorted(world.people)


def test_pages_of_those_who_are_skipped_are_whole(clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is two transactions, and nothing of them is on its way."""
    world = World(clock, ids, people=600)
    world.acts.ahead = lambda *_: AHEAD  # type: ignore[method-assign]
    world.acts.results |= dict.fromkeys(world.people, Result("skipped", "in_service"))
    pages, begin = list[Any](), world.tables.begin_page
    monkeypatch.setattr(world.tables, "begin_page", lambda *given: pages.append(given) or begin(*given))
    world.to_the_end(world.begin(lanes=1), minutes=1)
    assert len(pages) <= 16 * 2 + 8, "pages stay as small as they began"


def test_a_window_follows_what_goes_out(clock: Any) -> None:
    now = clock.now()
    window = Window(AHEAD)
    assert (window.room(0, [], now), window.seen(0, [], now).size, window.seen(2, [], now).size) == (FEW, FEW, FEW + 2)
    late, stuck = now - LATE - timedelta(seconds=1), now - STUCK - timedelta(seconds=1)
    wide = Window(AHEAD, AHEAD)
    assert wide.seen(9, [now] * AHEAD, now).size == AHEAD
    assert wide.seen(9, [late] * 16, now).size == 15 and wide.seen(9, [late] * 15, now).size == AHEAD
    assert Window(AHEAD).seen(9, [late] * 3, now).size == FEW, "nobody is written to any more"
    assert wide.seen(9, [stuck] * 20, now).size == AHEAD and wide.room(20, [stuck] * 20, now) == 10
    assert wide.room(16, [now] * 16, now) == 0 and wide.room(15, [now] * 15, now) == 15
    assert Window(2).room(0, [], now) == 2
