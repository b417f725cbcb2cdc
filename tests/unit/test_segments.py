"""Segments: what a filter means, what is refused, and that nothing of a request becomes code (PRODUCT G3)."""

from __future__ import annotations

import json
import os
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recado.domain.custom_fields import CustomField, FieldType
from recado.domain.errors import Invalid
from recado.domain.segment_bounds import bounds_of
from recado.domain.segment_fields import OPERATORS_OF, fields_of
from recado.domain.segment_matching import Form, Matcher
from recado.domain.segment_operands import Moment
from recado.domain.segments import Group, parse
from tests.segment_reading import NOW, ZONE, reads

TREES = int(os.environ.get("SEGMENT_TREES", "10000"))


def custom(slug: str, kind: FieldType, active: bool = True) -> CustomField:
    return CustomField(f"cf_{slug}", "contacts", slug, slug, kind, NOW, active=active)


CUSTOM = [
    custom("nick", "text"),
    custom("tier", "list"),
    custom("tags", "multi_list"),
    custom("score", "number"),
    custom("due", "date"),
    custom("vip", "boolean"),
    custom("cpf", "cpf"),
    custom("old", "text", active=False),
]
FIELDS = fields_of("contacts", CUSTOM)


def phone(text: str) -> str | None:
    digits = "".join(one for one in text if one.isdigit())
    return "+" + digits if 8 <= len(digits) <= 15 else None


AT = Moment(NOW, ZONE, phone)


def tree(given: Any, **more: Any) -> Group:
    return parse(given, FIELDS, AT, **more)


def item(record: dict[str, Any]) -> dict[str, Any]:
    """The record as it lies in the table."""
    texts = {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in record.items()}
    return {name: {"S": value} for name, value in texts.items() if value not in (None, "[]", "{}")}


def matching(given: Any, records: list[dict[str, Any]], form: Form = "items") -> list[str]:
    asked = [item(one) if form == "items" else one for one in records]
    found = Matcher(tree(given), form).select(asked)
    return [one["id"]["S"] if form == "items" else one["id"] for one in found]


def record(**values: Any) -> dict[str, Any]:
    return {
        "id": "ct_1", "name": None, "mobile": None, "phone": None, "email": None, "organization_id": None,
        "group_ids": [], "custom_fields": {}, "created_at": "2026-03-10T03:00:00.000Z",
        "updated_at": "2026-03-10T12:00:00.000Z", **values,
    }  # fmt: skip


# -- agreement with a second reading ------------------------------------------------------------------------------

_NAMES = ["João da Silva", "JOAO", "Ana", "José", "ÅSE", "İpek", "Straße", "Zé 3", "ana maria"]
_ORGS, _GROUPS, _TAGS = ["or_1", "or_2"], ["gr_1", "gr_2", "gr_3"], ["Ouro", "Prata", "Água"]
_MOBILES = ["+5511987654321", "+551133334444", "+12025550123"]


def a_time(dice: random.Random) -> str:
    at = NOW - timedelta(minutes=dice.choice([0, 1, 29, 30, 60, 750, 751, 1_440, 5_000, 43_200, 90_000]))
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_day(dice: random.Random) -> str:
    return f"{NOW - timedelta(days=dice.randrange(-2, 40)):%F}"


def a_record(dice: random.Random, number: int) -> dict[str, Any]:
    def maybe(value: Any) -> Any:
        return value if dice.random() < 0.7 else None

    own = {
        "nick": maybe(dice.choice(_NAMES)),
        "tier": maybe(dice.choice(_TAGS)),
        "tags": maybe(dice.sample(_TAGS, dice.randrange(1, 3))),
        "score": maybe(dice.choice([-1, 0, 0.5, 7, 10])),
        "due": maybe(a_day(dice)),
        "vip": maybe(dice.random() < 0.5),
    }
    return record(
        id=f"ct_{number}",
        name=maybe(dice.choice(_NAMES)),
        mobile=maybe(dice.choice(_MOBILES)),
        email=maybe(dice.choice(["ana@x.com", "JOSE@x.com"])),
        organization_id=maybe(dice.choice(_ORGS)),
        group_ids=dice.sample(_GROUPS, dice.randrange(3)),
        custom_fields={slug: value for slug, value in own.items() if value is not None},
        created_at=a_time(dice),
        updated_at=a_time(dice),
    )


