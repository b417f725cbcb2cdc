"""What the services themselves write of a chat's life counts as the reports say."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.people import Membership
from recado.domain.reports import summed
from recado.services.views import event_view
from recado.storage import keys
from recado.storage.chat_records import ChatEventRecord
from tests.team import ACCOUNT, Team


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


def admin() -> Caller:
    return Caller(ACCOUNT, "admin", user_id=f"us_{ACCOUNT}_admin")


def later(team: Team, seconds: int) -> None:
    """Time passes; everybody stays connected."""
    team.clock.move(seconds)
    for user_id in team.names:
        team.presence.renew(ACCOUNT, user_id, force=True)


def figures(team: Team, chat: Chat) -> dict[str, dict[str, int]]:
    """By name, what the facts of a chat count for; times with those of equal name."""
    found = ChatEventRecord.query(keys.chat_pk(ACCOUNT, chat.id), ChatEventRecord.sk.startswith("EVT#"))
    names = {**team.names, team.department: "Suporte", chat.channel_id: "channel"}
    sums = summed([event_view(record.event()) for record in found], UTC)
    return {names.get(counter.id, counter.id): amounts for counter, amounts in sums.items()}


def test_in_turn_passed_over_handed_on_and_closed(team: Team) -> None:
    team.set(overflow_after_s=120)
    for place, name in enumerate(("Ana", "Bruno"), 1):
        team.join(name, place)
    carla = team.join("Carla", 3, available=False)
    [chat] = team.arrive()
    later(team, 90)
    team.look()
    assert team.owner(chat) == "Ana"
    later(team, 120)
    team.timers.run_due(10)
    later(team, 30)
    team.look()
    assert team.owner(chat) == "Bruno"
    team.clock.move(60)
    team.actions.transfer_to_agent(admin(), chat.id, carla)
    team.clock.move(1_200)
    team.close(chat)
    ends = {"closed": 1, "duration_s": 1_500, "duration_n": 1, "handling_s": 1_200, "handling_n": 1}
    assert figures(team, chat) == {
        "Ana": {"assigned": 1, "waiting_s": 90, "waiting_n": 1, "not_started": 1},
        "Bruno": {"assigned": 1, "waiting_s": 240, "waiting_n": 1, "transferred_out": 1},
        "Carla": {"assigned": 1, "transferred_in": 1, **ends},
        "Suporte": {"assigned": 3, "waiting_s": 330, "waiting_n": 2, "not_started": 1, **ends},
        "channel": {"assigned": 3, "waiting_s": 330, "waiting_n": 2, "not_started": 1, **ends},
    }


def test_taken_by_hand_sent_to_another_department_and_closed_there_unserved(team: Team) -> None:
    ana = team.join("Ana", 1, available=False)
    sales = team.add_department("Vendas")
    team.names[sales] = "Vendas"
    [chat] = team.arrive()
    team.clock.move(10)
    caller = Caller(
        ACCOUNT, "agent", user_id=ana, memberships={team.department: Membership(1, agent=True, supervisor=False)}
    )
    team.actions.assume(caller, chat.id)
    team.actions.assume(caller, chat.id)  # nothing is left to do, so nothing counts
    team.clock.move(20)
    team.actions.transfer_to_department(caller, chat.id, sales)
    team.clock.move(30)
    team.actions.close(admin(), chat.id)
    team.actions.close(admin(), chat.id)
    assert figures(team, chat) == {
        "Ana": {"assigned": 1, "waiting_s": 10, "waiting_n": 1, "transferred_out": 1},
        "Suporte": {"assigned": 1, "waiting_s": 10, "waiting_n": 1, "transferred_out": 1},
        "Vendas": {"transferred_in": 1, "closed": 1, "duration_s": 60, "duration_n": 1},
        "channel": {"assigned": 1, "waiting_s": 10, "waiting_n": 1, "closed": 1, "duration_s": 60, "duration_n": 1},
    }


def test_reopened_in_ones_own_hands_and_closed_again(team: Team) -> None:
    ana = team.join("Ana", 1)
    [chat] = team.arrive()
    team.clock.move(5)
    team.look()
    team.clock.move(10)
    team.close(chat)
    team.clock.move(3_600)
    caller = Caller(
        ACCOUNT, "agent", user_id=ana, memberships={team.department: Membership(1, agent=True, supervisor=False)}
    )
    team.actions.reopen(caller, chat.id)
    team.clock.move(100)
    team.close(chat)
    assert figures(team, chat)["Ana"] == {
        "assigned": 2, "waiting_s": 5, "waiting_n": 1, "reopened": 1,
        "closed": 2, "duration_s": 15 + 100, "duration_n": 2, "handling_s": 10 + 100, "handling_n": 2,
    }  # fmt: skip
