"""How values are written in texts that customers read (PRODUCT F2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recado.domain.flow_variables import filled, is_as_typed
from recado.domain.written_values import Manner, is_same_everywhere, plainly

ZONE = ZoneInfo("America/Sao_Paulo")
PT, EN = Manner("pt-BR", ZONE), Manner("en-US", ZONE)


@pytest.mark.parametrize(
    ("value", "plain", "portuguese", "english"),
    [
        (1.5, "1.5", "1,5", "1.5"),
        (10.0, "10.0", "10", "10"),
        (-0.25, "-0.25", "-0,25", "-0.25"),
        (1234567.5, "1234567.5", "1234567,5", "1234567.5"),
        (1e-7, "1e-07", "0,0000001", "0.0000001"),
        (Decimal("7.50"), "7.50", "7,5", "7.5"),
        (100, "100", "100", "100"),
        (123456, "123456", "123456", "123456"),
        (True, "true", "sim", "yes"),
        (False, "false", "não", "no"),
        ("2026-12-31", "2026-12-31", "31/12/2026", "Dec 31, 2026"),
        ("2026-03-01", "2026-03-01", "01/03/2026", "Mar 1, 2026"),
        ("2026-12-31T14:10:00.000Z", "2026-12-31T14:10:00.000Z", "31/12/2026 11:10", "Dec 31, 2026 11:10"),
        ("2027-01-01T01:00:00+00:00", "2027-01-01T01:00:00+00:00", "31/12/2026 22:00", "Dec 31, 2026 22:00"),
        ("2026-12-31T14:10", "2026-12-31T14:10", "31/12/2026 14:10", "Dec 31, 2026 14:10"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2026-02-30", "2026-02-30", "2026-02-30", "2026-02-30"),
        ("2026-12-31 x", "2026-12-31 x", "2026-12-31 x", "2026-12-31 x"),
        ("1.5", "1.5", "1.5", "1.5"),
        ("true", "true", "true", "true"),
        ([1.5, "2026-12-31", True], "1.5, 2026-12-31, true", "1,5, 31/12/2026, sim", "1.5, Dec 31, 2026, yes"),
        (None, "", "", ""),
        ({"a": 1.5}, "", "", ""),
        (float("inf"), "inf", "inf", "inf"),
    ],
)
def test_values(value: Any, plain: str, portuguese: str, english: str) -> None:
    assert (plainly(value), PT.written(value), EN.written(value)) == (plain, portuguese, english)
    if is_same_everywhere(value):
        assert plain == portuguese == english


def test_any_locale_but_english_is_portuguese() -> None:
    assert Manner("", ZONE).written(1.5) == Manner("es-AR", ZONE).written(1.5) == "1,5"
    assert (PT.see_options, EN.see_options) == ("Ver opções", "See options")


def test_what_somebody_typed_is_known_by_its_name() -> None:
    assert all(map(is_as_typed, ("contact.name", "contact.notes", "system.message")))
    moments = ("contact.birthday", "contact.created_at", "contact.attribution.clicked_at")
    assert not any(map(is_as_typed, (*moments, "contact.custom.due", "system.date", "due")))


def test_a_text_is_filled_as_it_is_told_to() -> None:
    values = {"n": 1.5, "contact": {"birthday": "1985-03-07"}}
    assert filled("{{n}} {{contact.birthday}}", values) == "1.5 1985-03-07"
    assert filled("{{n}} {{contact.birthday}}", values, lambda name, value: PT.written(value)) == "1,5 07/03/1985"
