"""Opening a chat again and closing it: their rules, their refusals, and two who act at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chat_moves import MoveCommit, reopen
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.errors import Busy, Conflict, Forbidden, Invalid
from recado.domain.people import Membership, ReopenRule
from recado.storage import keys
from recado.storage.chat_records import ChatEventRecord, ThreadRecord
from tests.services.test_chat_actions import (
    ADMIN,
    OTHER_ADMIN,
    Meanwhile,
    facts,
    load,
    meanwhile,
    member,
    refused,
)
from tests.team import ACCOUNT, Reads, Team


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids, Meanwhile())


def thread_of(team: Team, chat: Chat) -> Thread:
    found = team.reads.thread(ACCOUNT, chat.thread)
    assert found is not None
    return found


def customer_writes(team: Team, chat: Chat, opens: str) -> None:
    """As an intake does: THREAD moves, and has another open chat."""
    ThreadRecord(keys.thread_pk(ACCOUNT, chat.thread), "THREAD").update(
        actions=[ThreadRecord.last_seq.add(1), ThreadRecord.open_chat_id.set(opens)]
    )


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
    (new,) = team.arrive()
    customer_writes(team, closed, new.id)
    error = refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id))
    assert (error.code, error.extra["chat_id"]) == ("another_chat_open", new.id)
    customer_writes(team, closed, "ca_of_others")
    error = refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id))
    assert error.code == "another_chat_open" and "chat_id" not in error.extra, "it is not theirs to see"


def test_the_customer_writes_while_it_is_opened_again(team: Team, closed: Chat) -> None:
    (new,) = team.arrive()
    meanwhile(team, lambda: customer_writes(team, closed, new.id))
    error = refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id))
    assert (error.code, error.extra["chat_id"]) == ("another_chat_open", new.id)
    assert thread_of(team, closed).open_chat_id == new.id and team.chat(closed) == closed


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


class BetweenReads(Reads):
    """Lets somebody else act after the chat was read and before its thread is."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act: Callable[[], object] | None = act

    def thread(self, a: str, key: ThreadKey) -> Thread | None:
        act, self.act = self.act, None
        if act is not None:
            act()
        return super().thread(a, key)


def between_reads(team: Team, act: Callable[[], object]) -> None:
    team.actions._reads = BetweenReads(act)


def customer_reopens(team: Team, closed: Chat) -> None:
    """As an intake does: the chat waits again, of nobody's doing."""
    move = reopen(team.chat(closed), thread_of(team, closed), team.clock.now())
    assert move is not None
    again = replace(move, after=replace(move.after, moved_by=None))
    assert not team.moves.commit(ACCOUNT, MoveCommit([again], [], []))


def test_two_open_it_again_at_once_and_the_second_reads_half_of_it(team: Team, closed: Chat) -> None:
    a, b = (team.join(name, 1, available=False) for name in "AB")
    between_reads(team, lambda: team.actions.reopen(member(team, a), closed.id))
    error = refused(Conflict, lambda: team.actions.reopen(member(team, b), closed.id))
    assert (error.code, error.extra["agent_id"], error.extra["moved_by"]) == ("already_open", a, a)
    assert "chat_id" not in error.extra
    assert (load(team, a), load(team, b), facts(closed).count("chat.reopened")) == (1, 0, 1)


def test_one_opens_it_again_twice_at_once_and_reads_half_of_it(team: Team, closed: Chat) -> None:
    caller = member(team, team.join("A", 1, available=False))
    between_reads(team, lambda: team.actions.reopen(caller, closed.id))
    chat = team.actions.reopen(caller, closed.id)
    assert (chat, chat.agent_id, load(team, str(caller.user_id))) == (team.chat(closed), caller.user_id, 1)
    assert facts(closed).count("chat.reopened") == 1


@pytest.mark.parametrize("interleave", [between_reads, meanwhile])
def test_the_customer_opens_it_again_at_the_same_moment(team: Team, closed: Chat, interleave: Any) -> None:
    interleave(team, lambda: customer_reopens(team, closed))
    error = refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id))
    assert (error.code, error.extra["situation"], error.extra["moved_by"]) == ("already_open", "queued", None)
    assert "chat_id" not in error.extra and facts(closed).count("chat.reopened") == 0
    assert (team.waiting(), thread_of(team, closed).open_chat_id) == ([closed.id], closed.id)


