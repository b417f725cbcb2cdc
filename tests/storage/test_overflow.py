"""Chats whose time has come, on the tables: overflow (E6), the timers of D4, and deadlines that were overtaken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chat_moves import ChatMove, MoveCommit, answered
from recado.domain.chats import Chat
from recado.domain.people import Membership
from recado.domain.timers import armed
from recado.services import chat_timers
from recado.storage import keys
from recado.storage.agents import AgentRecord
from recado.storage.alerts import AlertRecord
from recado.storage.chat_records import ChatEventRecord, ChatRecord, ThreadRecord, WaitRecord
from tests.team import ACCOUNT, Team


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    team = Team(clock, ids)
    team.set(overflow_after_s=120)
    return team


def tick(team: Team, look: bool = True) -> int:
    """The minute's work, and the look that follows."""
    done = team.timers.run_due(160)
    assert not done.failed
    while look and team.wakes.calls:
        department_id, _ = team.wakes.calls.pop(0)
        team.look("not_started", department_id)
    return done.done


def pass_by(team: Team, seconds: float) -> None:
    """Time in which agents keep their leases."""
    team.clock.move(seconds)
    for user_id in team.names:
        team.presence.renew(ACCOUNT, user_id, force=True)


def given(team: Team) -> Chat:
    (chat,) = team.arrive()
    team.look()
    return chat


def events(team: Team, chat: Chat, kind: str) -> list[dict[str, Any]]:
    pk = keys.chat_pk(ACCOUNT, chat.id)
    found = ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"), consistent_read=True)
    return [one.data for one in found if one.type == kind]


def test_e6_not_started_in_time_it_goes_to_the_next_agent(team: Team) -> None:
    a, b = team.join("A", 1), team.join("B", 2)
    chat = given(team)
    queued_at = team.chat(chat).queued_at
    pass_by(team, 119)
    assert tick(team) == 0 and team.owner(chat) == "A"
    pass_by(team, 1)
    assert tick(team) == 1
    assert team.owner(chat) == "B" and team.chat(chat).queued_at == queued_at
    assert [team.presence.get(ACCOUNT, one)[0].load for one in (a, b)] == [0, 1]
    assert events(team, chat, "chat.queued")[-1]["cause"] == "not_started"
    assert events(team, chat, "chat.queued")[-1]["from"]["agent_id"] == a


def test_e6_even_when_the_turn_has_come_round_to_the_same_agent(team: Team) -> None:
    for position, name in enumerate("AB", 1):
        team.join(name, position)
    chat, other = team.arrive(2)
    team.look()
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=team.chat(other).agent_id), other.id)
    pass_by(team, 120)
    tick(team)
    assert (team.owner(chat), team.owner(other)) == ("B", "B")
    outcomes = [(team.names[one["agent_id"]], one["outcome"]) for one in team.receipts(chat)[-1]["candidates"]]
    assert outcomes == [("A", "did_not_start"), ("B", "chosen")]


def test_e6_the_slot_given_back_serves_the_agents_other_departments(team: Team) -> None:
    a = team.join("A", 1, cap=1)
    other = team.add_department("Segundo nível")
    team.presence.set_membership(ACCOUNT, a, other, Membership(1, agent=True, supervisor=False))
    chat = given(team)
    team.join("B", 2)
    (waiting,) = team.arrive(1, other)
    team.look(department=other)
    team.wakes.calls.clear()
    pass_by(team, 120)
    tick(team)
    assert (team.owner(chat), team.owner(waiting)) == ("B", "A")


def test_e6_who_started_keeps_it(team: Team) -> None:
    team.join("A", 1), team.join("B", 2)
    chat = given(team)
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=team.chat(chat).agent_id), chat.id)
    pass_by(team, 500)
    assert tick(team) == 0 and team.owner(chat) == "A"


def test_e6_a_whole_cycle_circles_on_and_tells_the_supervisors(team: Team) -> None:
    for position, name in enumerate("ABC", 1):
        team.join(name, position)
    chat = given(team)
    owners = team.owner(chat)
    for _ in range(5):
        pass_by(team, 120)
        tick(team)
        owners += team.owner(chat)
    assert owners == "ABCABC"
    assert team.chat(chat).cycles == 1
    (told,) = AlertRecord.query(keys.alerts_pk(ACCOUNT, team.department))
    assert told.type == "chat.unattended" and len(told.data["not_started_by"]) == 3
    assert len(events(team, chat, "chat.unattended")) == 1


