"""A customer who wants no more text messages: said by STOP or by Twilio's refusal, lifted by START."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.channels.registry import adapter
from recado.domain.errors import Conflict
from recado.domain.intake import Place, arrival, take_in
from recado.ports.core import HttpResponse
from recado.ports.reception import ConnectedChannel
from recado.storage.chat_records import ThreadRecord
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
    place = Place(CHANNEL, "sms", DEPARTMENT, lambda kind: world.ids.new(kind, A), now)
    thread = world.thread
    intake = take_in(place, thread, thread.key, CONTACT, [arrival(one) for one in forms], {}, None)
    ThreadRecord.of_thread(A, intake.thread).save()


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
