"""R1, R2, R7 where a message finds no open chat: whatever dies or comes again, a chat opens once, and a closed
department answers once. A user or another message that is there first is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from recado.domain.chat_moves import MoveCommit, marked, reopen
from recado.domain.chats import Chat
from recado.domain.people import OpenHours, ReopenRule
from recado.services.inbound import InboundRecord
from recado.storage import transaction
from recado.storage.chat_moves import ChatMoveStore
from tests.reception import A, Reception, record_of, said, text
from tests.reliability.test_inbound_crashes import Crash, deliver, writes

EXACT = 1772452800
ANA_USER = f"us_{A}_" + "1".rjust(27, "0")
CLOSED_AT_NOON = (OpenHours(1, 13 * 60, 18 * 60),)


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    one = Reception(clock, ids)
    one.settle(
        business_hours=CLOSED_AT_NOON, away_message="Voltamos às 13h.", reopening=ReopenRule("always", by_customer=True)
    )
    return one


def posted(reception: Reception, *wamids: str, at: int = EXACT) -> list[InboundRecord]:
    """The commands of messages of one customer."""
    for wamid in wamids:
        reception.post(said(text(wamid, at=at)))
    reception.queue.forget()
    return [record_of(command) for command in reception.queue.take()]


def closed_chat(reception: Reception) -> Chat:
    assert deliver(reception, posted(reception, "wamid.0")) == []
    (chat,) = reception.chats()
    return reception.close(chat.id)


def assert_answered(reception: Reception, openings: int, messages: set[str]) -> None:
    """One chat, which opened so often and was answered as often; each message once; no hole in the thread."""
    stored = reception.messages()
    assert {one.provider_id for one in stored if one.provider_id} == messages
    assert sum(bool(one.payload.get("away")) for one in stored) == reception.count("OUT") == openings
    assert len(stored) == len(messages) + openings
    assert len({one.seq for one in stored}) == len(stored)
    (chat,) = reception.chats()
    assert [one.id for one in reception.waiting()] == [chat.id]
    facts = reception.facts(chat.id)
    assert (facts.count("chat.started"), facts.count("chat.reopened")) == (1, openings - 1)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("moment", ["before", "after", "lost"])
def test_a_crash_at_the_write_and_three_deliveries(reception: Reception, moment: str, known: bool) -> None:
    if known:
        closed_chat(reception)

    def dies(_: int, write: Callable[[], Any]) -> Any:
        if moment != "before":
            write()
        raise ConnectionClosedError(endpoint_url="http://127.0.0.1") if moment == "lost" else Crash

    records = posted(reception, "wamid.1", at=EXACT + 60)
    with writes(dies):
        deliver(reception, records)
    for _ in range(3):
        assert deliver(reception, records) == []
    assert_answered(reception, 1 + known, {"wamid.0", "wamid.1"} if known else {"wamid.1"})


@pytest.mark.parametrize("part", ["waker", "sends"])
def test_a_crash_at_what_follows_and_three_deliveries(
    reception: Reception, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Written, but neither looked at nor sent: the stream of the table tells of both (tests of the stream)."""

    def dies(*arguments: Any) -> None:
        raise Crash

    records = posted(reception, "wamid.1")
    with monkeypatch.context() as patched:
        patched.setattr(getattr(reception, part), "wake" if part == "waker" else "send", dies)
        assert deliver(reception, records) == records
    for _ in range(3):
        assert deliver(reception, records) == []
    assert reception.sends.commands == []
    assert_answered(reception, 1, {"wamid.1"})


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("size", [2, 10])
def test_an_album_worked_off_at_once_is_one_chat_and_one_answer(reception: Reception, size: int, known: bool) -> None:
    """Each worker is interrupted at its first write by the next one: all have read that no chat is open."""
    if known:
        closed_chat(reception)
    wamids = {f"wamid.{number}" for number in range(1, size + 1)}
    records = posted(reception, *sorted(wamids), at=EXACT + 60)
    waiting = records[1:]

    def next_first(_: int, write: Callable[[], Any]) -> Any:
        if waiting:
            assert deliver(reception, [waiting.pop(0)]) == []
        return write()

    with writes(next_first):
        left = deliver(reception, records[:1])
    assert deliver(reception, left) == [] if left else True
    assert_answered(reception, 1 + known, wamids | ({"wamid.0"} if known else set()))


