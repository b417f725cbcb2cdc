"""Who may write what where, and what is stored then."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.exceptions import TransactWriteError

from recado.domain.chats import Author, Chat, Event
from recado.domain.errors import Busy, Conflict, DomainError, Forbidden, Invalid, NotFound
from recado.domain.ids import sibling_id
from recado.domain.messages import Template
from recado.ports.core import HttpResponse
from recado.ports.idempotency import Attempt
from recado.services.message_changes import MessageChanges
from recado.services.sending import NewMessage
from recado.storage.chat_records import ChatRecord
from recado.storage.threads import DynamoThreads
from tests.lost_answers import LostAnswers
from tests.sending_world import ADMIN, ANA, BRUNO, CONTACT, A, World, agent

ORIGIN = f"rq_{A}_{1:027x}"


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def refused(world: World, error: type[DomainError], caller: Any = None, **fields: Any) -> DomainError:
    before = world.thread
    with pytest.raises(error) as caught:
        world.write(caller, **fields)
    assert world.thread == before
    assert world.queue.sent == []
    return caught.value


def test_a_message_is_stored_queued_with_its_command(world: World) -> None:
    message = world.write()
    assert (message.status, message.seq, message.author, message.direction) == (
        "queued",
        2,
        Author("user", ANA),
        "outbound",
    )
    assert world.message(message.id) == message
    thread = world.thread
    assert (thread.last_seq, thread.unread, thread.last_text, thread.last_message_at) == (
        2,
        0,
        "hello",
        world.clock.now(),
    )
    command = world.queue.sent[0]
    assert command.body == {"account": A, "message_id": message.id, "correlation_id": "corr"}
    assert (command.group, command.dedup) == (f"{world.key.channel_id}#{world.key.sender}", f"{message.id}-1")


def chat(world: World) -> Chat:
    found = world.store.chat(A, world.chat.id)
    assert found is not None
    return found


def test_the_serving_agents_first_answer_starts_the_chat_once(world: World) -> None:
    world.write(ADMIN)
    assert chat(world).started_at is None
    world.write()
    started = chat(world)
    assert (started.started_at, started.version) == (world.clock.now(), 2)
    world.clock.move(5)
    world.write()
    assert chat(world) == started


def answered_facts(world: World) -> list[Event]:
    return world.store.events(A, world.chat.id, ("chat.answered",), None, 10)


def test_a_users_first_answer_is_noted_once_with_how_long_it_took(world: World) -> None:
    world.department_settings = {"close_idle_after_s": 600}
    world.write(internal=True)
    world.write(ADMIN)  # a token, which is no user
    assert (chat(world).answered_at, answered_facts(world), world.departments_read) == (None, [], 0)
    world.clock.move(90.5)
    message = world.write()
    after = chat(world)
    assert (after.answered_at, after.started_at, after.version) == (world.clock.now(), world.clock.now(), 2)
    assert after.due_at == world.clock.now() + timedelta(seconds=600)
    (fact,) = answered_facts(world)
    assert (fact.actor, fact.at, fact.contact_id) == (Author("user", ANA), world.clock.now(), CONTACT)
    assert fact.data == {**world.chats.get(ADMIN, world.chat.id), "first_answer_s": 90.5}
    assert message.id.rpartition("_")[2] == fact.id.rpartition("_")[2]
    world.clock.move(5)
    world.write()
    assert (chat(world), len(answered_facts(world)), world.departments_read) == (after, 1, 1)


def test_a_chat_that_was_opened_again_is_answered_from_then_on(world: World) -> None:
    world.clock.move(3_600)
    ChatRecord.of_chat(A, replace(chat(world), reopened_at=world.clock.now())).save()
    world.clock.move(2)
    world.write()
    assert answered_facts(world)[0].data["first_answer_s"] == 2.0


@pytest.mark.parametrize("situation", ["automatic", "queued"])
def test_an_answer_leaves_a_chat_that_nobody_serves_where_it_is(world: World, situation: Any) -> None:
    """Supervisors and admins may write; agents assume it first."""
    world.department_settings = {"max_automatic_s": 900}
    before = replace(chat(world), situation=situation, agent_id=None, assigned_at=None, moved_at=world.clock.now())
    ChatRecord.of_chat(A, before).save()
    assert refused(world, Forbidden, agent(ANA)).code == "not_your_chat"
    world.clock.move(60)
    world.write(agent(BRUNO, supervisor=True))
    due = world.chat.opened_at + timedelta(seconds=900) if situation == "automatic" else None
    assert chat(world) == replace(before, version=2, answered_at=world.clock.now(), due_at=due)
    assert [fact.actor.id for fact in answered_facts(world)] == [BRUNO]


def test_a_chat_that_came_to_other_hands_starts_anew_and_is_answered_once(world: World) -> None:
    world.write()
    first = chat(world)
    ChatRecord.of_chat(A, replace(first, agent_id=BRUNO, started_at=None, version=3)).save()
    world.clock.move(30)
    world.write(agent(BRUNO))
    after = chat(world)
    assert (after.started_at, after.answered_at) == (world.clock.now(), first.answered_at)
    assert len(answered_facts(world)) == 1


def test_a_reaction_is_no_answer(world: World) -> None:
    said = world.store.messages(A, world.chat, 0, 1)[0]
    reaction = world.write(kind="reaction", text="👍", reply_to=said.id)
    assert (reaction.kind, reaction.text, reaction.reply_to) == ("reaction", "👍", said.id)
    assert (chat(world).answered_at, chat(world).started_at, answered_facts(world)) == (None, None, [])


def test_two_first_answers_at_once_are_one(world: World) -> None:
    """The second is written from the chat as it was before the first: it is read again."""

    class Overtaken:
        """The store, before whose first write somebody else's message is written."""

        def __init__(self) -> None:
            self.first = True

        def __getattr__(self, name: str) -> Any:
            return getattr(world.outbox, name)

        def write(self, a: str, posting: Any) -> Any:
            if self.first:
                self.first = False
                world.clock.move(1)
                world.write(agent(BRUNO, supervisor=True), text="sooner")
            return world.outbox.write(a, posting)

    world.sending._outbox = Overtaken()  # type: ignore[assignment]
    world.write(text="later")
    assert texts(world) == ["sooner", "later"]
    assert [fact.actor.id for fact in answered_facts(world)] == [BRUNO]


