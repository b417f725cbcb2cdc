"""A token that has ended: nothing is sent, told before it is stored, and by the worker for what waited."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.errors import Conflict
from tests.sending_world import CHANNEL, A, World, refuses

ENDS = "2026-03-02T13:00:00+00:00"


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    world = World(clock, ids)
    assert world.channel
    world.channel = world.channel._replace(token_expires_at=ENDS)
    return world


@pytest.mark.parametrize(("seconds", "ended"), [(3599, False), (3600, True), (3601, True)])
def test_a_message_is_refused_from_its_end_on(world: World, clock: Any, seconds: int, ended: bool) -> None:
    clock.move(seconds)
    if not ended:
        assert world.write().status == "queued"
        return
    with pytest.raises(Conflict) as refused:
        world.write()
    assert (refused.value.code, refused.value.extra) == ("token_expired", {"token_expires_at": ENDS})
    assert world.write(internal=True).internal, "a note needs no token"


def test_what_waited_fails_clearly(world: World, clock: Any) -> None:
    message = world.write()
    clock.move(3600)
    world.work()
    found = world.message(message.id)
    assert (found.status, found.error and found.error.code) == ("failed", "token_expired")
    assert world.provider.sent == []


def test_a_provider_that_refuses_the_token_ends_it(world: World) -> None:
    world.provider.script = [refuses(190, 401)]
    message = world.write()
    world.work()
    assert world.message(message.id).status == "failed"
    assert world.refused_tokens == [(A, CHANNEL, {"access_token": ("token",)})]
    world.provider.script = [refuses(131031)]
    world.write()
    world.work()
    assert len(world.refused_tokens) == 1


@pytest.mark.parametrize("remembered", [{"token_expires_at": ENDS}, {"state": "paused", "token_expires_at": None}])
def test_another_token_and_a_resumed_channel_work_for_the_next_send(
    world: World, clock: Any, remembered: dict[str, Any]
) -> None:
    """Whatever is remembered of the channel: by who writes the message down, and by the worker who sends it."""
    clock.move(3600)
    assert world.channel
    usable = world.channel._replace(token_expires_at=None)
    for step in (world.write, world.work):
        world.channel, world.channel_by_now = usable._replace(**remembered), usable
        step()
    assert len(world.provider.sent) == 1


def test_a_token_that_was_replaced_meanwhile_is_not_the_messages_fault(world: World) -> None:
    message = world.write()
    assert world.channel
    world.channel_by_now = world.channel._replace(secrets={"access_token": ("new",)})
    world.provider.script = [refuses(190, 401)]
    world.work()
    assert world.message(message.id).status == "sent"
    assert world.provider.asked_by == ["Bearer token", "Bearer new"]
    assert world.refused_tokens == [] and world.problems == []
