"""What may be written into a contact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recado.domain.contact_claims import contact_claims
from recado.domain.contact_rules import changed, cleaned, created, e164_of, field_of
from recado.domain.contacts import Claim, Identity
from recado.domain.errors import Invalid

AT = datetime(2026, 3, 2, tzinfo=UTC)
LATER = AT + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("11 98765-4321", "+5511987654321"),
        ("(011) 98765 4321", "+5511987654321"),
        ("11 8765-4321", "+551187654321"),
        ("+55 11 8765-4321", "+551187654321"),
        ("5511987654321", "+5511987654321"),
        ("551187654321", "+551187654321"),
        ("1133334444", "+551133334444"),
        ("+1 415 555 2671", "+14155552671"),
        ("+54 9 11 2345-6789", "+5491123456789"),
    ],
)
def test_numbers_as_people_type_them(text: str, number: str) -> None:
    assert e164_of(text, "BR") == number


@pytest.mark.parametrize(
    "text", ["abc", "123", "8765-4321", "+55 11", "99999999999999", "+", "", "+9999999999999999999"]
)
def test_what_is_no_number(text: str) -> None:
    assert e164_of(text, "BR") is None


def test_a_national_number_is_the_account_s_country_s() -> None:
    assert e164_of("415 555 2671", "US") == "+14155552671"


def errors_of(given: dict[str, Any]) -> list[tuple[str, str]]:
    _, errors = cleaned(given, "BR")
    return [(error.pointer, error.code) for error in errors]


def values_of(given: dict[str, Any]) -> dict[str, Any]:
    values, errors = cleaned(given, "BR")
    assert errors == []
    return values


def test_every_wrong_field_is_pointed_at() -> None:
    wrong = {
        "mobile": "abc",
        "phone": "12",
        "email": "a@b",
        "birthday": "2026-02-30",
    }
    assert errors_of(wrong) == [
        ("/mobile", "invalid_phone"),
        ("/phone", "invalid_phone"),
        ("/email", "invalid_email"),
        ("/birthday", "invalid_date"),
    ]


@pytest.mark.parametrize("text", ["2026-1-2", "20260102", "2026-W01-1", "02/03/1990", "٢٠٢٦-01-01"])
def test_dates_have_one_form(text: str) -> None:
    assert errors_of({"birthday": text}) == [("/birthday", "invalid_date")]


def test_texts_are_trimmed_and_empty_ones_are_null() -> None:
    given = {
        "name": "  Ana ",
        "city": " ",
        "notes": None,
        "email": " a@b.co ",
        "organization_id": None,
        "group_ids": [],
        "custom_fields": {},
    }
    assert values_of(given) == {"name": "Ana", "city": None, "notes": None, "email": "a@b.co"}


def test_the_number_as_given_is_kept() -> None:
    assert values_of({"mobile": " 11 98765-4321 ", "phone": ""}) == {
        "mobile": "+5511987654321",
        "mobile_given": "11 98765-4321",
        "phone": None,
        "phone_given": None,
    }


def test_a_contact_needs_something_to_be_known_by() -> None:
    for values in ({}, {"notes": "x"}):
        with pytest.raises(Invalid):
            created("ct", values, AT)
    contact = created("ct", {"email": "a@b.co"}, AT)
    with pytest.raises(Invalid):
        changed(contact, {"email": None}, LATER)
    written_to_us = replace(contact, identities=(Identity("ch", "x"),))
    assert changed(written_to_us, {"email": None}, LATER).email is None


def test_a_change_that_changes_nothing_is_none() -> None:
    contact = created("ct", {"name": "Ana"}, AT)
    assert changed(contact, {"name": "Ana", "city": None}, LATER) is contact


def test_a_change_moves_version_and_claims() -> None:
    contact = created("ct", values_of({"mobile": "+5511987654321", "email": "a@b.co"}), AT)
    after = changed(contact, values_of({"mobile": "+5511912345678"}), LATER)
    assert (after.version, after.updated_at, after.created_at) == (2, LATER, AT)
    assert after.claims == contact_claims(after)


def test_a_change_leaves_alone_what_another_contact_holds() -> None:
    contact = created("ct", values_of({"mobile": "+5511987654321", "email": "a@b.co"}), AT)
    contact = replace(contact, claims=tuple(claim for claim in contact.claims if claim.kind != "email"))
    after = changed(contact, {"name": "Ana"}, LATER)
    assert Claim("email", "a@b.co") not in after.claims
    assert Claim("email", "new@b.co") in changed(contact, {"email": "new@b.co"}, LATER).claims


def test_a_claim_points_at_its_field() -> None:
    contact = created("ct", values_of({"mobile": "+5511987654321", "phone": "+551133334444", "email": "A@b.co"}), AT)
    assert [field_of(claim, contact) for claim in contact.claims] == ["mobile", "mobile", "phone", "email"]
