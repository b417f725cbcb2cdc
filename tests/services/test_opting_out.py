"""A customer who wants no more text messages: said by STOP or by Twilio's refusal, at once or late, lifted by START."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.channels.registry import adapter
from recado.domain.errors import Conflict
from recado.domain.intake import Place, arrival, take_in
from recado.domain.messages import Failure, StatusUpdate
from recado.ports.core import HttpResponse
from recado.ports.reception import ConnectedChannel
from recado.services.statuses import StatusService
from recado.storage.chat_records import MessageRecord, ThreadRecord
from recado.storage.opt_outs import LOOK_AHEAD
from recado.storage.statuses import DynamoStatuses
from tests import sending_world
from tests.sending_world import CHANNEL, CONTACT, DEPARTMENT, A, World

CUSTOMER = "+5511987654321"
NUMBER = "+551140000000"
SECRETS = {"auth_token": ("t" * 32,), "account_sid": ("AC" + "a" * 32,)}
REFUSED = HttpResponse(400, {}, json.dumps({"code": 21610, "message": "unsubscribed", "status": 400}).encode())


@pytest.fixture
def world(monkeypatch: Any, dynamodb: Any, clock: Any, ids: Any) -> World:
    channel = ConnectedChannel(CHANNEL, "sms", DEPARTMENT, "active", NUMBER, {"number": NUMBER}, SECRETS)
    monkeypatch.setitem(sending_world.CHANNELS, "sms", channel)
    world = World(clock, ids, "sms")
    world.provider.accepts = lambda: HttpResponse(201, {}, b'{"sid":"SM1","status":"queued"}')  # type: ignore[method-assign]
    ThreadRecord.of_thread(A, replace(world.thread, address=CUSTOMER)).save()
    return world


def says(world: World, sid: str, **form: str) -> None:
    """A text message of the customer, from the webhook's form to the thread."""
    sms, now = adapter("sms"), world.clock.now()
    fields = {"MessageSid": sid, "SmsStatus": "received", "From": CUSTOMER, "To": NUMBER, **form}
    raw = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in fields.items()).encode()
    [part] = sms.split(raw, {"content-type": "application/x-www-form-urlencoded"}, now)
    forms = sms.parse(part).messages
    place = Place(A, CHANNEL, "sms", DEPARTMENT, lambda kind: world.ids.new(kind, A), now)
    thread = world.thread
    intake = take_in(place, thread, thread.key, CONTACT, [arrival(one) for one in forms], {}, None)
    ThreadRecord.of_thread(A, intake.thread).save()
    for message in intake.messages:
        MessageRecord.of_message(A, message).save()


def refused(world: World) -> dict[str, Any]:
    with pytest.raises(Conflict) as conflict:
        world.write()
    assert conflict.value.code == "opted_out" and "START" in str(conflict.value)
    return dict(conflict.value.extra)


@pytest.mark.parametrize(
    ("stop", "start"),
    [
        ({"Body": "Sair", "OptOutType": "STOP"}, {"Body": "Voltar", "OptOutType": "START"}),
        ({"Body": " stop "}, {"Body": "Start"}),
        ({"Body": "UNSUBSCRIBE"}, {"Body": "unstop"}),
    ],
)
def test_stop_refuses_and_start_lifts_it(world: World, stop: dict[str, str], start: dict[str, str]) -> None:
    says(world, "SM01", **stop)
    assert set(refused(world)) == {"opted_out_at"}
    assert world.write(internal=True).internal, "a note goes nowhere"
    says(world, "SM02", Body="Oi, stop the presses")
    refused(world)
    says(world, "SM03", **start)
    world.write()
    world.work()
    assert len(world.provider.sent) == 1


def test_what_waits_when_stop_comes_is_not_sent(world: World) -> None:
    message = world.write()
    says(world, "SM01", Body="STOP")
    world.work()
    found = world.message(message.id)
    assert (found.status, found.error and found.error.code) == ("failed", "opted_out")
    assert world.provider.sent == []


def test_twilios_refusal_is_asked_for_once(world: World) -> None:
    world.provider.script = [REFUSED]
    message = world.write()
    world.work()
    found = world.message(message.id)
    assert (found.status, found.error and found.error.code) == ("failed", "21610")
    world.clock.move(timedelta(days=1).total_seconds())
    refused(world)
    assert len(world.provider.sent) == 1
    says(world, "SM02", Body="Start")
    assert world.write().status == "queued"


@pytest.mark.parametrize(
    ("meanwhile", "noted"),
    [
        (lambda world: world.write(internal=True), True),
        (lambda world: world.write(), True),
        (lambda world: says(world, "SM02", Body="Start"), False),
    ],
)
def test_a_refusal_is_noted_whatever_we_wrote_while_it_was_asked_for(world: World, meanwhile: Any, noted: bool) -> None:
    world.provider.script = [lambda: (meanwhile(world) and None) or REFUSED]
    message = world.write()
    world.work()
    assert world.message(message.id).status == "failed"
    assert (world.thread.opted_out_at is not None) == noted, "what the customer wrote meanwhile counts more"


def late_refusal(world: World, sid: str = "SM1") -> None:
    """Twilio took the message, and tells by webhook that it may not be delivered."""
    form = {"MessageSid": sid, "MessageStatus": "failed", "ErrorCode": "21610", "From": NUMBER, "To": CUSTOMER}
    raw = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in form.items()).encode()
    sms = adapter("sms")
    [part] = sms.split(raw, {"content-type": "application/x-www-form-urlencoded"}, world.clock.now())
    (update,) = sms.parse(part).statuses
    StatusService(DynamoStatuses(), world.outbox).apply(A, CHANNEL, update)


def test_a_refusal_that_comes_late_is_one_too(world: World) -> None:
    message = world.write()
    world.work()
    world.write(internal=True)
    for _ in range(2):
        late_refusal(world)
        assert world.thread.opted_out_at == world.clock.now(), "the second time changes nothing"
    found = world.message(message.id)
    assert (found.status, found.error and found.error.code) == ("failed", "21610")
    refused(world)
    says(world, "SM02", Body="Start")
    late_refusal(world)
    assert world.write().status == "queued", "what the customer wrote since counts more"


def test_a_refusal_that_comes_before_the_answer_to_the_send(world: World) -> None:
    world.provider.script = [lambda: late_refusal(world) or HttpResponse(201, {}, b'{"sid":"SM1","status":"queued"}')]
    message = world.write()
    world.work()
    assert world.message(message.id).status == "failed"
    refused(world)


def test_what_the_customer_wrote_before_the_refused_message_does_not_count(world: World) -> None:
    says(world, "SM02", Body="Start")
    world.write()
    world.work()
    late_refusal(world)
    refused(world)


def test_a_late_refusal_after_more_than_a_hundred_messages_is_left_to_the_next_send(world: World) -> None:
    world.write()
    world.work()
    for more, noted in ((LOOK_AHEAD + 1, False), (LOOK_AHEAD, True)):
        ThreadRecord.of_thread(A, replace(world.thread, last_seq=2 + more)).save()
        late_refusal(world)
        assert (world.thread.opted_out_at is not None) == noted


def test_other_failures_say_nothing_of_consent(world: World) -> None:
    world.write()
    world.work()
    update = StatusUpdate("SM1", None, "failed", world.clock.now(), Failure("30003", "off", "recipient"))
    StatusService(DynamoStatuses(), world.outbox).apply(A, CHANNEL, update)
    assert world.thread.opted_out_at is None
