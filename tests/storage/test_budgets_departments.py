"""What looks at departments, gone agents, alerts and turns may cost (docs/data-model.md §3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.agents import with_supervised
from recado.domain.chats import Author, Event
from recado.domain.people import Membership, User
from recado.services.alerts import AlertService
from recado.services.department_turns import DepartmentTurnsService
from recado.services.gone_agents import GoneAgents
from recado.services.supervision import SupervisionService
from recado.storage.agent_chats import AgentChats
from recado.storage.alerts import AlertStore, add_alert
from recado.storage.departments import DepartmentStore
from recado.storage.people import UserStore
from recado.storage.queue_lengths import QueueLengths
from recado.storage.transaction import Transaction
from tests.recording import record
from tests.storage.scenarios.people import an_account
from tests.team import ACCOUNT, Team


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


def gone_agents(team: Team) -> GoneAgents:
    return GoneAgents(team.agents, AgentChats(), team.reads, team.departments, team.system, team.clock)


def settle(team: Team, when_gone: Any) -> None:
    departments = team.departments.all
    departments[team.department] = replace(departments[team.department], when_agent_gone=when_gone)


def test_each_chat_of_a_gone_agent(team: Team) -> None:
    settle(team, "requeue")
    user_id = team.join("A", 1)
    team.arrive(3)
    team.look()
    team.presence.disconnect(ACCOUNT, user_id)
    with record() as calls:
        assert gone_agents(team).look_after(ACCOUNT, user_id) == 3
    assert calls.operations["dynamodb:TransactWriteItems"] == 3
    assert calls.operations["dynamodb:Query"] == 1
    assert calls.operations["dynamodb:UpdateItem"] == 1
    assert calls.wru <= 3 * 10 + 1, "CHAT, WAIT, AGENT and the fact, which may take two units; the end of the look"
    assert calls.rru <= 3 * 3 + 2, "CHAT, AGENT with its lease, THREAD for the fact; DEPARTMENT and the list"
    assert calls.index_wru["due"] == 1, "AGENT leaves the index"


def test_chats_that_stay(team: Team) -> None:
    user_id = team.join("A", 1)
    team.arrive(3)
    team.look()
    team.presence.disconnect(ACCOUNT, user_id)
    with record() as calls:
        assert gone_agents(team).look_after(ACCOUNT, user_id) == 0
    assert (calls.wru, calls.rru) == (1, 3 + 1 + 0.5)


def test_an_alert_and_a_page_of_them(team: Team, clock: Any, ids: Any) -> None:
    departments = [team.department, team.add_department("Vendas")]
    for department_id in departments * 2:
        event = Event(ids.new("ev", ACCOUNT), "chat.unattended", clock.now(), Author("system"), {"id": "ca_1"})
        tx = Transaction()
        add_alert(tx, ACCOUNT, department_id, event)
        with record() as writing:
            tx.commit()
        assert (writing.wru, len(tx)) == (2, 1)
    memberships = {one: Membership(1, False, True) for one in departments}
    caller = Caller(ACCOUNT, "agent", user_id="us_1", memberships=memberships)
    with record() as calls:
        page, _ = AlertService(AlertStore(), DepartmentStore()).page(caller, 50, None)
    assert len(page) == 4
    assert (calls.operations, calls.rru) == ({"dynamodb:Query": 2}, 1)


def test_turns_of_a_department(team: Team) -> None:
    users = [team.join(name, position) for position, name in enumerate("AB")]
    for user_id in users:
        user = User(user_id, "x", f"{user_id}@one.example", "agent", team.clock.now())
        UserStore().create(ACCOUNT, user)
    team.presence.set_presence(ACCOUNT, users[0], "paused")
    team.presence.set_presence(ACCOUNT, users[1], "paused")
    team.arrive(5)
    turns = DepartmentTurnsService(
        team.store, QueueLengths(), team.departments, team.agents, UserStore(), team.hours, team.clock
    )
    with record() as calls:
        assert turns.get(Caller(ACCOUNT, "admin"), team.department).waiting == 5
    assert calls.operations == {"dynamodb:Query": 3, "dynamodb:BatchGetItem": 2}
    assert calls.rru <= 1 + 1 + 1 + 2 * 3 + 1, "queue, count, members; AGENT, LEASE and USER each"


def test_following_a_user(team: Team, clock: Any, ids: Any) -> None:
    user_id, other = team.join("A", 1), team.join("B", 2)
    for one in (user_id, other):
        UserStore().create(ACCOUNT, User(one, one, f"{one}@one.example", "agent", clock.now()))
    service = SupervisionService(UserStore(), team.presence)
    with record() as calls:
        service.follow(ACCOUNT, user_id, other)
    assert calls.operations == {"dynamodb:BatchGetItem": 4, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (2, 6)
    with record() as listing:
        assert [one.id for one in service.supervised(ACCOUNT, user_id)] == [other]
    assert (listing.wru, listing.rru) == (0, 3)


def test_most_followed_users_fit_an_agent(team: Team) -> None:
    user_id = team.join("A", 1)
    many = frozenset(team.ids.new("us", ACCOUNT) for _ in range(200))
    assert team.agents.change(ACCOUNT, with_supervised(team.presence.get(ACCOUNT, user_id)[0], many))
    assert team.presence.get(ACCOUNT, user_id)[0].supervised == many


def test_a_department_with_all_its_days(dynamodb: Any, clock: Any, ids: Any) -> None:
    from recado.domain.people import OpenHours

    _, department = an_account(clock, ids)
    days = tuple((clock.now() + timedelta(days=one)).date() for one in range(400))
    hours = tuple(OpenHours(1 + one % 7, 60 * (one // 7), 60 * (one // 7) + 30) for one in range(50))
    after = replace(department, holidays=days, business_hours=hours, away_message="é" * 1000, version=2)
    store = DepartmentStore()
    with record() as calls:
        assert store.change("acctaaaa", department, after, False, clock.now())
    assert calls.wru <= 20
    assert store.get("acctaaaa", department.id) == after
