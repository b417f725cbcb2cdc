"""Conditions over what a flow saved: read as what it is compared with (PRODUCT F1, G3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recado.domain.errors import Invalid
from recado.domain.segment_fields import FlowFields
from recado.domain.segment_matching import Matcher
from recado.domain.segment_operands import Moment
from recado.domain.segment_saved import asked_as, saved_values
from recado.domain.segments import parse

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
AT = Moment(NOW, ZoneInfo("America/Sao_Paulo"), lambda text: None)


def holds(given: Any, **saved: Any) -> bool:
    tree = parse(given, FlowFields(()), AT, ask=lambda known, op, value: asked_as(known, op, value, saved))
    return Matcher(tree, "values").matches({"custom_fields": saved_values(tree, saved)})


@pytest.mark.parametrize(
    ("value", "op", "operand", "held"),
    [
        (150, "gt", 100, True),
        (100, "gt", 100, False),
        (99.5, "lte", 99.5, True),
        ("150", "gt", 100, True),
        ("1,5", "between", [1, 2], True),
        ("1.5", "between", [1, 2], True),
        ("-0.125", "lt", 0, True),
        (7, "eq", 7, True),
        ("7", "in", [1, 7], True),
        ("sete", "eq", 7, False),
        ("sete", "ne", 7, True),
        (7, "eq", "7", True),
        ("PAID", "eq", "paid", True),
        ("paid", "in", ["open", "Paid"], True),
        ("Ração", "starts_with", "raca", True),
        (True, "eq", True, True),
        (False, "eq", True, False),
        (False, "set", None, True),
        (0, "set", None, True),
        ("", "set", None, False),
        ([], "not_set", None, True),
        (None, "not_set", None, True),
        (None, "gt", 1, False),
        (None, "ne", "x", True),
        (["azul", "verde"], "contains", "verde", True),
        ({"n": 150, "of": [{"id": "x150"}]}, "contains", "150", True),
        ({"n": 151, "of": [{"id": "abc"}]}, "contains", "150", False),
        ({"n": 151, "of": [{"id": "abc"}]}, "contains", "ABC", True),
        ("2026-03-10", "on", "2026-03-10", True),
        ("2026-03-11", "after", "2026-03-10", True),
        ("2026-03-10", "after", "2026-03-10", False),
        ("2026-03-08", "within_last", {"n": 2, "unit": "days"}, True),
        ("2026-03-07", "within_last", {"n": 2, "unit": "days"}, False),
        ("2026-03-12", "within_last", {"n": 2, "unit": "days"}, False),
        ("2026-03-10T02:00:00Z", "on", "2026-03-09", True),
        ("2026-03-10T10:00:00-03:00", "gt", "2026-03-10T12:59:59Z", True),
        ("2026-03-10T10:00:00Z", "within_last", {"n": 3, "unit": "hours"}, True),
        ("2026-03-10T13:00:00Z", "within_last", {"n": 3, "unit": "hours"}, False),
        ("2026-03-09T10:00:00Z", "older_than", {"n": 3, "unit": "hours"}, True),
    ],
)
def test_a_value_is_read_as_what_it_is_compared_with(value: Any, op: str, operand: Any, held: bool) -> None:
    given = {"field": "var.x", "op": op} | ({} if operand is None else {"value": operand})
    assert holds(given, x=value) is held


@pytest.mark.parametrize(
    ("value", "op", "operand"),
    [
        ("muito", "gt", 100),
        ("1.500", "gt", 100),
        ("1,500", "lt", 100),
        (True, "gt", 0),
        ({"n": 1}, "gte", 0),
        ("muito", "after", "2026-03-10"),
        (20260310, "before", "2026-03-10"),
        ("2026-03-10T10:00:00", "lt", "2026-03-11"),
        ("2026-02-30", "lt", "2026-03-11"),
    ],
)
def test_what_cannot_be_evaluated_is_no_no(value: Any, op: str, operand: Any) -> None:
    given = {"any": [{"field": "var.x", "op": "set"}, {"field": "var.x", "op": op, "value": operand}]}
    with pytest.raises(Invalid) as refused:
        holds(given, x=value)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [("/filter/any/1", "not_comparable")]


def test_a_day_has_no_hours() -> None:
    with pytest.raises(Invalid) as refused:
        holds({"field": "var.x", "op": "within_last", "value": {"n": 3, "unit": "hours"}}, x="2026-03-10")
    assert refused.value.errors[0].pointer == "/filter/value/unit"


def test_ways_into_what_was_saved() -> None:
    day = "2026-03-10"
    cli = {"points": 150, "orders": [{"total": 10}, {"total": 20}], "status": "paid", "due-date": "2026-03-11"}
    for name, op, value in (
        ("points", "gt", 100), ("orders.1.total", "eq", 20), ("status", "eq", "paid"), ("due-date", "after", day),
    ):  # fmt: skip
        assert holds({"field": f"var.cli.{name}", "op": op, "value": value}, cli=cli), name
    for name in ("none", "orders.2", "orders.1.none", "status.none", "orders.-1"):
        assert holds({"field": f"var.cli.{name}", "op": "not_set"}, cli=cli), name
    both = {
        "all": [{"field": "var.cli.points", "op": op, "value": value} for op, value in (("gt", 100), ("eq", "150"))]
    }
    assert holds(both, cli=cli), "one value is read in two ways"


@pytest.mark.parametrize("name", ["var.", "var.Nome", "var.a..b", "var.a b", "var." + "a" * 60, "var.a." + "b" * 200])
def test_what_is_no_name_is_no_field(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        holds({"field": name, "op": "set"})
    assert refused.value.errors[0].code == "unknown_field"
