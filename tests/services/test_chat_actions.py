"""Transfers and reopening: their rules, their refusals, and two who act at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chat_moves import MoveCommit
from recado.domain.chats import Chat, Thread
from recado.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from recado.domain.people import Membership, ReopenRule, Role
from recado.storage import keys
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.chat_records import ChatEventRecord, ThreadRecord
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


def thread_of(team: Team, chat: Chat) -> Thread:
    found = team.reads.thread(ACCOUNT, chat.thread)
    assert found is not None
    return found


def load(team: Team, user_id: str) -> int:
    return team.presence.get(ACCOUNT, user_id)[0].load


def refused(kind: type[DomainError], act: Callable[[], object]) -> DomainError:
    with pytest.raises(kind) as raised:
        act()
    return raised.value


def customer_writes(team: Team, chat: Chat, opens: str) -> None:
    """As an intake does: THREAD moves, and has another open chat."""
    ThreadRecord(keys.thread_pk(ACCOUNT, chat.thread), "THREAD").update(
        actions=[ThreadRecord.last_seq.add(1), ThreadRecord.open_chat_id.set(opens)]
    )


# -- timers ----------------------------------------------------------------------------------------------------------


def test_every_action_arms_the_chat_by_the_department_where_it_is_then(team: Team) -> None:
    user_id = team.join("A", 1, available=False)
    other = team.add_department("Vendas")
    for department, seconds in ((team.department, 300), (other, 600)):
        team.set(department, overflow_after_s=seconds, overflow_department_id=_third(team), close_idle_after_s=900)
    (chat,) = team.arrive()
    moved = team.actions.transfer_to_department(ADMIN, chat.id, other)
    assert moved.due_at == team.clock.now() + timedelta(seconds=600)
    given = team.actions.transfer_to_agent(ADMIN, chat.id, user_id)
    assert given.due_at == team.clock.now() + timedelta(seconds=600)
    begun = team.actions.assume(member(team, user_id), chat.id)
    assert begun.due_at == team.clock.now() + timedelta(seconds=900)
    closed = team.actions.close(ADMIN, chat.id)
    assert (closed.due_at, team.chat(chat).due_at) == (None, None)
    assert team.actions.reopen(ADMIN, chat.id).due_at == team.clock.now() + timedelta(seconds=600)


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


# -- reopening -------------------------------------------------------------------------------------------------------


@pytest.fixture
def closed(team: Team) -> Chat:
    (chat,) = team.arrive()
    return team.actions.close(ADMIN, chat.id)


def test_an_agent_of_the_department_gets_the_chat_and_begins(team: Team, closed: Chat) -> None:
    user_id = team.join("A", 1, available=False, cap=1)
    chat = team.actions.reopen(member(team, user_id), closed.id)
    assert (chat.situation, chat.agent_id, chat.closed_at, chat.last_seq) == ("in_service", user_id, None, None)
    assert chat.started_at == chat.assigned_at == chat.reopened_at == team.clock.now()
    assert (thread_of(team, closed).open_chat_id, load(team, user_id)) == (closed.id, 1)
    assert facts(closed)[-2:] == ["chat.reopened", "chat.assigned"]
    assert (team.receipts(closed)[-1]["cause"], team.receipts(closed)[-1]["agent_id"]) == ("reopened", user_id)
    assert team.actions.reopen(member(team, user_id), closed.id) == chat
    assert refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id)).code == "already_open"


def test_who_served_it_gets_it_back_and_their_load_counts_it_again(team: Team) -> None:
    user_id = team.join("A", 1)
    team.give(1)
    caller = member(team, user_id)
    chat = team.reads.chat(ACCOUNT, _only(team))
    assert chat is not None
    team.actions.close(caller, chat.id)
    assert load(team, user_id) == 0
    assert team.actions.reopen(caller, chat.id).agent_id == user_id
    assert load(team, user_id) == 1
    team.actions.close(caller, chat.id)
    assert load(team, user_id) == 0


def _only(team: Team) -> str:
    from recado.storage.chat_records import ChatRecord

    (record,) = ChatRecord.scan(ChatRecord.sk == "CHAT")
    return record.id


def test_for_others_it_waits_as_the_last_and_the_department_is_woken(team: Team, closed: Chat) -> None:
    (waiting,) = team.arrive()
    team.clock.move(60)
    for caller in (ADMIN, Caller(ACCOUNT, "admin", user_id="us_maker", token_id="tk", scopes=frozenset())):
        team.wakes.calls.clear()
        chat = team.actions.reopen(caller, closed.id)
        assert (chat.situation, chat.agent_id, chat.queued_at) == ("queued", None, team.clock.now())
        assert team.waiting() == [waiting.id, closed.id]
        assert facts(closed)[-2:] == ["chat.reopened", "chat.queued"]
        assert (team.department, "queued") in team.wakes.calls
        team.actions.close(caller, closed.id)


def test_opening_it_again_is_done_though_it_was_given_to_somebody_since(team: Team, closed: Chat) -> None:
    team.join("A", 1)
    team.actions.reopen(ADMIN, closed.id)
    team.look()
    assert team.owner(closed) == "A"
    assert team.actions.reopen(ADMIN, closed.id) == team.chat(closed)
    assert refused(Conflict, lambda: team.actions.reopen(OTHER_ADMIN, closed.id)).code == "already_open"


def test_an_api_token_of_an_agent_of_the_department_serves_nobody(team: Team, closed: Chat) -> None:
    memberships = {team.department: Membership(1, True, False)}
    token = Caller(ACCOUNT, "admin", user_id=team.join("A", 1), token_id="tk", memberships=memberships)
    assert team.actions.reopen(token, closed.id).situation == "queued"


def test_an_agent_at_the_cap_opens_nothing(team: Team, closed: Chat) -> None:
    user_id = team.join("A", 1, cap=1)
    team.give(1)
    assert refused(Conflict, lambda: team.actions.reopen(member(team, user_id), closed.id)).code == "agent_at_cap"
    assert team.chat(closed).situation == "closed" and thread_of(team, closed).open_chat_id is None


@pytest.mark.parametrize(
    ("rule", "hours", "until"),
    [
        (ReopenRule("never"), 0, None),
        (ReopenRule("within", 24), 24.001, "2026-03-03T12:00:00.001Z"),
    ],
)
def test_the_department_says_whether(
    team: Team, closed: Chat, rule: ReopenRule, hours: float, until: str | None
) -> None:
    team.set(reopening=rule)
    team.clock.move(hours * 3600)
    error = refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id))
    assert (error.code, error.extra["reopen_until"]) == ("reopen_not_allowed", until)
    assert team.chat(closed) == closed


def test_the_last_moment_of_the_hours_counts(team: Team, closed: Chat) -> None:
    team.set(reopening=ReopenRule("within", 24))
    team.clock.move(24 * 3600)
    assert team.actions.reopen(ADMIN, closed.id).situation == "queued"


def test_a_chat_of_a_deleted_department_waits_in_the_default_one(team: Team) -> None:
    gone = team.add_department("Vendas")
    (chat,) = team.arrive(department=gone)
    team.actions.close(ADMIN, chat.id)
    del team.departments.all[gone]
    assert team.actions.reopen(ADMIN, chat.id).department_id == team.department
    assert team.waiting() == [chat.id]


def test_who_may_open_it_again(team: Team, closed: Chat) -> None:
    stranger = Caller(ACCOUNT, "agent", user_id=f"us_{ACCOUNT}_{7:027x}")
    assert refused(Forbidden, lambda: team.actions.reopen(stranger, closed.id)).code == "not_your_chat"
    supervisor = {team.department: Membership(1, False, True)}
    boss = Caller(ACCOUNT, "agent", user_id=f"us_{ACCOUNT}_{6:027x}", memberships=supervisor)
    assert team.actions.reopen(boss, closed.id).situation == "queued", "a supervisor is given no chats"


def test_another_open_chat_of_the_customer_stands_against_it(team: Team, closed: Chat) -> None:
    customer_writes(team, closed, "ca_new")
    error = refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id))
    assert (error.code, error.extra["chat_id"]) == ("another_chat_open", "ca_new")


def test_the_customer_writes_while_it_is_opened_again(team: Team, closed: Chat) -> None:
    meanwhile(team, lambda: customer_writes(team, closed, "ca_new"))
    error = refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id))
    assert (error.code, error.extra["chat_id"]) == ("another_chat_open", "ca_new")
    assert thread_of(team, closed).open_chat_id == "ca_new" and team.chat(closed) == closed


def test_two_open_it_again_at_once(team: Team, closed: Chat) -> None:
    a, b = (team.join(name, 1, available=False) for name in "AB")
    meanwhile(team, lambda: team.actions.reopen(member(team, a), closed.id))
    error = refused(Conflict, lambda: team.actions.reopen(member(team, b), closed.id))
    assert (error.code, error.extra["agent_id"]) == ("already_open", a)
    assert (load(team, a), load(team, b), team.chat(closed).agent_id) == (1, 0, a)
    assert facts(closed).count("chat.reopened") == 1


def test_reopening_against_closing(team: Team, closed: Chat) -> None:
    """It is opened and closed again between reading and writing: decided anew, it opens once more."""

    def both() -> None:
        team.actions.reopen(OTHER_ADMIN, closed.id)
        team.actions.close(OTHER_ADMIN, closed.id)

    meanwhile(team, both)
    chat = team.actions.reopen(ADMIN, closed.id)
    assert (chat.situation, thread_of(team, closed).open_chat_id) == ("queued", closed.id)
    meanwhile(team, lambda: team.actions.close(OTHER_ADMIN, closed.id))
    error = refused(Conflict, lambda: team.actions.close(ADMIN, closed.id))
    assert (error.code, error.extra["moved_by"]) == ("already_closed", OTHER_ADMIN.id)
    assert thread_of(team, closed).open_chat_id is None


# -- closing ---------------------------------------------------------------------------------------------------------


def test_a_department_may_require_a_tabulation(team: Team, ids: Any) -> None:
    team.set(tabulation_required=True)
    sale = team.tabulations.create(ACCOUNT, "Venda", None)
    (first, second) = team.arrive(2)
    error = refused(Invalid, lambda: team.actions.close(ADMIN, first.id))
    assert [(one.pointer, one.code) for one in error.errors] == [("/tabulation_id", "required")]
    for unknown in ("x", ids.new("tb", ACCOUNT), "TREE"):
        error = refused(Invalid, lambda unknown=unknown: team.actions.close(ADMIN, first.id, unknown))
        assert [(one.pointer, one.code) for one in error.errors] == [("/tabulation_id", "not_found")]
    assert team.chat(first) == first
    assert team.actions.close(ADMIN, first.id, sale.id).tabulation_id == sale.id
    team.marks.tabulate(ADMIN, second.id, sale.id)
    assert team.actions.close(ADMIN, second.id).tabulation_id == sale.id


def test_the_fact_of_a_close_says_that_the_customer_is_asked(team: Team) -> None:
    (chat,) = team.arrive()
    team.actions.close(ADMIN, chat.id, comment="ok", feedback=True)
    pk = keys.chat_pk(ACCOUNT, chat.id)
    (event,) = ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"), consistent_read=True)
    assert (event.data["comment"], event.data["feedback_asked"]) == ("ok", True)