def test_e6_the_only_agent_gets_it_again_and_the_supervisors_are_told(team: Team) -> None:
    team.join("A", 1)
    chat = given(team)
    pass_by(team, 120)
    tick(team)
    assert (team.owner(chat), team.chat(chat).cycles) == ("A", 1)


def second_level(team: Team, name: str = "Z") -> str:
    """The department to which the first overflows, with one agent, and back."""
    other = team.add_department("Segundo nível", overflow_after_s=120, overflow_department_id=team.department)
    team.set(overflow_department_id=other)
    user_id = team.join(name, 99)
    team.presence.set_membership(ACCOUNT, user_id, team.department, None)
    team.presence.set_membership(ACCOUNT, user_id, other, Membership(1, agent=True, supervisor=False))
    return other


def test_e6_overflow_to_another_department_keeps_seniority(team: Team) -> None:
    team.join("A", 1)
    other = second_level(team)
    chat = given(team)
    pass_by(team, 60)
    younger = team.arrive(1, other)[0]
    pass_by(team, 60)
    assert tick(team, look=False) == 1
    team.look("not_started")
    assert team.waiting(other) == [chat.id, younger.id], "in front of those who came later"
    assert events(team, chat, "chat.queued")[-1]["cause"] == "overflow"
    assert [one.type for one in AlertRecord.query(keys.alerts_pk(ACCOUNT, team.department))] == ["chat.unattended"]
    team.look(department=other)
    assert (team.chat(chat).department_id, team.owner(chat)) == (other, "Z")


def test_e6_it_keeps_circling_between_departments_that_overflow_to_each_other(team: Team) -> None:
    team.join("A", 1)
    second_level(team)
    chat = given(team)
    owners = team.owner(chat)
    for _ in range(3):
        pass_by(team, 120)
        tick(team)
        owners += team.owner(chat)
    assert owners == "AZAZ"


def test_e6_nobody_there_is_no_way_on(team: Team) -> None:
    team.join("A", 1)
    other = team.add_department("Segundo nível")
    team.set(overflow_department_id=other)
    chat = given(team)
    pass_by(team, 120)
    tick(team)
    assert (team.chat(chat).department_id, team.owner(chat), team.chat(chat).cycles) == (team.department, "A", 1)


def test_e6_when_nobody_else_is_there_the_supervisors_are_told_and_it_goes_on_when_somebody_is(team: Team) -> None:
    a = team.join("A", 1)
    second_level(team)
    z = next(user_id for user_id, name in team.names.items() if name == "Z")
    chat = given(team)
    for user_id in (a, z):
        team.presence.set_presence(ACCOUNT, user_id, "paused")
    for _ in range(4):
        pass_by(team, 120)
        tick(team)
    assert team.waiting() == [chat.id]
    assert len(list(AlertRecord.query(keys.alerts_pk(ACCOUNT, team.department)))) == 1, "told once"
    assert (team.chat(chat).cycles, team.chat(chat).due_at) == (1, None)


def test_e4_a_chat_that_nobody_was_given_waits_where_it_is(team: Team) -> None:
    a = team.join("A", 1, cap=1)
    second_level(team)
    first = given(team)
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=a), first.id)
    others = team.arrive(3)
    pass_by(team, 7200)
    tick(team)
    assert team.waiting() == [one.id for one in others]


def test_e7_a_chat_that_nobody_can_be_given_has_its_receipt_once(team: Team) -> None:
    team.join("A", 1, cap=1), team.join("B", 2, available=False)
    given(team)
    first, second = team.arrive(2)
    team.look()
    team.look()
    (receipt,) = team.receipts(first)
    assert (receipt["agent_id"], receipt["load_after"]) == (None, None)
    outcomes = [(team.names[one["agent_id"]], one["outcome"]) for one in receipt["candidates"]]
    assert outcomes == [("B", "unavailable"), ("A", "at_cap")]
    assert len(team.receipts(second)) == 1
    (third,) = team.arrive()
    team.look()
    assert len(team.receipts(third)) == 1 and len(team.receipts(first)) == 1


