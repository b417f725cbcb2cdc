"""What people and their spreadsheets write into cells."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.contact_columns import Names, cells_maker
from recado.domain.contact_import_cells import day_of, value_of
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "region", "day"),
    [
        ("31/12/2026", "BR", "2026-12-31"),
        ("1/2/2026", "PT", "2026-02-01"),
        ("1/2/2026", "US", "2026-01-02"),
        ("31.12.2026", "DE", "2026-12-31"),
        ("31-12-2026 00:00:00", "BR", "2026-12-31"),
        ("29/02/2028", "BR", "2028-02-29"),
        ("2026-12-31", "US", "2026-12-31"),
    ],
)
def test_a_day_is_read_as_its_country_writes_it(text: str, region: str, day: str) -> None:
    assert day_of(text, region) == day


@pytest.mark.parametrize("text", ["29/02/2026", "12/31/2026", "31/12/26", "31/12-2026", "1/1/2026 10:00", "٣/1/2026"])
def test_what_is_no_day_is_left_to_its_check(text: str) -> None:
    assert day_of(text, "BR") == text


def test_options_are_found_in_other_letters_unless_two_are_the_same_so() -> None:
    field = CustomField("cf_1", "contacts", "plano", "Plano", "list", AT, options=("Básico", "ouro", "OURO"))
    assert [value_of(field, one, "BR", ";") for one in ("BASICO", "OURO", "Ouro", "x")] == [
        "Básico",
        "OURO",
        "Ouro",
        "x",
    ]


def test_an_option_with_a_comma_is_one_and_others_stand_between_commas() -> None:
    field = CustomField("cf_1", "contacts", "cor", "Cor", "multi_list", AT, options=("azul, claro", "verde", "rosa"))
    cells = ("Azul, claro", "Verde, rosa", "verde;azul, claro", "azul, claro|", "x")
    found = [["azul, claro"], ["verde", "rosa"], ["verde", "azul, claro"], ["azul, claro"], ["x"]]
    assert [value_of(field, cell, "BR", ";") for cell in cells] == found


def test_the_zeros_that_a_spreadsheet_took_from_a_document_come_back() -> None:
    cpf, cnpj = (CustomField("cf_1", "contacts", kind, kind, kind, AT) for kind in ("cpf", "cnpj"))  # type: ignore[arg-type]
    assert [value_of(cpf, one, "BR", ";") for one in ("1234567890", "191", "529.982.247-25")] == [
        "01234567890",
        "191",
        "529.982.247-25",
    ]
    assert value_of(cnpj, "191000000123", "BR", ",") == "00191000000123"


def test_a_comma_is_in_numbers_where_a_semicolon_separates() -> None:
    field = CustomField("cf_1", "contacts", "peso", "Peso", "number", AT)
    assert [value_of(field, "1,234", "BR", one) for one in ";,\t"] == [1.234, "1,234", "1,234"]


@given(st.floats(-1e15, 1e15))
def test_a_number_that_is_exported_for_excel_comes_back(number: float) -> None:
    field = CustomField("cf_1", "contacts", "peso", "Peso", "number", AT)
    contact = Contact("ct", AT, AT, custom_fields={"peso": number})
    [[cell]] = cells_maker(["cf_peso"], decimal_comma=True)([contact], Names({}, {}))
    assert cell is not None and "." not in cell
    assert value_of(field, cell, "BR", ";") == number
