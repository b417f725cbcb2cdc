"""Who leaves a department, or the account, with chats in their hands: nothing is stuck, and no load is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.errors import Conflict, Forbidden, Invalid, NotFound
from recado.storage.chat_records import ChatRecord, wait_record
from tests.services.test_acts_out_of_sight import World
from tests.services.test_chat_actions import ADMIN, facts, load, meanwhile, refused
from tests.team import ACCOUNT


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def left_with_a_chat(world: World, begun: bool = True) -> tuple[Caller, Chat]:
    """Somebody who serves a chat of a department where chats are of their agent alone, and was taken out of it."""
    world.set(access="agent")
    caller = world.person()
    chat = world.given(caller)
    if begun:
        chat = world.actions.assume(caller, chat.id)
    world.presence.set_membership(ACCOUNT, str(caller.user_id), world.department, None)
    return replace(caller, memberships={}), chat


def test_a_chat_stays_with_who_serves_it_and_counts(world: World) -> None:
    caller, chat = left_with_a_chat(world)
    user_id = str(caller.user_id)
    assert world.sees(caller, chat) and load(world, user_id) == 1
    assert world.presence.members(ACCOUNT, world.department) != []
    assert user_id not in dict(world.presence.members(ACCOUNT, world.department))
    closed = world.actions.close(caller, chat.id)
    assert (closed.agent_id, load(world, user_id), world.sees(caller, chat)) == (user_id, 0, True)
    assert world.actions.close(caller, chat.id) == closed


@pytest.mark.parametrize("begun", [True, False])
def test_they_can_hand_it_on_and_so_can_others(world: World, begun: bool) -> None:
    caller, chat = left_with_a_chat(world, begun)
    other, second = left_with_a_chat(world, begun)
    assert world.actions.queue(caller, chat.id).situation == "queued"
    assert world.actions.transfer_to_agent(ADMIN, second.id, world.b).agent_id == world.b
    assert [load(world, one) for one in (str(caller.user_id), str(other.user_id), world.b)] == [0, 0, 1]
    assert world.waiting() == [chat.id]
    assert world.sees(caller, chat) is begun, "who has begun with it once sees what becomes of it"
    refused(Forbidden if begun else NotFound, lambda: world.actions.close(caller, chat.id))


def test_they_are_given_nothing_there_any_more_and_open_nothing_again_for_themselves(world: World) -> None:
    caller, chat = left_with_a_chat(world)
    world.presence.set_presence(ACCOUNT, str(caller.user_id), "available")
    assert world.give(2) == "--"
    world.actions.close(caller, chat.id)
    again = world.actions.reopen(caller, chat.id)
    assert (again.situation, again.agent_id, load(world, str(caller.user_id))) == ("queued", None, 0)


def test_what_they_did_not_begin_waits_again_in_time(world: World) -> None:
    world.set(overflow_after_s=120)
    caller, chat = left_with_a_chat(world, begun=False)
    world.clock.move(121)
    world.timers.run_due(100)
    assert (world.chat(chat).situation, world.waiting()) == ("queued", [chat.id])
    assert load(world, str(caller.user_id)) == 0


def test_who_serves_cannot_be_deleted_until_their_chats_are_elsewhere(world: World) -> None:
    caller, chat = left_with_a_chat(world)
    user_id = str(caller.user_id)
    assert refused(Conflict, lambda: world.presence.remove(ACCOUNT, user_id)).code == "user_has_chats"
    world.actions.transfer_to_agent(ADMIN, chat.id, world.b)
    world.presence.remove(ACCOUNT, user_id)
    assert world.agents.get(ACCOUNT, user_id) is None


def test_a_user_is_deleted_while_a_chat_is_given_to_them(world: World) -> None:
    caller = world.person()
    (chat,) = world.arrive()
    meanwhile(world, lambda: world.presence.remove(ACCOUNT, str(caller.user_id)))
    error = refused(Invalid, lambda: world.actions.transfer_to_agent(ADMIN, chat.id, str(caller.user_id)))
    assert [(one.pointer, one.code) for one in error.errors] == [("/agent_id", "not_found")]
    assert (world.chat(chat), world.waiting(), facts(chat)) == (chat, [chat.id], [])


def test_what_a_deleted_user_closed_opens_again_and_goes_to_others(world: World) -> None:
    """Also where who served last counts."""
    world.set(last_agent_first=True)
    caller = world.person()
    user_id = str(caller.user_id)
    chat = world.given(caller)
    world.actions.close(caller, chat.id)
    world.presence.remove(ACCOUNT, user_id)
    again = world.actions.reopen(ADMIN, chat.id)
    assert (again.situation, again.agent_id) == ("queued", None)
    preferring = replace(again, preferred_agent_id=user_id)
    ChatRecord.of_chat(ACCOUNT, preferring).save()
    wait_record(ACCOUNT, preferring).save()
    world.presence.set_presence(ACCOUNT, world.b, "available")
    world.look()
    assert world.owner(chat) == "B"


def test_a_chat_left_in_the_hands_of_nobody_can_be_given_on(world: World) -> None:
    """As a fault could leave it: its agent is gone, with their load."""
    (chat,) = world.arrive()
    nobody = world.ids.new("us", ACCOUNT)
    seen = world.chat(chat)
    wait = wait_record(ACCOUNT, seen)
    wait.delete()
    ChatRecord.of_chat(ACCOUNT, replace(seen, situation="in_service", agent_id=nobody)).save()
    given = world.actions.transfer_to_agent(ADMIN, chat.id, world.b)
    assert (given.agent_id, load(world, world.b)) == (world.b, 1)
