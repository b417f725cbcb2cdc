"""Search tokens and queries, against what a person expects of a search."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.contact_search import (
    MAX_TOKEN_LENGTH,
    MAX_TOKENS,
    Query,
    _folded,
    fold,
    other_openings,
    parse_query,
    search_tokens,
)
from recado.domain.contacts import Contact

AT = datetime(2026, 3, 2, tzinfo=UTC)
ANA = Contact(
    "ct_acctaaaa_" + "0" * 27,
    AT,
    AT,
    name="João d'Ávila SOUZA",
    mobile="+5511987654321",
    email="ana.souza@loja.example.com",
)

names = st.text(min_size=1, max_size=60)
words = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=20)


def found(text: str, contact: Contact) -> bool:
    """Whether the search reports the contact, and then exactly once."""
    query = parse_query(text)
    tokens = search_tokens(contact)
    at = [token for token in tokens if query and token.startswith(query.prefix) and query.met_by(token, tokens)]
    assert len(at) <= 1
    return bool(at)


@given(st.text(st.characters(max_codepoint=0x24F), max_size=8) | st.text(max_size=8))
def test_the_short_way_folds_as_the_long_one(text: str) -> None:
    assert fold(text) == _folded(text)


def test_every_sign_of_latin_1_folds_as_by_the_long_way() -> None:
    signs = [chr(number) for number in range(256)]
    assert list(map(fold, signs)) == list(map(_folded, signs))


@given(st.characters(max_codepoint=0xFF), st.text(st.characters(max_codepoint=0x36F), max_size=4) | st.text(max_size=4))
def test_a_text_folds_into_nothing_that_begins_with_another_letter(opening: str, rest: str) -> None:
    folded = fold(opening + rest)
    for length in range(1, len(folded) + 1):
        assert opening not in other_openings(["zz", folded[:length]])


def test_other_openings_are_most_signs() -> None:
    others = other_openings(["antonio", "7"])
    assert set("aAªÀÁÂÃÄÅàáâãäå7") == {chr(number) for number in range(256)} - others


@pytest.mark.parametrize(
    "text",
    [
        "joao",
        "JOÃO",
        "avi",
        "souza joão",
        "jo so av",
        "d'Ávila",
        "ana.souza@loja.ex",
        "<ana.souza@loja.example.com>",
        "loja",
        "example",
        "@loja",
        "@loja.example.com",
        "souza @loja.exam",
        "+55 11 98765-4321",
        "+55 (11) 98765",
        "+55 11 8765-4321",
        "+55",
        "5511987654321",
        "551187654321",
        "0055 11 98765 4321",
        "11 98765-4321",
        "011 98765-4321",
        "1187654321",
        "98765",
        "8765-4321",
        "4321",
        "souza 4321",
        "João +55 98765",
    ],
)
def test_what_finds_ana(text: str) -> None:
    assert found(text, ANA)


@pytest.mark.parametrize(
    "text",
    [
        "bruno",
        "souza silva",
        "oao",
        "+44 11 98765",
        "987654322",
        "5432",
        "maria@loja",
        "com.br",
        "7654",
        "@souza.com",
        "d.com",
    ],
)
def test_what_does_not_find_ana(text: str) -> None:
    assert not found(text, ANA)


@pytest.mark.parametrize("text", ["", "  ", "!!!", "(-)", "@", "_"])
def test_nothing_to_search_by(text: str) -> None:
    assert parse_query(text) is None


def test_the_last_four_digits_keep_their_noughts() -> None:
    assert found("0007", replace(ANA, mobile="+5511987650007"))


@pytest.mark.parametrize(
    "number", ["+14155552671", "+447911123456", "+5491123456789", "+5215512345678", "+33612345678", "+3545512345"]
)
def test_every_form_of_a_number_abroad(number: str) -> None:
    contact = replace(ANA, mobile=None, phone=number)
    national = phonenumbers.national_significant_number(phonenumbers.parse(number))
    for text in (number, number[:-3], national, national[:5], number[-4:]):
        assert found(text, contact), text


def test_calling_codes_are_split_as_the_plan_has_them() -> None:
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        assert parse_query(f"+{code}5") == Query("5", (str(code),))


def test_a_name_of_500_words_makes_few_tokens_and_keeps_the_number() -> None:
    long = replace(ANA, name=" ".join(f"w{number:03d}" for number in range(500)), phone="+551133334444")
    tokens = search_tokens(long)
    assert len(tokens) == MAX_TOKENS
    assert found("98765", long)
    assert found("ana.souza@", long)
    assert found("w000", long)


@given(names, st.data())
def test_every_prefix_of_every_word_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    contact = replace(ANA, name=name, mobile=None, email=None)
    for token in search_tokens(contact):
        prefix = data.draw(st.integers(1, len(token)).map(lambda end: token[:end]))  # noqa: B023
        assert found(prefix, contact) or prefix.isdigit()  # a number typed alone may lose its leading noughts


@given(st.lists(words, min_size=1, max_size=6, unique=True), st.data())
def test_prefixes_of_several_words_in_any_order_find_it(parts: list[str], data: st.DataObject) -> None:
    contact = replace(ANA, name=" ".join(parts), mobile=None, email=None)
    chosen = data.draw(st.lists(st.sampled_from(parts), min_size=1, unique=True))
    typed = ["x", *(data.draw(st.integers(1, len(part)).map(lambda end: part[:end])) for part in chosen)]  # noqa: B023
    assert found(" ".join(typed), replace(contact, name=contact.name + " xavier"))


@given(names)
def test_tokens_are_stable_under_case_accents_and_repetition(name: str) -> None:
    contact = replace(ANA, name=name)
    tokens = search_tokens(contact)
    assert search_tokens(replace(contact, name=fold(name))) == tokens
    assert search_tokens(replace(contact, name=f"{name} {name}")) == tokens
    assert len(tokens) <= MAX_TOKENS
    assert all(0 < len(token) <= MAX_TOKEN_LENGTH for token in tokens)


@given(names)
def test_no_token_begins_another(name: str) -> None:
    tokens = search_tokens(replace(ANA, name=name))
    assert not [(one, other) for one in tokens for other in tokens if one != other and other.startswith(one)]


@given(st.text(max_size=80))
def test_any_text_is_a_query_or_none(text: str) -> None:
    query = parse_query(text)
    assert query is None or query.prefix
