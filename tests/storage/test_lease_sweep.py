"""The sweep of leases: no agent waits behind others, one that raises stops none, and what looking costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from recado.services import tick
from recado.services.tick import JobReport, TickService
from recado.storage import agents, keys
from recado.storage.agents import AgentRecord
from tests.recording import record
from tests.team import ACCOUNT, Team

MANY = 32


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


def a_minute(team: Team, users: list[str], gone: str, time: Callable[[], bool]) -> JobReport:
    """Heartbeats of all but one, then the tick."""
    for _ in range(2):
        team.clock.move(30)
        for user_id in users:
            if user_id != gone:
                team.presence.renew(ACCOUNT, user_id, force=True)
    [report] = TickService({"leases": team.presence.lapse_due}).run(time)
    return report


def shard_of(user_id: str) -> str:
    return keys.due_pk("AGENT", user_id)


def pages_of_time(pages: int) -> Callable[[], bool]:
    left = iter([True] * pages)
    return lambda: next(left, False)


def is_connected(team: Team, user_id: str) -> bool:
    return team.presence.get(ACCOUNT, user_id)[0].connected


@pytest.fixture
def crowd(team: Team, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """More connected agents than a page takes: the fullest shard last, each in the order of their due times."""
    monkeypatch.setattr(tick, "PAGE", keys.SHARDS)
    users = [str(team.ids.new("us", ACCOUNT)) for _ in range(MANY)]
    for user_id in users:
        team.clock.move(0.01)
        team.presence.create(ACCOUNT, user_id, None)
        team.presence.renew(ACCOUNT, user_id, force=True)
    shards = Counter(map(shard_of, users))
    assert max(shards.values()) > 2
    return sorted(users, key=lambda user_id: (shards[shard_of(user_id)], shard_of(user_id)))


def test_one_who_left_is_found_behind_all_who_are_there(team: Team, crowd: list[str]) -> None:
    gone = crowd[-1]
    for _ in range(3):
        a_minute(team, crowd, gone, pages_of_time(8))
    assert [user_id for user_id in crowd if not is_connected(team, user_id)] == [gone]


def test_all_are_looked_at_in_a_minute_and_then_left_alone_until_their_lease_ends(team: Team, crowd: list[str]) -> None:
    team.clock.move(89)
    for user_id in crowd:
        team.presence.renew(ACCOUNT, user_id, force=True)
    team.clock.move(1)
    run = TickService({"leases": team.presence.lapse_due}).run
    most_in_a_shard = max(Counter(map(shard_of, crowd)).values())
    [report] = run(pages_of_time(most_in_a_shard + 1))
    assert (report.seen, report.done, report.left) == (MANY, 0, False)
    assert run(pages_of_time(1))[0].seen == 0


def test_one_that_cannot_be_read_stops_no_other(team: Team, crowd: list[str]) -> None:
    broken = crowd[0]
    AgentRecord(*agents.agent_key(ACCOUNT, broken)).update([AgentRecord.version.remove()])
    team.clock.move(91)
    [report] = TickService({"leases": team.presence.lapse_due}).run(pages_of_time(20))
    assert (set(report.failed), report.error, report.left) == ({broken}, None, False)
    assert not any(is_connected(team, user_id) for user_id in crowd[1:])
    assert team.presence.lapse_due(160).seen == 0, "out of the way for now"
    team.clock.move(60)
    assert set(team.presence.lapse_due(160).failed) == {broken}, "and not forgotten"


def test_one_that_cannot_be_lapsed_stops_no_other(
    team: Team, crowd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lapse = team.presence.lapse

    def failing(a: str, user_id: str) -> None:
        if user_id == crowd[0]:
            raise ConnectionError
        lapse(a, user_id)

    monkeypatch.setattr(team.presence, "lapse", failing)
    team.clock.move(91)
    swept = team.presence.lapse_due(MANY * 16)
    assert (swept.seen, swept.done, set(swept.failed)) == (MANY, MANY - 1, {crowd[0]})


def test_one_that_cannot_be_put_off_stops_no_other(
    team: Team, crowd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_again_at = team.agents.look_again_at

    def failing(a: str, user_id: str, when: Any) -> None:
        if user_id == crowd[0]:
            raise ConnectionError
        look_again_at(a, user_id, when)

    monkeypatch.setattr(team.agents, "look_again_at", failing)
    team.clock.move(89)
    for user_id in crowd:
        team.presence.renew(ACCOUNT, user_id, force=True)
    team.clock.move(1)
    assert set(team.presence.lapse_due(MANY * 16).failed) == {crowd[0]}
    assert team.presence.lapse_due(MANY * 16).seen == 1


def test_what_a_page_of_connected_agents_costs(team: Team, crowd: list[str]) -> None:
    team.clock.move(89)
    for user_id in crowd:
        team.presence.renew(ACCOUNT, user_id, force=True)
    team.clock.move(1)
    with record() as calls:
        assert team.presence.lapse_due(MANY * 16).seen == MANY
    assert calls.operations == {"dynamodb:Query": 16, "dynamodb:BatchGetItem": 1, "dynamodb:UpdateItem": MANY}
    assert (calls.wru, calls.index_wru) == (MANY, {"due": 2 * MANY})
    assert calls.rru <= 2 * MANY + 16
