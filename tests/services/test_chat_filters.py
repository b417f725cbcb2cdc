"""All filters of the list of chats together, against a plain model of the same chats."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import SITUATIONS, Chat, ThreadKey
from recado.domain.contacts import Contact
from recado.domain.people import Department, Membership
from recado.ports.chats import ChatFilter
from recado.ports.contacts import ContactPage
from recado.services.chat_search import ChatSearch
from recado.storage import keys
from recado.storage.chat_records import MessageRecord, ServedRecord
from recado.storage.message_search import DynamoMessageSearch
from tests.sending_world import ADMIN, ANA, BRUNO, CARLA, CHANNEL, CONTACT, DEPARTMENT, A, World

DEPARTMENTS = {
    f"{DEPARTMENT[:-1]}{number}": access for number, access in enumerate(("everyone", "department", "agent"))
}
CHANNELS = [f"{CHANNEL[:-1]}{number}" for number in range(3)]
CONTACTS = [f"{CONTACT[:-1]}{number}" for number in range(4)]
WORDS = ("Orçamento", "boleto", "entrega")
CALLERS = {
    "admin": ADMIN,
    "agent": Caller(
        A,
        "agent",
        user_id=ANA,
        memberships={
            f"{DEPARTMENT[:-1]}1": Membership(1, True, False),
            f"{DEPARTMENT[:-1]}2": Membership(1, True, False),
        },
    ),
    "supervisor": Caller(A, "agent", user_id=CARLA, memberships={f"{DEPARTMENT[:-1]}2": Membership(1, False, True)}),
    "restricted": Caller(A, "restricted", user_id=BRUNO, memberships={DEPARTMENT: Membership(1, True, False)}),
}


class Company(World):
    """Sixty chats over departments of every mode, agents, channels and contacts, a minute apart."""

    def __init__(self, clock: Any, ids: Any, random: Random) -> None:
        super().__init__(clock, ids)
        self.made: list[Chat] = []
        self.words: dict[str, str] = {}
        for number in range(60):
            clock.move(60)
            situation = random.choice(SITUATIONS)
            served = situation == "in_service" or (situation == "closed" and random.random() < 0.7)
            channel_id = random.choice(CHANNELS)
            chat = self.open_chat(
                thread=ThreadKey(channel_id, f"x:{number}"),
                channel_id=channel_id,
                contact_id=random.choice(CONTACTS),
                department_id=random.choice(list(DEPARTMENTS)),
                situation=situation,
                agent_id=random.choice((ANA, BRUNO, CARLA)) if served else None,
                started_at=clock.now() if served and random.random() < 0.5 else None,
                last_seq=1 if situation == "closed" else None,
                served_by=tuple(random.sample((ANA, BRUNO, CARLA), random.choice((0, 0, 1, 2)))),
            )
            for user_id in chat.served_by:  # of whoever serves it again too: who came back is listed once
                ServedRecord(keys.served_pk(A, user_id), chat.id).save()
            said = self.store.messages(A, chat, 0, 1)[0]
            self.words[chat.id] = random.choice(WORDS)
            MessageRecord.of_message(A, replace(said, text=f"Olá, {self.words[chat.id]}!")).save()
            self.made.append(chat)

    def all(self, a: str) -> list[Department]:
        return [Department(each, each, access, self.clock.now()) for each, access in DEPARTMENTS.items()]  # type: ignore[arg-type]

    def find(self, a: str, text: str, limit: int, after: str | None) -> ContactPage:
        """The contact whose number the text is."""
        found = [one for one in CONTACTS if one.endswith(text)]
        now = self.clock.now()
        return ContactPage(tuple(Contact(one, now, now) for one in found), None)


def sees(caller: Caller, chat: Chat) -> bool:
    """PRODUCT B4 in plain words, written again."""
    if caller.role == "admin":
        return True
    if chat.agent_id == caller.user_id or caller.user_id in chat.served_by:
        return True
    if caller.role == "restricted":
        return False
    mode = DEPARTMENTS[chat.department_id]
    if mode == "everyone" and chat.situation == "closed":
        return True
    member = caller.memberships.get(chat.department_id)
    if not member:
        return False
    return member.supervisor or mode != "agent" or (chat.situation != "closed" and not chat.started_at)


def wants(company: Company, wanted: ChatFilter, q: str, chat: Chat) -> bool:
    if wanted.situation and chat.situation != wanted.situation:
        return False
    if wanted.department_id and chat.department_id != wanted.department_id:
        return False
    if wanted.agent_id and chat.agent_id != wanted.agent_id:
        return False
    if wanted.channel_id and chat.channel_id != wanted.channel_id:
        return False
    if wanted.contact_ids and chat.contact_id not in wanted.contact_ids:
        return False
    if wanted.opened_from and chat.opened_at < wanted.opened_from:
        return False
    if wanted.opened_to and chat.opened_at > wanted.opened_to:
        return False
    if q and wanted.contact_ids:
        return company.words[chat.id] == {"orcamento": "Orçamento", "BOLETO": "boleto"}[q]
    return not q or chat.contact_id.endswith(q)


def random_filter(company: Company, random: Random) -> tuple[ChatFilter, str]:
    def maybe(values: Any) -> Any:
        return random.choice(list(values)) if random.random() < 0.35 else None

    def moment() -> datetime | None:
        return None if random.random() < 0.6 else random.choice(company.made).opened_at

    since, until = moment(), moment()
    contact_id = maybe(CONTACTS)
    wanted = ChatFilter(
        maybe(SITUATIONS),
        maybe(DEPARTMENTS),
        maybe((ANA, BRUNO, CARLA)),
        maybe(CHANNELS),
        (contact_id,) if contact_id else (),
        since,
        until + timedelta(milliseconds=random.choice((-1, 0, 1))) if until else None,
    )
    if random.random() < 0.6:
        return wanted, ""
    return wanted, random.choice(("orcamento", "BOLETO")) if wanted.contact_ids else random.choice("0123")


def walk(company: Company, search: ChatSearch, caller: Caller, wanted: ChatFilter, q: str, limit: int) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        if q:
            page, after = search.page(caller, wanted, q, limit, after)
        else:
            page, after = company.chats.page(caller, wanted, limit, after)
        found += [one["id"] for one in page]
        if after is None:
            return found


@pytest.mark.parametrize("seed", range(3))
def test_the_lists_are_what_a_plain_model_says(dynamodb: Any, clock: Any, ids: Any, seed: int) -> None:
    random = Random(seed)
    company = Company(clock, ids, random)
    search = ChatSearch(company.chats, company, DynamoMessageSearch())
    first = company.chat  # the one that the world begins with
    MessageRecord.of_message(A, replace(company.store.messages(A, first, 0, 1)[0], text="Olá, entrega!")).save()
    company.words[first.id] = "entrega"
    newest_first = [*reversed(company.made), first]
    told = 0
    for _ in range(40):
        wanted, q = random_filter(company, random)
        for name, caller in CALLERS.items():
            expected = [one.id for one in newest_first if sees(caller, one) and wants(company, wanted, q, one)]
            found = walk(company, search, caller, wanted, q, random.choice((2, 7, 100)))
            assert found == expected, (name, wanted, q)
            told += len(expected)
    assert told > 300
