"""How fast runs write on a channel (PRODUCT G9): three quarters of what it takes, evenly, whoever asks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from recado.domain.channels import Channel
from recado.domain.segment_fields import Table
from recado.domain.speed import Speed
from recado.domain.task_runs import ACTED_AT_ONCE, Run, Target
from recado.domain.task_window import FEW
from recado.ports.task_runs import Turn
from recado.services.task_pacing import TaskPacing
from tests.task_world import ACTION, A

WHO = Target("ct_1")


class Slots:
    """Slots of windows in memory, as the port has them."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, int], int] = {}
        self.buckets = Counter[str]()

    def lease(self, a: str, bucket: str, second: int, first: int, wanted: int, limit: int) -> int | None:
        start = max(first, self.taken.get((bucket, second), 0))
        if start + wanted > limit:
            return None
        self.taken[bucket, second] = start + wanted
        self.buckets[bucket] += 1
        return start


class Channels:
    """Channels by their ids; each has the settings, or a speed of its own."""

    def __init__(self, clock: Any, settings: dict[str, Any], speeds: dict[str, str] | None = None) -> None:
        own = speeds or {"ch_1": None}
        self._channels = {
            one: Channel(
                one, "sms", "SMS", "dp_1", clock.now(), {"messages_per_second": speed} if speed else settings, ""
            )
            for one, speed in own.items()
        }

    def get(self, a: str, channel_id: str) -> Channel | None:
        return self._channels.get(channel_id)


class Chats:
    """Chats, of which only the channel is asked for."""

    def __init__(self, channels: dict[str, str]) -> None:
        self._channels = channels

    def chat(self, a: str, chat_id: str) -> Any:
        channel_id = self._channels.get(chat_id)
        return SimpleNamespace(channel_id=channel_id) if channel_id else None


def pacing(clock: Any, slots: Slots, per_second: int) -> TaskPacing:
    return TaskPacing(slots, Channels(clock, {}), Chats({}), lambda _: Speed(per_second), clock)


def a_run(clock: Any, action: Any = ACTION, table: Table = "contacts") -> Run:
    return Run("rn_1", "ts_1", table, action, 1, clock.now())


@pytest.mark.parametrize("per_second", [1, 5, 80])
def test_runs_leave_a_quarter_to_people(clock: Any, per_second: int) -> None:
    slots = Slots()
    pacings = [pacing(clock, slots, per_second) for _ in range(3)]
    acted, began = list[float](), clock.now().timestamp()
    while clock.now().timestamp() < began + 40:
        for one in pacings:
            turn = one.turn(A, a_run(clock), WHO)
            if turn is not None:
                acted.append(clock.now().timestamp() + turn.wait_s - began)
        clock.move(0.02)
    in_time = [at for at in acted if at < 40]
    assert 0.95 <= len(in_time) / (40 * per_second * 0.75) <= 1.05
    by_second = Counter(int(at) for at in in_time)
    assert max(by_second.values()) <= per_second * 0.75 + 1, "people's messages wait behind a burst"
    assert set(slots.buckets) == {"ch_1#tasks"}, "slots of people are taken"


@pytest.mark.parametrize("per_second", [1, 5, 80])
@pytest.mark.parametrize("messages", [1, 3, 7])
def test_each_message_with_which_a_flow_begins_takes_a_slot(clock: Any, per_second: int, messages: int) -> None:
    """Workers that act whenever they have a turn: over two minutes runs write three quarters of what the channel
    takes, however many messages each act writes."""
    slots, said, began = Slots(), list[float](), clock.now().timestamp()
    workers = [pacing(clock, slots, per_second) for _ in range(3)]
    free_at = dict.fromkeys(range(3), began)
    while (now := clock.now().timestamp()) < began + 120:
        for number, worker in enumerate(workers):
            turn = worker.turn(A, a_run(clock), WHO) if free_at[number] <= now else None
            if turn is not None:
                free_at[number] = now + turn.wait_s
                worker.charge(A, turn, messages - 1)
                said += [now + turn.wait_s - began] * messages
        clock.move(0.02)
    in_time = len([at for at in said if at < 120])
    assert in_time <= 120 * per_second * 0.75 + len(workers) * messages, "more than the runs' share"
    assert in_time >= 120 * per_second * 0.75 * 0.6, "the share is hardly used"


def test_chats_wait_for_their_own_channels(clock: Any) -> None:
    """Of two channels the slow one holds nobody of the other up."""
    slots, chats = Slots(), Chats({"ca_1": "ch_1", "ca_2": "ch_2"})
    speeds = {"ch_1": "1", "ch_2": "60"}
    paces = TaskPacing(slots, Channels(clock, {}, speeds), chats, lambda _: Speed(80), clock)
    run = a_run(clock, {"type": "run_flow", "project_id": "pj_1", "flow_id": "fl_1"}, "chats")
    slow = [paces.turn(A, run, Target("ca_1")) for _ in range(3)]
    assert [one and one.channel_id for one in slow] == ["ch_1"] * 3
    assert [one and one.wait_s for one in slow] == [0.0, pytest.approx(4 / 3), pytest.approx(8 / 3)]
    fast = [paces.turn(A, run, Target("ca_2")) for _ in range(3)]
    assert [one and one.wait_s for one in fast] == [
        0.0,
        pytest.approx(4 / 180, abs=1e-5),
        pytest.approx(8 / 180, abs=1e-5),
    ]
    assert paces.turn(A, run, Target("ca_gone")) == Turn()
    assert set(slots.buckets) == {"ch_1#tasks", "ch_2#tasks"}


def test_the_channels_own_setting_counts_and_what_writes_nothing_waits_for_nobody(clock: Any) -> None:
    paces = TaskPacing(Slots(), Channels(clock, {"messages_per_second": "1"}), Chats({}), lambda _: Speed(80), clock)
    found = [paces.turn(A, a_run(clock), WHO) for _ in range(4)]
    assert [one and one.wait_s for one in found[:3]] == [0.0, pytest.approx(4 / 3), pytest.approx(8 / 3)]
    assert paces.turn(A, a_run(clock, {"type": "close"}), WHO) == Turn()
    assert paces.turn(A, a_run(clock, {**ACTION, "channel_id": "ch_gone"}), WHO) == Turn()
    paces.charge(A, Turn(), 5)


@pytest.mark.parametrize(("per_second", "lanes", "ahead"), [(80, 8, 30), (80, 1, 240), (5, 1, 15), (1, 1, FEW)])
def test_a_run_is_ahead_by_what_is_written_in_a_window(clock: Any, per_second: int, lanes: int, ahead: int) -> None:
    paces = pacing(clock, Slots(), per_second)
    assert paces.ahead(A, replace(a_run(clock), lanes=lanes)) == ahead
    in_chats = a_run(clock, {"type": "run_flow", "project_id": "pj_1", "flow_id": "fl_1"}, "chats")
    assert paces.ahead(A, in_chats) == ACTED_AT_ONCE
    assert paces.ahead(A, a_run(clock, {"type": "close"}, "chats")) is None