def _a_value(dice: random.Random, name: str) -> Any:
    values = {
        "id": [f"ct_{dice.randrange(250)}"],
        "name": [*_NAMES, "a", "jo", "SS"],
        "custom.nick": [*_NAMES, "an"],
        "custom.tier": [*_TAGS, "agua"],
        "custom.tags": [*_TAGS, "agua"],
        "email": ["ANA@x.com", "@x", "jose"],
        "mobile": [*_MOBILES, "+55 11 3333-4444"],
        "phone": _MOBILES,
        "organization": _ORGS,
        "group": _GROUPS,
        "custom.score": [-1, 0, 0.5, 3, 10],
        "custom.vip": [True, False],
        "custom.due": [a_day(dice)],
        "created_at": [a_time(dice), a_day(dice)],
        "updated_at": [a_time(dice), a_day(dice)],
    }
    return dice.choice(values[name])


def a_leaf(dice: random.Random) -> dict[str, Any]:
    name = dice.choice([one for one in FIELDS if one != "custom.cpf"])
    kind = FIELDS[name].kind
    op = dice.choice(sorted(OPERATORS_OF[kind]))
    leaf: dict[str, Any] = {"field": name, "op": op}
    if op in ("set", "not_set"):
        return leaf
    if op in ("within_last", "older_than"):
        units = ["days"] if kind == "date" else ["minutes", "hours", "days"]
        return {**leaf, "value": {"n": dice.choice([1, 2, 30]), "unit": dice.choice(units)}}
    if op in ("in", "not_in"):
        return {**leaf, "value": [_a_value(dice, name) for _ in range(dice.randrange(1, 4))]}
    if op == "between":
        ends = [_a_value(dice, name) for _ in range(2)] if kind == "number" else [a_day(dice) for _ in range(2)]
        return {**leaf, "value": sorted(ends)}
    if op == "on":
        return {**leaf, "value": a_day(dice)}
    return {**leaf, "value": _a_value(dice, name)}


def a_tree(dice: random.Random, leaves: list[Any], depth: int = 1) -> tuple[Any, Any]:
    """A filter, and the set of records that a plain reading of it leaves: an integer with a bit for each."""
    if depth > 1 and (depth > 5 or dice.random() < 0.6):
        return dice.choice(leaves)
    parts = [a_tree(dice, leaves, depth + 1) for _ in range(dice.randrange(1, 5))]
    kind = dice.choice(["all", "any"])
    holds = parts[0][1]
    for _, bits in parts[1:]:
        holds = holds & bits if kind == "all" else holds | bits
    return {kind: [one for one, _ in parts]}, holds


def test_random_trees_agree_with_a_plain_reading() -> None:
    dice = random.Random(20261129)
    records = [a_record(dice, number) for number in range(200)]
    items = [item(one) for one in records]
    leaves = []
    for _ in range(600):
        leaf = a_leaf(dice)
        leaves.append((leaf, sum(reads(one, leaf) << number for number, one in enumerate(records))))
    for count in range(TREES):
        given, holds = a_tree(dice, leaves)
        wanted = [f"ct_{number}" for number in range(200) if holds >> number & 1]
        if count % 2:
            found = [one["id"] for one in Matcher(tree(given), "values").select(records)]
        else:
            found = [one["id"]["S"] for one in Matcher(tree(given)).select(items)]
        assert found == wanted, json.dumps(given)


def test_leaves_say_what_held_and_of_what() -> None:
    given = {
        "any": [{"field": "name", "op": "eq", "value": "joao"}, {"field": "custom.vip", "op": "eq", "value": True}]
    }
    matcher = Matcher(tree(given))
    leaves = matcher.leaves(item(record(name="João", custom_fields={"vip": False})))
    assert [(one.pointer, one.held, one.value) for one in leaves] == [
        ("/filter/any/0", True, "João"),
        ("/filter/any/1", False, False),
    ]


