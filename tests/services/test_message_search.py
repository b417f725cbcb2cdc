"""The history of a contact over all channels, and chats found by a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Author, Chat, Message, Thread, ThreadKey
from recado.domain.contacts import Contact, Identity
from recado.domain.errors import Invalid, NotFound
from recado.domain.message_search import says, wanted_text
from recado.ports.chats import ChatFilter
from recado.ports.contacts import ContactPage
from recado.ports.message_search import Stretch
from recado.services import chat_search, message_search
from recado.services.chat_search import ChatSearch
from recado.services.message_search import MessageSearch
from recado.storage import keys
from recado.storage.chat_records import AliasRecord, ChatRecord, MessageRecord, ThreadRecord
from recado.storage.message_search import DynamoMessageSearch
from tests.sending_world import ADMIN, ANA, BRUNO, CHANNEL, CONTACT, A, World, agent

OTHER = CONTACT[:-1] + "9"
OTHER_CHANNEL = CHANNEL[:-1] + "2"


class People:
    """Contacts in memory, in groups of two; a text finds whose name holds it."""

    def __init__(self, *contacts: Contact) -> None:
        self.all = list(contacts)

    def resolved(self, a: str, contact_id: str) -> Contact | None:
        return next((one for one in self.all if one.id == contact_id and f"_{a}_" in one.id), None)

    def find(self, a: str, text: str, limit: int, after: str | None) -> ContactPage:
        met = [one for one in self.all if text in (one.name or "")]
        start = int(after or 0)
        return ContactPage(tuple(met[start : start + 2]), str(start + 2) if len(met) > start + 2 else None)


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def contact(world: World, contact_id: str = CONTACT, name: str = "Ana", *keys_: ThreadKey) -> Contact:
    now = world.clock.now()
    identities = tuple(Identity(key.channel_id, key.sender) for key in keys_ or (world.key,))
    return Contact(contact_id, now, now, name=name, identities=identities)


def say(world: World, key: ThreadKey, chat_id: str, seq: int, text: str, contact_id: str = CONTACT) -> Message:
    world.clock.move(1)
    now = world.clock.now()
    said = Message(
        world.ids.new("ms", A), chat_id, contact_id, key, seq, "inbound", "text", text, "received",
        Author("contact", contact_id), now, now,
    )  # fmt: skip
    MessageRecord.of_message(A, said).save()
    return said


def walk(search: MessageSearch, caller: Caller, q: str | None, limit: int) -> list[str]:
    """All pages, one after the other."""
    found: list[str] = []
    after: Any = None
    for _ in range(500):
        page, after = search.page(caller, CONTACT, q, limit, after)
        assert len(page) <= limit
        found += [one.id for one in page]
        if after is None:
            return found
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(
    ("text", "q", "met"),
    [
        ("Bom dia", "DIA", True),
        ("Preciso do orçamento", "orcamento", True),
        ("preciso do ORCAMENTO", "orçamento", True),
        ("Straße", "STRASSE", True),
        ("abc", "  b ", True),
        ("a b", "ab", False),
        ("anything", "", True),
        ("", "x", False),
    ],
)
def test_a_part_of_the_text_whatever_its_case_and_accents(world: World, text: str, q: str, met: bool) -> None:
    assert says(say(world, world.key, world.chat.id, 2, text), wanted_text(q)) is met


class Said:
    """Threads in memory; what is read is counted."""

    def __init__(self, threads: dict[ThreadKey, list[Message]]) -> None:
        self._threads = threads
        self.calls: list[int] = []

    def threads(self, a: str, contact: Contact) -> Sequence[ThreadKey]:
        return list(self._threads)

    def back(self, a: str, thread: ThreadKey, below: int | None, first: int, limit: int) -> Stretch:
        within = [one for one in self._threads[thread] if one.seq >= first and (below is None or one.seq < below)]
        newest = sorted(within, key=lambda one: -one.seq)
        self.calls.append(min(limit, len(newest)))
        return Stretch(newest[:limit], len(newest) > limit)


def random_history(world: World, random: Random) -> dict[ThreadKey, list[Message]]:
    """Threads whose messages lie among each other, some at the same time, with gaps in their seqs."""
    threads: dict[ThreadKey, list[Message]] = {
        ThreadKey(CHANNEL, f"x:{number}"): [] for number in range(random.randint(1, 6))
    }
    seqs = dict.fromkeys(threads, 0)
    now = world.clock.now()
    for number in range(random.randint(0, 120)):
        key = random.choice(list(threads))
        seqs[key] += random.choice((1, 1, 1, 3))
        now += timedelta(milliseconds=random.choice((0, 1, 40)))
        chat_id = random.choice(("ca_mine", "ca_theirs", ""))
        contact_id = random.choice((CONTACT, CONTACT, CONTACT, OTHER))
        threads[key].append(
            Message(
                f"ms_{number:04d}",
                chat_id,
                contact_id,
                key,
                seqs[key],
                "inbound",
                "text",
                random.choice(("Café com leite", "chá", "CAFE", "")),
                "received",
                Author("system"),
                now,
                now,
            )
        )
    return threads


class Gate:
    """Sees one chat, as long as it is asked."""

    def seen(self, caller: Caller, chat_ids: Sequence[str]) -> dict[str, Any]:
        assert "" not in chat_ids
        return {one: None for one in chat_ids if one == "ca_mine"}


@pytest.mark.parametrize("seed", range(40))
def test_every_page_of_every_history_against_all_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random = Random(seed)
    monkeypatch.setattr(message_search, "MAX_READ", random.choice((5, 30, 2_000)))
    monkeypatch.setattr(message_search, "_PAGE", random.choice((1, 7, 200)))
    monkeypatch.setattr(message_search, "_LEAST_PAGE", random.choice((1, 3)))
    threads = random_history(world, random)
    search = MessageSearch(People(contact(world)), Said(threads), Gate())  # type: ignore[arg-type]
    everything = [one for each in threads.values() for one in each if one.contact_id == CONTACT]
    for caller in (ADMIN, agent(ANA)):
        for q in (None, "café", "nowhere"):
            expected = {
                one.id
                for one in everything
                if (caller is ADMIN or one.chat_id == "ca_mine") and says(one, wanted_text(q))
            }
            found = walk(search, caller, q, random.choice((1, 3, 50)))
            assert len(found) == len(set(found)) and set(found) == expected
            times = {one.id: one.created_at for one in everything}
            assert [times[one] for one in found] == sorted((times[one] for one in found), reverse=True)


def test_what_comes_while_somebody_reads_on_moves_nothing(world: World) -> None:
    quiet, busy = ThreadKey(CHANNEL, "x:1"), ThreadKey(CHANNEL, "x:2")
    old = [say(world, quiet, "ca_1", seq, "old") for seq in (1, 2)]
    new = [say(world, busy, "ca_2", seq, "new") for seq in (1, 2, 3)]
    threads = {quiet: list(old), busy: list(new)}
    search = MessageSearch(People(contact(world)), Said(threads), Gate())  # type: ignore[arg-type]
    page, after = search.page(ADMIN, CONTACT, None, 2, None)
    assert [one.id for one in page] == [new[2].id, new[1].id]
    threads[quiet].append(say(world, quiet, "ca_1", 3, "late"))
    threads[busy].append(say(world, busy, "ca_2", 4, "late"))
    rest, after = search.page(ADMIN, CONTACT, None, 5, after)
    assert ([one.id for one in rest], after) == ([new[0].id, old[1].id, old[0].id], None)


def test_one_call_reads_a_bounded_number_of_messages(world: World) -> None:
    """A hundred thousand messages of which none matches are read in fifty calls."""
    now = world.clock.now()
    one = say(world, world.key, "ca_1", 1, "nothing of it")
    many = [replace(one, seq=seq, created_at=now + timedelta(seconds=seq)) for seq in range(1, 100_001)]

    class Long(Said):
        def back(self, a: str, thread: ThreadKey, below: int | None, first: int, limit: int) -> Stretch:
            end = len(many) if below is None else below - 1
            found = many[max(0, end - limit) : end][::-1]
            self.calls.append(len(found))
            return Stretch(found, end > limit)

    said = Long({world.key: many})
    search = MessageSearch(People(contact(world)), said, Gate())  # type: ignore[arg-type]
    after: Any = None
    calls = 0
    while calls == 0 or after is not None:
        said.calls.clear()
        page, after = search.page(ADMIN, CONTACT, "orçamento", 50, after)
        calls += 1
        assert page == [] and sum(said.calls) <= message_search.MAX_READ and max(said.calls) <= 200
    assert calls == 50


def test_threads_of_identities_second_ids_and_chats_each_once(world: World) -> None:
    """One only known by a chat, one by an identity, one by a second id, and one by all."""
    by_chat, by_identity, first = (ThreadKey(OTHER_CHANNEL, name) for name in ("x:1", "x:2", "x:3"))
    world.open_chat(thread=by_chat, channel_id=OTHER_CHANNEL)
    ThreadRecord.of_thread(A, Thread(by_identity, CONTACT, 1)).save()
    ThreadRecord.of_thread(A, Thread(first, CONTACT, 1)).save()
    second = ThreadKey(OTHER_CHANNEL, "x:second")
    AliasRecord(keys.alias_pk(A, second), "ALIAS", sender=first.sender).save()
    never = ThreadKey(OTHER_CHANNEL, "x:never")
    known = contact(world, CONTACT, "Ana", world.key, by_identity, second, never)
    found = DynamoMessageSearch().threads(A, known)
    assert sorted(found, key=str) == sorted([world.key, by_chat, by_identity, first], key=str)


def test_the_history_on_real_storage(world: World) -> None:
    """Two channels, a note, a message without a chat, another's chat and another contact's message."""
    elsewhere = world.open_chat(thread=ThreadKey(OTHER_CHANNEL, "x:1"), channel_id=OTHER_CHANNEL, agent_id=BRUNO)
    ChatRecord.of_chat(A, replace(elsewhere, department_id="dp_gone")).save()
    said = [
        say(world, world.key, world.chat.id, 2, "Quero um ORÇAMENTO"),
        say(world, elsewhere.thread, elsewhere.id, 2, "orcamento?"),
        say(world, world.key, "", 3, "orçamento de fora"),
    ]
    ThreadRecord.of_thread(A, replace(world.thread, last_seq=3)).save()
    world.clock.move(1)
    note = world.write(agent(ANA), internal=True, text="o orçamento está pronto")
    say(world, world.key, world.chat.id, 9, "orçamento", contact_id=OTHER)
    search = MessageSearch(People(contact(world)), DynamoMessageSearch(), world.chats)
    assert walk(search, ADMIN, "orcamento", 1) == [note.id, said[2].id, said[1].id, said[0].id]
    assert walk(search, agent(ANA), "ORÇAMENTO", 2) == [note.id, said[0].id]
    assert walk(search, agent(BRUNO), "orcamento", 2) == [note.id, said[1].id, said[0].id]
    assert len(walk(search, ADMIN, None, 50)) == 6
    with pytest.raises(NotFound):
        search.page(replace(ADMIN, account="accountb"), CONTACT, None, 5, None)


def test_large_messages_are_read_a_megabyte_at_a_time(world: World) -> None:
    for seq in range(2, 20):
        say(world, world.key, world.chat.id, seq, "x" * 100_000)
    stretch = DynamoMessageSearch().back(A, world.key, None, 1, 200)
    assert [one.seq for one in stretch.messages] == list(range(19, 9, -1)) and stretch.more
    rest = DynamoMessageSearch().back(A, world.key, 10, 1, 200)
    assert ([one.seq for one in rest.messages], rest.more) == (list(range(9, 0, -1)), False)
    assert DynamoMessageSearch().back(A, world.key, 9, 9, 200) == ((), False)


# -- chats by a text
# -------------------------------------------------------------------------------------------------------


def chats(search: ChatSearch, caller: Caller, wanted: ChatFilter, q: str, limit: int) -> list[str]:
    found: list[str] = []
    after = None
    for _ in range(500):
        page, after = search.page(caller, wanted, q, limit, after)
        assert len(page) <= limit
        found += [one["id"] for one in page]
        if after is None:
            return found
    raise AssertionError("the pages never end")


def a_chat(world: World, number: int, *texts: str, **fields: Any) -> Chat:
    """A chat on its own thread, with these messages beside the customer's `hi`."""
    world.clock.move(1)
    made = world.open_chat(thread=ThreadKey(CHANNEL, f"x:{number}"), **fields)
    for seq, text in enumerate(texts, 2):
        say(world, made.thread, made.id, seq, text)
    return made


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize("most", [1, 3, 2_000])
def test_chats_of_a_contact_in_which_it_was_said(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int, most: int
) -> None:
    monkeypatch.setattr(chat_search, "MAX_READ", most)
    monkeypatch.setattr(chat_search, "_PAGE", 2)
    monkeypatch.setattr(chat_search, "CHATS_AT_ONCE", 3)
    made = [
        a_chat(world, 1, "Orçamento", "a", "b", "c", "d"),
        a_chat(world, 2, "a", "b"),
        a_chat(world, 3, "a", "o ORCAMENTO", "b", agent_id=BRUNO),
        a_chat(world, 4, "orçamento", contact_id=OTHER),
        a_chat(world, 5, *"abcdefghi", "orçamento", situation="closed", last_seq=11),
    ]
    search = ChatSearch(world.chats, People(), DynamoMessageSearch())
    wanted = ChatFilter(contact_ids=(CONTACT,))
    assert chats(search, ADMIN, wanted, "orcamento", limit) == [made[4].id, made[2].id, made[0].id]
    assert chats(search, ADMIN, replace(wanted, situation="closed"), "orçamento", limit) == [made[4].id]
    assert chats(search, agent(BRUNO, role="restricted"), wanted, "orçamento", limit) == [made[2].id]
    assert chats(search, ADMIN, wanted, "nowhere", limit) == []


