"""Workflow steps, tabulations, feedback and reading: what is noted on a chat without moving it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.errors import Conflict, DomainError, Forbidden, Invalid
from recado.storage import keys
from recado.storage.chat_records import ChatEventRecord, ThreadRecord, WaitRecord
from recado.storage.read_marks import DynamoReadMarks
from tests.team import ACCOUNT, Team

ADMIN = Caller(ACCOUNT, "admin", user_id=f"us_{ACCOUNT}_{9:027x}")
STRANGER = Caller(ACCOUNT, "agent", user_id=f"us_{ACCOUNT}_{7:027x}")


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


@pytest.fixture
def chat(team: Team) -> Chat:
    return team.arrive()[0]


def events(chat: Chat) -> list[Any]:
    pk = keys.chat_pk(ACCOUNT, chat.id)
    return list(ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"), consistent_read=True))


def refused(kind: type[DomainError], act: Callable[[], object]) -> DomainError:
    with pytest.raises(kind) as raised:
        act()
    return raised.value


def waits(team: Team) -> list[Chat]:
    pk = keys.queue_pk(ACCOUNT, team.department)
    return [one.chat() for one in WaitRecord.query(pk, WaitRecord.sk.startswith("WAIT#"), consistent_read=True)]


def test_a_step_is_kept_where_the_chat_waits_too_and_told_once(team: Team, chat: Chat) -> None:
    first, second = team.workflows.create(ACCOUNT, "Venda", [(None, "Contato"), (None, "Proposta")]).steps
    team.marks.step(ADMIN, chat.id, first.id)
    done = team.marks.step(ADMIN, chat.id, second.id)
    assert team.marks.step(ADMIN, chat.id, second.id) == done == team.chat(chat)
    assert waits(team) == [done], "the queue's copy says the same, or the next move is refused"
    assert (done.due_at, done.moved_at, done.moved_by, done.version) == (chat.due_at, chat.moved_at, None, 3)
    assert [(one.type, one.data["from"], one.data["to"]) for one in events(chat)] == [
        ("workflow.step_changed", {"step_id": None}, {"step_id": first.id}),
        ("workflow.step_changed", {"step_id": first.id}, {"step_id": second.id}),
    ]
    team.join("A", 1)
    team.look()
    assert (team.owner(chat), team.chat(chat).workflow_step_id) == ("A", second.id)
    assert team.marks.step(ADMIN, chat.id, None).workflow_step_id is None


def test_no_step_that_is_not_there_and_none_of_a_closed_chat(team: Team, chat: Chat, ids: Any) -> None:
    (step,) = team.workflows.create(ACCOUNT, "Venda", [(None, "Contato")]).steps
    for unknown in ("x", ids.new("st", ACCOUNT), "st_otheracc_" + "0" * 27):
        error = refused(Invalid, lambda unknown=unknown: team.marks.step(ADMIN, chat.id, unknown))
        assert [(one.pointer, one.code) for one in error.errors] == [("/step_id", "not_found")]
    assert team.chat(chat) == chat
    team.actions.close(ADMIN, chat.id)
    assert refused(Conflict, lambda: team.marks.step(ADMIN, chat.id, step.id)).code == "chat_closed"


def test_a_chat_is_filed_open_or_closed(team: Team, chat: Chat, ids: Any) -> None:
    user_id = team.join("A", 1)
    team.look()
    sale, loss = (team.tabulations.create(ACCOUNT, name, None) for name in ("Venda", "Perda"))
    team.marks.tabulate(ADMIN, chat.id, sale.id)
    team.actions.close(ADMIN, chat.id)
    assert team.chat(chat).tabulation_id == sale.id
    assert team.marks.tabulate(ADMIN, chat.id, loss.id).tabulation_id == loss.id
    assert team.presence.get(ACCOUNT, user_id)[0].load == 0, "who served it gave it back once"
    error = refused(Invalid, lambda: team.marks.tabulate(ADMIN, chat.id, ids.new("tb", ACCOUNT)))
    assert error.errors[0].pointer == "/tabulation_id"
    assert team.marks.tabulate(ADMIN, chat.id, None).tabulation_id is None
    assert [one.type for one in events(chat)].count("chat.tabulated") == 3


def test_feedback_belongs_to_a_closed_chat_and_the_last_counts(team: Team, chat: Chat) -> None:
    assert refused(Conflict, lambda: team.marks.feedback(ADMIN, chat.id, 5, None)).code == "chat_open"
    team.actions.close(ADMIN, chat.id)
    team.marks.feedback(ADMIN, chat.id, 2, "demorou")
    done = team.marks.feedback(ADMIN, chat.id, 5, None)
    assert (done.feedback_rating, done.feedback_comment) == (5, None)
    assert team.chat(chat) == done
    told = [one.data["feedback"] for one in events(chat) if one.type == "chat.feedback"]
    assert told == [{"rating": 2, "comment": "demorou"}, {"rating": 5, "comment": None}]


def test_only_who_may_answer_notes_anything(team: Team, chat: Chat) -> None:
    for act in (
        lambda: team.marks.step(STRANGER, chat.id, None),
        lambda: team.marks.tabulate(STRANGER, chat.id, None),
        lambda: team.marks.feedback(STRANGER, chat.id, 5, None),
        lambda: team.marks.read(STRANGER, chat.id),
    ):
        assert refused(Forbidden, act).code == "not_your_chat"


def test_reading_leaves_nothing_unread_and_changes_nothing_else(team: Team, chat: Chat) -> None:
    thread = team.reads.thread(ACCOUNT, chat.thread)
    assert thread is not None
    ThreadRecord.of_thread(ACCOUNT, replace(thread, unread=3)).save()
    assert team.marks.read(ADMIN, chat.id) == chat == team.chat(chat)
    assert team.reads.thread(ACCOUNT, chat.thread) == thread and events(chat) == []


def test_reading_an_old_chat_reads_nothing_of_the_open_one(team: Team, chat: Chat) -> None:
    team.actions.close(ADMIN, chat.id)
    thread = team.reads.thread(ACCOUNT, chat.thread)
    assert thread is not None
    ThreadRecord.of_thread(ACCOUNT, replace(thread, open_chat_id="ca_new", unread=3)).save()
    team.marks.read(ADMIN, chat.id)
    again = team.reads.thread(ACCOUNT, chat.thread)
    assert again is not None and again.unread == 3


def test_what_arrives_meanwhile_stays_unread(team: Team, chat: Chat) -> None:
    thread = team.reads.thread(ACCOUNT, chat.thread)
    assert thread is not None
    ThreadRecord.of_thread(ACCOUNT, replace(thread, last_seq=2, unread=2)).save()
    assert not DynamoReadMarks().mark_read(ACCOUNT, replace(thread, unread=1))
    again = team.reads.thread(ACCOUNT, chat.thread)
    assert again is not None and again.unread == 2
