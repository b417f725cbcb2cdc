"""Every way in which a send can go, and that none of them sends twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.channels.base import HttpRequest
from recado.channels.registry import adapter
from recado.domain.chats import MessageError
from recado.domain.messages import Failure, StatusUpdate, Template
from recado.domain.sending import Step, claim
from recado.ports.core import AddressRefused, ConnectFailed, HttpResponse, NoAnswer
from recado.services.statuses import StatusService
from recado.storage import keys
from recado.storage.sends import OutRecord
from recado.storage.statuses import DynamoStatuses
from recado.storage.tables import ChatsRecord
from tests.sending_world import CHANNEL, A, World, refuses


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def statuses(world: World) -> StatusService:
    return StatusService(DynamoStatuses(), world.outbox)


def test_a_message_is_sent_and_known_by_the_providers_id(world: World) -> None:
    message = world.write()
    world.work()
    after = world.message(message.id)
    assert (after.status, after.provider_id) == ("sent", "wamid.1")
    assert json.loads(world.provider.sent[0])["biz_opaque_callback_data"] == message.id
    assert json.loads(world.provider.sent[0])["to"] == "5511987654321"
    place = DynamoStatuses().place(A, CHANNEL, "wamid.1")
    assert place is not None and place.message_id == message.id
    assert world.out(message.id).due is None


def test_a_retryable_code_is_retried_soon_by_the_same_worker(world: World) -> None:
    world.provider.script = [refuses(131000, 500)]
    message = world.write()
    world.work()
    assert world.message(message.id).status == "sent"
    assert len(world.provider.sent) == 2
    assert 2.5 <= sum(world.pauses) <= 20


def test_a_429_is_retried_after_its_wait_and_not_before(world: World) -> None:
    world.provider.script = [refuses(130429, 429, retry_after="12")]
    message = world.write()
    world.work()
    assert world.pauses == [12.0]
    assert world.message(message.id).status == "sent"


def test_a_long_wait_is_left_to_the_sweep_and_does_not_hold_those_behind(world: World) -> None:
    world.provider.script = [refuses(130429, 429, retry_after="600")]
    first = world.write()
    world.work()
    second = world.write(text="second")
    world.work()
    assert (world.message(first.id).status, world.message(second.id).status) == ("queued", "sent")
    assert sum(world.pauses) < 0.1
    world.clock.move(599)
    world.sweep()
    world.work()
    assert len(world.provider.sent) == 2
    world.clock.move(1)
    assert world.sweep() == 1
    world.work()
    assert world.message(first.id).status == "sent"
    assert len(world.provider.sent) == 3


def test_a_command_that_comes_while_a_retry_waits_is_let_go(world: World) -> None:
    world.provider.script = [refuses(130429, 429, retry_after="600")]
    message = world.write()
    world.work()
    world.outbound.send(A, message.id)
    assert len(world.provider.sent) == 1


def test_retries_double_and_are_given_up_with_the_last_reason(world: World) -> None:
    world.provider.script = [refuses(131016)] * 200
    message = world.write()
    world.work()
    world.clock.move(44 * 3600)
    world.sweep()
    waits: list[float] = []
    while world.out(message.id).state != "settled":
        world.work()
        due = world.out(message.id).due
        if due is not None:
            waits.append((due - world.clock.now()).total_seconds())
            world.clock.at = max(due, world.clock.at)
            world.sweep()
    after = world.message(message.id)
    assert (after.status, after.error) == (
        "failed",
        MessageError("131016", "A WhatsApp service is temporarily unavailable."),
    )
    assert waits == sorted(waits) and waits[-1] <= 3_600
    assert 5 <= len(world.provider.sent) <= 20


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(500, {}, b""),
        HttpResponse(502, {}, b"<html>"),
        HttpResponse(200, {}, b"{}"),
        NoAnswer("reset"),
        NoAnswer("slow"),
    ],
)
def test_what_may_have_been_received_is_unknown_and_never_sent_again(world: World, answer: Any) -> None:
    world.provider.script = [answer]
    message = world.write()
    world.work()
    world.outbound.send(A, message.id)
    world.clock.move(86_400)
    assert world.sweep() == 0
    world.work()
    assert world.message(message.id).status == "unknown"
    assert len(world.provider.sent) == 1


def test_a_connection_never_made_is_tried_again(world: World) -> None:
    world.provider.script = [ConnectFailed("refused"), ConnectFailed("dns")]
    message = world.write()
    world.work()
    assert world.message(message.id).status == "sent"
    assert len(world.provider.sent) == 3


@pytest.mark.parametrize(
    ("code", "title"), [(131047, "More than 24 hours"), (131026, "cannot be delivered"), (131008, "missing")]
)
def test_a_permanent_refusal_fails_with_its_reason(world: World, code: int, title: str) -> None:
    world.provider.script = [refuses(code)]
    message = world.write()
    world.work()
    after = world.message(message.id)
    assert after.status == "failed"
    assert after.error is not None and after.error.code == str(code) and title in after.error.title
    assert world.problems == []


def test_a_withdrawn_token_fails_the_message_and_is_shown_on_the_channel(world: World) -> None:
    world.provider.script = [refuses(190, 401)]
    message = world.write()
    world.work()
    assert world.message(message.id).status == "failed"
    assert [(channel_id, code) for _, channel_id, code, _ in world.problems] == [(CHANNEL, "190")]


def test_a_channel_that_is_gone_by_then_fails_the_message(world: World) -> None:
    message = world.write()
    world.channel = None
    world.work()
    assert world.message(message.id).status == "failed"
    assert world.provider.sent == []


def test_the_command_twice_is_sent_once(world: World) -> None:
    message = world.write()
    world.outbound.send(A, message.id)
    world.outbound.send(A, message.id)
    world.work()
    assert len(world.provider.sent) == 1


def test_a_command_during_a_live_claim_is_let_go(world: World) -> None:
    message = world.write()
    world.provider.script = [lambda: world.outbound.send(A, message.id) or world.provider.accepts()]  # type: ignore[func-returns-value]
    world.outbound.send(A, message.id)
    assert len(world.provider.sent) == 1
    assert world.message(message.id).status == "sent"


def test_a_worker_that_dies_while_asking_leaves_it_unknown_within_the_lease(world: World) -> None:
    message = world.write()
    with pytest.raises(KeyboardInterrupt):
        _die(world, message.id)
    assert world.message(message.id).status == "queued"
    world.outbound.send(A, message.id)
    assert world.message(message.id).status == "queued"
    world.clock.move(30)
    assert world.sweep() == 1
    assert world.message(message.id).status == "unknown"
    world.work()
    assert len(world.provider.sent) == 1


def _die(world: World, message_id: str) -> None:
    def dies() -> HttpResponse:
        raise KeyboardInterrupt

    world.provider.script = [dies]
    world.outbound.send(A, message_id)


def test_the_redelivered_command_of_a_dead_worker_finds_it_unknown(world: World) -> None:
    message = world.write()
    with pytest.raises(KeyboardInterrupt):
        _die(world, message.id)
    world.clock.move(30)
    world.outbound.send(A, message.id)
    assert world.message(message.id).status == "unknown"
    assert len(world.provider.sent) == 1


def test_an_answer_after_the_lease_still_counts(world: World) -> None:
    message = world.write()

    def late() -> HttpResponse:
        world.clock.move(31)
        assert world.sweep() == 1
        assert world.message(message.id).status == "unknown"
        return world.provider.accepts()

    world.provider.script = [late]
    world.outbound.send(A, message.id)
    assert (world.message(message.id).status, world.message(message.id).provider_id) == ("sent", "wamid.1")
    assert world.message(message.id).error is None


def test_a_lost_command_is_put_into_the_queue_again(world: World) -> None:
    world.queue.broken = True
    message = world.write()
    assert len(world.journal.lines) == 1
    world.queue.broken = False
    world.clock.move(59)
    assert world.sweep() == 0
    world.clock.move(1)
    assert world.sweep() == 1
    assert (world.queue.sent[0].dedup, world.queue.sent[0].body["correlation_id"]) == (f"{message.id}-1", "corr")
    assert world.sweep() == 0
    world.work()
    assert world.message(message.id).status == "sent"


def test_a_status_that_came_before_the_answer_is_taken_up(world: World) -> None:
    message = world.write()

    def told_first() -> HttpResponse:
        update = StatusUpdate("wamid.1", None, "delivered", world.clock.now())
        assert statuses(world).apply(A, CHANNEL, update) == "parked"
        return world.provider.accepts()

    world.provider.script = [told_first]
    world.work()
    assert world.message(message.id).status == "delivered"


def test_a_status_by_our_own_id_settles_what_was_unknown(world: World) -> None:
    world.provider.script = [NoAnswer("slow")]
    message = world.write()
    world.work()
    statuses(world).apply(A, CHANNEL, StatusUpdate("wamid.9", message.id, "delivered", world.clock.now()))
    after = world.message(message.id)
    assert (after.status, after.provider_id, after.error) == ("delivered", "wamid.9", None)
    statuses(world).apply(A, CHANNEL, StatusUpdate("wamid.9", None, "read", world.clock.now()))
    assert world.message(message.id).status == "read"


def test_a_status_by_our_own_id_stops_a_retry(world: World) -> None:
    world.provider.script = [refuses(130429, 429, retry_after="600")]
    message = world.write()
    world.work()
    statuses(world).apply(A, CHANNEL, StatusUpdate("wamid.9", message.id, "sent", world.clock.now()))
    world.clock.move(600)
    assert world.sweep() == 0
    world.outbound.send(A, message.id)
    assert (len(world.provider.sent), world.message(message.id).status) == (1, "sent")


def test_a_status_during_the_request_is_not_taken_back_by_the_answer(world: World) -> None:
    message = world.write()

    def told_first() -> HttpResponse:
        statuses(world).apply(A, CHANNEL, StatusUpdate("wamid.1", message.id, "read", world.clock.now()))
        return world.provider.accepts()

    world.provider.script = [told_first]
    world.work()
    assert (world.message(message.id).status, world.message(message.id).provider_id) == ("read", "wamid.1")


def test_a_status_of_another_channel_settles_nothing(world: World) -> None:
    message = world.write()
    update = StatusUpdate(None, message.id, "failed", world.clock.now(), Failure("1", "no", "content"))
    assert statuses(world).apply(A, CHANNEL + "0", update) == "unknown_message"
    assert world.message(message.id).status == "queued"


def test_a_reply_names_the_providers_id_of_what_it_answers(world: World) -> None:
    said = world.store.messages(A, world.chat, 0, 1)[0]
    world.write(reply_to=said.id)
    world.work()
    assert json.loads(world.provider.sent[0])["context"] == {"message_id": "wamid.in"}


def test_a_template_leaves_as_one(world: World) -> None:
    world.template("welcome", "pt_BR", "Olá {{1}}, bem-vinda!")
    world.write(text=None, template=Template("welcome", "pt_BR", ("Ana",)))
    world.work()
    body = json.loads(world.provider.sent[0])
    assert (body["type"], body["template"]["name"]) == ("template", "welcome")
    assert body["template"]["components"][0]["parameters"] == [{"type": "text", "text": "Ana"}]


class InTwo:
    """WhatsApp's adapter, were it to send each message in two parts."""

    def __init__(self) -> None:
        self._adapter = adapter("whatsapp")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def build_send(self, *arguments: Any) -> list[HttpRequest]:
        return self._adapter.build_send(*arguments) * 2


