"""How fast runs write on a channel (PRODUCT G9): three quarters of what it takes, evenly, whoever asks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from recado.domain.channels import Channel
from recado.domain.speed import Speed
from recado.domain.task_runs import Run
from recado.services.task_pacing import TaskPacing
from tests.task_world import ACTION, A


class Slots:
    """Slots of windows in memory, as the port has them."""

    def __init__(self) -> None:
        self.taken: dict[int, int] = {}
        self.buckets = Counter[str]()

    def lease(self, a: str, bucket: str, second: int, first: int, wanted: int, limit: int) -> int | None:
        start = max(first, self.taken.get(second, 0))
        if start + wanted > limit:
            return None
        self.taken[second] = start + wanted
        self.buckets[bucket] += 1
        return start


class Channels:
    """One channel."""

    def __init__(self, clock: Any, settings: dict[str, Any]) -> None:
        self._channel = Channel("ch_1", "sms", "SMS", "dp_1", clock.now(), settings, "")

    def get(self, a: str, channel_id: str) -> Channel | None:
        return self._channel if channel_id == "ch_1" else None


def a_run(clock: Any, action: Any = ACTION) -> Run:
    return Run("rn_1", "ts_1", "contacts", action, 1, clock.now())


@pytest.mark.parametrize("per_second", [1, 5, 80])
def test_runs_leave_a_quarter_to_people(clock: Any, per_second: int) -> None:
    slots = Slots()
    pacings = [TaskPacing(slots, Channels(clock, {}), lambda _: Speed(per_second), clock) for _ in range(3)]
    acted, began = list[float](), clock.now().timestamp()
    while clock.now().timestamp() < began + 40:
        for one in pacings:
            wait_s = one.wait_s(A, a_run(clock))
            if wait_s is not None:
                acted.append(clock.now().timestamp() + wait_s - began)
        clock.move(0.02)
    in_time = [at for at in acted if at < 40]
    assert 0.95 <= len(in_time) / (40 * per_second * 0.75) <= 1.05
    by_second = Counter(int(at) for at in in_time)
    assert max(by_second.values()) <= per_second * 0.75 + 1, "people's messages wait behind a burst"
    assert set(slots.buckets) == {"ch_1#tasks"}, "slots of people are taken"


def test_the_channels_own_setting_counts_and_what_writes_nothing_waits_for_nobody(clock: Any) -> None:
    pacing = TaskPacing(Slots(), Channels(clock, {"messages_per_second": "1"}), lambda _: Speed(80), clock)
    found = [pacing.wait_s(A, a_run(clock)) for _ in range(4)]
    assert found[:3] == [0.0, pytest.approx(4 / 3), pytest.approx(8 / 3)]
    assert pacing.wait_s(A, a_run(clock, {"type": "close"})) == 0.0
    assert pacing.wait_s(A, a_run(clock, {**ACTION, "channel_id": "ch_gone"})) == 0.0
