"""Which records a segment holds of: its tree, turned once into one Python function and run over pages of records
(PRODUCT G3). Pure.

The function is text made of this module's own words: every value and every name that somebody chose is bound to it as a
constant and never becomes code. A record is read as it lies in the table, or as plain values, and only the attributes
that the tree asks for are read at all; one that is asked for more than once is read once for each record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from recado.domain.contact_search import fold
from recado.domain.segment_fields import Field
from recado.domain.segment_operands import Test
from recado.domain.segments import Condition, Group, conditions_of

Form = Literal["items", "values"]
"""`items`: as DynamoDB gives them, {"name": {"S": "Ana"}}, with JSON texts where the table has those. `values`:
{"name": "Ana"}, of the same names, times as RFC 3339 text."""
Record = Mapping[str, Any]

_UNREAD = object()
_JSON_ATTRIBUTES = frozenset({"group_ids", "custom_fields"})


@dataclass(frozen=True)
class Leaf:
    """What one condition made of a record: `value` as the record has it, None when it has none."""

    pointer: str
    held: bool
    value: Any


class Matcher:
    """A segment ready to run over records of one form."""

    def __init__(self, tree: Group, form: Form = "items") -> None:
        self._tree, self._form = tree, form
        self.select: Callable[[Iterable[Record]], list[Record]] = _compiled(tree, form)
        """Those of the records that it holds of, in their order."""

    def matches(self, record: Record) -> bool:
        """Whether it holds of this one."""
        return bool(self.select((record,)))

    def leaves(self, record: Record) -> list[Leaf]:
        """What each condition makes of a record, in the order of the filter."""
        return [self._leaf(one, record) for one in conditions_of(self._tree)]

    def _leaf(self, one: Condition, record: Record) -> Leaf:
        alone = Group(one.pointer, False, (one,))
        return Leaf(one.pointer, bool(_compiled(alone, self._form)((record,))), value_of(one.field, record, self._form))


def value_of(known: Field, record: Record, form: Form) -> Any:
    """A field's value in a record as it is stored, None when there is none."""
    attribute = "custom_fields" if known.custom else known.attribute
    found = record.get(attribute)
    if form == "items" and found is not None:
        found = _loads(found["S"]) if attribute in _JSON_ATTRIBUTES else found["S"]
    return (found or {}).get(known.attribute) if known.custom else found or None


class _Code:
    """The text of a segment's function, and what is bound to its names."""

    def __init__(self, tree: Group, form: Form) -> None:
        self.form = form
        self.names: dict[str, Any] = dict(_HELPERS)
        self._uses = Counter(_source(one) for one in conditions_of(tree))
        self._places: dict[tuple[Field, str], str] = {}
        self._custom = "custom" if any(one.field.custom for one in conditions_of(tree)) else None
        self.condition = self._group(tree)

    def text(self) -> str:
        """The whole function."""
        kept = [*(place for source, place in self._places.items() if self._uses[source] > 1)]
        if self._custom:
            kept.append(self._custom)
        forget = "".join(f"        {place} = unread\n" for place in kept)
        return (
            "def select(records):\n"
            "    found = []\n"
            "    for record in records:\n"
            f"{forget}"
            f"        if {self.condition}:\n"
            "            found.append(record)\n"
            "    return found\n"
        )

    def bind(self, value: Any) -> str:
        """A name for a constant."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def _group(self, group: Group) -> str:
        if not group.parts:
            return "True"
        parts = (self._group(part) if isinstance(part, Group) else self._leaf(part) for part in group.parts)
        return "(" + (" or " if group.any else " and ").join(parts) + ")"

    def _leaf(self, one: Condition) -> str:
        read, place = self._read(one)
        if one.test.doing == "is_set":
            return f"({read} is {'' if one.test.negated else 'not '}None)"
        asked = self._asked(one.test, place)
        if one.test.negated:
            return f"({read} is None or not ({asked}))"
        return f"({read} is not None and {asked})"

    def _asked(self, test: Test, place: str) -> str:
        """The test of a value that is there."""
        if test.doing == "between":
            return self._between(test, place)
        operand = self.bind(test.operand)
        if test.doing == "equals":
            return f"{place} == {operand}"
        if test.doing == "one_of":
            return f"{place} in {operand}"
        if test.doing == "contains":
            return f"{operand} in {place}"
        if test.doing == "starts_with":
            return f"{place}.startswith({operand})"
        return f"not {operand}.isdisjoint({place})"

    def _between(self, test: Test, place: str) -> str:
        asked = place
        if test.low is not None:
            asked = f"{self.bind(test.low)} {'<=' if test.with_low else '<'} {asked}"
        if test.high is not None:
            asked = f"{asked} {'<=' if test.with_high else '<'} {self.bind(test.high)}"
        return asked

    def _read(self, one: Condition) -> tuple[str, str]:
        """An expression of a field's value, as it is compared, or None, and the name under which it stays."""
        source = _source(one)
        place = self._places.setdefault(source, f"v{len(self._places)}")
        known, way = source
        read = _WAYS[way].format(self._stored(known))
        if self._uses[source] > 1:
            return f"({place} if {place} is not unread else ({place} := {read}))", place
        return f"({place} := {read})", place

    def _stored(self, known: Field) -> str:
        """An expression of a field's stored value, or None."""
        if not known.custom:
            return _attribute(known.attribute, self.form)
        values = _attribute("custom_fields", self.form)
        return f"(custom if custom is not unread else (custom := {values} or empty)).get({self.bind(known.attribute)})"


def _compiled(tree: Group, form: Form) -> Callable[[Iterable[Record]], list[Record]]:
    code = _Code(tree, form)
    names = code.names
    exec(compile(code.text(), "<segment>", "exec"), names)
    select: Callable[[Iterable[Record]], list[Record]] = names["select"]
    return select


def _source(one: Condition) -> tuple[Field, str]:
    """What is read for a condition, and the way in which it is compared."""
    if one.test.doing == "is_set":
        return one.field, "plain"
    return one.field, one.field.kind if one.field.kind in _WAYS else "plain"


def _attribute(attribute: str, form: Form) -> str:
    """An expression of an attribute's value, or None. Attributes are words of `segment_fields`, not of a request."""
    if not attribute.isidentifier():
        raise ValueError("an attribute is a word of ours")
    if form == "values":
        return f"(record.get('{attribute}') or None)"
    value = "loads(x['S'])" if attribute in _JSON_ATTRIBUTES else "x['S']"
    return f"({value} if (x := record.get('{attribute}')) is not None else None)"


_WAYS: Mapping[str, str] = {
    "plain": "{}",
    "text": "((y.lower() if y.isascii() else fold(y)) if (y := {}) is not None else None)",
    "phone": "(y.lstrip('+') if (y := {}) is not None else None)",
    "document": "(y.upper() if (y := {}) is not None else None)",
    "options": "([fold(one) for one in y] if (y := {}) is not None else None)",
}
"""How a stored value becomes what is compared, by the field's kind."""


def _loads(text: str) -> Any:
    return json.loads(text) or None


_HELPERS: Mapping[str, Any] = {
    "__builtins__": {},
    "unread": _UNREAD,
    "empty": {},
    "fold": fold,
    "loads": _loads,
}
