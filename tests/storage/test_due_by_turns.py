"""Accounts take turns in what is due: one's many hold no other's few up, and are not held up for ever themselves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zlib import crc32

import pytest

from recado.domain.chats import Message, ThreadKey
from recado.domain.flow_executions import Execution
from recado.domain.task_runs import Lane, Result, Run, Sent, Target
from recado.ports.sweeps import Owned
from recado.ports.task_runs import Owner
from recado.services.task_sends import TaskSends
from recado.services.tick import PAGE, TickService
from recado.storage import keys
from recado.storage.due import due_page
from recado.storage.flow_executions import DynamoExecutions, ExecutionRecord
from recado.storage.tables import ChatsRecord, WorkspaceRecord
from recado.storage.task_runs import TaskLaneRecord
from recado.storage.task_targets import DynamoTargets, TargetRecord
from tests.recording import record

MANY, FEW = "manymany", "fewfewfe"
IN_A_SHARD = 10_000 // keys.SHARDS
SHARD = 3


@pytest.fixture(autouse=True)
def tables(dynamodb: Any) -> None: ...


def owe(a: str, number: int, at: datetime) -> list[Owned]:
    """So many executions of an account are due, all in one shard, each a millisecond after the one before."""
    ids = (f"fe_{a}_{one}" for one in count())
    chosen = [next(one for one in ids if crc32(one.encode()) % keys.SHARDS == SHARD) for _ in range(number)]
    with ChatsRecord.batch_write() as batch:
        for place, execution_id in enumerate(chosen):
            one = Execution(execution_id, "ca_1", "ct_1", "fl_1", 1, "a", at, "entry")
            lost = ExecutionRecord.of_execution(a, one)
            lost.due_sk = keys.stamp(at + timedelta(milliseconds=place))
            batch.save(lost)
    return [(a, one) for one in chosen]


def done(found: Sequence[Owned]) -> None:
    with ChatsRecord.batch_write() as batch:
        for a, execution_id in found:
            batch.delete(ExecutionRecord(keys.execution_pk(a, execution_id), "EXEC"))


@pytest.mark.parametrize("limit", [16, 32, PAGE])
def test_ten_thousand_of_an_account_hide_nothing_of_another(clock: Any, limit: int) -> None:
    owe(MANY, IN_A_SHARD, clock.now() - timedelta(hours=2))
    [few] = owe(FEW, 1, clock.now() - timedelta(minutes=1))
    page = DynamoExecutions().due(clock.now(), limit)
    assert few in page.found and page.more
    assert len(page.found) == max(2, limit // keys.SHARDS), "a page is larger than it may be"


def test_nor_do_those_of_several(clock: Any) -> None:
    for number in range(3):
        owe(f"manyman{number}", 60, clock.now() - timedelta(hours=2 - number / 10))
    [few] = owe(FEW, 1, clock.now() - timedelta(minutes=1))
    assert few in DynamoExecutions().due(clock.now(), 16).found
    found = DynamoExecutions().due(clock.now(), PAGE).found
    assert few in found and len({a for a, _ in found}) == 4


def test_the_oldest_is_always_among_them(clock: Any) -> None:
    oldest, *_ = owe(MANY, 60, clock.now() - timedelta(hours=2))
    for number in range(30):
        owe(f"few{number:05}", 1, clock.now() - timedelta(minutes=1))
    assert oldest in DynamoExecutions().due(clock.now(), PAGE).found


@pytest.mark.parametrize("seed", range(3))
def test_each_has_its_turn_once_whatever_comes_meanwhile(clock: Any, seed: int) -> None:
    chance = random.Random(seed)
    owed = set(owe(MANY, 80, clock.now() - timedelta(hours=2)))
    owed |= set(owe("manymor2", 50, clock.now() - timedelta(hours=1)))
    had, passes = Counter[Owned](), 0
    while owed - set(had):
        passes += 1
        assert passes < 60, "somebody waits for ever"
        if passes <= 10:  # others come all the time, more than there are places
            for number in range(12):
                owed |= set(owe(f"new{passes:02}{number:03}", chance.randint(1, 2), clock.now()))
            clock.move(1)
        found = DynamoExecutions().due(clock.now(), PAGE).found
        had.update(found)
        done(found)
    assert set(had.values()) == {1}
    assert not DynamoExecutions().due(clock.now(), PAGE).found


def test_an_accounts_own_come_in_the_order_of_their_times(clock: Any) -> None:
    owed = owe(MANY, 40, clock.now() - timedelta(hours=2))
    owe(FEW, 3, clock.now() - timedelta(minutes=1))
    order = list[Owned]()
    while found := DynamoExecutions().due(clock.now(), PAGE).found:
        order += [one for one in found if one[0] == MANY]
        done(found)
    assert order == owed


def test_where_nobody_has_many_nothing_more_is_read(clock: Any) -> None:
    for number in range(10):
        owe(f"few{number:05}", 1, clock.now())
    with record() as calls:
        assert len(DynamoExecutions().due(clock.now(), PAGE).found) == 10
    assert calls.operations["dynamodb:Query"] == keys.SHARDS


def test_what_it_costs_to_find_them(clock: Any) -> None:
    owe(MANY, IN_A_SHARD, clock.now() - timedelta(hours=2))
    with record() as calls:
        due_page("EXEC", ExecutionRecord, clock.now(), PAGE)
    assert calls.operations["dynamodb:Query"] <= keys.SHARDS + 1 and calls.rru <= 40


# -- within a tick ---------------------------------------------------------------------------------------------------


class Settled:
    """Every message was sent."""

    def message(self, a: str, thread: ThreadKey, seq: int) -> Message | None:
        raise NotImplementedError

    def result(self, a: str, execution_id: str) -> Result:
        return Result("executed", None, Sent(execution_id))


def on_their_way(a: str, number: int, now: datetime) -> Owner:
    """Targets of a run whose messages are to be looked at."""
    run = Run(f"rn_{a}_1", f"ts_{a}_1", "contacts", {}, 1, now)
    owner = Owner(run.task_id, run.id, 0)
    TaskLaneRecord.of_lane(a, run, Lane(0)).save()
    with WorkspaceRecord.batch_write() as batch:
        for place in range(number):
            one = Target(f"ct_{a}_{place}", sent=Sent(f"fx_{place}"), due=now)
            batch.save(TargetRecord.of_target(a, owner, one, 0))
    return owner


def test_ten_thousand_due_of_one_account_and_one_of_another_in_one_tick(clock: Any) -> None:
    on_their_way(MANY, 10_000, clock.now() - timedelta(hours=1))
    owner = on_their_way(FEW, 1, clock.now())
    targets = DynamoTargets()
    sends = TaskSends(targets, Settled(), Settled(), clock)
    times = iter([True])
    [report] = TickService({"task_sends": lambda limit: sends.look_due(limit)[0]}).run(lambda: next(times, False))
    found = targets.get(FEW, owner.run_id, f"ct_{FEW}_0")
    assert found is not None and found[0].state == "executed", "it waits for another account's"
    assert (report.seen, report.done, report.left, report.failed) == (PAGE, PAGE, True, {})
