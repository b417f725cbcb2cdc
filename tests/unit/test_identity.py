"""Number variants: tables of real-shaped numbers, and the properties that keep two forms from making two contacts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.identity import canonical_phone, e164, is_older_form, phone_variants

AREA_CODES = [a * 10 + b for a in range(1, 10) for b in range(1, 10)]


@pytest.mark.parametrize("area", AREA_CODES)
@pytest.mark.parametrize("first", "6789")
def test_a_brazilian_mobile_has_one_canonical_form(area: int, first: str) -> None:
    old, new = f"+55{area}{first}7654321", f"+55{area}9{first}7654321"
    assert phone_variants(old) == phone_variants(new) == (new, old)
    assert canonical_phone(old.lstrip("+")) == canonical_phone(new) == new


@pytest.mark.parametrize("area", AREA_CODES)
@pytest.mark.parametrize("first", "2345")
def test_a_brazilian_landline_is_untouched(area: int, first: str) -> None:
    landline = f"+55{area}{first}3334444"
    assert phone_variants(landline) == (landline,)
    newer_mobile = f"+55{area}9{first}3334444"
    assert phone_variants(newer_mobile) == (newer_mobile,), "its last eight digits are a landline of somebody else"


@pytest.mark.parametrize(
    ("number", "variants"),
    [
        ("+54 9 11 2345-6789", ("+541123456789", "+5491123456789")),
        ("541123456789", ("+541123456789", "+5491123456789")),
        ("+54 11 4123 4567", ("+541141234567", "+5491141234567")),
        ("5492914567890", ("+542914567890", "+5492914567890")),
        ("5493821456789", ("+543821456789", "+5493821456789")),
        ("+52 1 55 1234 5678", ("+525512345678", "+5215512345678")),
        ("525512345678", ("+525512345678", "+5215512345678")),
        ("5218112345678", ("+528112345678", "+5218112345678")),
        ("+1 (202) 555-0123", ("+12025550123",)),
        ("351912345678", ("+351912345678",)),
        ("+55 0800 123 4567", ("+5508001234567",)),
        ("+5510987654321", ("+5510987654321",)),
        ("+550912345678", ("+550912345678",)),
        ("+55118765432", ("+55118765432",)),
        ("+559999", None),
        ("", None),
        ("BR.1234567890123456", None),
        ("+" + "9" * 16, None),
    ],
)
def test_the_forms_of_a_number(number: str, variants: tuple[str, ...] | None) -> None:
    if variants is None:
        with pytest.raises(ValueError, match="not an international"):
            phone_variants(number)
    else:
        assert phone_variants(number) == variants
        assert canonical_phone(number) == variants[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+55 (11) 98765-4321", "+5511987654321"),
        ("5511987654321", "+5511987654321"),
        ("+55.11.98765.4321", "+5511987654321"),
        ("+55\u00a011\u201198765\u20134321", "+5511987654321"),
        ("0011987654321", None),
        ("+٥٥١١٩٨٧٦٥٤٣٢١", None),
        ("BR.1234567890", None),
        ("12345", None),
        ("+55 11 ramal 4", None),
        ("", None),
        ("9" * 10_000, None),
    ],
)
def test_what_a_full_number_looks_like(written: str, expected: str | None) -> None:
    assert e164(written) == expected


PLANS = st.sampled_from(["55", "54", "549", "52", "521", "1", "351", "44"])
NUMBERS = st.builds(lambda plan, rest: plan + rest, PLANS, st.text("0123456789", min_size=6, max_size=11))
MOBILES = st.builds(
    "55{}{}9{}{}".format,
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(2, 9),
    st.text("0123456789", min_size=7, max_size=7),
)


@given(NUMBERS | MOBILES)
def test_each_variant_has_the_same_variants(number: str) -> None:
    variants = phone_variants(number)
    assert canonical_phone(number) == variants[0]
    assert len(set(variants)) == len(variants)
    assert "+" + number in variants
    for variant in variants:
        assert phone_variants(variant) == variants
        assert canonical_phone(canonical_phone(variant)) == variants[0]


@given(MOBILES, MOBILES)
def test_two_subscribers_share_no_variant(one: str, other: str) -> None:
    same = canonical_phone(one) == canonical_phone(other)
    assert same == bool(set(phone_variants(one)) & set(phone_variants(other)))
    assert same == (one == other)


@pytest.mark.parametrize(
    ("number", "held", "older"),
    [
        ("+551188880001", "+5511988880001", True),
        ("+5511988880001", "+551188880001", False),
        ("+5511988880001", "+5511988880001", False),
        ("+551188880001", "+5511988880002", False),
        ("+541112345678", "+5491112345678", True),
        ("+5491112345678", "+541112345678", False),
        ("+5215512345678", "+525512345678", True),
        ("+525512345678", "+5215512345678", False),
        ("+14155550100", "+14155550100", False),
    ],
)
def test_which_of_two_forms_is_older(number: str, held: str, older: bool) -> None:
    assert is_older_form(number, held) is older
