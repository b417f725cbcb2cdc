"""The stretch after the window in which only a person may write: at writing, and again when the message is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.channels.registry import adapter
from recado.domain.chats import Author
from recado.domain.errors import Conflict
from recado.domain.openings import Opening, away_message
from recado.ports.core import HttpResponse
from recado.ports.reception import ConnectedChannel
from tests import sending_world
from tests.sending_world import ADMIN, ANA, CHANNEL, DEPARTMENT, World, agent

DAY, WEEK = 24 * 3600, 7 * 24 * 3600
PAGE = "104000000000001"
TOKENS = {"access_token": ("EAAtoken",)}


@pytest.fixture(params=["messenger", "instagram"])
def world(request: Any, monkeypatch: Any, dynamodb: Any, clock: Any, ids: Any) -> World:
    channel = ConnectedChannel(CHANNEL, request.param, DEPARTMENT, "active", PAGE, {"page_id": PAGE}, TOKENS)
    monkeypatch.setitem(sending_world.CHANNELS, request.param, channel)
    world = World(clock, ids, request.param)
    world.provider.accepts = lambda: HttpResponse(200, {}, b'{"recipient_id":"71","message_id":"m_1"}')  # type: ignore[method-assign]
    return world


def silent(world: World, seconds: float) -> None:
    world.customer_was_silent(seconds / 3600)


def sent_body(world: World) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(world.provider.sent[-1])
    return body


@pytest.mark.parametrize(
    ("seconds", "tag"),
    [
        (DAY - 1, None),
        (DAY, "HUMAN_AGENT"),
        (DAY + 1, "HUMAN_AGENT"),
        (WEEK - 1, "HUMAN_AGENT"),
    ],
)
def test_a_person_writes_and_the_provider_is_told_why(world: World, seconds: int, tag: str | None) -> None:
    silent(world, seconds)
    message = world.write(agent(ANA))
    world.work()
    assert world.message(message.id).status == "sent"
    body = sent_body(world)
    assert (body["messaging_type"], body.get("tag")) == ("MESSAGE_TAG" if tag else "RESPONSE", tag)


@pytest.mark.parametrize("seconds", [WEEK, WEEK + 1])
def test_nobody_writes_after_a_week(world: World, seconds: int) -> None:
    silent(world, seconds)
    last = world.clock.now() - timedelta(seconds=seconds)
    for caller in (agent(ANA), ADMIN):
        with pytest.raises(Conflict) as refused:
            world.write(caller)
        assert refused.value.code == "outside_window"
        assert "they must write first" in str(refused.value)
    assert refused.value.extra == {
        "window_expires_at": (last + timedelta(days=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "human_window_expires_at": (last + timedelta(days=7)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "templates": [],
    }


@pytest.mark.parametrize("seconds", [DAY, DAY + 1, WEEK - 1])
def test_what_no_person_writes_stops_after_a_day(world: World, seconds: int) -> None:
    silent(world, seconds)
    with pytest.raises(Conflict) as refused:
        world.write(ADMIN)  # nobody stands behind it
    assert refused.value.code == "outside_window"
    assert "only a person may write" in str(refused.value)


def test_an_api_token_writes_as_who_made_it(world: World) -> None:
    """All that a token does is its maker's: also what is a person's to do."""
    silent(world, DAY + 1)
    message = world.write(replace(ADMIN, user_id=ANA))
    assert message.author == Author("user", ANA)
    world.work()
    assert sent_body(world)["tag"] == "HUMAN_AGENT"


def test_what_no_person_writes_goes_until_the_last_second(world: World) -> None:
    silent(world, DAY - 1)
    message = world.write(ADMIN)
    assert message.author == Author("system", ADMIN.token_id)
    world.work()
    assert sent_body(world)["messaging_type"] == "RESPONSE"


def test_the_tag_is_decided_when_it_is_sent(world: World) -> None:
    """Written in the last second of the window, sent after it: a person's message needs the tag by then, any other one
    goes without it, for the provider to refuse."""
    silent(world, DAY - 1)
    by_person, by_system = world.write(agent(ANA)), world.write(ADMIN)
    world.clock.move(2)
    world.outbound.send(sending_world.A, by_person.id)
    assert sent_body(world)["tag"] == "HUMAN_AGENT"
    world.outbound.send(sending_world.A, by_system.id)
    assert "tag" not in sent_body(world)


def test_a_closed_department_answers_within_the_window_only(world: World) -> None:
    rule = adapter(world.channel_type).window
    now = world.clock.now()
    for seconds, answers in ((DAY - 1, True), (DAY, False), (WEEK - 1, False)):
        silent(world, seconds)
        said = away_message(Opening(away="Voltamos às 9h.", window=rule), world.thread, world.chat, "ms_1", now)
        assert (said is not None) == answers
