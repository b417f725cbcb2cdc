"""Internal notes that are edited and deleted; what went to a customer is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.chats import Message
from recado.domain.errors import Busy, Conflict, DomainError, Forbidden, Invalid, NotFound
from recado.services.message_changes import MessageChanges
from recado.storage.chat_records import ChatRecord, MessageRecord
from recado.storage.threads import DynamoThreads
from tests.sending_world import ADMIN, ANA, BRUNO, A, World, agent


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


@pytest.fixture
def changes(world: World) -> MessageChanges:
    return MessageChanges(world.chats, DynamoThreads(), world.clock)


def stored(world: World, message: Message) -> Message:
    found = world.outbox.message(A, message.thread, message.seq)
    assert found is not None
    return found


def note(world: World, text: str = "careful") -> Message:
    return world.write(internal=True, text=text)


def test_an_edit_keeps_what_the_note_said(world: World, changes: MessageChanges) -> None:
    written = note(world)
    world.clock.move(60)
    after = changes.edit(agent(ANA), world.chat.id, written.id, "all is well")
    assert after == stored(world, written)
    assert after == replace(
        written,
        text="all is well",
        payload={
            "edited_at": "2026-03-02T12:01:00.000Z",
            "history": [{"text": "careful", "until": "2026-03-02T12:01:00.000Z"}],
        },
    )
    world.clock.move(60)
    assert changes.edit(agent(ANA), world.chat.id, written.id, "all is well") == after  # nothing left to do
    changes.edit(ADMIN, world.chat.id, written.id, "is it?")
    assert [one["text"] for one in stored(world, written).payload["history"]] == ["careful", "all is well"]


def test_a_deleted_note_is_a_tombstone_for_ever(world: World, changes: MessageChanges) -> None:
    written = note(world)
    changes.delete(agent(ANA), world.chat.id, written.id)
    tombstone = stored(world, written)
    assert (tombstone.text, tombstone.payload["revoked_at"]) == ("", "2026-03-02T12:00:00.000Z")
    world.clock.move(60)
    changes.delete(agent(ANA), world.chat.id, written.id)
    with pytest.raises(Conflict) as caught:
        changes.edit(agent(ANA), world.chat.id, written.id, "again")
    assert caught.value.code == "message_deleted"
    assert stored(world, written) == tombstone


def refusal(error: type[DomainError], do: Any, *given: Any) -> str:
    with pytest.raises(error) as caught:
        do(*given)
    return caught.value.code


def test_only_who_wrote_it_or_an_admin(world: World, changes: MessageChanges) -> None:
    written = note(world)
    for other in (agent(BRUNO), agent(BRUNO, supervisor=True)):
        assert refusal(Forbidden, changes.edit, other, world.chat.id, written.id, "x") == "not_your_message"
        assert refusal(Forbidden, changes.delete, other, world.chat.id, written.id) == "not_your_message"
    assert stored(world, written) == written
    changes.delete(ADMIN, world.chat.id, written.id)
    assert stored(world, written).text == ""


def test_what_the_customer_wrote_or_got_stays(world: World, changes: MessageChanges) -> None:
    said, sent = world.store.messages(A, world.chat, 0, 1)[0], world.write()
    for message in (said, sent):
        assert refusal(Conflict, changes.edit, ADMIN, world.chat.id, message.id, "x") == "cannot_edit"
        assert refusal(Conflict, changes.delete, ADMIN, world.chat.id, message.id) == "cannot_delete"
        assert stored(world, message) == message


def test_a_message_of_elsewhere_is_not_there(world: World, changes: MessageChanges) -> None:
    written = note(world)
    other = replace(world.chat, id=world.ids.new("ca", A))
    ChatRecord.of_chat(A, other).save()
    for caller, chat_id, message_id in (
        (ADMIN, other.id, written.id),
        (ADMIN, world.chat.id, world.ids.new("ms", A)),
        (agent(BRUNO, role="restricted"), world.chat.id, written.id),
        (replace(ADMIN, account="accountb"), world.chat.id, written.id),
    ):
        refusal(NotFound, changes.edit, caller, chat_id, message_id, "x")
        refusal(NotFound, changes.delete, caller, chat_id, message_id)
        refusal(NotFound, world.chats.message, caller, chat_id, message_id)
    assert world.chats.message(agent(ANA), world.chat.id, written.id) == written


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001])
def test_a_note_stays_a_text(world: World, changes: MessageChanges, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        changes.edit(agent(ANA), world.chat.id, note(world).id, text)
    assert [one.pointer for one in caught.value.errors] == ["/text"]


def test_two_edits_at_once_lose_nothing(world: World) -> None:
    written = note(world, "zero")

    class Overtaken:
        """The store, before whose first write somebody else's edit is written."""

        def __init__(self) -> None:
            self.first = True

        def change(self, a: str, before: Message, after: Message) -> bool:
            if self.first:
                self.first = False
                changes.edit(ADMIN, world.chat.id, written.id, "one")
            return DynamoThreads().change(a, before, after)

    changes = MessageChanges(world.chats, Overtaken(), world.clock)
    changes.edit(agent(ANA), world.chat.id, written.id, "two")
    assert stored(world, written).text == "two"
    assert [one["text"] for one in stored(world, written).payload["history"]] == ["zero", "one"]


def test_a_note_that_never_stands_still_is_busy(world: World) -> None:
    lost = type("Lost", (), {"change": lambda *_: False})()
    with pytest.raises(Busy):
        MessageChanges(world.chats, lost, world.clock).delete(agent(ANA), world.chat.id, note(world).id)


def test_a_note_that_is_erased_meanwhile_is_not_made_again(world: World) -> None:
    written = note(world)
    MessageRecord.of_message(A, written).delete()
    assert not DynamoThreads().change(A, written, replace(written, text="x", payload={"edited_at": "now"}))
    assert world.outbox.message(A, written.thread, written.seq) is None