# -- what is said once --------------------------------------------------------------------------------------------

BORN = "2026-03-10T03:00:00.000Z"
"""Midnight in São Paulo."""


@pytest.mark.parametrize(
    ("leaf", "holds"),
    [
        (("created_at", "on", "2026-03-10"), True),
        (("created_at", "on", "2026-03-09"), False),
        (("created_at", "eq", "2026-03-10"), True),
        (("created_at", "after", "2026-03-09"), True),
        (("created_at", "after", "2026-03-10"), False),
        (("created_at", "before", "2026-03-10"), False),
        (("created_at", "lte", "2026-03-10"), True),
        (("created_at", "between", ["2026-03-10", "2026-03-10"]), True),
        (("created_at", "gt", BORN), False),
        (("created_at", "gte", "2026-03-10T00:00:00-03:00"), True),
        (("created_at", "within_last", {"n": 750, "unit": "minutes"}), True),
        (("created_at", "within_last", {"n": 749, "unit": "minutes"}), False),
        (("created_at", "older_than", {"n": 750, "unit": "minutes"}), False),
        (("mobile", "eq", "55 11 8765-4321"), True),
        (("mobile", "contains", "98765"), True),
        (("mobile", "starts_with", "+55 11"), True),
        (("name", "starts_with", "joao d"), True),
        (("name", "eq", "JOÃO DA SILVA "), True),
        (("custom.cpf", "eq", "529.982.247-25"), True),
        (("custom.cpf", "contains", "982.247"), True),
        (("custom.nick", "ne", "x"), True),
        (("custom.nick", "not_in", ["x"]), True),
        (("custom.nick", "not_contains", "x"), True),
        (("custom.nick", "not_set", None), True),
        (("custom.score", "lt", 1), False),
    ],
)
def test_a_condition(leaf: tuple[str, str, Any], holds: bool) -> None:
    one = record(
        name="João da Silva", mobile="+5511987654321", custom_fields={"cpf": "52998224725"}, created_at=BORN
    )  # fmt: skip
    given = dict(zip(("field", "op", "value"), leaf, strict=True))
    for form in ("items", "values"):
        assert matching(given, [one], form) == (["ct_1"] if holds else [])  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [None, {}, {"all": []}, {"all": [{}, {"all": []}]}])
def test_everybody(given: Any) -> None:
    assert matching(given, [record()]) == ["ct_1"]


def test_a_name_may_stand_for_other_ids() -> None:
    fields = fields_of("chats")
    steps = {"wf_1": ("st_1", "st_2")}
    found = parse({"field": "workflow", "op": "eq", "value": "wf_1"}, fields, AT, {"workflow": steps.get})
    chats = [{"id": {"S": f"ch_{step}"}, "workflow_step_id": {"S": f"st_{step}"}} for step in (1, 2, 3)]
    assert [one["id"]["S"] for one in Matcher(found).select(chats)] == ["ch_1", "ch_2"]
    with pytest.raises(Invalid) as refused:
        parse({"field": "workflow", "op": "in", "value": ["wf_1", "wf_9"]}, fields, AT, {"workflow": steps.get})
    assert [(one.pointer, one.code) for one in refused.value.errors] == [("/filter/value/1", "not_found")]


# -- what is refused ----------------------------------------------------------------------------------------------


def nested(depth: int) -> Any:
    given: Any = {"field": "name", "op": "set"}
    for _ in range(depth):
        given = {"all": [given]}
    return given


