"""Chats of agents who are gone stay or wait again in their old place (PRODUCT B5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.agents import with_load
from recado.domain.chats import Chat
from recado.services import gone_agents
from recado.services.gone_agents import ChatsNotFound, GoneAgents
from recado.storage import keys
from recado.storage.agent_chats import AgentChats
from recado.storage.agents import AgentRecord, agent_key
from recado.storage.chat_records import ChatEventRecord, ChatRecord
from tests.team import ACCOUNT, Team


class Lagging(AgentChats):
    """An index that does not know these chats yet."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()

    def in_service(self, a: str, user_id: str) -> list[str]:
        return [one for one in super().in_service(a, user_id) if one not in self.unknown]


class Office:
    """A team of A and B in a department that takes chats back."""

    def __init__(self, clock: Any, ids: Any) -> None:
        self.team = team = Team(clock, ids)
        self.index = Lagging()
        self.set_department(team.department, "requeue")
        self.a = team.join("A", 1)
        self.gone = GoneAgents(
            team.agents,
            self.index,
            team.reads,
            team.departments,
            team.system,
            clock,
        )

    def set_department(self, department_id: str, when_gone: Any) -> None:
        departments = self.team.departments.all
        departments[department_id] = replace(
            departments[department_id], when_agent_gone=when_gone, overflow_after_s=120
        )

    def given(self, count: int) -> list[Chat]:
        chats = self.team.arrive(count)
        self.team.look()
        assert all(self.team.chat(chat).agent_id == self.a for chat in chats)
        return chats

    def tick(self) -> dict[str, Exception]:
        """Pages as long as the minute finds something."""
        failed: dict[str, Exception] = {}
        for _ in range(20):
            swept = self.team.presence.lapse_due(160, self.gone.look_after)
            failed |= swept.failed
            if not swept.more:
                return failed
        raise AssertionError("it never ends")

    def load(self) -> int:
        return self.team.presence.get(ACCOUNT, self.a)[0].load

    def is_due(self) -> bool:
        return (ACCOUNT, self.a) in self.team.agents.due(self.team.clock.now(), 160).found

    def log_out(self) -> None:
        self.team.presence.disconnect(ACCOUNT, self.a)


@pytest.fixture
def office(dynamodb: Any, clock: Any, ids: Any) -> Office:
    return Office(clock, ids)


def test_after_a_log_out_chats_wait_in_their_old_place(office: Office) -> None:
    old = office.given(2)
    office.team.presence.set_cap(ACCOUNT, office.a, 2)
    newer = office.team.arrive()
    office.log_out()
    assert office.is_due()
    office.team.wakes.calls.clear()
    assert office.tick() == {}
    assert office.team.waiting() == [chat.id for chat in (*old, *newer)]
    assert (office.load(), office.is_due()) == (0, False)
    assert (office.team.department, "agent_gone") in office.team.wakes.calls
    for chat in old:
        after = office.team.chat(chat)
        assert (after.situation, after.agent_id, after.queued_at) == ("queued", None, chat.queued_at)
        assert after.due_at is None, "nothing to overflow to"


def test_a_lapsed_lease_is_as_good_as_a_log_out(office: Office) -> None:
    (chat,) = office.given(1)
    office.team.clock.move(91)
    office.tick()
    assert not office.team.presence.get(ACCOUNT, office.a)[0].connected
    office.tick()
    assert office.team.waiting() == [chat.id]


