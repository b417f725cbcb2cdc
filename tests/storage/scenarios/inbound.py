"""Races of what arrives: messages of one customer, second ids, edits, statuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from recado.domain.chats import Thread, ThreadKey
from recado.domain.intake import Arrival, Intake, Place, take_in
from recado.domain.message_changes import edited
from recado.domain.messages import Edit, Sender
from recado.ports.inbound import Delivery, LostRace, Seen
from recado.storage.chat_records import ChatRecord, MessageRecord, ThreadRecord
from recado.storage.statuses import DynamoStatuses
from recado.storage.threads import DynamoThreads
from tests.storage.scenarios import scenario

A = "acctaaaa"
CHANNEL = f"ch_{A}_1"
PHONE = "+5511987654321"
USER_ID = "u:BR.77"


def arrival(clock: Any, provider_id: str, key: str = PHONE, aliases: Sequence[str] = ()) -> Arrival:
    sender = Sender(key, aliases=tuple(aliases))
    return Arrival(provider_id, sender, True, "text", provider_id, {}, None, None, clock.now())


def intake(clock: Any, ids: Any, seen: Thread | None, one: Arrival) -> Intake:
    place = Place(A, CHANNEL, "whatsapp", f"dp_{A}_1", lambda kind: ids.new(kind, A), clock.now())
    key = seen.key if seen else ThreadKey(CHANNEL, one.sender.canonical)
    return take_in(place, seen, key, f"ct_{A}_1", [one], {}, None)


def commit(work: Intake) -> LostRace | None:
    return DynamoThreads().take_in(A, work, None, [])


def read(key: str = PHONE) -> Thread | None:
    return DynamoThreads().thread(A, ThreadKey(CHANNEL, key), [])


def texts() -> list[str]:
    return sorted(str(one.text) for one in MessageRecord.scan(MessageRecord.sk.startswith("MSG#")))


def first_message(clock: Any, ids: Any, provider_id: str = "m1") -> Seen:
    assert commit(intake(clock, ids, read(), arrival(clock, provider_id))) is None
    return DynamoThreads().seen(A, CHANNEL, [provider_id])[provider_id]


@scenario("message-is-seen-once")
def a_message_delivered_twice(clock: Any, ids: Any) -> None:
    """The second worker reads the thread after the first has written, but its look for the message was a moment too
    early."""
    first_message(clock, ids)
    lost = commit(intake(clock, ids, read(), arrival(clock, "m1")))
    assert lost == LostRace(frozenset({"m1"}))
    assert texts() == ["m1"]


@scenario("intake-moves-thread-from-seen-seq")
def two_messages_at_once(clock: Any, ids: Any) -> None:
    """Two workers read the same thread, then both write: with the first messages, and with later ones."""
    for before, messages in ((read(), ("m1", "m2")), (None, ("m3", "m4"))):
        seen = before or read()
        one, other = (intake(clock, ids, seen, arrival(clock, name)) for name in messages)
        assert commit(one) is None
        if commit(other) is not None:
            assert commit(intake(clock, ids, read(), arrival(clock, messages[1]))) is None
    assert texts() == ["m1", "m2", "m3", "m4"]
    assert len(list(ChatRecord.scan(ChatRecord.sk == "CHAT"))) == 1


@scenario("thread-begins-where-no-alias-leads")
def a_thread_begins_under_a_second_id(clock: Any, ids: Any) -> None:
    """A message by phone finds no thread; before it writes, another that has both ids ties the phone to the older
    thread."""
    assert commit(intake(clock, ids, None, arrival(clock, "m1", USER_ID))) is None
    by_phone = intake(clock, ids, read(), arrival(clock, "m2"))
    assert commit(intake(clock, ids, read(USER_ID), arrival(clock, "m3", PHONE, [USER_ID]))) is None
    commit(by_phone)
    assert len(list(ThreadRecord.scan(ThreadRecord.sk == "THREAD"))) == 1


@scenario("alias-stands-for-no-thread")
def a_second_id_gets_a_thread_of_its_own(clock: Any, ids: Any) -> None:
    """A message with both ids finds no thread; before it writes, one with the second id alone begins a thread."""
    with_both = intake(clock, ids, read(), arrival(clock, "m1", PHONE, [USER_ID]))
    assert commit(intake(clock, ids, None, arrival(clock, "m2", USER_ID))) is None
    commit(with_both)
    assert len(list(ThreadRecord.scan(ThreadRecord.sk == "THREAD"))) == 1


@scenario("message-changes-from-seen-payload")
def two_edits_at_once(clock: Any, ids: Any) -> None:
    """Two workers read one message, then both write their edit of it: each text that was there is in the history."""
    place, store = first_message(clock, ids), DynamoThreads()
    before = store.message(A, place)
    assert before is not None
    for number in (1, 2, 3):
        edit = Edit(f"e{number}", "m1", Sender(PHONE), True, "text", f"edit {number}", clock.now())
        seen = before if number < 3 else store.message(A, place)
        after = edited(seen, edit) if seen else None
        if seen and after and not store.change(A, seen, after):
            again = store.message(A, place)
            assert again is not None
            anew = edited(again, edit)
            assert anew is not None
            assert store.change(A, again, anew)
    message = store.message(A, place)
    assert message is not None
    assert [one["text"] for one in message.payload["history"]] == ["m1", "edit 1", "edit 2"]


@scenario("status-moves-forward")
def statuses_out_of_order(clock: Any, ids: Any) -> None:
    """`read` is written first, then `delivered` by a worker that was slower."""
    place, store = outbound_message(clock, ids), DynamoStatuses()
    store.move(A, place, Delivery("read", clock.now()))
    store.move(A, place, Delivery("delivered", clock.now()))
    message = DynamoThreads().message(A, place)
    assert message is not None
    assert message.status == "read"


@scenario("status-is-parked-before-its-message")
def a_message_recorded_while_its_status_is_parked(clock: Any, ids: Any) -> None:
    """The status finds no message; before it is parked, the message is recorded and finds nothing parked."""
    store = DynamoStatuses()
    assert store.place(A, CHANNEL, "m1") is None
    place = outbound_message(clock, ids)
    assert store.take_parked(A, CHANNEL, "m1") == 0
    if not store.park(A, CHANNEL, "m1", Delivery("delivered", clock.now())):
        store.move(A, place, Delivery("delivered", clock.now()))
    message = DynamoThreads().message(A, place)
    assert message is not None
    assert message.status == "delivered"


def outbound_message(clock: Any, ids: Any) -> Seen:
    """A message of the company, sent."""
    echo = replace(arrival(clock, "m1"), inbound=False)
    assert commit(intake(clock, ids, read(), echo)) is None
    return DynamoThreads().seen(A, CHANNEL, ["m1"])["m1"]
