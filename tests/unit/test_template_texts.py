"""The variables of templates: where they stand, and what comes of values."""

from __future__ import annotations

import time
from typing import Any

import pytest

from recado.domain.messages import ButtonValue, TemplateParts, TextValue
from recado.domain.template_texts import Filled, fill, media_header, slots, variables_in

HEADER = {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"}
BODY = {"type": "BODY", "text": "Oi {{1}}, são {{2}}. Sim, {{2}}!"}
FOOTER = {"type": "FOOTER", "text": "Loja"}
BUTTONS = {
    "type": "BUTTONS",
    "buttons": [
        {"type": "QUICK_REPLY", "text": "Ok"},
        {"type": "URL", "text": "Ver", "url": "https://a.example/{{1}}"},
        {"type": "COPY_CODE", "example": "X"},
    ],
}
WHOLE = [BUTTONS, HEADER, BODY, FOOTER]
VALUES = ("7", "Ana", "R$ 2", "abc", "CODE")
PARTS = TemplateParts(
    (TextValue(None, "7"),),
    (TextValue(None, "Ana"), TextValue(None, "R$ 2")),
    (ButtonValue(1, "url", "abc"), ButtonValue(2, "copy_code", "CODE")),
)


@pytest.mark.parametrize(
    "variables",
    [VALUES, {"header": ["7"], "body": ["Ana", "R$ 2"], "buttons": ["abc", "CODE"]}],
)
def test_values_by_order_and_by_place(variables: Any) -> None:
    assert fill(WHOLE, variables) == Filled("Pedido 7\nOi Ana, são R$ 2. Sim, R$ 2!\nLoja", PARTS)


def test_values_by_name() -> None:
    named = [{"type": "BODY", "text": "Oi {{nome}}, dia {{dia}}."}]
    filled = fill(named, {"dia": "2", "nome": "Ana"})
    assert isinstance(filled, Filled)
    assert filled == Filled("Oi Ana, dia 2.", TemplateParts(body=(TextValue("nome", "Ana"), TextValue("dia", "2"))))


def test_a_value_is_never_read_as_a_variable() -> None:
    filled = fill([BODY], ("{{2}}", "x"))
    assert isinstance(filled, Filled) and filled.text == "Oi {{2}}, são x. Sim, x!"


@pytest.mark.parametrize(
    ("components", "variables", "code", "names"),
    [
        (WHOLE, VALUES[:2], "missing_variables", "body {{2}}, button 2, button 3"),
        (WHOLE, ("7", " ", "2", "a", "b"), "missing_variables", "body {{1}}"),
        (WHOLE, (*VALUES, "x"), "too_many_variables", "5"),
        ([BODY], {"1": "a", "2": "b", "nome": "c"}, "unknown_variables", "nome"),
        ([BODY], {"body": ["a", "b", "c"]}, "unknown_variables", "body"),
        ([BODY], ("a\nb", "c"), "invalid_value", "body {{1}}"),
        ([BODY], ("a     b", "c"), "invalid_value", "body {{1}}"),
        ([BODY], ("a" * 1010, "c" * 9), "text_too_long", "1024"),
        ([FOOTER], ("a",), "too_many_variables", "0"),
    ],
)
def test_wrong_values(components: Any, variables: Any, code: str, names: str) -> None:
    wrong = fill(components, variables)
    assert isinstance(wrong, list)
    assert (wrong[0].pointer, wrong[0].code) == ("/template/variables", code)
    assert names in wrong[0].detail


def test_a_one_time_code_is_given_for_its_body_and_its_button() -> None:
    code = [{"type": "BODY"}, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]
    filled = fill(code, ("123456", "123456"))
    assert isinstance(filled, Filled)
    assert filled.parts == TemplateParts(body=(TextValue(None, "123456"),), buttons=(ButtonValue(0, "url", "123456"),))
    assert filled.text == "123456"


def test_what_else_is_in_a_header() -> None:
    assert media_header([{"type": "HEADER", "format": "IMAGE"}, BODY]) == "IMAGE"
    assert media_header(WHOLE) is None
    assert [slot.place for slot in slots([{"type": "HEADER", "format": "IMAGE", "text": "{{1}}"}, BODY])] == [
        "body"
    ] * 2


PLACE = {"type": "HEADER", "format": "LOCATION"}
SHOP = {"latitude": "-23.5613", "longitude": "-46.65", "name": "Loja", "address": "Av. Paulista 1"}
NAMED = {"type": "BODY", "text": "Oi {{name}}!"}


@pytest.mark.parametrize(
    "variables",
    [(*SHOP.values(), "Ana"), {"header": SHOP, "name": "Ana"}, {"header": list(SHOP.values()), "body": ["Ana"]}],
)
def test_a_place_in_the_header(variables: Any) -> None:
    """Its name is no variable of the text, even where that has one of the name."""
    filled = fill([NAMED, PLACE], variables)
    assert isinstance(filled, Filled)
    assert filled.text == "Loja\nAv. Paulista 1\nOi Ana!"
    place = tuple(TextValue(name, value) for name, value in SHOP.items())
    assert filled.parts == TemplateParts(body=(TextValue("name", "Ana"),), location=place)


@pytest.mark.parametrize(
    ("variables", "pointer", "code"),
    [
        ((), "", "missing_variables"),
        (("-23.5", "-46.6", " ", "x", "Ana"), "", "missing_variables"),
        ({"name": "Ana"}, "", "missing_variables"),
        ({"header": {**SHOP, "zip": "1"}, "name": "Ana"}, "/header/zip", "unknown_variables"),
        ({"body": SHOP, "header": SHOP}, "", "missing_variables"),
        ({"header": SHOP, "latitude": "1", "name": "Ana"}, "", "unknown_variables"),
        (("90.1", "0", "a", "b", "Ana"), "/0", "invalid_value"),
        (("90", "-180.00001", "a", "b", "Ana"), "/1", "invalid_value"),
        (("1e1", "0", "a", "b", "Ana"), "/0", "invalid_value"),
        (("-23,5", "0", "a", "b", "Ana"), "/0", "invalid_value"),
        (("١", "0", "a", "b", "Ana"), "/0", "invalid_value"),
        (("nan", "0", "a", "b", "Ana"), "/0", "invalid_value"),
        ({"header": ["0", "181", "a", "b"], "name": "Ana"}, "/header/1", "invalid_value"),
        ({"header": {**SHOP, "longitude": "x"}, "name": "Ana"}, "/header/longitude", "invalid_value"),
        ({"header": {**SHOP, "address": "a\nb"}, "name": "Ana"}, "", "invalid_value"),
    ],
)
def test_wrong_places(variables: Any, pointer: str, code: str) -> None:
    wrong = fill([PLACE, NAMED], variables)
    assert isinstance(wrong, list)
    assert (wrong[0].pointer, wrong[0].code) == ("/template/variables" + pointer, code)


def test_a_map_for_a_header_that_shows_no_place() -> None:
    wrong = fill(WHOLE, {"header": SHOP, "body": ["a", "b"], "buttons": ["c", "d"]})
    assert isinstance(wrong, list)
    assert {one.code for one in wrong} == {"missing_variables", "unknown_variables"}


def test_braces_that_are_not_closed_take_no_time() -> None:
    begun = time.process_time()
    assert variables_in("{{" + " " * 20_000) == []
    assert variables_in("{{ nome }} e {{1}}, {{nome}}") == ["nome", "1"]
    assert time.process_time() - begun < 0.5
