"""Segments: which records are meant, as a tree of E+ (`all`) and OU+ (`any`) groups of conditions (PRODUCT G3). Pure.

A filter comes as JSON, is checked whole, and becomes a tree of tests that `domain.segment_matching` turns into code.
What cannot be evaluated is refused here, with a pointer to the node: nothing that is wrong is ever "no match".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from recado.domain.errors import FieldError, Invalid
from recado.domain.segment_fields import OPERATORS, OPERATORS_OF, Field
from recado.domain.segment_operands import Moment, Named, Test, WrongOperand, test_of

MAX_DEPTH = 5
MAX_CONDITIONS = 250
MAX_NODES = 1_000
"""Conditions and groups."""
MAX_ALL_VALUES = 5_000
"""Of all lists together."""
_MAX_ERRORS = 20
_GROUPS = ("all", "any")

Ask = Callable[[Field, str, Any], Field]


def as_it_is(known: Field, op: str, value: Any) -> Field:
    """The field: its type is known."""
    return known


@dataclass(frozen=True)
class Condition:
    """One leaf. `name` and `op` as they were asked for."""

    pointer: str
    name: str
    op: str
    field: Field
    test: Test


@dataclass(frozen=True)
class Group:
    """`any`: one of its parts is enough; else all have to hold. Without parts it holds of everybody."""

    pointer: str
    any: bool
    parts: tuple[Group | Condition, ...]


@dataclass
class _Reading:
    fields: Mapping[str, Field]
    moment: Moment
    named: Named
    ask: Ask
    errors: list[FieldError] = field(default_factory=list)
    conditions: int = 0
    nodes: int = 0
    values: int = 0

    def wrong(self, pointer: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(pointer, code, detail))

    @property
    def is_over(self) -> bool:
        """Whether to read on is of no use."""
        return len(self.errors) >= _MAX_ERRORS or self.too_many is not None

    @property
    def too_many(self) -> str | None:
        """Of what the filter has more than is read."""
        if self.conditions > MAX_CONDITIONS:
            return f"A filter has at most {MAX_CONDITIONS} conditions."
        if self.nodes > MAX_NODES:
            return f"A filter has at most {MAX_NODES:,} conditions and groups."
        if self.values > MAX_ALL_VALUES:
            return f"All lists of a filter have at most {MAX_ALL_VALUES:,} values."
        return None


def parse(
    given: Any,
    fields: Mapping[str, Field],
    moment: Moment,
    named: Named | None = None,
    pointer: str = "/filter",
    ask: Ask = as_it_is,
) -> Group:
    """The tree of a filter. `fields`: those of its table (`segment_fields.fields_of`); `moment`: what its relative
    times are relative to; `named`: which ids a value of a field stands for, where that is not the value itself; `ask`:
    what a field without a type is to an operator and a value. None and `{}` mean everybody. Raises Invalid with a
    pointer to each wrong node, at most 20."""
    reading = _Reading(fields, moment, named or {}, ask)
    tree = _node({} if given is None else given, pointer, 1, reading)
    if reading.too_many is not None:
        raise Invalid.field(pointer, "too_many_conditions", reading.too_many)
    if reading.errors:
        raise Invalid(reading.errors[0].detail, errors=reading.errors[:_MAX_ERRORS])
    return tree if isinstance(tree, Group) else Group(pointer, False, (tree,) if tree else ())


def conditions_of(tree: Group) -> Iterator[Condition]:
    """Its leaves, in their order."""
    for part in tree.parts:
        if isinstance(part, Group):
            yield from conditions_of(part)
        else:
            yield part


def _node(given: Any, pointer: str, depth: int, reading: _Reading) -> Group | Condition | None:
    """None: something in it was wrong, and is told."""
    reading.nodes += 1
    if not isinstance(given, Mapping):
        reading.wrong(pointer, "invalid", 'Give {"all": […]}, {"any": […]} or {"field", "op", "value"}.')
        return None
    kinds = [kind for kind in (*_GROUPS, "field") if kind in given]
    if not given:
        return Group(pointer, False, ())
    if len(kinds) != 1:
        reading.wrong(pointer, "invalid", 'A node is one of {"all"}, {"any"} and {"field", "op", "value"}.')
        return None
    allowed = {"field", "op", "value"} if kinds == ["field"] else set(kinds)
    unknown = next((str(name) for name in given if name not in allowed), None)
    if unknown is not None:
        reading.wrong(pointer, "unknown_field", f"There is no {unknown[:50]!r} in this node.")
        return None
    if kinds == ["field"]:
        return _condition(given, pointer, reading)
    return _group(given[kinds[0]], f"{pointer}/{kinds[0]}", kinds == ["any"], depth, reading)


def _group(given: Any, pointer: str, is_any: bool, depth: int, reading: _Reading) -> Group | None:
    if not isinstance(given, list):
        reading.wrong(pointer, "invalid", "Give a list of conditions and groups.")
        return None
    if is_any and not given:
        reading.wrong(pointer, "empty_any", "One of none holds of nobody: give it a condition, or leave it out.")
        return None
    if depth > MAX_DEPTH:
        reading.wrong(pointer, "too_deep", f"Groups nest at most {MAX_DEPTH} deep.")
        return None
    parts = list[Group | Condition]()
    for index, one in enumerate(given):
        if reading.is_over:
            return None
        part = _node(one, f"{pointer}/{index}", depth + 1, reading)
        if part is not None:
            parts.append(part)
    return Group(pointer, is_any, tuple(parts))


def _condition(given: Mapping[str, Any], pointer: str, reading: _Reading) -> Condition | None:
    reading.conditions += 1
    reading.values += len(given["value"]) if isinstance(given.get("value"), list) else 0
    if reading.is_over:
        return None
    name, op = given["field"], given.get("op")
    known = reading.fields.get(name) if isinstance(name, str) else None
    if known is None:
        reading.wrong(f"{pointer}/field", "unknown_field", "There is no such field to filter by.")
        return None
    if not isinstance(op, str) or op not in OPERATORS:
        reading.wrong(f"{pointer}/op", "unknown_operator", "An operator is one of " + ", ".join(OPERATORS) + ".")
        return None
    if op not in OPERATORS_OF[known.kind]:
        fitting = ", ".join(one for one in OPERATORS if one in OPERATORS_OF[known.kind])
        reading.wrong(f"{pointer}/op", "operator_not_for_field", f"This field is asked by {fitting}.")
        return None
    known = reading.ask(known, op, given.get("value"))
    try:
        test = test_of(known, op, given.get("value"), reading.moment, reading.named.get(name))
    except WrongOperand as wrong:
        reading.wrong(f"{pointer}/value{wrong.pointer}", wrong.code, str(wrong))
        return None
    return Condition(pointer, name, op, known, test)