def test_what_was_said_in_another_chat_of_the_thread_does_not_count(world: World) -> None:
    first = a_chat(world, 1, "a", "b")
    between = replace(first, id=world.ids.new("ca", A), first_seq=4, last_seq=4, situation="closed")
    ChatRecord.of_chat(A, between).save()
    say(world, first.thread, between.id, 4, "orçamento")
    search = ChatSearch(world.chats, People(), DynamoMessageSearch())
    assert chats(search, ADMIN, ChatFilter(contact_ids=(CONTACT,)), "orçamento", 5) == [between.id]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_chats_of_the_contacts_whom_a_text_finds(world: World, limit: int) -> None:
    """Newest first among those of two contacts, then those of the next two."""
    people = [
        contact(world, f"{CONTACT[:-1]}{number}", name) for number, name in enumerate(("Ana", "Bia", "Anabel"), 1)
    ]
    people.append(contact(world, f"{CONTACT[:-1]}4", "Joana"))
    people.append(contact(world, f"{CONTACT[:-1]}5", "Susana"))
    made = {
        (owner, number): a_chat(world, 10 * number + owner, contact_id=people[owner].id)
        for number in range(2)
        for owner in range(5)
    }
    search = ChatSearch(world.chats, People(*people), DynamoMessageSearch())
    order = [(2, 1), (2, 0)]  # Anabel alone: Ana's name does not hold "nab"
    assert chats(search, ADMIN, ChatFilter(), "nab", limit) == [made[each].id for each in order]
    order = [(4, 1), (3, 1), (4, 0), (3, 0)]
    assert chats(search, ADMIN, ChatFilter(), "ana", limit)[-4:] == [made[each].id for each in order]
    assert chats(search, ADMIN, ChatFilter(situation="closed"), "ana", limit) == []
    assert chats(search, agent(BRUNO, role="restricted"), ChatFilter(), "ana", limit) == []
    assert chats(search, ADMIN, ChatFilter(), "nobody", limit) == []


def test_a_chat_by_its_id_if_the_filter_lets_it_and_the_caller_sees_it(world: World) -> None:
    search = ChatSearch(world.chats, People(), DynamoMessageSearch())
    for caller, wanted, expected in (
        (ADMIN, ChatFilter(), [world.chat.id]),
        (ADMIN, ChatFilter(situation="in_service", agent_id=ANA), [world.chat.id]),
        (ADMIN, ChatFilter(situation="closed"), []),
        (ADMIN, ChatFilter(opened_from=world.chat.opened_at + timedelta(seconds=1)), []),
        (agent(BRUNO, role="restricted"), ChatFilter(), []),
    ):
        assert chats(search, caller, wanted, f" {world.chat.id} ", 5) == expected
    assert chats(search, ADMIN, ChatFilter(), world.ids.new("ca", A), 5) == []


@pytest.mark.parametrize("after", ["x", "x\t", "@3", f"ca_{A}_{1:027x}@x"])
def test_a_cursor_of_something_else_is_refused(world: World, after: str) -> None:
    search = ChatSearch(world.chats, People(), DynamoMessageSearch())
    with pytest.raises(Invalid):
        search.page(ADMIN, ChatFilter(contact_ids=(CONTACT,)), "x", 5, after)
