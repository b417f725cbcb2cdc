"""What exporting and erasing a contact may cost (docs/data-model.md §3, LGPD)."""

from __future__ import annotations

from typing import Any

from recado.domain.chats import Author, Event, Message, ThreadKey
from recado.domain.contact_claims import contact_claims
from recado.domain.contact_erasure import Erasing, Erasure, after_step
from recado.domain.contact_search import search_tokens
from recado.domain.contacts import Contact, Identity
from recado.ports.contact_erasures import Page
from recado.services.erasing import ErasingService
from recado.storage.chat_records import MessageRecord
from recado.storage.contact_data_exports import DynamoDataExports
from recado.storage.contact_erasures import DynamoErasures
from recado.storage.contacts import ContactStore
from recado.storage.erased_chats import DynamoErasedChats
from recado.storage.erased_elsewhere import DynamoErasedElsewhere
from recado.storage.erased_threads import DynamoErasedThreads
from tests.recording import record

A = "acctaaaa"
THREAD = ThreadKey(f"ch_{A}_{1:027x}", "+5511987654321")


def a_contact(clock: Any, ids: Any) -> Contact:
    plain = Contact(
        ids.new("ct", A), clock.now(), clock.now(), name="Ana Souza", mobile="+5511987654321",
        identities=(Identity(THREAD.channel_id, THREAD.sender),),
    )  # fmt: skip
    contact = Contact(**{**plain.__dict__, "claims": contact_claims(plain)})
    event = Event(ids.new("ev", A), "contact.created", clock.now(), Author("system"), {}, contact_id=contact.id)
    ContactStore().create(A, contact, event)
    found = ContactStore().get(A, contact.id)
    assert found is not None
    return found


def begun(clock: Any, ids: Any, contact: Contact) -> Erasing:
    now = clock.now()
    erasure = Erasure(ids.new("er", A), contact.id, (contact.id,), "requested", "us_1", now)
    work = Erasing(erasure.id, (contact.id,), (THREAD,), (), now, now)
    assert DynamoErasures().begin(A, contact, erasure, work)
    return work


def test_the_request(dynamodb: Any, clock: Any, ids: Any) -> None:
    contact = a_contact(clock, ids)
    with record() as calls:
        begun(clock, ids, contact)
    items = 1 + len(contact.claims) + len(search_tokens(contact)) + 3
    assert (calls.wru, calls.count(), calls.index_wru) == (2 * items, 1, {"due": 1})


def test_a_page_of_messages(dynamodb: Any, clock: Any, ids: Any) -> None:
    contact = a_contact(clock, ids)
    work, threads = begun(clock, ids, contact), DynamoErasedThreads()
    for seq in range(1, 11):
        message = Message(
            ids.new("ms", A), "", contact.id, THREAD, seq, "inbound", "text", "Oi", "received",
            Author("contact", contact.id), clock.now(), clock.now(), provider_id=f"wamid.{seq}",
        )  # fmt: skip
        MessageRecord.of_message(A, message).save()
    with record() as calls:
        remains = threads.remains(A, threads.messages(A, THREAD, 0, 40))
        threads.erase_messages(A, Page(work, work.moved("0#10", 10), {"messages": 10}), remains)
    assert calls.wru <= 10 * 2 + 4
    assert calls.rru <= 1 * 10 + 2
    assert calls.count() == 3
    assert sum(calls.index_wru.values()) <= 2


def test_a_pass_that_finds_nothing(dynamodb: Any, clock: Any, ids: Any) -> None:
    work = begun(clock, ids, a_contact(clock, ids))
    chats, threads = DynamoErasedChats(), DynamoErasedThreads()
    with record() as calls:
        assert chats.ids(A, work.contact_ids[0], None, 1) == []
        assert chats.strays(A, work.contact_ids[0], None, 45) == ([], None)
        assert threads.messages(A, THREAD, 0, 40) == []
        left = after_step(Erasing(**{**work.__dict__, "step": "merges"}), clock.now())
        assert left is not None
        DynamoErasures().go_on(A, Page(work, left, {}))
    assert (calls.wru, calls.index_wru, calls.rru <= 3) == (1, {"due": 2}, True)


def test_the_feed_is_read_once(dynamodb: Any, clock: Any, ids: Any) -> None:
    with record() as calls:
        assert DynamoErasedElsewhere().feed(A, 0, 200) == ([], None)
    assert calls.rru <= 2


def test_sweeps_with_nothing_due(dynamodb: Any, clock: Any, ids: Any) -> None:
    erasing = ErasingService(DynamoErasures(), {}, clock, ids)
    with record() as calls:
        assert not erasing.look_due(160).more
        assert DynamoDataExports().due(clock.now(), 160) == ([], False)
    assert (calls.wru, calls.rru, calls.count()) == (0, 16, 32)
