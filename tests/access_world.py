"""One account with every kind of caller, and a chat for every mode, situation and server: the world of the access
tests of the API (tests/access_table.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from recado.bootstrap import Container
from recado.domain.chats import Author, Chat, Event, Message, Thread, ThreadKey
from recado.domain.people import Account, Membership
from recado.domain.scopes import SCOPES
from recado.ports.reception import ConnectedChannel
from recado.services.accounts import NewAccount
from recado.storage import keys
from recado.storage.agents import AgentRecord, agent_key
from recado.storage.chat_records import ChatEventRecord, ChatRecord, MessageRecord, ServedRecord, ThreadRecord
from tests.access_table import MODES, RELATIONS, SITUATIONS, Case

SECRET = "what the customer said in confidence"
_SERVED_NOW = ("given", "started", "closed")
_MANY = 1_000
"""Chats that everybody already has, so that theirs can be taken away as often as the tests like."""


class OneChannel:
    """The directory of channels, with one number."""

    def __init__(self, channel_id: str, department_id: str) -> None:
        self._channel = ConnectedChannel(
            channel_id,
            "whatsapp",
            department_id,
            "active",
            "1",
            {"phone_number_id": "10000000001"},
            {"access_token": ("token",)},
        )

    def latest(self, a: str, channel_id: str) -> ConnectedChannel | None:
        return self.find(a, channel_id)

    def find(self, a: str, channel_id: str, fresh: bool = False) -> ConnectedChannel | None:
        return self._channel if channel_id == self._channel.id else None


@dataclass
class AccessWorld:
    """`tokens` by (role, relation), `chats` by (mode, situation, who serves)."""

    a: str
    account: Account
    services: Container
    contact_id: str
    channel_id: str
    departments: dict[str, str]
    elsewhere: str
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    users: dict[tuple[str, str], str] = field(default_factory=dict)
    chats: dict[tuple[str, str, str], Chat] = field(default_factory=dict)
    colleague: str = ""

    def who(self, case: Case) -> tuple[str, str]:
        """The caller of a case. Admins and tokens have one each: no relation changes what they may."""
        return case.role, case.relation if case.role in ("agent", "restricted") else "nobody"

    def token(self, case: Case) -> str:
        return self.tokens[self.who(case)]

    def chat(self, case: Case) -> Chat:
        """The chat that the case is about."""
        role, relation = self.who(case)
        own = relation.startswith("own") and case.situation in _SERVED_NOW
        server = self.users[role, relation] if own else self.users["agent", "server"]
        return self.chats[case.mode, case.situation, server if case.situation in _SERVED_NOW else ""]

    def restore(self, chat: Chat) -> None:
        """The chat as it was made, whatever was done to it."""
        ChatRecord.of_chat(self.a, chat).save()
        thread = ThreadRecord(keys.thread_pk(self.a, chat.thread), "THREAD")
        opened = ThreadRecord.open_chat_id
        thread.update([opened.remove() if chat.situation == "closed" else opened.set(chat.id)])

    def stored(self, chat: Chat) -> Chat:
        found = self.services.chats.chat(self.a, chat.id)
        assert found is not None
        return found


def make_access_world(services: Container) -> AccessWorld:
    """Callers of all roles and relations, and the chats."""
    new = NewAccount("Company", "Ada Admin", "admin@access.example", "a long password", "enterprise", trial=False)
    made = services.account_service.create(new)
    a = made.account.id.removeprefix("ac_")
    departments = {
        mode: services.department_service.create(a, mode, False, {"access": mode}).department.id for mode in MODES
    }
    channel_id, contact_id = services.ids.new("ch", a), _contact(services, a, made.admin.id)
    services.channel_directory = OneChannel(channel_id, made.department.id)  # type: ignore[assignment]
    world = AccessWorld(a, made.account, services, contact_id, channel_id, departments, made.department.id)
    world.users["admin", "nobody"] = made.admin.id
    world.tokens["admin", "nobody"] = services.session_service.start(a, made.admin).token
    world.tokens["token", "nobody"] = services.api_token_service.create(_admin(a, made.admin.id), "t", SCOPES)[1]
    for relation in ("server", "stranger", "colleague"):
        _add_user(world, "agent", relation)
    world.colleague = world.users["agent", "colleague"]
    for role in ("agent", "restricted"):
        for relation in RELATIONS:
            _add_user(world, role, relation)
    for (role, relation), user_id in world.users.items():
        _relate(world, user_id, role, relation)
    _add_chats(world)
    return world


def _admin(a: str, user_id: str) -> Any:
    from recado.domain.access import Caller

    return Caller(a, "admin", user_id=user_id)


def _contact(services: Container, a: str, user_id: str) -> str:
    return str(services.contact_service.create(_admin(a, user_id), {"name": "Maria Silva"})["id"])


def _add_user(world: AccessWorld, role: str, relation: str) -> None:
    services, a = world.services, world.a
    email = f"{role}.{relation}@access.example"
    user = services.user_service.create(a, relation, email, role, None, "a long password").user  # type: ignore[arg-type]
    world.users[role, relation] = user.id
    world.tokens[role, relation] = services.session_service.start(a, user).token


def _relate(world: AccessWorld, user_id: str, role: str, relation: str) -> None:
    """Memberships and links as they are stored, so that the API reads them from where it always does."""
    places = {
        "own_member": Membership(1, True, False),
        "served_member": Membership(1, True, False),
        "member": Membership(1, True, False),
        "unavailable": Membership(1, True, False, True),
        "supervisor": Membership(1, False, True),
        "both": Membership(1, True, True),
    }
    memberships = dict.fromkeys(world.departments.values(), places[relation]) if relation in places else {}
    if relation == "elsewhere":
        memberships = {world.elsewhere: Membership(1, True, True)}
    links = {"linked": ["server"], "linked_elsewhere": ["stranger"]}.get(relation, [])
    AgentRecord(*agent_key(world.a, user_id)).update(
        [
            AgentRecord.load.set(_MANY),
            AgentRecord.memberships.set({key: dict(one.__dict__) for key, one in memberships.items()}),
            AgentRecord.supervised.set([world.users["agent", name] for name in links]),
        ]
    )


def _add_chats(world: AccessWorld) -> None:
    owners = [world.users[role, own] for role in ("agent", "restricted") for own in ("own", "own_member")]
    for mode in MODES:
        for situation in SITUATIONS:
            servers = [world.users["agent", "server"], *owners] if situation in _SERVED_NOW else [""]
            for server in servers:
                world.chats[mode, situation, server] = _add_chat(world, mode, situation, server)


def _add_chat(world: AccessWorld, mode: str, situation: str, server: str) -> Chat:
    services, a, now = world.services, world.a, world.services.clock.now()
    chat_id = services.ids.new("ca", a)
    key = ThreadKey(world.channel_id, f"+55119{len(world.chats):08d}")
    stored: Any = {"given": "in_service", "started": "in_service", "dropped": "closed"}.get(situation, situation)
    formerly = [world.users[role, one] for role in ("agent", "restricted") for one in ("served", "served_member")]
    chat = Chat(
        chat_id,
        world.contact_id,
        world.channel_id,
        "whatsapp",
        key,
        world.departments[mode],
        stored,
        now,
        1,
        agent_id=server or None,
        queued_at=now,
        assigned_at=now if server else None,
        started_at=now if situation in ("started", "closed") else None,
        closed_at=now if stored == "closed" else None,
        last_seq=1 if stored == "closed" else None,
        served_by=(*formerly, server) if situation in ("started", "closed") else tuple(formerly),
    )
    ChatRecord.of_chat(a, chat).save()
    for user_id in formerly:
        ServedRecord(keys.served_pk(a, user_id), chat_id).save()
    opened = None if stored == "closed" else chat_id
    ThreadRecord.of_thread(a, Thread(key, world.contact_id, 1, opened, now, now, SECRET, 1, key.sender)).save()
    said = Message(
        services.ids.new("ms", a),
        chat_id,
        world.contact_id,
        key,
        1,
        "inbound",
        "text",
        SECRET,
        "received",
        Author("contact", world.contact_id),
        now,
        now,
    )
    MessageRecord.of_message(a, said).save()
    fact = {"id": chat_id, "receipt": _receipt(chat)}
    event = Event(services.ids.new("ev", a), "chat.assigned", now, Author("system"), fact, chat.contact_id, chat_id)
    ChatEventRecord.of_event(a, event).save()
    return chat


def _receipt(chat: Chat) -> dict[str, Any]:
    return {
        "chat_id": chat.id,
        "decided_at": "2026-03-02T12:00:00.000Z",
        "department_id": chat.department_id,
        "agent_id": chat.agent_id,
        "turn": 1,
        "candidates": [],
        "not_listed": 0,
        "load_after": 1,
        "cause": "queued",
    }
