"""What writing, sending and listing may cost (docs/data-model.md §3, D1, D2, D6)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.messages import Sender, StatusUpdate
from recado.ports.chats import ChatFilter
from recado.ports.core import HttpResponse
from recado.services.statuses import StatusService
from recado.storage.mailboxes import DynamoMailboxes
from recado.storage.statuses import DynamoStatuses
from tests.recording import record
from tests.sending_world import ADMIN, A, World, agent, refuses

LONG = "x" * 200


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    world = World(clock, ids)
    world.write(text="first")  # the answer that starts the chat, which is written once
    world.queue.sent.clear()
    return world


def test_writing_a_message(world: World) -> None:
    with record() as calls:
        world.write(ADMIN, text=LONG)
    assert calls.operations == {"dynamodb:GetItem": 2, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (6, 2)
    assert calls.index_wru == {"due": 1}


def test_writing_a_note(world: World) -> None:
    with record() as calls:
        world.write(ADMIN, text=LONG, internal=True)
    assert (calls.wru, calls.rru) == (4, 2)
    assert calls.index_wru == {}


def test_sending_it(world: World) -> None:
    message = world.write(ADMIN, text=LONG)
    with record() as calls:
        world.outbound.send(A, message.id)
    # reads: OUT, MSG, THREAD, the head of its line, then SEEN and early statuses
    # writes: a slot of the channel's second, the claim, then OUT, MSG and SEEN at once
    assert calls.operations["dynamodb:TransactWriteItems"] == 1
    assert calls.operations["dynamodb:PutItem"] == 1
    assert (calls.wru, calls.rru) == (1 + 1 + 6, 6)
    assert calls.index_wru["due"] <= 3


def test_a_file_with_it(world: World) -> None:
    file_id = world.has_file()
    with record() as calls:
        message = world.write(ADMIN, text=LONG, file_id=file_id, kind=None)
    assert (calls.wru, calls.rru) == (6 + 2, 2 + 1)
    with record() as calls:
        world.outbound.send(A, message.id)
    assert (calls.wru, calls.rru) == (1 + 6 + 1, 5 + 1 + 1)  # the file, and the slot of a second


def test_a_retry_costs_a_claim_and_a_put_more(world: World) -> None:
    message = world.write(ADMIN, text=LONG)
    world.provider.script = [refuses(131000)]
    with record() as calls:
        world.outbound.send(A, message.id)
    assert calls.wru == 1 + 1 + 1 + 1 + 1 + 6


def test_a_command_for_what_is_sent(world: World) -> None:
    message = world.write(ADMIN, text=LONG)
    world.provider.script = [HttpResponse(500, {}, b"")]
    world.outbound.send(A, message.id)
    with record() as calls:
        world.outbound.send(A, message.id)
    assert (calls.operations, calls.wru, calls.rru) == ({"dynamodb:GetItem": 1}, 0, 1)


def test_a_sweep_with_nothing_due(world: World) -> None:
    with record() as calls:
        assert world.sweep() == 0
    assert (calls.count(), calls.wru, calls.rru) == (16, 0, 8)


def test_a_page_of_chats(world: World) -> None:
    for _ in range(19):
        world.clock.move(1)
        world.open_chat()
    with record() as calls:
        page, _ = world.chats.page(agent(world.chat.agent_id or ""), ChatFilter(situation="in_service"), 20, None)
    assert len(page) == 20
    assert calls.operations == {"dynamodb:Query": 1, "dynamodb:BatchGetItem": 2}
    assert calls.rru <= 20 * 2


def test_messages_of_a_chat(world: World) -> None:
    for _ in range(20):
        world.write(ADMIN, text=LONG)
    with record() as calls:
        assert len(world.chats.messages(ADMIN, world.chat.id, 50, 0)[0]) == 22
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:Query": 1}
    assert calls.rru <= 1 + 22 * 700 / 4096 + 1


def test_a_status_of_a_sent_message(world: World) -> None:
    message = world.write(ADMIN)
    world.outbound.send(A, message.id)
    with record() as calls:
        update = StatusUpdate(world.message(message.id).provider_id, None, "delivered", world.clock.now())
        assert StatusService(DynamoStatuses(), world.outbox).apply(A, world.chat.channel_id, update) == "moved"
    assert calls.wru == 1


def test_a_read_of_all_that_was_sent_until_now(world: World) -> None:
    messages = [world.write(ADMIN, text=LONG) for _ in range(3)]
    for message in messages:
        world.outbound.send(A, message.id)
    read = StatusUpdate(
        None, None, "read", world.clock.now(), recipient=Sender(world.key.sender), until=world.clock.now()
    )
    service = StatusService(DynamoStatuses(), world.outbox)
    with record() as calls:
        assert service.apply(A, world.chat.channel_id, read) == "moved"
    assert calls.operations == {"dynamodb:Query": 1, "dynamodb:UpdateItem": 3}
    assert calls.wru == 3
    assert calls.rru <= 1 + 4 * 700 / 4096
    assert [world.message(message.id).status for message in messages] == ["read"] * 3
    assert service.apply(A, world.chat.channel_id, read) == "stands"


def test_what_a_mail_answers(world: World) -> None:
    """The customer's last message, however much the company wrote since."""
    world.outbound.send(A, world.write(ADMIN, text=LONG).id)
    message = world.write(ADMIN, text=LONG)
    with record() as calls:
        found = world.outbox.said_before(A, message)
    assert calls.operations == {"dynamodb:Query": 1}
    assert calls.rru <= 2
    assert found is not None
    assert (found.direction, found.provider_id) == ("inbound", "wamid.in")


def test_whose_a_mail_address_is(world: World) -> None:
    with record() as calls:
        assert DynamoMailboxes().find("suporte@mail.example") is None
    assert (calls.operations, calls.rru) == ({"dynamodb:GetItem": 1}, 1)