def back(n: Any, unit: str) -> Any:
    return {"field": "created_at", "op": "within_last", "value": {"n": n, "unit": unit}}


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ([], "/filter", "invalid"),
        ("all", "/filter", "invalid"),
        ({"any": []}, "/filter/any", "empty_any"),
        ({"all": [], "any": []}, "/filter", "invalid"),
        ({"all": {}}, "/filter/all", "invalid"),
        ({"all": [None]}, "/filter/all/0", "invalid"),
        ({"all": [{"field": "name", "op": "set", "or": 1}]}, "/filter/all/0", "unknown_field"),
        ({"op": "set"}, "/filter", "invalid"),
        ({"field": "__class__", "op": "set"}, "/filter/field", "unknown_field"),
        ({"field": ["name"], "op": "set"}, "/filter/field", "unknown_field"),
        ({"field": "custom.old", "op": "set"}, "/filter/field", "unknown_field"),
        ({"field": "custom.none", "op": "set"}, "/filter/field", "unknown_field"),
        ({"field": "name", "op": "matches", "value": "x"}, "/filter/op", "unknown_operator"),
        ({"field": "name", "op": {}, "value": "x"}, "/filter/op", "unknown_operator"),
        ({"field": "name", "op": "gt", "value": "x"}, "/filter/op", "operator_not_for_field"),
        ({"field": "name", "op": "eq"}, "/filter/value", "invalid"),
        ({"field": "name", "op": "eq", "value": " "}, "/filter/value", "invalid"),
        ({"field": "name", "op": "eq", "value": 7}, "/filter/value", "invalid"),
        ({"field": "name", "op": "contains", "value": "x" * 1_001}, "/filter/value", "too_long"),
        ({"field": "name", "op": "set", "value": "x"}, "/filter/value", "not_with_operator"),
        ({"field": "name", "op": "in", "value": "x"}, "/filter/value", "invalid"),
        ({"field": "name", "op": "in", "value": []}, "/filter/value", "invalid"),
        ({"field": "name", "op": "in", "value": ["a", 3]}, "/filter/value/1", "invalid"),
        ({"field": "name", "op": "in", "value": ["a"] * 501}, "/filter/value", "too_many"),
        ({"field": "mobile", "op": "contains", "value": "abc"}, "/filter/value", "invalid"),
        ({"field": "mobile", "op": "eq", "value": "12"}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "on", "value": "31/12/2025"}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "after", "value": "2026-02-30"}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "after", "value": "2026-02-20T10:00:00"}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "after", "value": "0001-01-01"}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "between", "value": ["2026-02-20"]}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "between", "value": ["2026-02-20", 1]}, "/filter/value/1", "invalid"),
        ({"field": "created_at", "op": "between", "value": ["2026-02-20", "2026-02-19"]}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "within_last", "value": 3}, "/filter/value", "invalid"),
        (back(0, "days"), "/filter/value/n", "invalid"),
        (back(True, "days"), "/filter/value/n", "invalid"),
        (back(1, "years"), "/filter/value/unit", "invalid"),
        ({**back(1, "hours"), "field": "custom.due"}, "/filter/value/unit", "invalid"),
        ({"field": "custom.score", "op": "gt", "value": "7"}, "/filter/value", "invalid"),
        ({"field": "custom.score", "op": "gt", "value": float("nan")}, "/filter/value", "invalid"),
        ({"field": "custom.score", "op": "in", "value": [1, 10**400]}, "/filter/value/1", "invalid"),
        ({"field": "custom.score", "op": "gt", "value": True}, "/filter/value", "invalid"),
        ({"field": "name", "op": "eq", "value": "a\0"}, "/filter/value", "invalid"),
        ({"field": "created_at", "op": "on", "value": "2026-W01-1"}, "/filter/value", "invalid"),
        ({"field": "custom.vip", "op": "eq", "value": "true"}, "/filter/value", "invalid"),
        (nested(6), "/filter" + "/all/0" * 5 + "/all", "too_deep"),
        ({"any": [{"field": "name", "op": "set"}] * 251}, "/filter", "too_many_conditions"),
    ],
)  # fmt: skip
def test_refused_with_a_pointer(given: Any, pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        tree(given)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [(pointer, code)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    leaf = {"field": "name", "op": "eq", "value": 1}
    with pytest.raises(Invalid) as refused:
        tree({"all": [leaf, {"field": "x", "op": "set"}, {"any": [leaf]}]})
    assert [one.pointer for one in refused.value.errors] == [
        "/filter/all/0/value",
        "/filter/all/1/field",
        "/filter/all/2/any/0/value",
    ]


def test_the_largest_filters_pass() -> None:
    tree(nested(5))
    tree({"any": [{"field": "name", "op": "eq", "value": f"{number}"} for number in range(250)]})


@pytest.mark.parametrize(
    "given",
    [
        {"any": [{"field": "name", "op": "eq", "value": 1}] * 100_000},
        {"all": [{"any": [{"field": "name", "op": "in", "value": ["x" * 200] * 500}] * 250}] * 40},
        nested(900),
        {"field": "name", "op": "contains", "value": "á" * 1_000_000},
        {"all": [{}] * 100_000},
    ],
)  # fmt: skip
def test_a_hostile_filter_is_refused_quickly(given: Any) -> None:
    began = time.process_time()
    try:
        tree(given)
    except Invalid as refused:
        assert 1 <= len(refused.errors) <= 20
    assert time.process_time() - began < 2


def test_no_value_and_no_name_becomes_code() -> None:
    slug = "x'] or __import__('os').system('true') or record['"
    evil = [CustomField("cf_1", "contacts", slug, "x", "text", NOW)]
    fields = fields_of("contacts", evil)
    given = {"any": [{"field": f"custom.{slug}", "op": "eq", "value": "') or True or ('"}]}
    matcher = Matcher(parse(given, fields, AT))
    assert matcher.select([item(record(name="x"))]) == []
    assert matcher.matches(item(record(custom_fields={slug: "') or True or ('"})))


def test_a_moment_is_read_in_the_accounts_zone() -> None:
    at = Moment(datetime(2026, 3, 11, 1, tzinfo=UTC), ZONE, phone)
    found = parse({"field": "custom.due", "op": "within_last", "value": {"n": 1, "unit": "days"}}, FIELDS, at)
    records = [
        record(id=day, custom_fields={"due": day}) for day in ("2026-03-08", "2026-03-09", "2026-03-10", "2026-03-11")
    ]
    assert [one["id"] for one in Matcher(found, "values").select(records)] == ["2026-03-09", "2026-03-10"]


# -- what need not be read ----------------------------------------------------------------------------------------

GROUP = {"field": "group", "op": "eq", "value": "gr_1"}
MARCH = {"field": "created_at", "op": "on", "value": "2026-03-10"}
NOON = "2026-03-10T12:00:00Z"
BEGINS, ENDS = "2026-03-10T03:00:00.000Z", "2026-03-11T03:00:00.000Z"


@pytest.mark.parametrize(
    ("given", "begins", "ends", "members_of"),
    [
        ({}, None, None, None),
        (GROUP, None, None, ("group_ids", "gr_1")),
        ({"all": [{"all": [MARCH]}, GROUP]}, BEGINS, ENDS, ("group_ids", "gr_1")),
        ({"any": [GROUP]}, None, None, ("group_ids", "gr_1")),
        ({"any": [GROUP, MARCH]}, None, None, None),
        ({"all": [{"any": [GROUP, MARCH]}]}, None, None, None),
        ({**GROUP, "op": "ne"}, None, None, None),
        ({**GROUP, "op": "in", "value": ["gr_1", "gr_2"]}, None, None, None),
        ({**MARCH, "op": "ne"}, None, None, None),
        ({"all": [MARCH, {**MARCH, "op": "after", "value": NOON}]}, "2026-03-10T12:00:00.000Z", ENDS, None),
        ({"field": "organization", "op": "eq", "value": "og_1"}, None, None, ("organization_id", "og_1")),
    ],
)  # fmt: skip
def test_what_everybody_has_bounds_the_reading(given: Any, begins: Any, ends: Any, members_of: Any) -> None:
    bounds = bounds_of(tree(given))
    assert (bounds.created_from, bounds.created_to, bounds.members_of) == (begins, ends, members_of)


def test_only_what_is_asked_for_is_read() -> None:
    given = {"any": [{"field": "custom.nick", "op": "set"}, {"field": "custom.vip", "op": "set"}, GROUP]}
    assert bounds_of(tree(given)).attributes == ("id", "custom_fields", "group_ids")