# -- somebody else is first
# --------------------------------------------------------------------------------------


def between(reception: Reception, records: list[InboundRecord], meanwhile: Callable[[], None]) -> None:
    """Work records off, while something else happens between the first reading and writing."""
    happened = False

    def first(_: int, write: Callable[[], Any]) -> Any:
        nonlocal happened
        if not happened:
            happened = True
            meanwhile()
        return write()

    with writes(first):
        assert deliver(reception, records) == []
    assert happened


def test_a_user_who_reopens_meanwhile_is_first(reception: Reception, clock: Any) -> None:
    closed = closed_chat(reception)

    def user_reopens() -> None:
        thread = reception.thread()
        assert thread is not None
        move = reopen(closed, thread, clock.now(), ANA_USER)
        assert move is not None
        assert ChatMoveStore().commit(A, MoveCommit([move], [], [])) == frozenset()

    between(reception, posted(reception, "wamid.1", at=EXACT + 60), user_reopens)
    (chat,) = reception.chats()
    assert (chat.situation, chat.agent_id, chat.version) == ("in_service", ANA_USER, closed.version + 1)
    assert reception.messages()[-1].chat_id == chat.id
    assert reception.count("OUT") == 1, "the chat was open: no away message"
    assert reception.waiting() == []


def test_a_user_who_reopens_later_finds_it_reopened(reception: Reception, clock: Any) -> None:
    closed = closed_chat(reception)
    seen = reception.thread()
    assert seen is not None
    assert deliver(reception, posted(reception, "wamid.1", at=EXACT + 60)) == []
    move = reopen(closed, seen, clock.now(), ANA_USER)
    assert move is not None
    assert ChatMoveStore().commit(A, MoveCommit([move], [], [])) != frozenset()
    assert_answered(reception, 2, {"wamid.0", "wamid.1"})


def a_closed_chat_is_tabulated_meanwhile(reception: Reception) -> None:
    """Only the chat moves, its thread does not."""
    closed = closed_chat(reception)

    def tabulate() -> None:
        move = marked(closed, replace(closed, tabulation_id="tb_1"))
        assert move is not None
        assert ChatMoveStore().commit(A, MoveCommit([move], [], [])) == frozenset()

    between(reception, posted(reception, "wamid.1", at=EXACT + 60), tabulate)
    (chat,) = reception.chats()
    assert (chat.situation, chat.tabulation_id, chat.version) == ("queued", "tb_1", closed.version + 2)


def a_new_chat_opens_meanwhile(reception: Reception) -> None:
    """Only the thread moves, the closed chat does not."""
    closed = closed_chat(reception)

    def another_opens() -> None:
        reception.settle(reopening=ReopenRule("never"))
        assert deliver(reception, posted(reception, "wamid.2", at=EXACT + 61)) == []

    between(reception, posted(reception, "wamid.1", at=EXACT + 60), another_opens)
    thread = reception.thread()
    assert thread is not None
    assert [one.id for one in reception.waiting()] == [thread.open_chat_id]
    assert reception.threads.chat(A, closed.id) == closed
    assert [one.provider_id for one in reception.messages()] == ["wamid.0", None, "wamid.2", None, "wamid.1"]


RACES = {
    "chat-moves-from-seen-version": a_closed_chat_is_tabulated_meanwhile,
    "intake-moves-thread-from-seen-seq": a_new_chat_opens_meanwhile,
}


@pytest.mark.parametrize("guard", sorted(RACES))
def test_a_race_of_a_reopening_is_closed(reception: Reception, guard: str) -> None:
    RACES[guard](reception)


@pytest.mark.parametrize("guard", sorted(RACES))
def test_without_its_guard_it_is_open(reception: Reception, guard: str) -> None:
    transaction.lift(guard)
    with pytest.raises(AssertionError):
        RACES[guard](reception)
