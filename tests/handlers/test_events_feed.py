"""From the tables' streams to the feed: what is told, once, in order, and what stands in the way of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from recado.aws.queue import NotSent, SqsQueue
from recado.domain.chats import Author, Chat, Event, Message, ThreadKey
from recado.domain.ids import is_id
from recado.domain.sending import Outgoing
from recado.storage.agents import RingRecord
from recado.storage.chat_records import ChatEventRecord, MessageRecord, ThreadRecord, wait_record
from recado.storage.contact_records import ContactEventRecord
from recado.storage.sends import OutRecord
from tests.handlers.stack import Stack

A, B = "acctaaab", "acctaaac"
THREAD = ThreadKey("ch_acctaaab_" + "0" * 27, "+5511999990000")


def message(ids: Any, clock: Any, **fields: Any) -> Message:
    known: dict[str, Any] = {
        "id": ids.new("ms", A), "chat_id": ids.new("ca", A), "contact_id": ids.new("ct", A), "thread": THREAD, "seq": 1,
        "direction": "outbound", "kind": "text", "text": "Olá", "status": "queued", "author": Author("user", "us_1"),
        "sent_at": clock.now(), "created_at": clock.now(),
    }  # fmt: skip
    return Message(**(known | fields))


def save(one: Message) -> None:
    MessageRecord.of_message(A, one).save()


def fact(ids: Any, clock: Any, a: str = A, kind: str = "chat.queued") -> Event:
    chat_id, contact_id = ids.new("ca", a), ids.new("ct", a)
    return Event(ids.new("ev", a), kind, clock.now(), Author("system"), {"id": chat_id}, contact_id, chat_id)


def publish(stack: Stack) -> Any:
    return stack.invoke("events", {"Records": stack.stream_records()})


def feed(stack: Stack, a: str = A) -> list[dict[str, Any]]:
    """All that the streams tell goes through both functions into the feed."""
    assert publish(stack) == {"batchItemFailures": []}
    assert stack.work("feed", "feed") == []
    return stack.container.feed.page(a, 0, 200)[0]


def types(items: list[dict[str, Any]]) -> list[str]:
    return [item["type"] for item in items]


def test_event_items_of_chats_and_contacts_come_into_the_feed(stack: Stack, ids: Any, clock: Any) -> None:
    queued, created = fact(ids, clock), replace(fact(ids, clock, kind="contact.created"), chat_id=None)
    ChatEventRecord.of_event(A, queued).save()
    ContactEventRecord.of_event(A, created).save()
    items = sorted(feed(stack), key=lambda item: str(item["type"]))
    assert items[0] == {
        "id": queued.id, "seq": items[0]["seq"], "type": "chat.queued", "timestamp": "2026-03-02T12:00:00.000Z",
        "actor": {"type": "system", "id": None}, "data": {"id": queued.chat_id},
    }  # fmt: skip
    assert (items[1]["id"], items[1]["type"]) == (created.id, "contact.created")
    assert {item["seq"] for item in items} == {1, 2}


def test_each_account_has_its_own_feed(stack: Stack, ids: Any, clock: Any) -> None:
    ChatEventRecord.of_event(A, fact(ids, clock)).save()
    ChatEventRecord.of_event(B, fact(ids, clock, B)).save()
    feed(stack)
    assert [len(stack.container.feed.page(a, 0, 200)[0]) for a in (A, B)] == [1, 1]


def test_a_received_message_is_told_as_it_is(stack: Stack, ids: Any, clock: Any) -> None:
    one = message(ids, clock, direction="inbound", status="received", author=Author("contact", "ct_1"))
    save(one)
    [item] = feed(stack)
    assert (item["type"], item["data"]["id"], item["data"]["text"]) == ("message.received", one.id, "Olá")
    assert is_id(item["id"], "ev", A)


def test_a_sent_message_and_its_statuses(stack: Stack, ids: Any, clock: Any) -> None:
    one = message(ids, clock)
    for status in ("queued", "sent", "delivered", "read"):
        save(replace(one, status=status))
    items = feed(stack)
    assert types(items) == ["message.sent", "message.status", "message.status"]
    assert [item["data"]["status"] for item in items] == ["sent", "delivered", "read"]
    assert len({item["id"] for item in items}) == 3


@pytest.mark.parametrize("statuses", [("queued", "failed"), ("queued", "unknown"), ("queued", "delivered")])
def test_what_was_not_just_sent_is_a_status(stack: Stack, ids: Any, clock: Any, statuses: tuple[str, ...]) -> None:
    one = message(ids, clock)
    for status in statuses:
        save(replace(one, status=status))
    assert types(feed(stack)) == ["message.status"]


def test_what_turns_out_to_be_sent_later_is_a_status_too(stack: Stack, ids: Any, clock: Any) -> None:
    one = message(ids, clock)
    for status in ("queued", "unknown", "sent"):
        save(replace(one, status=status))
    assert types(feed(stack)) == ["message.status", "message.status"]


def test_an_edit_and_a_revocation_are_told_once_each(stack: Stack, ids: Any, clock: Any) -> None:
    one = message(ids, clock, direction="inbound", status="received", author=Author("contact", "ct_1"))
    twice = replace(one, text="Oi!", payload={"edited_at": "1", "history": [{"text": "Olá"}]})
    back = replace(one, payload={"edited_at": "2", "history": [{"text": "Olá"}, {"text": "Oi!"}]})
    for each in (one, twice, back, replace(back, text="", payload={**back.payload, "revoked_at": "3"})):
        save(each)
    records = stack.stream_records()
    for _ in range(2):
        assert stack.invoke("events", {"Records": records}) == {"batchItemFailures": []}
        assert stack.work("feed", "feed") == []
    items = stack.container.feed.page(A, 0, 200)[0]
    assert types(items) == ["message.received", *["message.edited"] * 3]
    assert [item["data"]["text"] for item in items] == ["Olá", "Oi!", "Olá", ""]
    assert len({item["id"] for item in items}) == 4 and all(is_id(item["id"], "ev", A) for item in items)


def test_a_picture_without_caption_that_is_taken_back_is_told(stack: Stack, ids: Any, clock: Any) -> None:
    one = message(ids, clock, status="sent", kind="image", text="")
    save(one)
    save(replace(one, payload={"revoked_at": "1"}))
    assert types(feed(stack)) == ["message.sent", "message.edited"]


def test_notes_and_other_changes_tell_nothing(stack: Stack, ids: Any, clock: Any) -> None:
    note = message(ids, clock, internal=True, status="sent")
    save(note)
    save(replace(note, text="corrected"))
    one = message(ids, clock, seq=2)
    save(one)
    save(replace(one, provider_id="wamid.1"))
    ThreadRecord(pk=f"{A}#T#x", sk="THREAD", contact_id="c", last_seq=1, channel_id="x", sender="y").save()
    MessageRecord.of_message(A, one).delete()
    assert feed(stack) == []


def test_a_stream_told_again_changes_nothing(stack: Stack, ids: Any, clock: Any) -> None:
    ChatEventRecord.of_event(A, fact(ids, clock)).save()
    save(message(ids, clock, direction="inbound", status="received"))
    records = stack.stream_records()
    stack.invoke("events", {"Records": records})
    commands = stack.receive("feed")
    assert stack.invoke("events", {"Records": records}) == {"batchItemFailures": []}
    assert stack.receive("feed") == []  # the queue knows them for five minutes; after that the claims do
    for _ in range(2):
        assert stack.invoke("feed", {"Records": [*commands, *commands]}) == {"batchItemFailures": []}
    assert [item["seq"] for item in stack.container.feed.page(A, 0, 200)[0]] == [1, 2]


def test_what_waits_and_who_is_free_wakes_the_department_once_a_batch(stack: Stack, ids: Any, clock: Any) -> None:
    for n in range(3):
        wait_record(A, chat(ids, clock.now(), "dp_one")).save()
        RingRecord(pk=f"{A}#RING#dp_two", sk=f"0000000{n}#us_{n}", user_id=f"us_{n}", position=n).save()
    RingRecord(pk=f"{A}#RING#dp_two", sk="00000001#us_1").delete()
    publish(stack)
    records = stack.receive("distribution")
    woken = [(record["attributes"]["MessageGroupId"], json.loads(record["body"])["cause"]) for record in records]
    assert sorted(woken) == [("dp_one", "chat_waits"), ("dp_two", "agent_free")]
    assert {json.loads(record["body"])["account"] for record in records} == {A}


def test_a_later_stir_of_the_same_department_wakes_it_again(stack: Stack, ids: Any, clock: Any) -> None:
    for _ in range(2):
        wait_record(A, chat(ids, clock.now(), "dp_one")).save()
        publish(stack)
    assert len(stack.receive("distribution")) == 2


def test_a_send_is_asked_for_again_under_the_same_command(stack: Stack, ids: Any, clock: Any) -> None:
    out = Outgoing(ids.new("ms", A), THREAD, 1, clock.now(), correlation_id="req-1")
    OutRecord.of_send(A, out).save()
    OutRecord.of_send(A, replace(out, state="claimed", attempt=1)).save()
    publish(stack)
    [record] = stack.receive("outbound")
    assert json.loads(record["body"]) == {"account": A, "message_id": out.message_id, "correlation_id": "req-1"}
    assert record["attributes"]["MessageGroupId"] == f"{THREAD.channel_id}#{THREAD.sender}"


def test_what_cannot_be_read_is_parked_and_holds_nothing_up(stack: Stack, ids: Any, clock: Any) -> None:
    ChatEventRecord.of_event(A, fact(ids, clock)).save()
    ChatEventRecord.of_event(A, fact(ids, clock)).save()
    records = stack.stream_records()
    del records[0]["dynamodb"]["NewImage"]["at"]
    assert stack.invoke("events", {"Records": records}) == {"batchItemFailures": []}
    assert len(stack.receive("feed")) == 1
    kept = stack.container.raw_blobs.get(f"{A}/parked/streams/{records[0]['eventID']}")
    assert json.loads(kept)["eventID"] == records[0]["eventID"]


def test_what_no_queue_takes_is_parked_and_holds_nothing_up(stack: Stack, ids: Any, clock: Any) -> None:
    large = replace(fact(ids, clock), data={"text": "é" * 60_000})
    ChatEventRecord.of_event(A, large).save()
    ChatEventRecord.of_event(A, fact(ids, clock)).save()
    records = stack.stream_records()
    assert stack.invoke("events", {"Records": records}) == {"batchItemFailures": []}
    assert len(stack.receive("feed")) == 1
    assert stack.container.raw_blobs.get(f"{A}/parked/streams/{records[0]['eventID']}")


def test_a_queue_that_refuses_has_the_batch_come_again_from_there(
    stack: Stack, ids: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        ChatEventRecord.of_event(A, fact(ids, clock)).save()
    records = stack.stream_records()
    send, refused = SqsQueue.send, records[1]["dynamodb"]["Keys"]["sk"]["S"].removeprefix("EVT#")

    def choosy(queue: SqsQueue, commands: Any) -> None:
        if any(command.dedup == refused for command in commands):
            raise NotSent(1, len(commands), frozenset({"InternalError"}))
        send(queue, commands)

    with monkeypatch.context() as patched:
        patched.setattr(SqsQueue, "send", choosy)
        answer = stack.invoke("events", {"Records": records})
    assert answer == {"batchItemFailures": [{"itemIdentifier": records[1]["dynamodb"]["SequenceNumber"]}]}
    assert stack.invoke("events", {"Records": records[1:]}) == {"batchItemFailures": []}
    assert stack.work("feed", "feed") == []
    assert [item["seq"] for item in stack.container.feed.page(A, 0, 200)[0]] == [1, 2, 3]


def test_an_unreadable_command_is_parked_and_those_behind_it_are_fed(stack: Stack, ids: Any, clock: Any) -> None:
    ChatEventRecord.of_event(A, fact(ids, clock)).save()
    publish(stack)
    [good] = stack.receive("feed")
    bad = [
        {**good, "messageId": f"bad-{n}", "body": body} for n, body in enumerate(("{", "[]", "{}", '{"account": "x"}'))
    ]
    assert stack.invoke("feed", {"Records": [*bad, good]}) == {"batchItemFailures": []}
    assert len(stack.container.feed.page(A, 0, 200)[0]) == 1
    assert stack.container.raw_blobs.get(f"{A}/parked/feed/bad-0") == b"{"


def test_a_failed_feeding_comes_again_without_touching_other_accounts(
    stack: Stack, ids: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for a in (A, B):
        ChatEventRecord.of_event(a, fact(ids, clock, a)).save()
    publish(stack)
    records = stack.receive("feed")
    service = stack.container.feed
    fed = service.feed

    def failing(a: str, events: Any) -> int:
        if a == A:
            raise ConnectionError
        return fed(a, events)

    monkeypatch.setattr(service, "feed", failing)
    answer = stack.invoke("feed", {"Records": records})
    of_a = [record["messageId"] for record in records if record["attributes"]["MessageGroupId"] == A]
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == of_a
    assert len(service.page(B, 0, 200)[0]) == 1


def chat(ids: Any, at: datetime, department_id: str) -> Chat:
    return Chat(
        ids.new("ca", A),
        ids.new("ct", A),
        THREAD.channel_id,
        "whatsapp",
        THREAD,
        department_id,
        "queued",
        at,
        1,
        queued_at=at,
    )
