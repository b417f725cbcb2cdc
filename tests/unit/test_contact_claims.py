"""Claims: which data make them, and who a sender is by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recado.domain.contact_claims import (
    MAX_IDENTITIES,
    MAX_NAME,
    claims_of,
    contact_claims,
    first_seen,
    strongest_holder,
    with_learned,
)
from recado.domain.contacts import Claim, Identity

AT = datetime(2026, 3, 2, tzinfo=UTC)
LATER = AT + timedelta(days=1)
ME = Identity("ch_1", "+5511987654321")


def test_claims_are_ordered_by_strength_and_cover_all_forms() -> None:
    assert claims_of(identities=[ME], phones=["+551187654321", "+5511987654321", None], email="Ana@X.com") == (
        Claim("ext", "ch_1:+5511987654321"),
        Claim("phone", "+5511987654321"),
        Claim("phone", "+551187654321"),
        Claim("email", "ana@x.com"),
    )


def test_the_strongest_claim_held_says_who_it_is() -> None:
    claims = claims_of(identities=[ME], phones=["+5511987654321"], email="ana@x.com")
    assert strongest_holder(claims, {claims[-1]: "by email", claims[1]: "by phone"}) == "by phone"
    assert strongest_holder(claims, {claims[-1]: "by email"}) == "by email"
    assert strongest_holder(claims, {}) is None


def test_a_first_message_never_fails_for_its_sender() -> None:
    contact = first_seen("ct", AT, identity=ME, name=" " + "x" * 5000, phone="no number", email="no address")
    assert (len(contact.name or ""), contact.mobile, contact.mobile_given, contact.email) == (
        MAX_NAME,
        None,
        None,
        None,
    )
    assert contact.claims == claims_of(identities=[ME])


def test_a_first_message_brings_its_data_and_claims() -> None:
    contact = first_seen("ct", AT, identity=ME, name="Ana", phone="55 11 98765-4321", email=" Ana@x.com ")
    assert (contact.mobile, contact.mobile_given, contact.email) == ("+5511987654321", "55 11 98765-4321", "Ana@x.com")
    assert contact.claims == contact_claims(contact)


def test_what_is_known_already_changes_nothing() -> None:
    contact = first_seen("ct", AT, identity=ME, name="Ana", phone="+5511987654321", email="ana@x.com")
    again = with_learned(contact, {}, LATER, identity=ME, name="Other", phone="+5511900000000", email="o@x.com")
    assert again is contact


def test_blanks_are_filled_and_nothing_is_taken_from_others() -> None:
    bare = first_seen("ct", AT, identity=ME, name=None, phone=None, email=None)
    other_channel = Identity("ch_2", "u1")
    holders = {Claim("email", "ana@x.com"): "ct_other"}
    after = with_learned(
        bare, holders, LATER, identity=other_channel, name="Ana", phone="+5511987654321", email="ana@x.com"
    )
    assert (after.name, after.mobile, after.email, after.identities) == (
        "Ana",
        "+5511987654321",
        None,
        (ME, other_channel),
    )
    assert set(after.claims) == set(contact_claims(after))
    assert (after.version, after.updated_at) == (2, LATER)


def test_one_form_of_a_number_held_by_another_leaves_the_whole_number() -> None:
    bare = first_seen("ct", AT, identity=ME, name="Ana", phone=None, email=None)
    holders = {Claim("phone", "+551187654321"): "ct_other"}
    assert with_learned(bare, holders, LATER, identity=ME, name=None, phone="+5511987654321", email=None) is bare


def test_identities_are_bounded() -> None:
    many = tuple(Identity("ch_1", str(number)) for number in range(MAX_IDENTITIES))
    contact = replace(first_seen("ct", AT, identity=ME, name="Ana", phone=None, email=None), identities=many)
    assert (
        with_learned(contact, {}, LATER, identity=Identity("ch_9", "x"), name=None, phone=None, email=None) is contact
    )


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_a_sender_brings_claims_are_those_of_the_data(name: str, phone: str, email: str) -> None:
    contact = first_seen("ct", AT, identity=ME, name=name, phone=phone, email=email)
    assert contact.claims == contact_claims(contact)
    learned = with_learned(contact, {}, LATER, identity=Identity("ch_2", "x"), name=name, phone=phone, email=email)
    assert set(learned.claims) == set(contact_claims(learned))
