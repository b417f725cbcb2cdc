"""Contacts as rows of CSV files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.contact_columns import (
    Names,
    cell_value,
    cells_maker,
    divided,
    header,
    joined,
    value_cell,
)
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField, FieldType, Table, checked_value

AT = datetime(2026, 3, 2, tzinfo=UTC)
ANA = Contact(
    "ct_acctaaaa_1",
    AT,
    AT,
    name="João d'Ávila",
    mobile="+5511987654321",
    mobile_given="(11) 98765-4321",
    email="ana@example.com",
    birthday="1980-02-29",
    notes="two\nlines",
    organization_id="og_acctaaaa_1",
    group_ids=("gr_acctaaaa_2", "gr_acctaaaa_gone", "gr_acctaaaa_1"),
    custom_fields={"plan": "gold", "seats": 5, "old": "kept"},
    principal_id="ct_acctaaaa_2",
)
NAMES = Names({"og_acctaaaa_1": "Loja|Ltda"}, {"gr_acctaaaa_1": "VIP", "gr_acctaaaa_2": "A|B\\"})


def a_field(number: int, slug: str, kind: FieldType, table: Table = "contacts", active: bool = True) -> CustomField:
    options = ("A|B", "C\\", "D") if kind in ("list", "multi_list") else ()
    return CustomField(f"cf_acctaaaa_{number}", table, slug, slug, kind, AT, options=options, active=active)


FIELDS = [
    a_field(3, "plan", "text"),
    a_field(1, "seats", "number"),
    a_field(2, "old", "text", active=False),
    a_field(4, "plan", "text", table="organizations"),
    a_field(5, "since", "date"),
]


def test_the_header_is_that_of_the_contract() -> None:
    assert ",".join(header(FIELDS)) == (
        "id,name,mobile,phone,email,birthday,address,city,district,state,country,notes,organization,groups,"
        "principal_id,cf_seats,cf_plan,cf_since"
    )


def test_a_contact_is_a_cell_for_each_column() -> None:
    columns = header(FIELDS)
    made = cells_maker(columns)([ANA], NAMES)
    row = {column: cell or "" for column, [cell] in zip(columns, made, strict=True)}
    assert row == {
        "id": "ct_acctaaaa_1",
        "name": "João d'Ávila",
        "mobile": "+5511987654321",
        "phone": "",
        "email": "ana@example.com",
        "birthday": "1980-02-29",
        "address": "",
        "city": "",
        "district": "",
        "state": "",
        "country": "",
        "notes": "two\nlines",
        "organization": "Loja|Ltda",
        "groups": r"A\|B\\|VIP",
        "principal_id": "ct_acctaaaa_2",
        "cf_seats": "5",
        "cf_plan": "gold",
        "cf_since": "",
    }
    assert divided(row["groups"]) == ["A|B\\", "VIP"]
    assert cells_maker(("cf_plan", "mobile"))([ANA, ANA], NAMES) == [["gold"] * 2, ("+5511987654321",) * 2]
    assert cells_maker(("cf_plan",))([ANA], NAMES) == [["gold"]]
    assert cells_maker(("notes",))([ANA], NAMES) == [("two\nlines",)]
    assert cells_maker(columns)([], NAMES) == [() for _ in columns]


pieces = st.sampled_from(["a", "b", "|", "\\", " ", ";", ",", "'", "é", "\n", " ::: "])
parts = st.lists(pieces, min_size=1, max_size=6).map(lambda some: "".join(some).strip()).filter(bool)


@given(st.lists(parts, max_size=5))
def test_several_texts_come_back_from_one_cell(values: list[str]) -> None:
    assert divided(joined(values)) == values


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("", []),
        (" | |", []),
        ("VIP", ["VIP"]),
        (" VIP | Ouro ", ["VIP", "Ouro"]),
        (r"C:\x|\\", [r"C:\x", "\\"]),
        ("Clientes, VIP", ["Clientes", "VIP"]),
        ("Clientes; VIP, RJ ;", ["Clientes", "VIP, RJ"]),
        ("Amigos ::: Rio; Niterói", ["Amigos", "Rio; Niterói"]),
        ("Clientes\nVIP\r\nRio", ["Clientes", "VIP", "Rio"]),
        ("Clientes, VIP|", ["Clientes, VIP"]),
        ("A, B|C; D", ["A, B", "C; D"]),
        (r"a\|b, c", ["a|b", "c"]),
    ],
)
def test_cells_written_by_hand_are_read(cell: str, values: list[str]) -> None:
    assert divided(cell) == values


numbers = st.one_of(st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "true"),
        ("long_text", "a\r\nb"),
        ("boolean", True),
        ("boolean", False),
        ("list", "A|B"),
        ("multi_list", ["A|B", "C\\"]),
        ("date", "2026-01-02"),
        ("phone", "+5511987654321"),
        ("cpf", "00000000191"),
    ],
)
def test_a_custom_value_comes_back_from_its_cell(kind: FieldType, value: Any) -> None:
    assert cell_value(kind, value_cell(value)) == value
    assert checked_value(a_field(1, "x", kind), value, str) == value


@given(numbers)
def test_a_number_comes_back_from_its_cell(number: float) -> None:
    assert cell_value("number", value_cell(number)) == number


@pytest.mark.parametrize(
    "cell", ["1,234", "1,5,5", "1.23,5", "12,345.5", "x", "1e", "٣", "9" * 5_000, "nan", "inf", "1_000", "--1"]
)
def test_what_is_no_number_stays_a_text(cell: str) -> None:
    assert cell_value("number", cell) == cell


def test_what_means_nothing_to_a_type_is_left_to_its_check() -> None:
    assert cell_value("boolean", "talvez") == "talvez"
    assert cell_value("boolean", " TRUE ") is True
    assert [cell_value("boolean", cell) for cell in ("Sim", "NÃO", "VERDADEIRO", "Falso", "1", "0")] == [
        True,
        False,
    ] * 3
    assert cell_value("text", "  ") is None
    assert cell_value("number", "+1.50") == 1.5


def test_numbers_may_have_a_decimal_comma() -> None:
    cells = ("70,5", "-0,25", "1.234,56", "1.234.567,8", "1.234", "1234,5678")
    assert [cell_value("number", cell) for cell in cells] == [70.5, -0.25, 1234.56, 1234567.8, 1.234, 1234.5678]
