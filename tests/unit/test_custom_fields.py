"""Custom fields: what each type takes, and in which form it is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.brazilian_documents import cnpj, cpf
from recado.domain.custom_fields import FIELD_TYPES, CustomField, WrongValue, checked, checked_value, missing, shown
from recado.domain.groups import name_key

AT = datetime(2026, 3, 2, tzinfo=UTC)


def field(field_type: Any, slug: str = "campo", **given: Any) -> CustomField:
    options = ("azul", "verde") if field_type in ("list", "multi_list") else ()
    return CustomField("cf_1", "contacts", slug, "Campo", field_type, AT, **{"options": options, **given})


def phone(text: str) -> str | None:
    return "+5511987654321" if text == "11 98765-4321" else None


GOOD: list[tuple[str, Any, Any]] = [
    ("text", "  São João ", "São João"),
    ("long_text", "a\nb", "a\nb"),
    ("number", 12, 12),
    ("number", -0.5, -0.5),
    ("date", "2024-02-29", "2024-02-29"),
    ("boolean", False, False),
    ("list", "verde", "verde"),
    ("multi_list", ["verde", "azul", "verde"], ["azul", "verde"]),
    ("email", " a@b.co ", "a@b.co"),
    ("phone", "11 98765-4321", "+5511987654321"),
    ("url", "https://recado.example/a?b=1", "https://recado.example/a?b=1"),
    ("cpf", "529.982.247-25", "52998224725"),
    ("cnpj", "11.222.333/0001-81", "11222333000181"),
    ("cnpj", "12.abc.345/01de-35", "12ABC34501DE35"),
    ("agent", "us_1", "us_1"),
]
WRONG: list[tuple[str, Any]] = [
    ("text", 5),
    ("text", "two\nlines"),
    ("text", "x" * 1_001),
    ("long_text", "x" * 10_001),
    ("long_text", "a\x00b"),
    ("number", "12"),
    ("number", True),
    ("number", float("nan")),
    ("number", 1e16),
    ("date", "2023-02-29"),
    ("date", "29/02/2024"),
    ("boolean", "true"),
    ("boolean", 1),
    ("list", "roxo"),
    ("list", ["azul"]),
    ("multi_list", "azul"),
    ("multi_list", ["azul", "roxo"]),
    ("multi_list", [1]),
    ("email", "a@b"),
    ("phone", "12"),
    ("url", "javascript:alert(1)"),
    ("url", "//recado.example"),
    ("url", "https://re cado.example"),
    ("url", "https://[recado"),
    ("cpf", "529.982.247-26"),
    ("cpf", "111.111.111-11"),
    ("cpf", "5299822472"),
    ("cpf", "٥٢٩٩٨٢٢٤٧٢٥"),
    ("cnpj", "11.222.333/0001-82"),
    ("cnpj", "00000000000000"),
    ("cnpj", "12ABC34501DE3A"),
    ("agent", 5),
]


@pytest.mark.parametrize(("field_type", "value", "kept"), GOOD)
def test_what_a_field_takes(field_type: str, value: Any, kept: Any) -> None:
    assert checked_value(field(field_type), value, phone) == kept


@pytest.mark.parametrize(("field_type", "value"), WRONG)
def test_what_a_field_does_not_take(field_type: str, value: Any) -> None:
    with pytest.raises(WrongValue):
        checked_value(field(field_type), value, phone)


def test_every_type_is_tried() -> None:
    assert {name for name, *_ in GOOD} == {name for name, *_ in WRONG} == set(FIELD_TYPES)


@pytest.mark.parametrize("good", ["52998224725", "11144477735", "00000000191"])
def test_one_wrong_digit_is_no_cpf(good: str) -> None:
    assert cpf(good) == good
    for at in range(11):
        for digit in set("0123456789") - {good[at]}:
            assert cpf(good[:at] + digit + good[at + 1 :]) is None


@pytest.mark.parametrize("good", ["11222333000181", "12ABC34501DE35", "00000000000191"])
def test_one_wrong_sign_is_no_cnpj(good: str) -> None:
    """One sign more by a multiple of eleven has the same rest: of the letters, no check can tell all apart."""
    assert cnpj(good) == good
    for at in range(14):
        for sign in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            if (ord(sign) - ord(good[at])) % 11:
                assert cnpj(good[:at] + sign + good[at + 1 :]) is None


def test_values_are_written_over_by_slug() -> None:
    fields = [field("text", "a"), field("list", "b"), field("text", "off", active=False)]
    before = {"a": "x", "b": "roxo", "off": "kept"}
    values, errors = checked(fields, {"a": None, "b": "roxo"}, before, phone)
    assert (values, errors) == ({"b": "roxo", "off": "kept"}, []), "an option that is gone stands until it is changed"
    _, errors = checked(fields, {"b": "preto", "off": "new", "a/~": 1}, before, phone)
    assert [(one.pointer, one.code) for one in errors] == [
        ("/custom_fields/b", "invalid"),
        ("/custom_fields/off", "not_found"),
        ("/custom_fields/a~1~0", "not_found"),
    ]


def test_all_values_together_have_a_bound() -> None:
    fields = [field("long_text", f"f{number}") for number in range(7)]
    given = {one.slug: "x" * 9_999 for one in fields}
    _, errors = checked(fields, given, {}, phone)
    assert [(one.pointer, one.code) for one in errors] == [("/custom_fields", "too_large")]
    assert checked(fields[:5], {slug: given[slug] for slug in list(given)[:5]}, {}, phone)[1] == []


def test_what_is_needed_and_what_is_shown() -> None:
    fields = [field("text", "a", required=True), field("text", "b", required=True, active=False)]
    assert [one.pointer for one in missing(fields, {})] == ["/custom_fields/a"]
    assert missing(fields, {"a": "x"}) == []
    assert shown(fields, {"a": 1, "b": 2}) == {"a": 1}


def test_names_are_the_same_whatever_their_case_and_accents() -> None:
    assert name_key("  Rótik   LTDA ") == name_key("rotik ltda")
    assert name_key("Rotik") != name_key("Rotika")
