"""What the first answer, one message and searching may cost (docs/data-model.md §3, D2, D6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.contacts import Contact, Identity
from recado.ports.chats import ChatFilter
from recado.services.chat_search import ChatSearch
from recado.services.message_changes import MessageChanges
from recado.services.message_search import MessageSearch
from recado.storage.chat_records import MessageRecord
from recado.storage.message_search import DynamoMessageSearch
from recado.storage.threads import DynamoThreads
from tests.recording import record
from tests.sending_world import ADMIN, ANA, CONTACT, A, World, agent

LONG = "x" * 200


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


class OneContact:
    """A contact in memory: reading it is one unit more."""

    def __init__(self, world: World) -> None:
        identity = Identity(world.key.channel_id, world.key.sender)
        self.contact = Contact(CONTACT, world.clock.now(), world.clock.now(), identities=(identity,))

    def resolved(self, a: str, contact_id: str) -> Contact:
        return self.contact

    def find(self, a: str, text: str, limit: int, after: str | None) -> Any:
        raise AssertionError("nobody asked for contacts")


def fill(world: World, count: int) -> None:
    """Messages of some 700 bytes each."""
    said = world.store.messages(A, world.chat, 0, 1)[0]
    with MessageRecord.batch_write() as batch:
        for seq in range(2, count + 2):
            batch.save(MessageRecord.of_message(A, replace(said, seq=seq, id=world.ids.new("ms", A), text=LONG)))


def test_a_first_answer_writes_the_chat_and_its_fact_too(world: World) -> None:
    """Beside what any message costs (6): CHAT and EVT, of more than a kilobyte each, and the department's read (here in
    memory)."""
    world.department_settings = {"close_idle_after_s": 600}
    with record() as calls:
        world.write(agent(ANA), text=LONG)
    assert calls.operations == {"dynamodb:GetItem": 2, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru, world.departments_read) == (14, 2, 1)
    assert calls.index_wru == {"due": 2, "by_contact": 1}


def test_one_message_and_its_edit(world: World) -> None:
    note = world.write(ADMIN, internal=True, text=LONG)
    with record() as calls:
        world.chats.message(ADMIN, world.chat.id, note.id)
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:Query": 1}
    assert calls.rru <= 2
    changes = MessageChanges(world.chats, DynamoThreads(), world.clock)
    with record() as calls:
        changes.edit(ADMIN, world.chat.id, note.id, "y" * 200)
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:Query": 1, "dynamodb:UpdateItem": 1}
    assert calls.wru <= 2


def test_a_page_of_a_contacts_history(world: World) -> None:
    fill(world, 400)
    people = OneContact(world)
    search = MessageSearch(people, DynamoMessageSearch(), world.chats)
    with record() as calls:
        page, _ = search.page(ADMIN, CONTACT, None, 50, None)
    assert len(page) == 50
    # the index, CHATs, THREADs, ALIASes, then one query of 51 messages
    assert calls.operations == {"dynamodb:Query": 2, "dynamodb:BatchGetItem": 3}
    assert calls.rru <= 2 + 51 * 800 / 8192 + 1


def test_a_search_reads_two_thousand_messages_at_most(world: World) -> None:
    """Some 700 bytes each: less than 200 units a call."""
    fill(world, 2_400)
    search = MessageSearch(OneContact(world), DynamoMessageSearch(), world.chats)
    with record() as calls:
        page, after = search.page(ADMIN, CONTACT, "nowhere", 50, None)
    assert (page, after is not None) == ([], True)
    assert calls.operations == {"dynamodb:Query": 1 + 10, "dynamodb:BatchGetItem": 3}
    assert calls.rru <= 2 + 2_000 * 800 / 8192
    with record() as calls:
        assert search.page(ADMIN, CONTACT, "nowhere", 50, after)[1] is None
    assert calls.operations["dynamodb:Query"] == 1 + 3


def test_a_search_in_a_contacts_chats(world: World) -> None:
    fill(world, 2_400)
    search = ChatSearch(world.chats, OneContact(world), DynamoMessageSearch())
    with record() as calls:
        page, after = search.page(ADMIN, ChatFilter(contact_ids=(CONTACT,)), "nowhere", 50, None)
    assert (page, after) == ([], f"{world.chat.id}@402")
    assert calls.operations == {"dynamodb:Query": 1 + 10, "dynamodb:BatchGetItem": 1}
    assert calls.rru <= 2 + 2_000 * 800 / 8192