# -- replies and reactions
# -------------------------------------------------------------------------------------------------------


def provider_body(world: World) -> Any:
    world.work()
    return json.loads(world.provider.sent[-1])


def test_a_reply_names_the_answered_message_to_the_provider(world: World) -> None:
    said = world.store.messages(A, world.chat, 0, 1)[0]
    assert world.write(reply_to=said.id).reply_to == said.id
    assert provider_body(world)["context"] == {"message_id": "wamid.in"}
    world.write()
    assert "context" not in provider_body(world)


def test_a_reply_to_what_is_still_on_its_way_waits_for_its_id(world: World) -> None:
    ours = world.write(text="first")
    world.write(text="second", reply_to=ours.id)
    assert provider_body(world)["context"] == {"message_id": "wamid.1"}


def test_a_reply_on_a_custom_channel_names_their_id(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids, "custom")
    said = world.store.messages(A, world.chat, 0, 1)[0]
    world.provider.script = [HttpResponse(200, {}, b""), HttpResponse(200, {}, b"")]
    world.write(reply_to=said.id)
    assert provider_body(world)["data"]["message"] == {
        "kind": "text", "text": "hello", "file_url": None, "reply_to": "wamid.in",
    }  # fmt: skip
    world.write()
    assert "reply_to" not in provider_body(world)["data"]["message"]
    error = refused(world, Invalid, kind="reaction", text="👍", reply_to=said.id)
    assert [(one.pointer, one.code) for one in error.errors] == [("/kind", "kind_not_supported")]


