"""Races around the timers of chats."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recado.domain import chat_moves
from recado.domain.chat_moves import MoveCommit
from recado.domain.chats import Author, Event
from recado.domain.distribution import Order, why_nobody
from recado.domain.timers import armed
from recado.services.assignments import receipt_view
from recado.storage import keys
from recado.storage.chat_records import ChatRecord
from recado.storage.chat_timers import DynamoChatTimers
from tests.storage.scenarios import scenario
from tests.team import ACCOUNT, Team


@scenario("chat-timer-is-set-on-seen-version")
def a_chat_moves_while_its_timer_is_put_off(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    team.set(overflow_after_s=120)
    team.join("A", 1)
    (chat,) = team.arrive()
    seen = team.chat(chat)
    team.look()
    assert team.chat(chat).due_at == clock.now() + timedelta(seconds=120)
    assert not DynamoChatTimers().arm(ACCOUNT, seen, None), "the timer of the queue is over; that of the agent is not"
    assert team.chat(chat).due_at == clock.now() + timedelta(seconds=120)


@scenario("chat-is-there-to-look-at")
def a_chat_ends_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    team.set(overflow_after_s=120)
    team.join("A", 1)
    (chat,) = team.arrive()
    team.look()
    thread = team.reads.thread(ACCOUNT, chat.thread)
    assert thread is not None
    move = chat_moves.close(team.chat(chat), thread, clock.now())
    assert move is not None
    closed = chat_moves.ChatMove(move.before, armed(move.after, None), thread)
    assert not team.moves.commit(ACCOUNT, MoveCommit([closed], [], []))
    DynamoChatTimers().look_again_at(ACCOUNT, chat.id, clock.now())
    assert ChatRecord.get(keys.chat_pk(ACCOUNT, chat.id), "CHAT").due_sk is None


@scenario("waiting-is-told-once")
def two_looks_find_nobody_for_the_same_chat(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    (chat,) = team.arrive()
    told, chats = team.store.untold(ACCOUNT, team.department, 25)
    assert (told, chats) == (None, [team.chat(chat)])
    for _ in range(2):
        now = clock.now()
        receipt = why_nobody(chat, Order([], whole=True), {}, team.department, 0, "queued", now)
        event = Event(
            ids.new("ev", ACCOUNT),
            "chat.waiting",
            now,
            Author("system"),
            {"receipt": receipt_view(receipt)},
            chat.contact_id,
            chat.id,
        )
        team.store.tell(ACCOUNT, team.department, told, chat, [event])
    assert len(team.receipts(chat)) == 1
