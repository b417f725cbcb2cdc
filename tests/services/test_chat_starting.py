"""Chats that the company begins, and chats that are opened again, met by what customers write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recado.channels.reach import ChannelReach
from recado.channels.registry import adapter
from recado.domain.access import Caller
from recado.domain.chats import Chat, Event
from recado.domain.contact_claims import contact_claims
from recado.domain.contacts import Contact
from recado.domain.errors import Conflict, DomainError, Invalid, NotFound
from recado.domain.people import Membership
from recado.domain.sending import recipient
from recado.services.chat_actions import ChatActions
from recado.services.chat_commits import ChatCommits
from recado.services.chat_shapes import ChatShapes
from recado.services.chat_starting import ChatStarting
from recado.services.chats import ChatService
from recado.services.presence import PresenceService
from recado.services.references import References
from recado.services.tabulations import TabulationService
from recado.storage import keys
from recado.storage.agents import AgentStore
from recado.storage.channels import ChannelStore
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.chat_records import ChatEventRecord
from recado.storage.chats import DynamoChats
from recado.storage.contacts import ContactStore
from recado.storage.departments import DepartmentStore
from recado.storage.tabulations import DynamoTabulations
from recado.storage.threads import DynamoThreads
from tests.reception import ANA, CHANNEL, CUSTOM_CHANNEL, DEPARTMENT, A, Reception, said, text
from tests.team import Hours

ADMIN = Caller(A, "admin", user_id=f"us_{A}_{9:027x}")
OLD_FORM = "551187654321"
"""ANA's number without the ninth digit."""


class World(Reception):
    """The reception, a contact of the company's own, and who writes to it first."""

    def __init__(self, clock: Any, ids: Any) -> None:
        super().__init__(clock, ids)
        departments, reads, agents = DepartmentStore(), DynamoChats(), AgentStore()
        self.settle()
        shapes = ChatShapes(reads, adapter)
        self.chat_reads = ChatService(reads, departments, adapter)
        self.presence = PresenceService(agents, self.waker, clock)
        self.contact_store, self.meanwhile = ContactStore(), Meanwhile()
        self.starting = ChatStarting(
            self.chat_reads, self.meanwhile, self.contact_store, ChannelStore(), ChannelReach(), agents, departments,
            shapes, self.contact_shapes, self.waker, clock, ids,
        )  # fmt: skip
        commits = ChatCommits(ChatMoveStore(), agents, departments, shapes, self.waker, ids)
        tabulations = TabulationService(DynamoTabulations(), References(), clock, ids)
        self.actions = ChatActions(
            self.chat_reads, reads, commits, agents, departments, Hours(), tabulations, self.directory, clock
        )

    def contact(self, **fields: Any) -> Contact:
        """A contact that somebody typed in."""
        now = self.clock.now()
        plain = Contact(self.ids.new("ct", A), now, now, name="Ana", **fields)
        contact = Contact(**{**plain.__dict__, "claims": contact_claims(plain)})
        self.contact_store.create(
            A, contact, Event(self.ids.new("ev", A), "contact.created", now, ADMIN.author, {}, contact.id)
        )
        return contact

    def agent(self, cap: int | None = None) -> Caller:
        user_id, membership = self.ids.new("us", A), Membership(1, True, False)
        self.presence.create(A, user_id, cap)
        self.presence.set_membership(A, user_id, DEPARTMENT, membership)
        return Caller(A, "agent", user_id=user_id, memberships={DEPARTMENT: membership})

    def start(self, contact: Contact, caller: Caller = ADMIN, channel_id: str = CHANNEL) -> Chat:
        return self.starting.start(caller, contact.id, channel_id).chat

    def hear(self, wamid: str, sender: str = ANA) -> None:
        self.deliver(said(text(wamid, sender=sender)))


class Meanwhile(DynamoThreads):
    """Lets somebody else act right before the next write."""

    def __init__(self) -> None:
        self.act: Callable[[], object] | None = None

    def take_in(self, *given: Any) -> Any:
        act, self.act = self.act, None
        if act is not None:
            act()
        return super().take_in(*given)


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def refused(kind: type[DomainError], act: Callable[[], object]) -> DomainError:
    with pytest.raises(kind) as raised:
        act()
    return raised.value


