"""An act that takes the chat out of its actor's sight, repeated: done for who did it, and nothing for anybody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from recado.channels.registry import adapter
from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.errors import Conflict, NotFound
from recado.domain.people import Department, Membership, Role
from recado.services.chats import ChatService
from recado.storage.chat_records import ChatRecord
from recado.storage.chats import DynamoChats
from tests.services.test_chat_actions import ADMIN, Meanwhile, facts, load, meanwhile, refused
from tests.team import ACCOUNT, Team

Act = Callable[["World", Caller, str], Chat]


class World(Team):
    """A team behind the real gate: B of the department, and another department without anybody."""

    def __init__(self, clock: Any, ids: Any) -> None:
        super().__init__(clock, ids, Meanwhile())
        self.gate = ChatService(DynamoChats(), self, adapter)
        self.actions._gate = self.gate
        self.b = self.join("B", 1, available=False)
        self.sales = self.add_department("Vendas")

    def all(self, a: str) -> list[Department]:
        """The list of departments, for the gate."""
        return list(self.departments.all.values())

    def person(self, role: Role = "agent", member: bool = True) -> Caller:
        user_id = self.join("A", 2, available=False)
        membership = {self.department: Membership(2, agent=True, supervisor=False)} if member else {}
        return Caller(ACCOUNT, role, user_id=user_id, memberships=membership)

    def given(self, caller: Caller) -> Chat:
        """A chat that the caller was given and has not begun with."""
        (chat,) = self.arrive()
        return self.actions.transfer_to_agent(ADMIN, chat.id, str(caller.user_id))

    def sees(self, caller: Caller, chat: Chat) -> bool:
        try:
            return bool(self.gate.visible(caller, chat.id))
        except NotFound:
            return False


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def to_b(world: World, caller: Caller, chat_id: str) -> Chat:
    return world.actions.transfer_to_agent(caller, chat_id, world.b)


def to_sales(world: World, caller: Caller, chat_id: str) -> Chat:
    return world.actions.transfer_to_department(caller, chat_id, world.sales)


def queue(world: World, caller: Caller, chat_id: str) -> Chat:
    return world.actions.queue(caller, chat_id)


def reopen(world: World, caller: Caller, chat_id: str) -> Chat:
    return world.actions.reopen(caller, chat_id)


CASES: list[tuple[Role, bool, Act]] = [
    ("agent", True, to_sales),
    ("agent", False, to_b),
    ("agent", False, queue),
    ("restricted", True, to_b),
    ("restricted", True, to_sales),
    ("restricted", True, queue),
    ("restricted", False, reopen),
]


def ready(world: World, role: Role, member: bool, act: Act) -> tuple[Caller, Chat]:
    caller = world.person(role, member)
    chat = world.given(caller)
    return caller, world.actions.close(caller, chat.id) if act is reopen else chat


@pytest.mark.parametrize(("role", "member", "act"), CASES)
def test_repeated_one_after_the_other(world: World, role: Role, member: bool, act: Act) -> None:
    caller, chat = ready(world, role, member, act)
    done = act(world, caller, chat.id)
    told, wakes = facts(chat), list(world.wakes.calls)
    assert not world.sees(caller, chat)
    assert act(world, caller, chat.id) == done
    assert (world.chat(chat), facts(chat), world.wakes.calls) == (done, told, wakes)
    for other in (world.person(role, False), replace(caller, user_id=f"us_{ACCOUNT}_{5:027x}", memberships={})):
        assert refused(NotFound, lambda other=other: act(world, other, chat.id)).extra == {}


@pytest.mark.parametrize(("role", "member", "act"), CASES)
def test_repeated_at_once(world: World, role: Role, member: bool, act: Act) -> None:
    caller, chat = ready(world, role, member, act)
    before = len(facts(chat))
    meanwhile(world, lambda: act(world, caller, chat.id))
    done = act(world, caller, chat.id)
    assert (world.chat(chat), done.version) == (done, chat.version + 1)
    assert len(facts(chat)) == before + (1 if act is queue else 2)
    assert load(world, str(caller.user_id)) == 0


def test_where_chats_are_of_their_agent_alone(world: World) -> None:
    """Mode `agent`: the other members see it until the new agent has begun, here by answering."""
    world.set(access="agent")
    caller = world.person()
    chat = world.given(caller)

    def transfer_and_answer() -> None:
        given = to_b(world, caller, chat.id)
        ChatRecord.of_chat(ACCOUNT, replace(given, started_at=world.clock.now(), version=given.version + 1)).save()

    meanwhile(world, transfer_and_answer)
    for _ in range(2):
        assert to_b(world, caller, chat.id).agent_id == world.b
        assert not world.sees(caller, chat)
    colleague = world.person()
    refused(NotFound, lambda: to_b(world, colleague, chat.id))


def test_a_close_by_who_belongs_there_no_longer(world: World) -> None:
    boss = Caller(
        ACCOUNT, "agent", f"us_{ACCOUNT}_{6:027x}", memberships={world.department: Membership(1, False, True)}
    )
    (chat,) = world.arrive()
    closed = world.actions.close(boss, chat.id)
    gone = replace(boss, memberships={})
    assert not world.sees(gone, chat)
    assert world.actions.close(gone, chat.id) == closed
    refused(NotFound, lambda: world.actions.close(gone, chat.id, comment="something else"))
    refused(NotFound, lambda: world.actions.close(replace(gone, user_id=world.b), chat.id))


def test_whatever_is_left_to_do_is_not_found(world: World) -> None:
    """Another aim, a chat that went on since, an id of nothing: all the same to who does not see it."""
    caller = world.person()
    chat = world.given(caller)
    to_sales(world, caller, chat.id)
    refused(NotFound, lambda: to_b(world, caller, chat.id))
    refused(NotFound, lambda: world.actions.close(caller, chat.id))
    refused(NotFound, lambda: world.actions.assume(caller, chat.id))
    nobody = f"us_{ACCOUNT}_{4:027x}"
    refused(NotFound, lambda: world.actions.transfer_to_agent(caller, chat.id, nobody))
    world.actions.transfer_to_agent(ADMIN, chat.id, world.b)
    refused(NotFound, lambda: to_sales(world, caller, chat.id))
    world.actions.close(ADMIN, chat.id)
    refused(NotFound, lambda: to_sales(world, caller, chat.id))
    for unknown in ("x", world.ids.new("ca", ACCOUNT), "ca_otheracc_" + "0" * 27, caller.user_id):
        refused(NotFound, lambda unknown=unknown: to_sales(world, caller, str(unknown)))


def test_another_who_was_overtaken_is_told_where_it_went(world: World) -> None:
    caller, other = world.person(), world.person()
    chat = world.given(caller)
    meanwhile(world, lambda: world.actions.transfer_to_agent(ADMIN, chat.id, str(other.user_id)))
    assert refused(Conflict, lambda: to_sales(world, caller, chat.id)).code == "chat_moved"
