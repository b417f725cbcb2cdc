"""Distribution on the tables: the examples of PRODUCT E, draining, leases, receipts, and what a decision costs."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.agents import MAX_DEPARTMENTS
from recado.domain.errors import Conflict, Invalid
from recado.domain.people import Membership
from recado.storage import keys
from recado.storage.agents import MemberRecord, RingRecord
from recado.storage.chat_records import HeadRecord
from tests.recording import record
from tests.team import ACCOUNT, Team


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


def abc(team: Team, cap: int | None = None) -> None:
    for position, name in enumerate("ABC", start=1):
        team.join(name, position, cap=cap)


def id_of(team: Team, name: str) -> str:
    return next(user_id for user_id, known in team.names.items() if known == name)


def test_e1_a_b_c_a_b_c_a_with_closures_in_between(team: Team) -> None:
    abc(team)
    got, chats = "", []
    for _ in range(7):
        (chat,) = team.arrive()
        team.look()
        got += team.owner(chat)
        chats.append(chat)
        team.close(chats[len(chats) // 2])
    assert got == "ABCABCA"


def test_e1_a_faster_agent_gains_nothing(team: Team) -> None:
    abc(team)
    got = ""
    for _ in range(6):
        (chat,) = team.arrive()
        team.look()
        got += team.owner(chat)
        if team.owner(chat) == "A":
            team.close(chat)
    assert got == "ABCABC"


def test_cap_2_and_three_agents_nine_chats_give_2_2_2_and_three_wait_and_a_close_drains_the_oldest(team: Team) -> None:
    abc(team, cap=2)
    chats = team.arrive(9)
    team.look()
    assert "".join(team.owner(chat) for chat in chats) == "ABCABC---"
    closed = chats[1]
    team.close(closed)
    assert team.wakes.calls[-1] == (team.department, "slot_freed")
    team.look("slot_freed")
    assert team.owner(chats[6]) == "B"
    assert team.waiting() == [chats[7].id, chats[8].id]


def test_e2_cap_2_a_and_b_full_next_three_go_c_c_queue(team: Team) -> None:
    abc(team, cap=2)
    six = team.arrive(6)
    team.look()
    for chat in six:
        if team.owner(chat) == "C":
            team.close(chat)
    assert team.give(3) == "CC-"


def test_e3_paused_b_a_c_a_c(team: Team) -> None:
    abc(team)
    team.presence.set_presence(ACCOUNT, id_of(team, "B"), "paused", "almoço")
    assert team.give(4) == "ACAC"


def test_e5_who_returns_is_served_when_the_order_reaches_them(team: Team) -> None:
    abc(team)
    team.presence.set_presence(ACCOUNT, id_of(team, "B"), "paused", "almoço")
    assert team.give(2) == "AC"
    team.presence.set_presence(ACCOUNT, id_of(team, "B"), "available")
    assert team.give(3) == "ABC"


def test_e5_logging_out_and_in_gains_nothing(team: Team) -> None:
    abc(team)
    assert team.give(1) == "A"
    team.presence.disconnect(ACCOUNT, id_of(team, "A"))
    team.presence.renew(ACCOUNT, id_of(team, "A"), force=True)
    assert team.give(3) == "BCA"


def test_a_raised_cap_and_a_returning_agent_wake_the_department(team: Team) -> None:
    a = team.join("A", 1, cap=1)
    assert team.give(2) == "A-"
    team.presence.set_cap(ACCOUNT, a, 2)
    assert team.wakes.calls[-1] == (team.department, "cap_raised")
    assert team.look("cap_raised").assigned == 1
    b = team.join("B", 2, available=False)
    team.presence.set_presence(ACCOUNT, b, "available")
    assert team.wakes.calls[-1] == (team.department, "agent_returned")


def test_a_lapsed_lease_is_never_given_a_chat_and_renewing_it_drains(team: Team) -> None:
    a = team.join("A", 1)
    team.clock.move(91)
    assert team.give(1) == "-"
    assert team.agents.get(ACCOUNT, a)[0].connected is False  # type: ignore[index]
    team.presence.renew(ACCOUNT, a, force=True)
    assert team.look("agent_returned").assigned == 1


def test_heartbeats_keep_an_agent_in_turn_and_the_sweep_finds_the_others(team: Team) -> None:
    a, b = team.join("A", 1), team.join("B", 2)
    team.clock.move(60)
    team.presence.renew(ACCOUNT, a, force=True)
    team.clock.move(35)
    assert team.presence.lapse_due(100).done == 1
    assert team.agents.get(ACCOUNT, b)[0].connected is False  # type: ignore[index]
    team.clock.move(50)
    assert team.presence.lapse_due(100).done == 0
    assert team.give(2) == "AA"
    team.clock.move(50)
    assert team.presence.lapse_due(100).done == 1


def test_an_agent_unavailable_in_one_department_still_serves_the_other(team: Team) -> None:
    a = team.join("A", 1)
    other = team.add_department("Vendas")
    team.presence.set_membership(ACCOUNT, a, other, Membership(1, agent=True, supervisor=False))
    team.presence.set_membership(ACCOUNT, a, team.department, Membership(1, True, False, unavailable=True))
    assert team.give(1) == "-"
    (chat,) = team.arrive(1, other)
    team.look(department=other)
    assert team.owner(chat) == "A"


def test_a_cap_holds_over_all_departments_of_an_agent(team: Team) -> None:
    a = team.join("A", 1, cap=1)
    other = team.add_department("Vendas")
    team.presence.set_membership(ACCOUNT, a, other, Membership(1, agent=True, supervisor=False))
    assert team.give(1) == "A"
    (chat,) = team.arrive(1, other)
    assert team.look(department=other).assigned == 0
    assert team.waiting(other) == [chat.id]


def test_a_supervisor_is_left_out_and_one_who_is_both_takes_part(team: Team) -> None:
    team.join("S", 1, supervisor=True)
    team.join("A", 2)
    both = team.join("T", 3)
    team.presence.set_membership(ACCOUNT, both, team.department, Membership(3, agent=True, supervisor=True))
    assert team.give(3) == "ATA"


def test_a_moved_position_changes_the_order_in_the_middle(team: Team) -> None:
    abc(team)
    assert team.give(1) == "A"
    team.presence.set_membership(ACCOUNT, id_of(team, "C"), team.department, Membership(0, True, False))
    assert team.give(3) == "BCA"
    members = [record.user_id for record in MemberRecord.query(keys.members_pk(ACCOUNT, team.department))]
    assert [team.names[user_id] for user_id in members] == ["C", "A", "B"]


def test_a_department_without_distribution_lets_chats_wait_until_assumed(team: Team) -> None:
    manual = team.add_department("Manual", enabled=False)
    a = team.join("A", 1)
    (chat,) = team.arrive(1, manual)
    assert team.look(department=manual).assigned == 0
    place = {manual: Membership(1, True, False)}
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=a, memberships=place), chat.id)
    taken = team.chat(chat)
    assert (taken.situation, taken.agent_id, taken.started_at) == ("in_service", a, team.clock.now())
    assert team.waiting(manual) == []
    assert team.agents.get(ACCOUNT, a)[0].load == 1  # type: ignore[index]


def test_assuming_starts_an_assigned_chat_once_and_a_second_agent_is_told_who_has_it(team: Team) -> None:
    a, b = team.join("A", 1), team.join("B", 2)
    (chat,) = team.arrive()
    team.look()
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=a), chat.id)
    version = team.chat(chat).version
    assert team.actions.assume(Caller(ACCOUNT, "agent", user_id=a), chat.id).version == version
    with pytest.raises(Conflict) as refused:
        team.actions.assume(Caller(ACCOUNT, "agent", user_id=b), chat.id)
    assert (refused.value.code, refused.value.extra["agent_id"]) == ("chat_taken", a)


def test_assuming_at_the_cap_is_refused(team: Team) -> None:
    a = team.join("A", 1, cap=1)
    chats = team.arrive(2)
    team.look()
    place = {team.department: Membership(1, True, False)}
    with pytest.raises(Conflict) as refused:
        team.actions.assume(Caller(ACCOUNT, "agent", user_id=a, memberships=place), chats[1].id)
    assert refused.value.code == "agent_at_cap"
    assert team.waiting() == [chats[1].id]


def test_a_chat_put_back_waits_and_its_agent_is_free_again(team: Team) -> None:
    a = team.join("A", 1, cap=1)
    chats = team.arrive(2)
    team.look()
    team.clock.move(1)
    team.actions.queue(Caller(ACCOUNT, "agent", user_id=a), chats[0].id)
    assert set(team.waiting()) == {chats[0].id, chats[1].id}
    team.look()
    assert [team.owner(chat) for chat in chats] == ["-", "A"]


def test_closing_twice_changes_nothing_the_second_time(team: Team) -> None:
    a = team.join("A", 1)
    (chat,) = team.arrive()
    team.look()
    first = team.close(chat)
    assert team.actions.close(Caller(ACCOUNT, "agent", user_id=a), chat.id) == first
    assert team.agents.get(ACCOUNT, a)[0].load == 0  # type: ignore[index]


def test_the_receipt_tells_who_was_passed_over(team: Team) -> None:
    abc(team)
    team.presence.set_presence(ACCOUNT, id_of(team, "A"), "paused", "almoço")
    team.presence.disconnect(ACCOUNT, id_of(team, "B"))
    (chat,) = team.arrive()
    team.look()
    (receipt,) = team.receipts(chat)
    outcomes = [(team.names[one["agent_id"]], one["outcome"]) for one in receipt["candidates"]]
    assert outcomes == [("A", "paused"), ("B", "offline"), ("C", "chosen")]
    assert (receipt["turn"], receipt["load_after"], receipt["cause"], receipt["not_listed"]) == (1, 1, "queued", 0)


def test_chats_of_a_department_that_is_gone_wait_in_the_default_one_in_their_old_places(team: Team) -> None:
    team.join("A", 1)
    other = team.add_department("Vendas")
    (gone,) = team.arrive(1, other)
    (later,) = team.arrive()
    del team.departments.all[other]
    team.look(department=other)
    assert (team.waiting(other), team.waiting()) == ([], [gone.id, later.id])
    assert team.wakes.calls[-1] == (team.department, "department_gone")
    assert team.look().assigned == 2


def test_a_transfer_between_two_agents_of_the_most_departments_fits_a_transaction(team: Team) -> None:
    a, b = team.join("A", 1, cap=1), team.join("B", 2, cap=1)
    for number in range(MAX_DEPARTMENTS - 1):
        department = team.add_department(f"{number}")
        for position, user_id in enumerate((a, b)):
            team.presence.set_membership(ACCOUNT, user_id, department, Membership(position, True, False))
    (chat,) = team.arrive()
    team.look()
    team.actions.transfer_to_agent(Caller(ACCOUNT, "admin"), chat.id, b)
    assert [team.agents.get(ACCOUNT, one)[0].load for one in (a, b)] == [0, 1]  # type: ignore[index]
    with pytest.raises(Conflict) as refused:
        team.presence.set_membership(ACCOUNT, a, team.add_department("one more"), Membership(1, True, False))
    assert refused.value.code == "too_many_departments"


def test_rings_members_and_agents_agree_after_everything(team: Team) -> None:
    abc(team, cap=1)
    chats = team.arrive(3)
    team.look()
    assert list(RingRecord.query(keys.ring_pk(ACCOUNT, team.department))) == []
    team.close(chats[0])
    ring = [record.user_id for record in RingRecord.query(keys.ring_pk(ACCOUNT, team.department))]
    eligible = [
        record.user_id for record in MemberRecord.query(keys.members_pk(ACCOUNT, team.department)) if record.eligible
    ]
    assert ring == eligible == [id_of(team, "A")]


def bulk_members(team: Team, count: int, eligible: bool) -> None:
    """Members that were never looked at one by one: paused agents, or agents free to take chats."""
    from datetime import timedelta

    from recado.storage.agents import AgentRecord, LeaseRecord

    presence = "available" if eligible else "paused"
    with AgentRecord.batch_write() as batch:
        for n in range(count):
            user_id = team.ids.new("us", ACCOUNT)
            team.names[user_id] = f"X{n}"
            place = {"position": 100 + n, "agent": True, "supervisor": False, "unavailable": False}
            batch.save(
                AgentRecord(
                    keys.agent_pk(ACCOUNT, user_id),
                    "AGENT",
                    user_id=user_id,
                    presence=presence,
                    connected=True,
                    load=0,
                    version=1,
                    memberships={team.department: place},
                )
            )
            batch.save(
                LeaseRecord(keys.agent_pk(ACCOUNT, user_id), "LEASE", lease_until=team.clock.now() + timedelta(hours=1))
            )
            at = keys.place_sk(100 + n, user_id)
            batch.save(
                MemberRecord(
                    keys.members_pk(ACCOUNT, team.department), at, user_id=user_id, position=100 + n, eligible=eligible
                )
            )
            if eligible:
                batch.save(RingRecord(keys.ring_pk(ACCOUNT, team.department), at, user_id=user_id, position=100 + n))


@pytest.mark.parametrize("agents", [5, 500])
def test_p9_an_assignment_is_three_reads_a_department_and_one_transaction(team: Team, agents: int) -> None:
    bulk_members(team, agents, eligible=True)
    for _ in range(2):
        team.arrive()
        with record() as calls:
            team.look()
        # the second look of each round finds nobody waiting: one query
        assert calls.operations == {"dynamodb:Query": 3, "dynamodb:BatchGetItem": 1, "dynamodb:TransactWriteItems": 1}
        assert calls.rru <= 7
    *_, last = MemberRecord.query(keys.members_pk(ACCOUNT, team.department))
    HeadRecord(keys.queue_pk(ACCOUNT, team.department), "HEAD", cursor=last.sk, turn=2).save()
    team.arrive()
    with record() as calls:
        team.look()
    assert calls.operations["dynamodb:Query"] <= 4, "at the turn of the ring one query more"


def test_p9_one_free_agent_behind_500_paused_ones_is_found_by_the_ring(team: Team) -> None:
    bulk_members(team, 500, eligible=False)
    free = team.join("Z", 90_000)
    (chat,) = team.arrive()
    with record() as calls:
        team.look()
    assert team.chat(chat).agent_id == free
    assert sum(calls.operations.values()) <= 8
    (receipt,) = team.receipts(chat)
    assert len(receipt["candidates"]) == 26
    assert receipt["not_listed"] == 475


def test_many_waiting_share_transactions(team: Team) -> None:
    for position in range(10):
        team.join(f"{position}", position, cap=6)
    team.arrive(60)
    tally = team.look()
    assert tally.assigned == 60
    assert tally.assigned / tally.transactions >= 10
    assert {team.agents.get(ACCOUNT, user_id)[0].load for user_id in team.names} == {6}  # type: ignore[index]


def test_who_closes_or_queues_after_somebody_else_lost_the_race(team: Team) -> None:
    a, b = team.join("A", 1), team.join("B", 2)
    ana, bruno = Caller(ACCOUNT, "admin", user_id=a), Caller(ACCOUNT, "admin", user_id=b)
    (chat,) = team.arrive()
    with pytest.raises(Conflict) as waits:
        team.actions.queue(ana, chat.id)
    assert waits.value.code == "already_queued"
    closed = team.actions.close(ana, chat.id)
    assert team.actions.close(ana, chat.id) == closed
    with pytest.raises(Conflict) as late:
        team.actions.close(bruno, chat.id)
    assert late.value.code == "already_closed"


def test_an_unknown_tabulation_is_refused_and_changes_nothing(team: Team) -> None:
    a = team.join("A", 1)
    (chat,) = team.arrive()
    with pytest.raises(Invalid) as refused:
        team.actions.close(Caller(ACCOUNT, "admin", user_id=a), chat.id, "tb_no")
    assert refused.value.errors[0].pointer == "/tabulation_id"
    assert team.chat(chat).situation == "queued"
