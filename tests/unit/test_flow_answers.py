"""What a customer's answer to a flow's question is worth (PRODUCT F1)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.contact_rules import e164_of
from recado.domain.flow_answers import answer_value


def answered(validate: str, text: str, year: int = 2026) -> Any:
    return answer_value(validate, text, lambda written: e164_of(written, "BR"), year)


@pytest.mark.parametrize(
    ("validate", "text", "value"),
    [
        ("text", " oi ", "oi"),
        ("number", "12", 12),
        ("number", "-3,5", -3.5),
        ("number", "1.500", 1500),
        ("number", "1.500,75", 1500.75),
        ("number", "1,500.75", 1500.75),
        ("number", "1.5", 1.5),
        ("number", "doze", None),
        ("number", "1e9", None),
        ("date", "31/12/2026", "2026-12-31"),
        ("date", "2026-12-31", "2026-12-31"),
        ("date", "31/02/2026", None),
        ("date", "12/31/2026", None),
        ("date", "31/12/26", "2026-12-31"),
        ("date", "7.3.85", "1985-03-07"),
        ("date", "7/3/36", "2036-03-07"),
        ("date", "7/3/37", "1937-03-07"),
        ("date", "01/01/00", "2000-01-01"),
        ("date", "31 / 12 / 2026", "2026-12-31"),
        ("date", "31/12", None),
        ("date", "31/12/026", None),
        ("date", "31/02/26", None),
        ("number", "R$ 10", 10),
        ("number", "r$10,50", 10.5),
        ("number", "R$ 1.234,56", 1234.56),
        ("number", "$ 5", 5),
        ("number", "R$", None),
        ("number", "R$ R$ 10", None),
        ("number", "R 10", None),
        ("number", "10 reais", None),
        ("email", "ana@x.com", "ana@x.com"),
        ("email", "ana@x", None),
        ("cpf", "529.982.247-25", "52998224725"),
        ("cpf", "111.111.111-11", None),
        ("phone", "(11) 98765-4321", "+5511987654321"),
        ("phone", "ontem", None),
    ],
)
def test_an_answer(validate: str, text: str, value: Any) -> None:
    assert answered(validate, text) == value


@pytest.mark.parametrize(
    ("year", "text", "value"),
    [(2026, "1/1/36", "2036-01-01"), (2026, "1/1/37", "1937-01-01"), (2027, "1/1/37", "2037-01-01"),
     (2095, "1/1/05", "2105-01-01"), (2095, "1/1/06", "2006-01-01")],
)  # fmt: skip
def test_a_year_of_two_digits_is_ten_years_ahead_at_most(year: int, text: str, value: str) -> None:
    assert answered("date", text, year) == value


@pytest.mark.parametrize("text", ["1" + ".000" * 200 + ",5", "-1" + ".000" * 200 + ",5", "1" + ".000" * 900])
def test_no_answer_is_an_infinite_number(text: str) -> None:
    assert answered("number", text) is None
