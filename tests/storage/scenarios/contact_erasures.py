"""Races of erasures: looks at once, and what comes in meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.chats import Author, Chat, Event, Message, Thread, ThreadKey
from recado.domain.contact_erasure import Erasing, Erasure
from recado.ports.contact_erasures import Overtaken, Page
from recado.ports.idempotency import Claimed, Kept
from recado.storage import keys
from recado.storage.chat_records import ChatRecord, MessageRecord, ThreadRecord
from recado.storage.contact_erasures import DynamoErasures, ErasingRecord
from recado.storage.contact_records import ContactEventRecord
from recado.storage.erased_chats import DynamoErasedChats
from recado.storage.erased_elsewhere import DynamoErasedElsewhere
from recado.storage.erased_threads import DynamoErasedThreads
from recado.storage.erased_timelines import DynamoErasedTimelines
from recado.storage.feed import DynamoFeed, FeedRecord
from recado.storage.idempotency import DynamoIdempotency, IdempotencyRecord
from tests.storage.scenarios import scenario
from tests.storage.scenarios.feed import event as fact

A = "acctaaaa"
CONTACT = f"ct_{A}_{1:027x}"
THREAD = ThreadKey(f"ch_{A}_{1:027x}", "+5511987654321")


def begun(clock: Any, ids: Any, contact_id: str = CONTACT) -> Erasing:
    """An erasure of a contact that was deleted, and what is left of it to do."""
    now = clock.now()
    erasure = Erasure(ids.new("er", A), contact_id, (contact_id,), "requested", "us_1", now)
    work = Erasing(erasure.id, (contact_id,), (THREAD,), (), now, now)
    DynamoErasures().begin(A, None, erasure, work)
    return work


def chat_of(clock: Any, ids: Any, **fields: Any) -> Chat:
    now = clock.now()
    return Chat(
        ids.new("ca", A), CONTACT, THREAD.channel_id, "whatsapp", THREAD, f"dp_{A}_{1:027x}", "closed", now, 1,
        **{"closed_at": now, "last_seq": 2, **fields},
    )  # fmt: skip


@scenario("contact-is-erased-once")
def two_admins_erase_what_a_deleted_contact_left(clock: Any, ids: Any) -> None:
    for _ in range(2):
        begun(clock, ids)
    assert len(DynamoErasures().page(A, 10, None)) == 1, "two records of one erasure"


@scenario("erasing-moves-from-seen-version")
def two_looks_go_on_with_one_erasure(clock: Any, ids: Any) -> None:
    work, threads = begun(clock, ids), DynamoErasedThreads()
    message = Message(
        ids.new("ms", A), "", CONTACT, THREAD, 1, "inbound", "text", "Oi", "received", Author("contact", CONTACT),
        clock.now(), clock.now(),
    )  # fmt: skip
    MessageRecord.of_message(A, message).save()
    found = [threads.remains(A, threads.messages(A, THREAD, 0, 10)) for _ in range(2)]
    for remains in found:
        with suppress(Overtaken):
            threads.erase_messages(A, Page(work, work.moved("0#1", 1), {"messages": 1}), remains)
    ended = DynamoErasures().get(A, work.id)
    assert ended is not None
    assert ended.erased["messages"] == 1, "one message is counted twice"
    with suppress(Overtaken):
        DynamoErasures().go_on(A, Page(work, replace(work, place="gone back"), {}))
    assert DynamoErasures().work(A, work.id) == work.moved("0#1", 1), "who looked before takes the place back"


@scenario("erasing-is-there-to-look-at")
def a_look_finds_the_end_while_another_puts_it_off(clock: Any, ids: Any) -> None:
    work, store = begun(clock, ids), DynamoErasures()
    erasure = store.get(A, work.id)
    assert erasure is not None
    done = replace(erasure, state="done", finished_at=clock.now())
    store.finish(A, work, done, Event(ids.new("ev", A), "contact.erased", clock.now(), Author("system"), {}))
    store.put_off(A, work.id, clock.now() + timedelta(minutes=1))
    assert ErasingRecord.count(f"{A}#ERASING") == 0, "half an item that is looked at for ever"


@scenario("chat-goes-as-it-was-closed")
def a_chat_is_opened_again_while_it_is_erased(clock: Any, ids: Any) -> None:
    work, chat = begun(clock, ids), chat_of(clock, ids)
    opened = replace(chat, situation="queued", queued_at=clock.now(), closed_at=None, version=2)
    ChatRecord.of_chat(A, opened).save()
    with suppress(Overtaken):
        DynamoErasedChats().erase_chat(A, Page(work, work.moved("0", 1), {"chats": 1}), chat)
    assert DynamoErasedChats().chat(A, chat.id) == opened, "it waits in a queue and is not there"


@scenario("thread-goes-at-seen-seq")
def the_customer_writes_while_their_thread_is_erased(clock: Any, ids: Any) -> None:
    work, threads = begun(clock, ids), DynamoErasedThreads()
    ThreadRecord.of_thread(A, Thread(THREAD, CONTACT, 3)).save()
    rest = threads.rest(A, THREAD)
    newcomer = Thread(THREAD, f"ct_{A}_{2:027x}", 4, last_text="Oi")
    ThreadRecord.of_thread(A, newcomer).save()
    with suppress(Overtaken):
        threads.erase_rest(A, Page(work, work.moved("1"), {}), rest, whole=True, has_others=False)
    found = ThreadRecord.find(keys.thread_pk(A, THREAD), "THREAD")
    assert found is not None, "the message that came lies in no thread"
    assert found.thread() == newcomer


@scenario("event-is-there-to-redact")
def both_contacts_of_an_undone_merge_are_erased(clock: Any, ids: Any) -> None:
    work, timelines = begun(clock, ids), DynamoErasedTimelines()
    other = f"ct_{A}_{2:027x}"
    told = Event(ids.new("ev", A), "contact.merged", clock.now(), Author("system"), {"id": other}, contact_id=other)
    ContactEventRecord.of_event(A, told).save()
    until = clock.now() + timedelta(seconds=1)
    seen = timelines.between(A, other, clock.now(), until, None, 10)
    assert [one.id for one in seen] == [told.id]
    ContactEventRecord.of_event(A, told).delete()
    with suppress(Overtaken):
        timelines.redact_own(A, Page(work, work.moved("told"), {}), seen)
    assert ContactEventRecord.count(keys.contact_events_pk(A, other)) == 0, "half an event that nobody erases"


@scenario("feed-entry-is-there-to-redact")
def an_entry_ends_while_it_is_redacted(clock: Any, ids: Any) -> None:
    work, elsewhere = begun(clock, ids), DynamoErasedElsewhere()
    assert DynamoFeed().append(A, 0, [fact("ev_1")], {}, clock.now()) is None
    entries, _ = elsewhere.feed(A, 0, 10)
    FeedRecord(keys.feed_pk(A, 1), keys.feed_sk(1)).delete()
    with suppress(Overtaken):
        elsewhere.write_feed(A, Page(work, work.moved("1"), {"feed_events": 1}), dict(entries))
    assert FeedRecord.count(keys.feed_pk(A, 1)) == 0, "half an entry, without an end"


@scenario("kept-answer-is-forgotten-as-seen")
def a_key_is_used_anew_while_its_old_answer_is_forgotten(clock: Any, ids: Any) -> None:
    work, elsewhere, store = begun(clock, ids), DynamoErasedElsewhere(), DynamoIdempotency(ids)

    def claim() -> str:
        now = clock.now()
        claimed = store.claim(A, "us_1", "key", "request", now, now + timedelta(minutes=1), now + timedelta(days=1))
        assert isinstance(claimed, Claimed)
        return claimed.claim

    first = claim()
    store.keep(A, "us_1", "key", first, Kept("request", 201, b"old"))
    [(key, seen, _)] = elsewhere.answers(A, "us_1", None, 10)
    clock.move(86_401)
    claim()
    with suppress(Overtaken):
        elsewhere.forget_answers(A, Page(work, work.moved("x"), {}), "us_1", [(key, seen)])
    assert IdempotencyRecord.count(keys.idempotency_pk(A, "us_1")) == 1, "the request that runs can run once more"
