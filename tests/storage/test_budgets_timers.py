"""What the timers of chats cost (docs/data-model.md D4, E6)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from tests.recording import record
from tests.team import ACCOUNT, Team


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    team = Team(clock, ids)
    team.set(overflow_after_s=120)
    return team


def test_nothing_due(team: Team) -> None:
    with record() as calls:
        team.timers.run_due(160)
    assert dict(calls.operations) == {"dynamodb:Query": 16}
    assert (calls.wru, calls.rru) == (0, 8)


def test_not_started_in_time(team: Team) -> None:
    team.join("A", 1)
    (chat,) = team.arrive()
    team.look()
    team.clock.move(120)
    with record() as calls:
        assert team.timers.look(ACCOUNT, chat.id)
    print(f"not started: {calls.operations}, {calls.wru} WRU, {calls.rru} RRU, {calls.index_wru}")
    assert calls.operations["dynamodb:TransactWriteItems"] == 1
    assert sum(calls.operations.values()) <= 4
    assert calls.wru <= 14
    assert calls.rru <= 4


def test_a_time_that_was_overtaken(team: Team) -> None:
    team.join("A", 1)
    (chat,) = team.arrive()
    team.look()
    team.set(overflow_after_s=7200)
    team.clock.move(120)
    with record() as calls:
        assert not team.timers.look(ACCOUNT, chat.id)
    assert calls.wru <= 2
    assert calls.rru <= 3


def test_an_idle_chat_whose_customer_wrote_last(team: Team) -> None:
    team.set(close_idle_after_s=600)
    team.join("A", 1)
    (chat,) = team.arrive()
    team.look()
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=team.chat(chat).agent_id), chat.id)
    team.clock.move(600)
    with record() as calls:
        assert not team.timers.look(ACCOUNT, chat.id)
    assert calls.wru <= 2
    assert calls.rru <= 4
