"""Who may write what where, and what is stored then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pynamodb.exceptions import TransactWriteError

from recado.domain.chats import Author, Chat
from recado.domain.errors import Busy, Conflict, DomainError, Forbidden, Invalid, NotFound
from recado.domain.ids import sibling_id
from recado.domain.messages import Template
from recado.ports.idempotency import Attempt
from recado.services.sending import NewMessage
from recado.storage.chat_records import ChatRecord
from tests.lost_answers import LostAnswers
from tests.sending_world import ADMIN, ANA, BRUNO, A, World, agent

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


def test_a_note_goes_nowhere_and_starts_nothing(world: World) -> None:
    note = world.write(internal=True, text="careful")
    assert (note.status, note.internal) == ("sent", True)
    assert world.outbox.get(A, note.id) is None
    assert world.queue.sent == []
    assert chat(world).started_at is None
    assert (world.thread.last_text, world.thread.last_seq, world.thread.unread) == ("hi", 2, 0)


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
