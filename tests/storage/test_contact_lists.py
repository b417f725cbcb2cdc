"""Pages of contacts against a plain model: every contact once, in order, while others are being added."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from recado.domain.contact_search import parse_query, search_tokens
from recado.domain.contacts import Contact
from recado.domain.ids import make_id
from recado.ports.contacts import ContactPage
from recado.storage import tables
from recado.storage.contact_lists import ContactLists
from recado.storage.contact_records import ContactRecord
from recado.storage.contacts import ContactStore, _token_record
from recado.storage.keys import shard_of
from tests.conftest import ROOT, FixedClock
from tests.table_definitions import table_definitions

A = "acctaaaa"


class Shelf:
    """The contacts that were put into the table, and the pages of them."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.contacts: dict[str, Contact] = {}
        self.lists = ContactLists(ContactStore())

    def put(self, name: str, mobile: str | None = None, shard: str | None = None) -> Contact:
        """Without claims and events: a list does not look at them. `shard`: the one that it must lie in."""
        self.clock.move(0.001)
        start = len(self.contacts) * 2654435761
        candidates = (make_id("ct", A, self.clock.now(), f"{(start + n) % 2**64:016x}") for n in count())
        contact_id = next(one for one in candidates if shard in (None, shard_of(one)))
        contact = Contact(contact_id, self.clock.now(), self.clock.now(), name=name, mobile=mobile)
        with ContactRecord.batch_write() as batch:
            batch.save(ContactRecord.of_contact(A, contact))
            tokens = search_tokens(contact)
            for token in tokens:
                batch.save(_token_record(A, token, contact.id, tokens))  # type: ignore[arg-type]
        self.contacts[contact.id] = contact
        return contact

    def all(self, limit: int, between: Callable[[], object] = lambda: None) -> list[str]:
        return self._pages(lambda after: self.lists.page(A, limit, after), between)

    def search(self, text: str, limit: int, between: Callable[[], object] = lambda: None) -> list[str]:
        query = parse_query(text)
        assert query is not None
        return self._pages(lambda after: self.lists.search(A, query, limit, after), between)

    def expected(self, text: str) -> set[str]:
        """By definition: each term begins a word of the name, or the digits begin a number."""
        terms = text.casefold().split()
        return {
            one.id
            for one in self.contacts.values()
            if all(any(word.startswith(term) for word in (one.name or "").casefold().split()) for term in terms)
        }

    @staticmethod
    def _pages(read: Callable[[str | None], ContactPage], between: Callable[[], object]) -> list[str]:
        ids: list[str] = []
        after = None
        for _ in range(1000):
            page = read(after)
            ids += [contact.id for contact in page.items]
            after = page.next
            if after is None:
                return ids
            between()
        raise AssertionError("a list without an end")


@pytest.fixture
def shelf(dynamodb: Any, clock: FixedClock) -> Shelf:
    return Shelf(clock)


def test_no_contacts(shelf: Shelf) -> None:
    assert shelf.lists.page(A, 50, None) == ContactPage((), None)
    assert shelf.search("ana", 50) == []


@pytest.mark.parametrize(("limit", "contacts"), [(1, 20), (7, 60), (50, 230), (200, 230)])
def test_the_list_is_newest_first_and_whole(shelf: Shelf, limit: int, contacts: int) -> None:
    for number in range(contacts):
        shelf.put(f"n{number}")
    assert shelf.all(limit) == sorted(shelf.contacts, reverse=True)


def test_a_page_is_full_when_there_is_enough(shelf: Shelf) -> None:
    for number in range(230):
        shelf.put(f"n{number}")
    assert [len(shelf.lists.page(A, limit, None).items) for limit in (1, 20, 50, 100)] == [1, 20, 50, 100]


def test_a_page_ends_where_the_least_read_shard_ends(shelf: Shelf) -> None:
    """Two shards hold more than a page reads of them: what is older waits for the one that was read the least far."""
    for name, shard, number in (("ac", "7", 20), ("ab", "5", 40), ("aa", "3", 40)):
        for _ in range(number):
            shelf.put(name, shard=shard)
    assert len(shelf.lists.page(A, 50, None).items) == 12
    assert shelf.all(50) == sorted(shelf.contacts, reverse=True)
    found = shelf.search("a", 50)
    assert (len(found), set(found)) == (100, set(shelf.contacts))


def test_other_accounts_are_not_listed(shelf: Shelf) -> None:
    shelf.put("Ana")
    query = parse_query("ana")
    assert query is not None
    assert shelf.lists.page("acctbbbb", 50, None).items == ()
    assert shelf.lists.search("acctbbbb", query, 50, None).items == ()


def test_a_contact_found_by_many_of_its_tokens_comes_once(shelf: Shelf) -> None:
    many = shelf.put("ana anabela anacleto ananias anastacia")
    assert shelf.search("ana", 1) == [many.id]
    assert shelf.search("ana anas", 1) == [many.id]


def test_a_number_is_found_by_its_parts(shelf: Shelf) -> None:
    ana = shelf.put("Ana", "+5511987654321")
    shelf.put("Bruno", "+5511987654322")
    assert [shelf.search(text, 50) for text in ("4321", "98765-4321", "11 8765-4321", "+55 11 98765-4321")] == [
        [ana.id]
    ] * 4
    assert len(shelf.search("+55 11 98765", 50)) == 2


def test_a_contact_deleted_between_token_and_get_is_left_out(shelf: Shelf) -> None:
    ContactRecord.of_contact(A, shelf.put("ana")).delete()
    assert shelf.search("ana", 50) == []


def test_a_cursor_of_another_search_is_refused(shelf: Shelf) -> None:
    query = parse_query("ana")
    assert query is not None
    for cursor in ("bruno#ct_x", "ana"):
        with pytest.raises(ValueError, match="cursor"):
            shelf.lists.search(A, query, 50, cursor)


words = st.sampled_from(["ana", "anabela", "andre", "bia", "bianca", "souza", "soares", "li"])
names = st.lists(words, min_size=1, max_size=4).map(" ".join)


@settings(max_examples=10, deadline=None)
@given(
    st.lists(names, max_size=40),
    st.lists(names, max_size=20),
    st.sampled_from(["an", "a", "b so", "so an", "li"]),
    st.integers(4, 60),
)
def test_paging_while_contacts_are_added(before: list[str], added: list[str], text: str, limit: int) -> None:
    with mock_aws():
        tables.reset_connections()
        for definition in table_definitions(ROOT / "infra" / "data.yaml"):
            boto3.client("dynamodb").create_table(**definition)
        shelf, coming = Shelf(FixedClock()), iter(added)

        def add_one() -> None:
            name = next(coming, None)
            if name is not None:
                shelf.put(name)

        for name in before:
            shelf.put(name)
        there = set(shelf.contacts)
        listed = shelf.all(limit, add_one)
        assert (sorted(listed, reverse=True), set(listed)) == (listed, there)
        there, wanted = set(shelf.contacts), shelf.expected(text)
        found = shelf.search(text, limit, add_one)
        assert len(found) == len(set(found))
        assert wanted <= set(found) <= shelf.expected(text)
    tables.reset_connections()