@pytest.mark.parametrize("emoji", ["👍", "", "❤️", "👍🏽", "👩‍👩‍👧", "🇧🇷", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️‍🔥"])
def test_a_reaction_goes_to_the_message_it_is_for(world: World, emoji: str) -> None:
    said = world.store.messages(A, world.chat, 0, 1)[0]
    world.write(kind="reaction", text=emoji, reply_to=said.id)
    body = provider_body(world)
    assert (body["type"], body["reaction"]) == ("reaction", {"message_id": "wamid.in", "emoji": emoji})
    assert "context" not in body


@pytest.mark.parametrize("text", ["👍👍", "ok", "👍 ", "🇧", "1", "é", "\u200d"])
def test_a_reaction_is_one_emoji(world: World, text: str) -> None:
    said = world.store.messages(A, world.chat, 0, 1)[0]
    error = refused(world, Invalid, kind="reaction", text=text, reply_to=said.id)
    assert [(one.pointer, one.code) for one in error.errors] == [("/text", "not_an_emoji")]


def test_nobody_reacts_to_what_the_customer_does_not_have(world: World) -> None:
    """Its send failed, or has not gone out yet."""
    ours = world.write(text="on its way")
    world.queue.sent.clear()
    assert refused(world, Conflict, kind="reaction", text="👍", reply_to=ours.id).code == "cannot_react"


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("fields", [{}, {"kind": "reaction", "text": "👍"}])
def test_only_a_note_answers_a_note(world: World, deleted: bool, fields: dict[str, Any]) -> None:
    said = world.store.messages(A, world.chat, 0, 1)[0]
    note = world.write(internal=True, text="careful")
    if deleted:
        MessageChanges(world.chats, DynamoThreads(), world.clock).delete(agent(ANA), world.chat.id, note.id)
    error = refused(world, Invalid, reply_to=note.id, **fields)
    assert [(one.pointer, one.code) for one in error.errors] == [("/reply_to", "not_in_conversation")]
    for answered in (note, said):
        assert world.write(internal=True, text="seen", reply_to=answered.id).reply_to == answered.id


def test_a_note_goes_nowhere_and_starts_nothing(world: World) -> None:
    note = world.write(internal=True, text="careful")
    assert (note.status, note.internal) == ("sent", True)
    assert world.outbox.get(A, note.id) is None
    assert world.queue.sent == []
    assert chat(world).started_at is None
    assert (world.thread.last_text, world.thread.last_seq, world.thread.unread) == ("hi", 2, 1)


def test_an_api_token_writes_as_the_system(world: World) -> None:
    assert world.write(ADMIN).author == Author("system", ADMIN.token_id)


def test_the_chat_is_transferred_while_the_first_answer_is_written(world: World) -> None:
    class Transferring:
        """The store, which sees a transfer between the reading and the writing."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.outbox, name)

        def write(self, a: str, posting: Any) -> Any:
            if chat(world).agent_id == ANA:
                ChatRecord.of_chat(A, replace(chat(world), agent_id=BRUNO, version=2)).save()
            return world.outbox.write(a, posting)

    world.sending._outbox = Transferring()  # type: ignore[assignment]
    refused(world, Forbidden)
    assert chat(world).started_at is None


def test_a_thread_that_never_stands_still_is_busy(world: World) -> None:
    world.sending._outbox = type("Lost", (), {"write": lambda self, a, posting: None})()  # type: ignore[assignment]
    refused(world, Busy)  # type: ignore[arg-type]


def test_a_closed_chat_takes_nothing(world: World) -> None:
    world.close()
    assert refused(world, Conflict).code == "chat_closed"
    assert refused(world, Conflict, internal=True).code == "chat_closed"


def test_others_assume_first_but_may_note(world: World) -> None:
    assert refused(world, Forbidden, agent(BRUNO)).code == "not_your_chat"
    assert world.write(agent(BRUNO), internal=True).internal
    assert world.write(agent(BRUNO, supervisor=True)).status == "queued"


def test_who_does_not_see_the_chat_finds_none(world: World) -> None:
    refused(world, NotFound, replace(agent(BRUNO), memberships={}))
    refused(world, NotFound, agent(BRUNO, role="restricted"))
    refused(world, NotFound, replace(ADMIN, account="accountb"))


def test_outside_the_window_only_templates(world: World) -> None:
    world.customer_was_silent(24)
    error = refused(world, Conflict)
    assert error.code == "outside_window"
    assert error.extra == {"window_expires_at": "2026-03-02T12:00:00.000Z", "templates": []}
    world.template("hi", "en", "Hello there")
    assert world.write(text=None, template=Template("hi", "en", ())).status == "queued"
    assert world.write(internal=True).status == "sent"


def test_within_the_last_moment_of_the_window(world: World) -> None:
    world.customer_was_silent(24 - 1 / 3600)
    assert world.write().status == "queued"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"text": "x" * 4097}, "/text"),
        ({"text": ""}, "/text"),
        ({"text": None}, "/text"),
        ({"kind": "order"}, "/kind"),
        ({"kind": "nonsense"}, "/kind"),
        ({"kind": "image"}, "/file_id"),
        ({"kind": "reaction", "text": "👍"}, "/reply_to"),
        ({"kind": "template", "text": None}, "/template"),
        ({"template": Template("a", "b", ())}, "/template"),
        ({"payload": {"a": 1}}, "/payload"),
        ({"kind": "interactive", "payload": {"type": "buttons", "buttons": []}}, "/payload/buttons"),
        ({"internal": True, "kind": "image"}, "/kind"),
        ({"internal": True, "text": " "}, "/text"),
        ({"internal": True, "text": "x" * 10_001}, "/text"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_pointer(world: World, fields: dict[str, Any], pointer: str) -> None:
    assert [one.pointer for one in refused(world, Invalid, **fields).errors] == [pointer]


def test_files_and_answered_messages_that_are_not_there(world: World) -> None:
    assert refused(world, NotFound, file_id="fi_1").errors[0].pointer == "/file_id"
    assert refused(world, NotFound, reply_to=world.ids.new("ms", A)).errors[0].pointer == "/reply_to"


def test_a_channel_that_is_not_in_use(world: World) -> None:
    assert world.channel is not None
    world.channel = world.channel._replace(state="removed")
    assert refused(world, Conflict).code == "channel_unusable"
    world.channel = None
    assert refused(world, Conflict).code == "channel_unusable"


def texts(world: World) -> list[str]:
    return [message.text for message in world.store.messages(A, world.chat, 1, 10)]


@pytest.mark.parametrize("internal", [False, True])
def test_a_write_whose_answer_is_lost_is_found(world: World, lost_answers: LostAnswers, internal: bool) -> None:
    lost_answers.lose("TransactWriteItems")
    message = world.write(internal=internal)
    assert texts(world) == ["hello"]
    assert len(world.queue.sent) == (0 if internal else 1)
    assert message == world.outbox.message(A, world.key, 2)


def test_a_write_that_did_not_arrive_is_an_error(world: World, lost_answers: LostAnswers) -> None:
    lost_answers.drop("TransactWriteItems")
    with pytest.raises(TransactWriteError):
        world.write()
    assert (texts(world), world.queue.sent) == ([], [])


def test_a_write_in_progress_that_a_worker_sends_meanwhile_is_sent_once(
    world: World, lost_answers: LostAnswers
) -> None:
    """moto knows no tokens: the second try is refused here, by the thread and by the send that is there."""
    message_id = sibling_id("ms", ORIGIN)
    lost_answers.in_progress(meanwhile=lambda: world.outbound.send(A, message_id))
    message = world.sending.send(agent(ANA), world.chat.id, NewMessage(text="hello"), attempt=Attempt(ORIGIN))
    world.work()
    assert (message.id, texts(world), len(world.provider.sent)) == (message_id, ["hello"], 1)


@pytest.mark.parametrize("internal", [False, True])
def test_a_second_run_of_a_request_finds_what_the_first_wrote(world: World, internal: bool) -> None:
    """Even after the chat closed; another request with another origin is another message."""

    def run(origin: str, again: bool = False) -> Any:
        new = NewMessage(text="hello", internal=internal)
        return world.sending.send(agent(ANA), world.chat.id, new, attempt=Attempt(origin, again))

    first = run(ORIGIN)
    world.work()
    world.write(text="later")
    again = run(ORIGIN, again=True)
    assert (again.id, again.seq, texts(world)) == (first.id, first.seq, ["hello", "later"])
    assert run(ORIGIN[:-1] + "9", again=True).id != first.id
    world.close()
    assert run(ORIGIN, again=True).id == first.id


def test_a_queue_that_is_down_loses_nothing(world: World) -> None:
    world.queue.broken = True
    message = world.write()
    assert world.out(message.id).due is not None