@pytest.mark.parametrize(
    ("script", "status", "requests"),
    [
        ([], "sent", 2),
        ([refuses(131000)], "sent", 3),
        ([None, refuses(131000)], "unknown", 2),
        ([None, ConnectFailed("dns")], "unknown", 2),
        ([refuses(131026)], "failed", 1),
    ],
)
def test_of_a_message_in_parts_nothing_is_sent_twice(world: World, script: Any, status: str, requests: int) -> None:
    world.outbound._adapters = lambda channel_type: InTwo()  # type: ignore[assignment,return-value]
    world.provider.script = [world.provider.accepts() if one is None else one for one in script]
    message = world.write()
    world.work()
    assert (world.message(message.id).status, len(world.provider.sent)) == (status, requests)


class TestCustomChannel:
    """Its receiver drops what it has seen, so there a send without an answer is tried again."""

    @pytest.fixture
    def world(self, dynamodb: Any, clock: Any, ids: Any) -> World:
        return World(clock, ids, "custom")

    def test_no_answer_is_tried_again(self, world: World) -> None:
        world.provider.script = [NoAnswer("slow"), HttpResponse(503, {}, b"")]
        message = world.write()
        world.work()
        assert (world.message(message.id).status, len(world.provider.sent)) == ("delivered", 3)
        assert all(json.loads(body)["data"]["contact"] == {"external_id": "77"} for body in world.provider.sent)

    def test_a_dead_worker_is_tried_again_too(self, world: World) -> None:
        message = world.write()
        with pytest.raises(KeyboardInterrupt):
            _die(world, message.id)
        world.clock.move(15)
        world.outbound.send(A, message.id)
        assert (world.message(message.id).status, len(world.provider.sent)) == ("delivered", 2)

    def test_an_inner_address_fails_and_is_shown_on_the_channel(self, world: World) -> None:
        world.provider.script = [AddressRefused("inner")]
        message = world.write()
        world.work()
        assert world.message(message.id).status == "failed"
        assert [code for _, _, code, _ in world.problems] == ["address_refused"]

    def test_a_later_status_by_our_id_moves_it_on(self, world: World) -> None:
        message = world.write()
        world.work()
        assert statuses(world).apply(A, CHANNEL, StatusUpdate(None, message.id, "read", world.clock.now())) == "moved"
        assert world.message(message.id).status == "read"


