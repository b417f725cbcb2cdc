"""Transfers and reopening: their rules, their refusals, and two who act at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chat_moves import ChatMove, MoveCommit
from recado.domain.chats import Chat
from recado.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from recado.domain.people import Membership, Role
from recado.storage import keys
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.chat_records import ChatEventRecord
from tests.team import ACCOUNT, Team

ADMIN = Caller(ACCOUNT, "admin", user_id=f"us_{ACCOUNT}_{9:027x}")
OTHER_ADMIN = Caller(ACCOUNT, "admin", user_id=f"us_{ACCOUNT}_{8:027x}")


class Meanwhile(ChatMoveStore):
    """Lets somebody else act right before the next commit."""

    def __init__(self) -> None:
        self.act: Callable[[], object] | None = None

    def commit(self, a: str, commit: MoveCommit) -> frozenset[str]:
        act, self.act = self.act, None
        if act is not None:
            act()
        return super().commit(a, commit)


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids, Meanwhile())


def meanwhile(team: Team, act: Callable[[], object]) -> None:
    assert isinstance(team.moves, Meanwhile)
    team.moves.act = act


def member(team: Team, user_id: str, role: Role = "agent") -> Caller:
    return Caller(ACCOUNT, role, user_id=user_id, memberships={team.department: Membership(1, True, False)})


def facts(chat: Chat) -> list[str]:
    pk = keys.chat_pk(ACCOUNT, chat.id)
    return [one.type for one in ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"), consistent_read=True)]


def load(team: Team, user_id: str) -> int:
    return team.presence.get(ACCOUNT, user_id)[0].load


def refused(kind: type[DomainError], act: Callable[[], object]) -> DomainError:
    with pytest.raises(kind) as raised:
        act()
    return raised.value


# -- timers ----------------------------------------------------------------------------------------------------------


def test_every_action_arms_the_chat_by_the_department_where_it_is_then(team: Team) -> None:
    user_id = team.join("A", 1, available=False)
    other = team.add_department("Vendas")
    for department, seconds in ((team.department, 300), (other, 600)):
        team.set(department, overflow_after_s=seconds, overflow_department_id=_third(team), close_idle_after_s=900)
    (chat,) = team.arrive()
    moved = team.actions.transfer_to_department(ADMIN, chat.id, other)
    assert moved.due_at is None, "nobody has had it in vain"
    given = team.actions.transfer_to_agent(ADMIN, chat.id, user_id)
    assert given.due_at == team.clock.now() + timedelta(seconds=600)
    begun = team.actions.assume(member(team, user_id), chat.id)
    assert begun.due_at is None, "nobody has answered yet"
    given = team.actions.transfer_to_agent(ADMIN, chat.id, team.join("B", 2, available=False))
    assert given.due_at == team.chat(chat).due_at == team.clock.now() + timedelta(seconds=600)
    closed = team.actions.close(ADMIN, chat.id)
    assert (closed.due_at, team.chat(chat).due_at) == (None, None)


def _third(team: Team) -> str:
    names = {one.name: one.id for one in team.departments.all.values()}
    return names.get("Reserva") or team.add_department("Reserva")


# -- transfers -------------------------------------------------------------------------------------------------------


def test_a_transfer_to_nobody_changes_nothing(team: Team, ids: Any) -> None:
    (chat,) = team.arrive()
    for agent_id in ("x", "us_otheracc_" + "0" * 27, ids.new("us", ACCOUNT), ids.new("dp", ACCOUNT)):
        error = refused(Invalid, lambda agent_id=agent_id: team.actions.transfer_to_agent(ADMIN, chat.id, agent_id))
        assert [(one.pointer, one.code) for one in error.errors] == [("/agent_id", "not_found")]
    for department_id in ("x", "dp_otheracc_" + "0" * 27, ids.new("dp", ACCOUNT)):
        error = refused(
            Invalid,
            lambda there=department_id: team.actions.transfer_to_department(ADMIN, chat.id, there),
        )
        assert [(one.pointer, one.code) for one in error.errors] == [("/department_id", "not_found")]
    assert team.chat(chat) == chat and facts(chat) == []


def test_an_agent_at_the_cap_is_given_nothing(team: Team) -> None:
    user_id = team.join("A", 1, cap=1)
    team.give(1)
    (chat,) = team.arrive()
    error = refused(Conflict, lambda: team.actions.transfer_to_agent(ADMIN, chat.id, user_id))
    assert (error.code, error.errors[0].pointer) == ("agent_at_cap", "/agent_id")
    assert team.chat(chat) == chat and load(team, user_id) == 1


def test_who_is_not_connected_is_given_nothing_where_chats_do_not_stay_with_who_is_gone(team: Team) -> None:
    (chat,) = team.arrive()
    away = team.join("A", 1)
    team.presence.disconnect(ACCOUNT, away)
    lapsing = team.join("B", 2)
    team.set(when_agent_gone="requeue")
    team.clock.move(91)
    for agent_id in (away, lapsing):
        error = refused(Conflict, lambda agent_id=agent_id: team.actions.transfer_to_agent(ADMIN, chat.id, agent_id))
        assert (error.code, error.errors[0].pointer) == ("agent_offline", "/agent_id")
    assert team.chat(chat) == chat and team.presence.get(ACCOUNT, away)[0].load == 0
    team.set(when_agent_gone="stay")
    assert team.actions.transfer_to_agent(ADMIN, chat.id, away).agent_id == away


def test_a_department_that_does_not_work_now_takes_no_transfer(team: Team) -> None:
    closed = team.add_department("Vendas")
    opens_at = team.clock.now() + timedelta(hours=2)
    team.hours.closed[closed] = opens_at
    (chat,) = team.arrive()
    error = refused(Conflict, lambda: team.actions.transfer_to_department(ADMIN, chat.id, closed))
    assert (error.code, error.errors[0].pointer) == ("department_unavailable", "/department_id")
    assert error.extra["opens_at"] == "2026-03-02T14:00:00.000Z"
    assert team.chat(chat) == chat
    del team.hours.closed[closed]
    assert team.actions.transfer_to_department(ADMIN, chat.id, closed).department_id == closed


def test_a_closed_chat_is_not_transferred_and_the_field_used_is_named(team: Team) -> None:
    user_id = team.join("A", 1, available=False)
    (chat,) = team.arrive()
    closed = team.actions.close(ADMIN, chat.id)
    for act, pointer in (
        (lambda: team.actions.transfer_to_agent(ADMIN, chat.id, user_id), "/agent_id"),
        (lambda: team.actions.transfer_to_department(ADMIN, chat.id, team.department), "/department_id"),
    ):
        error = refused(Conflict, act)
        assert (error.code, error.errors[0].pointer) == ("chat_closed", pointer)
        assert (error.extra["situation"], error.extra["moved_by"]) == ("closed", ADMIN.id)
    assert team.chat(chat) == closed and load(team, user_id) == 0


def test_a_transfer_done_again_is_done_for_who_did_it(team: Team) -> None:
    user_id = team.join("A", 1, available=False)
    there = team.add_department("Vendas")
    (first, second) = team.arrive(2)
    for chat, act in (
        (first, lambda caller: team.actions.transfer_to_agent(caller, first.id, user_id)),
        (second, lambda caller: team.actions.transfer_to_department(caller, second.id, there)),
    ):
        done = act(ADMIN)
        told = facts(chat)
        assert act(ADMIN) == done and facts(chat) == told
        error = refused(Conflict, lambda act=act: act(OTHER_ADMIN))
        assert (error.code, error.extra["moved_by"]) == ("already_transferred", ADMIN.id)
    assert load(team, user_id) == 1


@pytest.mark.parametrize("situation", ["queued", "automatic", "in_service"])
def test_a_transfer_to_an_agent_takes_the_chat_from_wherever_it_is(team: Team, situation: str) -> None:
    a, b = team.join("A", 1, available=False), team.join("B", 2, available=False)
    (chat,) = team.arrive()
    if situation == "automatic":
        automatic(team, chat)
    elif situation == "in_service":
        team.actions.assume(member(team, a), chat.id)
    before = team.chat(chat)
    assert before.situation == situation
    team.clock.move(5)
    moved = team.actions.transfer_to_agent(ADMIN, chat.id, b)
    assert (moved.situation, moved.agent_id, moved.department_id) == ("in_service", b, team.department)
    assert (moved.assigned_at, moved.started_at, moved.moved_by) == (team.clock.now(), None, ADMIN.id)
    assert (load(team, a), load(team, b), team.waiting()) == (0, 1, [])
    assert facts(chat)[-2:] == ["chat.transferred", "chat.assigned"]
    assert team.receipts(chat)[-1]["cause"] == "transferred"
    pk = keys.chat_pk(ACCOUNT, chat.id)
    told = list(ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"), consistent_read=True))[-1]
    assert told.data["from"] == {"agent_id": before.agent_id, "department_id": team.department}
    assert team.actions.transfer_to_agent(ADMIN, chat.id, b) == moved


def automatic(team: Team, chat: Chat) -> None:
    """The chat as a flow has it: served by nobody, waiting nowhere."""
    seen = team.chat(chat)
    after = replace(seen, situation="automatic", queued_at=None, version=seen.version + 1)
    assert not team.moves.commit(ACCOUNT, MoveCommit([ChatMove(seen, after)], [], []))


def test_a_transfer_to_oneself_gives_the_chat_without_beginning_it(team: Team) -> None:
    """A supervisor takes what waits, or what somebody else serves; what they have already is told so."""
    a = team.join("A", 1, available=False)
    boss_id = team.join("S", 2, available=False, supervisor=True)
    boss = Caller(ACCOUNT, "agent", user_id=boss_id, memberships={team.department: Membership(2, False, True)})
    (waiting, served) = team.arrive(2)
    team.actions.assume(member(team, a), served.id)
    for chat in (waiting, served):
        taken = team.actions.transfer_to_agent(boss, chat.id, boss_id)
        assert (taken.agent_id, taken.started_at, taken.moved_by) == (boss_id, None, boss_id)
        told = facts(chat)
        assert team.actions.transfer_to_agent(boss, chat.id, boss_id) == taken and facts(chat) == told
    assert (load(team, a), load(team, boss_id), team.waiting()) == (0, 2, [])
    given = team.actions.transfer_to_agent(ADMIN, served.id, a)
    error = refused(Conflict, lambda: team.actions.transfer_to_agent(member(team, a), served.id, a))
    assert (error.code, error.extra["agent_id"], team.chat(served)) == ("already_transferred", a, given)
    begun = team.actions.assume(member(team, a), served.id)
    assert team.actions.transfer_to_agent(member(team, a), served.id, a) == begun, "what they serve stays begun"
    refused(Forbidden, lambda: team.actions.transfer_to_agent(member(team, a), waiting.id, a))


def test_of_two_transfers_at_once_the_second_learns_what_the_first_did(team: Team) -> None:
    a, b = team.join("A", 1, available=False), team.join("B", 2, available=False)
    (chat,) = team.arrive()
    meanwhile(team, lambda: team.actions.transfer_to_agent(OTHER_ADMIN, chat.id, a))
    error = refused(Conflict, lambda: team.actions.transfer_to_agent(ADMIN, chat.id, b))
    now_there = team.chat(chat)
    assert error.code == "chat_moved"
    assert error.extra == {
        "situation": "in_service",
        "agent_id": a,
        "department_id": team.department,
        "version": now_there.version,
        "moved_by": OTHER_ADMIN.id,
    }
    assert (now_there.agent_id, load(team, a), load(team, b)) == (a, 1, 0)


def test_who_assumes_second_learns_who_has_it_though_it_is_no_longer_theirs_to_see(team: Team) -> None:
    a, b = (member(team, team.join(name, 1, available=False)) for name in "AB")
    (chat,) = team.arrive()

    def gone(caller: Caller, chat_id: str) -> Chat:
        found = team.reads.chat(ACCOUNT, chat_id)
        if found is None or found.agent_id not in (None, caller.user_id):
            raise NotFound("There is no such chat.")
        return found

    team.reads.visible = gone
    meanwhile(team, lambda: team.actions.assume(a, chat.id))
    error = refused(Conflict, lambda: team.actions.assume(b, chat.id))
    assert (error.extra["agent_id"], error.extra["situation"]) == (a.user_id, "in_service")
    refused(NotFound, lambda: team.actions.assume(b, chat.id))


def test_what_moves_beside_the_chat_is_no_lost_race(team: Team) -> None:
    """The agent's presence changes: decided anew, and done."""
    user_id = team.join("A", 1)
    (chat,) = team.arrive()
    meanwhile(team, lambda: team.presence.set_presence(ACCOUNT, user_id, "paused", "almoço"))
    assert team.actions.transfer_to_agent(ADMIN, chat.id, user_id).agent_id == user_id
    assert load(team, user_id) == 1


def test_who_may_not_transfer_is_told_that_and_no_more(team: Team) -> None:
    stranger = Caller(ACCOUNT, "agent", user_id=f"us_{ACCOUNT}_{7:027x}")
    (chat,) = team.arrive()
    error = refused(Forbidden, lambda: team.actions.transfer_to_agent(stranger, chat.id, "x"))
    assert error.code == "not_your_chat"