def test_it_is_opened_and_closed_again_between_the_reads(team: Team, closed: Chat) -> None:
    """The thread tells of a moment at which it was open: read again, it is closed, and opens."""

    class Once(BetweenReads):
        def thread(self, a: str, key: ThreadKey) -> Thread | None:
            first = self.act is not None
            found = super().thread(a, key)
            if first:
                team.actions.close(OTHER_ADMIN, closed.id)
            return found

    team.actions._reads = Once(lambda: team.actions.reopen(OTHER_ADMIN, closed.id))
    chat = team.actions.reopen(ADMIN, closed.id)
    assert (chat.situation, chat.moved_by, thread_of(team, closed).open_chat_id) == ("queued", ADMIN.id, closed.id)


def test_a_thread_that_never_fits_its_chat_is_busy(team: Team, closed: Chat) -> None:
    customer_writes(team, closed, closed.id)
    with pytest.raises(Busy):
        team.actions.reopen(ADMIN, closed.id)


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


def test_a_close_repeated_with_something_else_is_told_what_it_has(team: Team) -> None:
    sale, loss = (team.tabulations.create(ACCOUNT, name, None) for name in ("Venda", "Perda"))
    (chat, plain) = team.arrive(2)

    def close(caller: Caller, *given: Any, **more: Any) -> Chat:
        return team.actions.close(caller, chat.id, *given, **more)

    closed = close(ADMIN, sale.id, "sold two", feedback=True)
    for same in ({}, {"tabulation_id": sale.id}, {"comment": "sold two"}, {"comment": ""}, {"feedback": True}):
        assert close(ADMIN, **same) == closed
    assert close(ADMIN, sale.id, "sold two", True) == closed
    for other in ({"tabulation_id": loss.id}, {"comment": "sold one"}, {"tabulation_id": sale.id, "comment": "x"}):
        error = refused(Conflict, lambda other=other: close(ADMIN, **other))
        assert (error.code, error.extra["tabulation_id"], error.extra["moved_by"]) == (
            "already_closed",
            sale.id,
            ADMIN.id,
        )
    assert refused(Conflict, lambda: close(OTHER_ADMIN, sale.id)).code == "already_closed"
    assert team.chat(chat) == closed and facts(chat) == ["chat.closed"]
    team.actions.close(ADMIN, plain.id)
    for added in ({"tabulation_id": sale.id}, {"comment": "x"}, {"feedback": True}):
        error = refused(Conflict, lambda added=added: team.actions.close(ADMIN, plain.id, **added))
        assert (error.code, error.extra["tabulation_id"]) == ("already_closed", None)


def test_of_several_closes_the_last_is_compared(team: Team) -> None:
    (chat,) = team.arrive()
    team.actions.close(ADMIN, chat.id, comment="first")
    team.clock.move(1)
    team.actions.reopen(ADMIN, chat.id)
    team.clock.move(1)
    closed = team.actions.close(ADMIN, chat.id, comment="second")
    assert team.actions.close(ADMIN, chat.id, comment="second") == closed
    assert refused(Conflict, lambda: team.actions.close(ADMIN, chat.id, comment="first")).code == "already_closed"


def test_one_closes_twice_at_once(team: Team) -> None:
    (chat, other) = team.arrive(2)
    meanwhile(team, lambda: team.actions.close(ADMIN, chat.id, comment="done"))
    assert team.actions.close(ADMIN, chat.id, comment="done") == team.chat(chat)
    meanwhile(team, lambda: team.actions.close(ADMIN, other.id, comment="done"))
    error = refused(Conflict, lambda: team.actions.close(ADMIN, other.id, comment="lost"))
    assert error.code == "already_closed" and facts(other) == ["chat.closed"]


def test_who_may_not_open_it_learns_nothing_of_another_open_chat(team: Team, closed: Chat) -> None:
    other = f"ca_{ACCOUNT}_{7:027x}"
    customer_writes(team, closed, other)
    stranger = Caller(ACCOUNT, "agent", user_id=f"us_{ACCOUNT}_{8:027x}")
    assert refused(Forbidden, lambda: team.actions.reopen(stranger, closed.id)).code == "not_your_chat"
    assert refused(Conflict, lambda: team.actions.reopen(ADMIN, closed.id)).code == "another_chat_open"