def test_a_stale_deadline_does_nothing(team: Team) -> None:
    team.join("A", 1), team.join("B", 2)
    chat = given(team)
    stale = ChatRecord.get(keys.chat_pk(ACCOUNT, chat.id), "CHAT")
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=team.chat(chat).agent_id), chat.id)
    ChatRecord(stale.pk, stale.sk).update(
        [ChatRecord.due_pk.set(stale.due_pk), ChatRecord.due_sk.set(stale.due_sk), ChatRecord.due_at.set(stale.due_at)]
    )
    before = team.chat(chat)
    pass_by(team, 600)
    assert tick(team) == 0
    after = team.chat(chat)
    assert (after.agent_id, after.version, after.due_at) == (before.agent_id, before.version, None)
    assert team.timers.run_due(160).seen == 0, "and is not found again"


def test_a_longer_time_given_meanwhile_holds(team: Team) -> None:
    team.join("A", 1)
    chat = given(team)
    team.set(overflow_after_s=600)
    pass_by(team, 120)
    assert tick(team) == 0
    assert team.chat(chat).due_at == (team.chat(chat).assigned_at or team.clock.now()) + timedelta(seconds=600)
    team.set(overflow_after_s=None)
    pass_by(team, 600)
    assert tick(team) == 0 and team.chat(chat).due_at is None


def test_nobody_is_expected_to_start_while_the_department_is_closed(team: Team) -> None:
    team.join("A", 1)
    chat = given(team)
    opens = team.clock.now() + timedelta(hours=10)
    team.hours.closed[team.department] = opens
    pass_by(team, 120)
    assert tick(team) == 0 and team.owner(chat) == "A"
    assert team.chat(chat).due_at == opens + timedelta(seconds=120)


def test_a_closed_department_gives_nothing_out(team: Team) -> None:
    team.join("A", 1)
    team.hours.closed[team.department] = None
    assert team.give() == "-"
    del team.hours.closed[team.department]
    assert team.look("department_opened").assigned == 1


def test_d4_too_long_in_automatic_goes_to_the_queue(team: Team) -> None:
    team.set(max_automatic_s=300)
    chat = automatic(team)
    pass_by(team, 299)
    assert tick(team, look=False) == 0
    pass_by(team, 1)
    assert tick(team, look=False) == 1
    assert team.chat(chat).situation == "queued" and team.waiting() == [chat.id]
    assert events(team, chat, "chat.queued")[-1]["cause"] == "automatic_timeout"


def automatic(team: Team) -> Chat:
    (chat,) = team.arrive()
    WaitRecord(keys.queue_pk(ACCOUNT, team.department), keys.wait_sk(chat.queued_at, chat.id)).delete()  # type: ignore[arg-type]
    chat = replace(chat, situation="automatic", queued_at=None, moved_at=team.clock.now())
    ChatRecord.of_chat(ACCOUNT, armed(chat, team.departments.get(ACCOUNT, team.department))).save()
    return chat


def served(team: Team) -> Chat:
    """A chat that was answered when it began."""
    team.set(close_idle_after_s=3600)
    team.join("A", 1)
    chat = given(team)
    now = team.clock.now()
    move = ChatMove(team.chat(chat), answered(team.chat(chat), str(team.chat(chat).agent_id), now) or chat)
    stored = replace(move, after=armed(move.after, team.departments.get(ACCOUNT, team.department)))
    assert not team.moves.commit(ACCOUNT, MoveCommit([stored], [], []))
    wrote(team, chat, company_wrote_at=now)
    return chat


def wrote(team: Team, chat: Chat, **thread: Any) -> None:
    stored = team.reads.thread(ACCOUNT, chat.thread)
    assert stored is not None
    ThreadRecord.of_thread(ACCOUNT, replace(stored, **thread)).save()


def test_d4_a_customer_who_does_not_answer_closes_the_chat(team: Team) -> None:
    chat = served(team)
    pass_by(team, 600)
    wrote(team, chat, company_wrote_at=team.clock.now())
    pass_by(team, 3000)
    assert tick(team) == 0, "an hour after it began is not an hour after the last message"
    pass_by(team, 599)
    assert tick(team) == 0
    pass_by(team, 1)
    assert tick(team) == 1
    assert team.chat(chat).situation == "closed"
    assert events(team, chat, "chat.closed")[-1]["cause"] == "customer_idle"
    assert next(iter(AgentRecord.query(keys.agent_pk(ACCOUNT, next(iter(team.names)))))).load == 0