def test_the_fact_tells_from_whom_and_why(office: Office) -> None:
    (chat,) = office.given(1)
    office.log_out()
    office.tick()
    pk = keys.chat_pk(ACCOUNT, chat.id)
    events = [one.event() for one in ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"))]
    (queued,) = [one for one in events if one.type == "chat.queued"]
    assert queued.data["from"] == {"agent_id": office.a, "department_id": office.team.department}
    assert (queued.data["cause"], queued.data["situation"], queued.actor.type) == ("agent_gone", "queued", "system")


def test_the_next_look_gives_them_to_others(office: Office) -> None:
    (chat,) = office.given(1)
    b = office.team.join("B", 2)
    office.log_out()
    office.tick()
    office.team.look("agent_gone")
    assert office.team.chat(chat).agent_id == b


def test_chats_stay_where_the_department_says_so(office: Office) -> None:
    office.set_department(office.team.department, "stay")
    chats = office.given(2)
    office.log_out()
    assert office.tick() == {}
    assert all(office.team.chat(chat).agent_id == office.a for chat in chats)
    assert (office.load(), office.is_due()) == (2, False)


def test_each_chat_follows_its_own_department(office: Office) -> None:
    staying, moving = office.given(2)
    sales = office.team.add_department("Vendas")
    move = replace(office.team.chat(staying), department_id=sales)
    ChatRecord.of_chat(ACCOUNT, move).save()
    office.log_out()
    assert office.tick() == {}
    assert (office.team.chat(staying).agent_id, office.team.chat(moving).agent_id) == (office.a, None)
    assert (office.load(), office.is_due()) == (1, False)


def test_who_has_no_chats_is_not_looked_after(office: Office) -> None:
    office.log_out()
    assert not office.is_due()


def test_who_is_back_before_the_minute_keeps_all(office: Office) -> None:
    chats = office.given(2)
    office.log_out()
    office.team.presence.renew(ACCOUNT, office.a, force=True)
    assert office.tick() == {}
    assert all(office.team.chat(chat).agent_id == office.a for chat in chats)
    office.team.clock.move(91)
    office.tick()
    assert not office.team.presence.get(ACCOUNT, office.a)[0].connected, "the lease is looked at as before"


def test_who_is_back_in_the_middle_keeps_the_rest(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = office.given(2)
    office.log_out()
    chat_of = office.team.reads.chat

    def reading(a: str, chat_id: str) -> Chat | None:
        if chat_id == second.id:
            office.team.presence.renew(a, office.a, force=True)
        return chat_of(a, chat_id)

    monkeypatch.setattr(office.team.reads, "chat", reading)
    assert office.tick() == {}
    monkeypatch.undo()
    assert (office.team.chat(first).agent_id, office.team.chat(second).agent_id) == (None, office.a)
    assert office.load() == 1
    office.team.clock.move(91)
    office.tick()
    assert not office.team.presence.get(ACCOUNT, office.a)[0].connected, "the lease is looked at as before"


def test_who_is_back_as_the_looking_ends_keeps_a_lease_that_is_looked_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.set_department(office.team.department, "stay")
    office.given(1)
    office.log_out()
    chat_of = office.team.reads.chat

    def reading(a: str, chat_id: str) -> Chat | None:
        office.team.presence.renew(a, office.a, force=True)
        return chat_of(a, chat_id)

    monkeypatch.setattr(office.team.reads, "chat", reading)
    assert office.tick() == {}
    monkeypatch.undo()
    office.team.clock.move(91)
    office.tick()
    assert not office.team.presence.get(ACCOUNT, office.a)[0].connected


def test_who_is_back_between_reading_and_writing_keeps_the_chat(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chat,) = office.given(1)
    office.log_out()
    commit = office.team.moves.commit

    def late(a: str, moves: Any) -> Any:
        office.team.presence.renew(a, office.a, force=True)
        return commit(a, moves)

    monkeypatch.setattr(office.team.moves, "commit", late)
    assert office.tick() == {}
    assert (office.team.chat(chat).agent_id, office.load()) == (office.a, 1)


def test_a_chat_closed_meanwhile_is_closed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (chat,) = office.given(1)
    office.log_out()
    commit = office.team.moves.commit

    def late(a: str, moves: Any) -> Any:
        monkeypatch.undo()
        office.team.close(chat)
        return commit(a, moves)

    monkeypatch.setattr(office.team.moves, "commit", late)
    assert office.tick() == {}
    assert (office.team.chat(chat).situation, office.load(), office.is_due()) == ("closed", 0, False)


def test_who_dies_in_the_middle_loses_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    chats = office.given(3)
    office.log_out()
    commit = office.team.moves.commit
    left = [True, False]

    def dying(a: str, moves: Any) -> Any:
        if not left.pop(0):
            raise KeyboardInterrupt
        return commit(a, moves)

    monkeypatch.setattr(office.team.moves, "commit", dying)
    with pytest.raises(KeyboardInterrupt):
        office.tick()
    assert (office.load(), len(office.team.waiting())) == (2, 1)
    monkeypatch.undo()
    assert office.tick() == {}
    assert office.team.waiting() == [chat.id for chat in chats]


def test_what_the_index_does_not_know_yet_is_looked_for_again(office: Office) -> None:
    first, second = office.given(2)
    office.index.unknown = {second.id}
    office.log_out()
    assert office.tick() == {}
    assert office.team.waiting() == [first.id]
    assert not office.is_due()
    office.index.unknown.clear()
    office.team.clock.move(60)
    assert office.tick() == {}
    assert office.team.waiting() == [first.id, second.id]
    assert (office.load(), office.is_due()) == (0, False)


def test_what_is_never_found_is_told_once(office: Office) -> None:
    (chat,) = office.given(1)
    office.index.unknown = {chat.id}
    office.log_out()
    for _ in range(gone_agents.LOOKS - 1):
        assert office.tick() == {}
        office.team.clock.move(60)
    failed = office.tick()
    assert isinstance(failed[office.a], ChatsNotFound)
    office.team.clock.move(3600)
    assert (office.tick(), office.is_due()) == ({}, False)


def test_each_absence_counts_its_looks_anew(office: Office) -> None:
    (chat,) = office.given(1)
    office.index.unknown = {chat.id}
    for _ in range(2):
        office.log_out()
        for _ in range(gone_agents.LOOKS - 1):
            assert office.tick() == {}
            office.team.clock.move(60)
        office.team.presence.renew(ACCOUNT, office.a, force=True)


def test_many_chats_are_put_back_by_and_by(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone_agents, "AT_ONCE", 2)
    chats = office.given(5)
    office.log_out()
    assert office.gone.look_after(ACCOUNT, office.a) == 2
    assert office.is_due()
    assert office.tick() == {}
    assert office.team.waiting() == [chat.id for chat in chats]


def test_one_that_raises_stops_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    team = office.team
    b = team.join("B", 2)
    chats = team.arrive(2)
    team.look()
    office.log_out()
    team.presence.disconnect(ACCOUNT, b)
    in_service = office.index.in_service

    def failing(a: str, user_id: str) -> list[str]:
        if user_id == office.a:
            raise ConnectionError
        return in_service(a, user_id)

    monkeypatch.setattr(office.index, "in_service", failing)
    assert set(office.tick()) == {office.a}
    assert team.waiting() == [chats[1].id]
    assert not office.is_due(), "out of the way for now"
    monkeypatch.undo()
    team.clock.move(60)
    assert office.tick() == {}
    assert team.waiting() == [chat.id for chat in chats]


def test_a_user_whose_agent_is_gone_is_passed_over(office: Office) -> None:
    assert office.gone.look_after(ACCOUNT, office.team.ids.new("us", ACCOUNT)) == 0


def test_a_look_moves_no_version(office: Office) -> None:
    (chat,) = office.given(1)
    office.index.unknown = {chat.id}
    office.log_out()
    before = office.team.presence.get(ACCOUNT, office.a)[0]
    office.tick()
    assert office.team.presence.get(ACCOUNT, office.a)[0] == before
    assert office.team.agents.change(ACCOUNT, with_load(before, 1))
    assert AgentRecord.get(*agent_key(ACCOUNT, office.a)).gone_looks == 1
