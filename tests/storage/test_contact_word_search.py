"""Searches for several words where many contacts have each of them: what a page finds, and what it reads for that.

The shards are lists in memory, cut as `tokens_of` cuts what DynamoDB gives; tests/storage/test_contact_lists.py has the
same searches against tables."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.contact_search import parse_query
from recado.domain.ids import make_id
from recado.storage import contact_word_search, keys
from recado.storage.contact_records import TokenRecord
from recado.storage.contact_shards import LAST, SHARD_NAMES, Slice
from recado.storage.contact_word_search import WordSearch

A = "acctaaaa"
AT = datetime(2026, 3, 2, tzinfo=UTC)
Place = tuple[str, tuple[str, ...]]
FILLING = "55119", "11987654321", "987654321", "4321", "example", "person.with.an.address@example.com.br", "person"
"""Tokens that contacts have beside those of their names."""


class Shards:
    """Contacts by their names, in the order in which they were made."""

    def __init__(self) -> None:
        self.of: dict[str, list[Place]] = {shard: [] for shard in SHARD_NAMES}
        self.words: dict[str, tuple[str, ...]] = {}
        self.reads: Counter[str] = Counter()

    @property
    def next_id(self) -> str:
        number = len(self.words)
        return make_id("ct", A, AT + timedelta(seconds=number), f"{number * 2654435761 % 2**64:016x}")

    def put(self, *words: str) -> str:
        contact_id = self.next_id
        self.words[contact_id] = words
        for word in words:
            self.of[keys.shard_of(contact_id)].append((keys.token_sk(word, contact_id), (*words, *FILLING)))
        return contact_id

    def done(self) -> Shards:
        for places in self.of.values():
            places.sort()
        return self

    def tokens_of(self, a: str, shard: str, start: str, prefix: str, most: int) -> Slice[TokenRecord]:
        self.reads[shard] += 1
        places, end = self.of[shard], keys.token_prefix(prefix) + LAST
        first = bisect_left(places, (start, ()))
        found = [place for place in places[first : first + most + 1] if place[0] <= end]
        records = [TokenRecord(keys.contact_shard(a, shard), sk, tokens=list(tokens)) for sk, tokens in found]
        return Slice(records[:most], len(found) > most)

    def expected(self, text: str) -> set[str]:
        terms = text.split()
        return {
            one
            for one, words in self.words.items()
            if all(any(word.startswith(term) for word in words) for term in terms)
        }

    def page(self, text: str, limit: int = 50, after: str | None = None) -> tuple[list[str], str | None]:
        """One page, within what a page may read."""
        query = parse_query(text)
        assert query is not None
        self.reads.clear()
        page = WordSearch(A, limit)
        ids, after = page.read(query, after)
        assert self.reads.total() + bool(ids) <= 17
        assert page._rru + len(ids) / 2 <= 40
        return ids, after

    def pages(self, text: str, limit: int = 50) -> list[list[str]]:
        """All pages."""
        found, after = list[list[str]](), None
        for _ in range(500):
            ids, after = self.page(text, limit, after)
            found.append(ids)
            if after is None:
                return found
        raise AssertionError("a search without an end")


@pytest.fixture
def shards(monkeypatch: pytest.MonkeyPatch) -> Shards:
    made = Shards()
    monkeypatch.setattr(contact_word_search, "tokens_of", lambda *asked: made.tokens_of(*asked))
    monkeypatch.setattr(contact_word_search, "read_at_once", lambda read, names: [read(name) for name in names])
    return made


def test_of_a_word_that_all_have_and_one_that_few_have_the_second_is_looked_up(shards: Shards) -> None:
    """The longest would be read on and on: 12,000 contacts by 560."""
    for number in range(12_000):
        shards.put("constantina", "li" if number % 3_000 == 7 else "souza")
    [first, *others] = shards.done().pages("li constantina")
    assert set(first) <= (wanted := shards.expected("li constantina"))
    assert len(first) >= 3 and len(others) <= 1 and {one for page in [first, *others] for one in page} == wanted


def test_of_two_words_that_many_have_the_one_that_fewer_have_is_looked_up(shards: Shards) -> None:
    """Both lie in every shard more often than a look sees. Of the frequent one 1 in 50 has the other too."""
    for number in range(20_000):
        shards.put(*(("bia", "constantina")[number // 25 % 2 :] if number % 25 == 0 else ("constantina",)))
    assert len(shards.done().page("bia constantina")[0]) == 32


def test_of_a_first_and_a_last_name_the_last_is_looked_up_where_addresses_begin_with_the_first(
    shards: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses lie in their order: those of the last names before `souza` come first, more than a page reads here."""
    monkeypatch.setattr(contact_word_search, "_RRU_WITH_RESULTS", 8)
    monkeypatch.setattr(contact_word_search, "_RRU_WITHOUT", 12)
    for number in range(20_000):
        last = f"{'abcdefghijkl'[number % 12]}lmeida" if number % 4 else "souza"
        shards.put(f"constantina.{last}@x.example" if number % 3 else "bia", last)
    assert len(shards.done().page("constantina souza")[0]) == 32


def test_a_page_goes_on_until_it_has_something(shards: Shards) -> None:
    """Many have each of the words, and one has both, some 750 tokens behind the first."""
    both = ""
    for number in range(16_000):
        if not both and number > 8_000 and keys.shard_of(shards.next_id) == "1":
            both = shards.put("constantina", "bernardina")
        shards.put("constantina" if number % 2 else "bernardina")
    assert shards.done().page("bernardina constantina")[0] == [both]
    pages = shards.pages("bernardina constantina")
    assert [one for page in pages for one in page] == [both]
    assert len(pages) <= 12, "pages read less than they may"


def test_that_there_is_nobody_is_known_from_the_first_page(shards: Shards) -> None:
    for number in range(3_000):
        shards.put("constantina" if number % 20 else "li", "souza")
    assert shards.done().pages("constantina li") == [[]]


def test_a_cursor_of_another_search_is_refused(shards: Shards) -> None:
    query = parse_query("ana bia")
    assert query is not None
    for cursor in ("", "ana#ct_x", "0 carla ", "0 ana bia#ct_x", "x ana ", "00 ana "):
        with pytest.raises(ValueError, match="cursor"):
            WordSearch(A, 50).read(query, cursor)


words = st.sampled_from(["ana", "anabela", "andre", "bia", "bianca", "souza", "soares", "li"])


@given(
    st.lists(st.lists(words, min_size=1, max_size=4, unique=True), max_size=300),
    st.sampled_from(["an b", "a b so", "so an", "li an", "ana bia"]),
    st.integers(1, 60),
    st.sampled_from([(2, 4), (5, 9), (35, 95)]),
)
def test_all_pages_have_each_once(names: list[list[str]], text: str, limit: int, sizes: tuple[int, int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        made = Shards()
        patch.setattr(contact_word_search, "_FEW", sizes[0])
        patch.setattr(contact_word_search, "_MANY", sizes[1])
        patch.setattr(contact_word_search, "tokens_of", made.tokens_of)
        patch.setattr(contact_word_search, "read_at_once", lambda read, names: [read(name) for name in names])
        for name in names:
            made.put(*(one for one in name if not any(other != one and other.startswith(one) for other in name)))
        found: Any = [one for page in made.done().pages(text, limit) for one in page]
        assert (len(found), set(found)) == (len(set(found)), made.expected(text))