def facts(chat: Chat) -> list[Any]:
    pk = keys.chat_pk(A, chat.id)
    return list(ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"), consistent_read=True))


@pytest.mark.parametrize("mobile", ["+" + ANA, "+" + OLD_FORM])
def test_the_first_answer_meets_the_same_contact_and_chat(world: World, mobile: str) -> None:
    contact = world.contact(mobile=mobile)
    chat = world.start(contact)
    assert (chat.situation, chat.thread.sender, chat.moved_by) == ("queued", "+" + ANA, ADMIN.id)
    thread = world.thread()
    assert thread is not None
    assert (thread.open_chat_id, thread.contact_id, thread.last_seq, thread.last_message_at) == (
        chat.id,
        contact.id,
        1,
        None,
    )
    assert recipient(thread).phone == mobile, "written to under the number that was given"
    world.hear("wamid.1", OLD_FORM)
    world.hear("wamid.2", ANA)
    assert [(one.chat_id, one.contact_id) for one in world.messages()] == [(chat.id, contact.id)] * 2
    assert [one.id for one in world.contacts()] == [contact.id]
    assert [one.id for one in world.chats()] == [chat.id] == [one.id for one in world.waiting()]
    page, _ = world.chat_reads.messages(ADMIN, chat.id, 10, None)
    assert len(page) == 2
    assert [(one.type, one.actor_type, one.actor_id) for one in facts(chat)] == [
        ("chat.started", "user", ADMIN.id),
        ("chat.queued", "user", ADMIN.id),
    ]
    assert DEPARTMENT in world.waker.woken


def test_the_contact_is_known_on_the_channel_from_then_on(world: World) -> None:
    contact = world.contact(mobile="+" + ANA)
    world.start(contact)
    (known,) = world.contacts()
    assert [(one.channel_id, one.key, one.external_id) for one in known.identities] == [(CHANNEL, "+" + ANA, ANA)]
    assert ContactStore().find_by_claims(A, [one for one in known.claims if one.kind == "ext"]) == contact.id
    world.close(world.chats()[0].id)
    world.hear("wamid.1")
    assert [one.id for one in world.contacts()] == [contact.id]


def test_an_agent_of_the_department_begins_with_it(world: World) -> None:
    caller = world.agent(cap=1)
    contact, other = world.contact(mobile="+" + ANA), world.contact(mobile="+5521987654321")
    chat = world.start(contact, caller)
    assert (chat.situation, chat.agent_id, chat.started_at) == ("in_service", caller.user_id, world.clock.now())
    assert world.waiting() == [] and world.presence.get(A, str(caller.user_id))[0].load == 1
    started, assigned = facts(chat)
    assert (started.type, assigned.type) == ("chat.started", "chat.assigned")
    receipt = assigned.data["receipt"]
    assert (receipt["cause"], receipt["agent_id"], receipt["load_after"]) == ("started_by_user", caller.user_id, 1)
    assert refused(Conflict, lambda: world.start(other, caller)).code == "agent_at_cap"
    assert len(world.chats()) == 1


def test_the_open_chat_is_used_again(world: World) -> None:
    world.hear("wamid.1", OLD_FORM)
    (contact,) = world.contacts()
    (chat,) = world.chats()
    found = world.starting.start(world.agent(), contact.id, CHANNEL)
    assert (found.was_open, found.chat) == (True, chat)
    made = world.contact(mobile="+5521987654321")
    assert world.starting.start(ADMIN, made.id, CHANNEL).was_open is False
    assert world.starting.start(ADMIN, made.id, CHANNEL).was_open is True


def test_an_open_chat_of_others_is_not_shown(world: World) -> None:
    world.settle(access="agent")
    contact = world.contact(mobile="+" + ANA)
    chat = world.start(contact, world.agent())
    error = refused(Conflict, lambda: world.start(contact, world.agent()))
    assert (error.code, error.extra) == ("another_chat_open", {})
    assert chat.id not in error.detail


def test_a_chat_after_a_closed_one_lies_behind_it(world: World) -> None:
    world.hear("wamid.1")
    (contact,), (first,) = world.contacts(), world.chats()
    world.close(first.id)
    second = world.start(contact)
    world.hear("wamid.2")
    for chat, wamid in ((first, "wamid.1"), (second, "wamid.2")):
        page, _ = world.chat_reads.messages(ADMIN, chat.id, 10, None)
        assert [one.provider_id for one in page] == [wamid]


def test_the_customer_writes_at_the_same_moment(world: World) -> None:
    contact = world.contact(mobile="+" + ANA)
    world.meanwhile.act = lambda: world.hear("wamid.1")
    found = world.starting.start(ADMIN, contact.id, CHANNEL)
    assert found.was_open and [one.id for one in world.chats()] == [found.chat.id]
    assert [one.id for one in world.contacts()] == [contact.id]


def test_two_start_at_once(world: World) -> None:
    contact, caller = world.contact(mobile="+" + ANA), world.agent()
    world.meanwhile.act = lambda: world.start(contact)
    found = world.starting.start(caller, contact.id, CHANNEL)
    assert found.was_open and len(world.chats()) == 1
    assert world.presence.get(A, str(caller.user_id))[0].load == 0


def test_what_is_impossible_says_why(world: World) -> None:
    nowhere, landline = world.contact(email="ana@example.com"), world.contact(phone="+551132654321")
    error = refused(Conflict, lambda: world.start(nowhere))
    assert (error.code, error.extra["reason"], error.extra["needs"]) == (
        "cannot_start",
        "no_address",
        ["mobile", "phone"],
    )
    error = refused(Conflict, lambda: world.start(nowhere, channel_id=CUSTOM_CHANNEL))
    assert (error.code, error.extra["reason"]) == ("cannot_start", "customer_writes_first")
    assert world.start(landline).thread.sender == "+551132654321"
    assert len(world.chats()) == 1


def test_an_address_of_another_contact_is_not_taken_from_it(world: World) -> None:
    """The second contact carries the number, but the first one is who writes from it."""
    world.hear("wamid.1")
    (known,) = world.contacts()
    now = world.clock.now()
    twin = Contact(world.ids.new("ct", A), now, now, name="Ana B", mobile="+" + ANA)
    world.contact_store.create(
        A, twin, Event(world.ids.new("ev", A), "contact.created", now, ADMIN.author, {}, twin.id)
    )
    error = refused(Conflict, lambda: world.start(twin))
    assert (error.code, error.extra["reason"], error.extra["contact_id"]) == (
        "cannot_start",
        "address_of_another_contact",
        known.id,
    )


def test_a_channel_that_cannot_be_used(world: World) -> None:
    contact = world.contact(mobile="+" + ANA)
    world.connect(CUSTOM_CHANNEL, "custom", "", {}, state="paused")
    error = refused(Conflict, lambda: world.start(contact, channel_id=CUSTOM_CHANNEL))
    assert (error.code, error.errors[0].pointer, error.extra["channel_state"]) == (
        "channel_unusable",
        "/channel_id",
        "paused",
    )
    for unknown in ("x", CHANNEL.replace(A, "otheracc"), world.ids.new("ch", A), DEPARTMENT):
        wrong = refused(Invalid, lambda unknown=unknown: world.start(contact, channel_id=unknown))
        assert [(one.pointer, one.code) for one in wrong.errors] == [("/channel_id", "not_found")]
    with pytest.raises(NotFound):
        world.starting.start(ADMIN, world.ids.new("ct", A), CHANNEL)


def test_messages_of_a_reopened_chat_when_another_lay_between(world: World) -> None:
    world.hear("wamid.1")
    (first,) = world.chats()
    world.close(first.id)
    world.hear("wamid.2")
    (second,) = [one for one in world.chats() if one.id != first.id]
    world.close(second.id)
    reopened = world.actions.reopen(ADMIN, first.id)
    world.hear("wamid.3")
    assert reopened.situation == "queued" and len(world.chats()) == 2

    def heard(chat: Chat) -> list[str | None]:
        return [one.provider_id for one in world.chat_reads.messages(ADMIN, chat.id, 10, None)[0]]

    assert (heard(first), heard(second)) == (["wamid.1", "wamid.3"], ["wamid.2"])
    closed = world.actions.close(ADMIN, first.id)
    world.hear("wamid.4")
    assert (heard(first), heard(second)) == (["wamid.1", "wamid.3"], ["wamid.2"])
    assert closed.last_seq == 6, "three messages, and three times the chat was closed or opened"
    assert refused(Conflict, lambda: world.actions.reopen(ADMIN, first.id)).code == "another_chat_open"
