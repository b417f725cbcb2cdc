"""Races of telephone calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.calls import Call
from recado.domain.chats import ThreadKey
from recado.storage import keys
from recado.storage.calls import CallRecord, DynamoCalls
from recado.storage.chat_records import MessageRecord
from tests.storage.scenarios import scenario
from tests.storage.scenarios.inbound import CHANNEL, PHONE, A, first_message, read


def begun(clock: Any) -> Call:
    call = Call("CA1", CHANNEL, clock.now(), asked=1, version=1)
    assert DynamoCalls().write(A, None, call)
    return call


@scenario("call-begins-once")
def a_first_request_comes_twice(clock: Any, ids: Any) -> None:
    store, call = DynamoCalls(), begun(clock)
    went_on = replace(call, stage="waiting", version=2)
    assert store.write(A, call, went_on)
    store.write(A, None, call)
    assert store.get(A, CHANNEL, "CA1") == went_on, "the caller hears the menu again"


@scenario("call-moves-from-seen-version")
def it_is_answered_while_it_ends(clock: Any, ids: Any) -> None:
    store, call = DynamoCalls(), begun(clock)
    assert store.write(A, call, replace(call, answered_at=clock.now(), answered_by="us_1", version=2))
    ended = replace(call, ended_at=clock.now(), version=2)
    store.write(A, call, ended)
    found = store.get(A, CHANNEL, "CA1")
    assert found is not None
    assert found.answered_by == "us_1", "a call that was answered is told to be missed"


@scenario("call-is-there-to-look-at")
def it_ends_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    store, call = DynamoCalls(), begun(clock)
    assert store.write(A, call, replace(call, ended_at=clock.now(), version=2))
    store.look_again_at(A, CHANNEL, "CA1", clock.now())
    record = CallRecord.find(keys.call_pk(A, CHANNEL, "CA1"), "CALL")
    assert record is not None and record.due_sk is None, "it would be looked at for ever"


@scenario("call-message-is-there")
def the_caller_is_erased_meanwhile(clock: Any, ids: Any) -> None:
    store, call = DynamoCalls(), begun(clock)
    place = first_message(clock, ids, "CA1")
    joined = replace(call, sender=PHONE, seq=place.seq, message_id=place.message_id, version=2)
    assert store.write(A, call, joined)
    pk, sk = keys.thread_pk(A, ThreadKey(CHANNEL, PHONE)), keys.message_sk(place.seq)
    MessageRecord(pk, sk).delete()
    assert read() is not None
    assert store.write(A, joined, replace(joined, ended_at=clock.now(), version=3))
    assert MessageRecord.find(pk, sk) is None, "a message without its contents"
    found = store.get(A, CHANNEL, "CA1")
    assert found is not None
    assert found.state == "missed"
