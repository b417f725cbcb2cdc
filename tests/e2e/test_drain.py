"""A long queue: 1,000 waiting chats over 50 agents."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import pytest

from infra.local.stack import Stack
from recado.aws.clock import RandomIds, SystemClock
from recado.domain.people import Department
from recado.storage.chats import DynamoChats
from recado.storage.departments import DepartmentStore
from recado.storage.tables import ChatsRecord
from tests.e2e.live import eventually
from tests.e2e.workbench import CountingMoves, MovingClock
from tests.team import ACCOUNT, Team

AGENTS, CAP, CHATS = 50, 20, 1000


class Calls:
    """Counts this process's calls to DynamoDB by operation."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        client = ChatsRecord._get_connection().connection.client
        client.meta.events.register("before-call.dynamodb", self._count)

    def _count(self, model: object, **_: object) -> None:
        self.counted[str(getattr(model, "name", "?"))] += 1


def team_of_50() -> tuple[Team, CountingMoves, list[str]]:
    clock, moves = SystemClock(), CountingMoves()
    team = Team(MovingClock(clock), RandomIds(clock), moves)
    return team, moves, [team.join(f"{number}", number, cap=CAP) for number in range(AGENTS)]


def check(team: Team, agents: list[str], chat_ids: list[str]) -> None:
    """Everybody has 20, each chat one owner, in turn, the oldest first."""
    chats = {chat.id: chat for start in range(0, CHATS, 100) for chat in _read(chat_ids[start : start + 100])}
    owners = [agents.index(str(chats[one].agent_id)) for one in chat_ids]
    assert owners == [number % AGENTS for number in range(CHATS)]
    assert all(team.presence.get(ACCOUNT, one)[0].load == CAP for one in agents)
    assert not team.waiting()


def _read(chat_ids: list[str]) -> list[object]:
    return list(DynamoChats().read(ACCOUNT, chat_ids))


@pytest.mark.usefixtures("stack_tables")
def test_1000_waiting_chats_over_50_agents_by_one_worker() -> None:
    """As the FIFO queue lets it be: one look at the department after the other."""
    team, moves, agents = team_of_50()
    chats = [chat.id for chat in team.arrive(CHATS)]
    calls = Calls()
    began = time.monotonic()
    while team.look().assigned:
        pass
    took = time.monotonic() - began
    total = sum(calls.counted.values())
    print(
        f"\n1,000 chats over 50 agents, one worker: {took:.1f} s; {total / CHATS:.2f} calls and "
        f"{moves.done / CHATS:.3f} transactions per assignment, {CHATS / moves.done:.1f} assignments per transaction, "
        f"{moves.share:.1%} cancelled; {dict(calls.counted)}"
    )
    check(team, agents, chats)
    assert moves.share <= 0.05
    assert CHATS / moves.done >= 10


@pytest.mark.usefixtures("stack_tables")
def test_1000_waiting_chats_are_drained_by_the_deployed_functions(stack: Stack) -> None:
    """From the tables' stream by the queue to the distribution function, with nobody asking for it."""
    team, _, agents = team_of_50()
    department = Department(team.department, "Suporte", "department", team.clock.now())
    DepartmentStore().create(ACCOUNT, department, False, team.clock.now() + timedelta(hours=1))
    began = time.monotonic()
    chats = [chat.id for chat in team.arrive(CHATS)]
    arrived = time.monotonic()
    for agent in agents:
        team.agents.renew(ACCOUNT, agent, team.clock.now() + timedelta(minutes=10))
    eventually(lambda: not team.waiting(), within_s=120, every_s=1)
    print(
        f"\n1,000 chats over 50 agents, deployed: arrived in {arrived - began:.1f} s, "
        f"all given {time.monotonic() - arrived:.1f} s later"
    )
    check(team, agents, chats)
    assert DepartmentStore().delete(ACCOUNT, department), "other tests of this account have their departments in memory"