def test_d4_it_is_not_for_the_customer_to_answer_who_wrote_last(team: Team) -> None:
    chat = served(team)
    wrote(team, chat, company_wrote_at=None)
    for _ in range(5):
        pass_by(team, 3600)
        assert tick(team) == 0 and team.chat(chat).situation == "in_service"
    wrote(team, chat, company_wrote_at=team.clock.now())
    pass_by(team, 3600)
    assert tick(team) == 1, "and is found again once the company has answered"


def test_d4_a_chat_that_nobody_answered_is_not_closed(team: Team) -> None:
    team.set(close_idle_after_s=300)
    a = team.join("A", 1)
    chat = given(team)
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=a), chat.id)
    pass_by(team, 40_000)
    assert tick(team) == 0 and team.chat(chat).situation == "in_service"


def test_a_timer_that_is_switched_on_reaches_the_chats_that_are_there(team: Team) -> None:
    team.set(overflow_after_s=None)
    team.join("A", 1), team.join("B", 2)
    chat = given(team)
    assert team.chat(chat).due_at is None
    team.set(overflow_after_s=120)
    department = team.departments.get(ACCOUNT, team.department)
    assert department is not None
    assert team.timers.rearm(ACCOUNT, department, "") is None
    pass_by(team, 120)
    assert tick(team) == 1 and team.owner(chat) == "B"


def test_many_timers_are_set_a_page_at_a_time(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_timers, "_REARMED", 2)
    team.set(overflow_after_s=None)
    team.join("A", 1)
    chats = team.arrive(5)
    team.look()
    team.set(overflow_after_s=120)
    department = team.departments.get(ACCOUNT, team.department)
    assert department is not None
    place: str | None = ""
    pages = 0
    while place is not None:
        place, pages = team.timers.rearm(ACCOUNT, department, place), pages + 1
    assert pages == 3 and all(team.chat(chat).due_at for chat in chats)


def test_d4_off_unless_enabled(team: Team) -> None:
    team.join("A", 1)
    chat = given(team)
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=team.chat(chat).agent_id), chat.id)
    assert team.chat(chat).due_at is None


def test_one_that_raises_stops_no_other_and_is_looked_at_again(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.join("A", 1), team.join("B", 2)
    first, second = team.arrive(2)
    team.look()
    look = team.timers.look

    def failing(a: str, chat_id: str) -> bool:
        if chat_id == first.id:
            raise RuntimeError("no")
        return look(a, chat_id)

    monkeypatch.setattr(team.timers, "look", failing)
    pass_by(team, 120)
    done = team.timers.run_due(160)
    assert list(done.failed) == [first.id] and done.done == 1
    assert team.timers.run_due(160).seen == 0
    monkeypatch.setattr(team.timers, "look", look)
    pass_by(team, 60)
    assert tick(team) >= 1 and team.owner(second) != "-"


def test_last_agent_priority_gives_it_to_who_served_last_and_keeps_the_turn(team: Team) -> None:
    team.set(last_agent_first=True)
    for position, name in enumerate("ABC", 1):
        team.join(name, position)
    c = next(user_id for user_id, name in team.names.items() if name == "C")
    assert team.give(1) == "A"
    (chat,) = team.arrive()
    preferring = replace(chat, preferred_agent_id=c)
    ChatRecord.of_chat(ACCOUNT, preferring).save()
    WaitRecord.of(preferring, **_wait_fields(preferring)).save()
    team.look()
    assert team.owner(chat) == "C" and team.receipts(chat)[0]["cause"] == "last_agent"
    assert team.give(3) == "BCA"


def _wait_fields(chat: Chat) -> dict[str, Any]:
    assert chat.queued_at is not None
    return {
        "pk": keys.queue_pk(ACCOUNT, chat.department_id),
        "sk": keys.wait_sk(chat.queued_at, chat.id),
        "sender": chat.thread.sender,
        "not_started_by": None,
        "cycles": None,
        "served_by": None,
        "attribution": None,
    }