# -- sends that raise in the sweep, sends whose message is gone


def _claimed_by_a_dead_worker(world: World) -> str:
    message_id = world.post()
    out = world.out(message_id)
    assert world.outbox.advance(A, out, Step(claim(out, 5, world.clock.now(), world.ids.secret())))
    return message_id


def test_a_send_that_raises_stops_no_other_and_loses_no_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {_claimed_by_a_dead_worker(world) for _ in range(8)}
    good = {world.post() for _ in range(8)}
    with monkeypatch.context() as broken:
        broken.setattr(world, "find", _raises)
        world.clock.move(60)
        swept = world.outbound.settle_due(world.clock.now(), 320)
    assert {command.body["message_id"] for command in world.queue.sent} == good
    assert (swept.seen, swept.done, set(swept.failed)) == (16, 8, bad)
    assert world.outbound.settle_due(world.clock.now(), 320).seen == 0, "out of the way for now"
    world.clock.move(60)
    world.outbound.settle_due(world.clock.now(), 320)
    assert {world.message(message_id).status for message_id in bad} == {"unknown"}


def test_an_item_that_cannot_be_read_is_out_of_the_way_too(world: World) -> None:
    bad, good = world.post(), world.post()
    OutRecord(keys.out_pk(A, bad), "OUT").update([OutRecord.seq.remove()])
    world.clock.move(60)
    assert set(world.outbound.settle_due(world.clock.now(), 100).failed) == {bad}
    assert [command.body["message_id"] for command in world.queue.sent] == [good]
    assert world.outbound.settle_due(world.clock.now(), 100).seen == 0


def test_a_queue_that_refuses_costs_a_minute_and_no_send(world: World) -> None:
    message_id = world.post()
    world.clock.move(60)
    world.queue.broken = True
    with pytest.raises(ConnectionError):
        world.sweep()
    world.queue.broken = False
    world.clock.move(60)
    assert world.sweep() == 1
    assert world.queue.sent[0].body["message_id"] == message_id


@pytest.mark.parametrize("claimed", [True, False])
@pytest.mark.parametrize("gone", ["message", "thread"])
def test_a_send_whose_message_is_gone_ends(world: World, claimed: bool, gone: str) -> None:
    message_id = _claimed_by_a_dead_worker(world) if claimed else world.post()
    out = world.out(message_id)
    sk = keys.message_sk(out.seq) if gone == "message" else "THREAD"
    ChatsRecord(keys.thread_pk(A, out.thread), sk).delete()
    for _ in range(2):
        world.clock.move(60)
        world.sweep()
        world.work()
    assert (world.out(message_id).state, world.out(message_id).due) == ("settled", None)
    assert world.provider.sent == []


def _raises(*_: Any) -> Any:
    raise KeyError("cannot be read")
