"""What a customer's answer to a flow's question is worth (PRODUCT F1)."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recado.domain.custom_fields import EMAIL
from recado.domain.flow_answers import answer_value
from recado.domain.read_values import MAX_NUMBER
from recado.domain.written_values import Manner

LOCALES = ("pt-BR", "", "es-AR", "en", "en-US", "en-GB")


def answered(validate: str, text: str, year: int = 2026, locale: str = "pt-BR") -> Any:
    return answer_value(validate, text, lambda: locale, year)


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
        ("number", "10 reais", 10),
        ("number", "1 real", 1),
        ("number", "R$ 10,50 reais", 10.5),
        ("number", "10 anos", None),
        ("number", "-R$ 1.500", -1500),
        ("number", "R$ -5", -5),
        ("number", "--5", None),
        ("number", "- R$ -5", None),
        ("number", "\u22125", -5),
        ("number", "1 234,56", 1234.56),
        ("number", "R$\u00a01\u00a0234\u00a0567,8", 1234567.8),
        ("number", "1\u202f500", 1500),
        ("number", "1 23", None),
        ("number", "12 3456", None),
        ("number", "0.500", 0.5),
        ("number", "1,500", 1.5),
        ("number", "1,500,000", 1500000),
        ("number", "1.500.00", None),
        ("number", "1.2,3", None),
        ("number", "١", None),
        ("date", "31 de dezembro de 2026", "2026-12-31"),
        ("date", "1º de Março de 2027", "2027-03-01"),
        ("date", "31 dez. 26", "2026-12-31"),
        ("date", "31/dez/2026", "2026-12-31"),
        ("date", "Dec 31, 2026", "2026-12-31"),
        ("date", "31 Dec 2026", "2026-12-31"),
        ("date", "31 de dezembro", None),
        ("date", "dezembro de 2026", None),
        ("date", "31 de dezbro de 2026", None),
        ("date", "31 de fevereiro de 2026", None),
        ("date", "31" + " " * 4_000 + "x", None),
        ("email", "ana@x.com", "ana@x.com"),
        ("email", "ana@x", None),
        ("cpf", "529.982.247-25", "52998224725"),
        ("cpf", "111.111.111-11", None),
        ("cpf", "meu cpf é 529.982.247-25", "52998224725"),
        ("cpf", "CPF:52998224725.", "52998224725"),
        ("cpf", "529.982.247-25, isso: 52998224725", "52998224725"),
        ("cpf", "529.982.247-25 ou 111.444.777-35", None),
        ("cpf", "meu cpf é 529.982.247-26", None),
        ("cpf", "pedido 529982247250", None),
        ("cpf", "pedido 12.529.982.247-25", None),
        ("cpf", "pedido 529.982.247-25.1", None),
        ("email", "a@b.co.", "a@b.co"),
        ("email", "meu email é a@b.co", "a@b.co"),
        ("email", "É <Ana.Silva+x@Exemplo.com.br>, obrigada!", "Ana.Silva+x@Exemplo.com.br"),
        ("email", "email:a@b.co (insta @ana)", "a@b.co"),
        ("email", "a@b.co, de novo: a@b.co", "a@b.co"),
        ("email", "a@b.co ou c@d.co", None),
        ("email", "Zé@Exemplo.com.br", None),
        ("email", "Zéca@Exemplo.com.br", None),
        ("email", "ze@ação.com.br", "ze@ação.com.br"),
        ("email", "a@b@c.co", None),
        ("email", "a@b..co", None),
        ("email", "x" * 65 + "@b.co", None),
        ("phone", "(11) 98765-4321", "+5511987654321"),
        ("phone", "ontem", None),
    ],
)
def test_an_answer(validate: str, text: str, value: Any) -> None:
    assert answered(validate, text) == value


@pytest.mark.parametrize(
    ("validate", "text", "value"),
    [
        ("number", "1,500", 1500),
        ("number", "1.500", 1.5),
        ("number", "-1,500.75", -1500.75),
        ("number", "1.500,75", 1500.75),
        ("number", "1,500,000", 1500000),
        ("number", "1.500.000", 1500000),
        ("number", "1,5", 1.5),
        ("number", "0,500", 0.5),
        ("number", "$10", 10),
        ("number", "US$ 1,500", 1500),
        ("number", "-$10.50", -10.5),
        ("number", "10 dollars", 10),
        ("number", "1 234.56", 1234.56),
        ("number", "R$ 1.500", None),
        ("number", "1.500 reais", None),
        ("number", "R$ 1.500,00", 1500),
        ("number", "R$ 15.50", 15.5),
        ("date", "05/01/2027", "2027-05-01"),
        ("date", "12/31/2026", "2026-12-31"),
        ("date", "12-31-26", "2026-12-31"),
        ("date", "31/12/2026", None),
        ("date", "Dec 31, 2026", "2026-12-31"),
        ("date", "December 1st, 2026", "2026-12-01"),
        ("date", "Sept. 3 2026", "2026-09-03"),
        ("date", "31 Dec 2026", "2026-12-31"),
        ("date", "1st of january 2027", "2027-01-01"),
        ("date", "31 de dezembro de 2026", "2026-12-31"),
        ("date", "2026-12-31", "2026-12-31"),
        ("date", "Dec 31", None),
        ("date", "Dec 2026", None),
        ("date", "Feb 30, 2026", None),
    ],
)
@pytest.mark.parametrize("locale", ["en", "en-US"])
def test_an_answer_in_english(locale: str, validate: str, text: str, value: Any) -> None:
    assert answered(validate, text, locale=locale) == value


@pytest.mark.parametrize(
    ("locale", "day"),
    [("en", "2027-05-01"), ("en-PH", "2027-05-01"), ("en_us", "2027-05-01"), ("en-GB", "2027-01-05"),
     ("es-AR", "2027-01-05"), ("es-US", "2027-01-05"), ("", "2027-01-05")],
)  # fmt: skip
def test_which_of_day_and_month_comes_first(locale: str, day: str) -> None:
    assert answered("date", "05/01/2027", locale=locale) == day


def test_a_telephone_number_is_one_of_the_accounts_country() -> None:
    assert answered("phone", "(212) 555-0123", locale="en-US") == "+12125550123"


@pytest.mark.parametrize("locale", LOCALES)
@given(
    value=st.integers(-MAX_NUMBER, MAX_NUMBER)
    | st.floats(-MAX_NUMBER, MAX_NUMBER)
    | st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
)
@example(value=0.1 + 0.2)
@example(value=1.234)
@example(value=-1500.0)
@example(value=float(MAX_NUMBER))
def test_a_number_that_recado_wrote_is_read_as_the_same(locale: str, value: float) -> None:
    assert answered("number", Manner(locale, UTC).written(value), locale=locale) == value


@pytest.mark.parametrize("locale", LOCALES)
@given(day=st.dates())
def test_a_day_that_recado_wrote_is_read_as_the_same(locale: str, day: date) -> None:
    assert answered("date", Manner(locale, UTC).written(day.isoformat()), locale=locale) == day.isoformat()


@given(st.text(alphabet="aZé.@_-1 ,+", max_size=20))
def test_an_address_is_one_that_fields_take(text: str) -> None:
    address = answered("email", text)
    assert address is None or (EMAIL.fullmatch(address) and address in text)


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
