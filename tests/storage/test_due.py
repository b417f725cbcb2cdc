"""The `due` index: what one kind of item has due hides nothing of another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zlib import crc32

import pytest

from recado.domain.flow_executions import Execution
from recado.domain.task_runs import Target
from recado.ports.task_runs import Owner
from recado.storage import keys
from recado.storage.flow_executions import DynamoExecutions, ExecutionRecord
from recado.storage.tables import ChatsRecord, WorkspaceRecord
from recado.storage.task_targets import TargetRecord
from tests.team import ACCOUNT, Team

MANY = 24
"""More than any job takes of a shard at a time here."""


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


def beside(public_id: str, prefix: str) -> Iterator[str]:
    """Ids that fall into the shard of this one."""

    def shard(one: str) -> int:
        return crc32(one.encode()) % keys.SHARDS

    return (one for one in (f"{prefix}_{ACCOUNT}_{n}" for n in count()) if shard(one) == shard(public_id))


def executions(at: datetime, ids: Iterator[str]) -> None:
    """Executions whose commands were lost."""
    with ChatsRecord.batch_write() as batch:
        for execution_id in [next(ids) for _ in range(MANY)]:
            one = Execution(execution_id, "ca_1", "ct_1", "fl_1", 1, "a", at - timedelta(hours=1), "entry")
            batch.save(ExecutionRecord.of_execution(ACCOUNT, one))


def targets(at: datetime, ids: Iterator[str]) -> None:
    """Targets of a task, whose messages are on their way."""
    with WorkspaceRecord.batch_write() as batch:
        for target_id in [next(ids) for _ in range(MANY)]:
            one = Target(target_id, due=at - timedelta(hours=1))
            batch.save(TargetRecord.of_target(ACCOUNT, Owner("tk_1", "rn_1", 0), one, 0))


def test_a_shard_full_of_executions_hides_no_timer_of_a_chat(team: Team) -> None:
    team.set(overflow_after_s=120)
    team.join("A", 1)
    (chat,) = team.arrive()
    team.look()
    executions(team.clock.now(), beside(chat.id, "fe"))
    team.clock.move(121)
    assert team.timers.run_due(16).seen == 1
    assert team.owner(chat) == "-", "who did not begin has lost it"


def test_a_shard_full_of_targets_hides_no_lease(team: Team) -> None:
    user_id = team.join("A", 1)
    targets(team.clock.now(), beside(user_id, "ct"))
    team.clock.move(91)
    assert team.presence.lapse_due(16).seen == 1
    assert not team.presence.get(ACCOUNT, user_id)[0].connected


def test_of_a_kind_each_shard_gives_its_share_and_says_that_there_is_more(team: Team) -> None:
    executions(team.clock.now(), beside("fe_one", "fe"))
    page = DynamoExecutions().due(team.clock.now(), 32)
    assert (len(page.found), page.more) == (2, True)
    page = DynamoExecutions().due(team.clock.now(), 16 * MANY)
    assert (len(page.found), page.more) == (MANY, False)
