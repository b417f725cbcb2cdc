"""Which records a segment holds of: its tree, turned once into one Python function and run over pages of records
(PRODUCT G3). Pure.

The function is text made of this module's own words: every value and every name that somebody chose is bound to it as a
constant and never becomes code. It is what a person would write by hand for these conditions: a record is read as it
lies in the table, or as plain values; only the attributes that the tree asks for are read at all, of JSON no more than
a condition needs; what is dear and asked for more than once is read once for each record; a text that begins with
another letter than the one it is asked for is not folded; and in each group the cheap conditions come first, which
changes nothing of what it means.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from recado.domain.contact_search import fold, other_openings
from recado.domain.segment_fields import Field
from recado.domain.segment_operands import Test
from recado.domain.segments import Condition, Group, conditions_of

Form = Literal["items", "values"]
"""`items`: as DynamoDB gives them, {"name": {"S": "Ana"}}, with JSON texts where the table has those. `values`:
{"name": "Ana"}, of the same names, times as RFC 3339 text."""
Record = Mapping[str, Any]

_UNREAD = object()
_JSON_ATTRIBUTES = frozenset({"group_ids", "custom_fields"})
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_-]+")
"""JSON writes it as it is between quotation marks: it is in a text of JSON or it is not."""
_MOST_LOOKED_FOR = 4
"""From more on a list is read and compared at once."""
_decoded = json.JSONDecoder().raw_decode


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
        found = _decoded(found["S"])[0] if attribute in _JSON_ATTRIBUTES else found["S"]
    return (found or {}).get(known.attribute) if known.custom else found or None


@dataclass(frozen=True)
class _Reading:
    """Expressions: `there`, true of a record that has the value, None when all have it; `value`, good once `there` was
    asked; `unfolded`, the text that `value` folds anew, None when it does not."""

    there: str | None
    value: str
    unfolded: str | None = None


class _Code:
    """The text of a segment's function, and what is bound to its names."""

    def __init__(self, tree: Group, form: Form) -> None:
        self._form = form
        self.names: dict[str, Any] = dict(_HELPERS)
        self._uses = Counter(_source(one) for one in conditions_of(tree))
        self._places: dict[tuple[Field, str], str] = {}
        self._custom_uses = sum(one.field.custom for one in conditions_of(tree))
        self._condition = self._group(tree)

    def text(self) -> str:
        """The whole function."""
        kept = [*self._places.values(), *(["custom"] if self._custom_uses > 1 else [])]
        forget = f"        {' = '.join(kept)} = unread\n" if kept else ""
        return (
            "def select(records):\n"
            "    found = []\n"
            "    for record in records:\n"
            f"{forget}"
            f"        if {self._condition}:\n"
            "            found.append(record)\n"
            "    return found\n"
        )

    def _bind(self, value: Any) -> str:
        """A name for a constant."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def _group(self, group: Group) -> str:
        if not group.parts:
            return "True"
        cheap_first = sorted(group.parts, key=_cost)
        parts = (self._group(part) if isinstance(part, Group) else self._leaf(part) for part in cheap_first)
        return "(" + (" or " if group.any else " and ").join(parts) + ")"

    def _leaf(self, one: Condition) -> str:
        test, reading = one.test, self._reading(one)
        if test.doing == "is_set":
            there = reading.there or "True"
            return f"(not {there})" if test.negated else there
        asked = self._opening(test, reading) + self._asked(one.field, test, reading.value)
        if test.negated:
            asked = f"not ({asked})"
            return f"(not {reading.there} or {asked})" if reading.there else f"({asked})"
        return f"({reading.there} and {asked})" if reading.there else f"({asked})"

    # -- what is asked of a value -------------------------------------------------------------------------------------

    def _asked(self, known: Field, test: Test, value: str) -> str:
        """The test of a value that is there."""
        if known.kind == "phone":
            test = _with_plus(test)
        if test.doing == "between":
            return self._between(test, value)
        if test.doing == "has_any":
            return self._has_any(known, test, value)
        operand = self._bind(test.operand)
        if test.doing == "equals":
            return f"{value} == {operand}"
        if test.doing == "one_of":
            return f"{value} in {operand}"
        if test.doing == "contains":
            return f"{operand} in {value}"
        return f"{value}.startswith({operand})"

    def _opening(self, test: Test, reading: _Reading) -> str:
        """What is asked of the first sign of a text, before the text is folded for this test alone."""
        if reading.unfolded is None or test.doing not in _ANCHORED:
            return ""
        others = other_openings([test.operand] if isinstance(test.operand, str) else test.operand)
        return f"{reading.unfolded}[:1] not in {self._bind(others)} and "

    def _between(self, test: Test, value: str) -> str:
        asked = value
        if test.low is not None:
            asked = f"{self._bind(test.low)} {'<=' if test.with_low else '<'} {asked}"
        if test.high is not None:
            asked = f"{asked} {'<=' if test.with_high else '<'} {self._bind(test.high)}"
        return asked

    def _has_any(self, known: Field, test: Test, value: str) -> str:
        """Of ids in a text of JSON each is looked for as it is written there."""
        if known.custom or self._form == "values":
            return f"not {self._bind(test.operand)}.isdisjoint({value})"
        if len(test.operand) > _MOST_LOOKED_FOR or not all(map(_PLAIN_WORD.fullmatch, test.operand)):
            return f"not {self._bind(test.operand)}.isdisjoint(decoded({value})[0])"
        return "(" + " or ".join(f"{self._bind(json.dumps(one))} in {value}" for one in sorted(test.operand)) + ")"

    # -- how a value is read ------------------------------------------------------------------------------------------

    def _reading(self, one: Condition) -> _Reading:
        """A field's value, as it is compared. One that is dear and asked for again stays under a name."""
        known, way = source = _source(one)
        stored = self._stored(known)
        read = _WAYS[way].format(stored.value)
        if way not in _DEAR or self._uses[source] == 1:
            return _Reading(stored.there, read, stored.value if way == "text" else None)
        place = self._places.setdefault(source, f"v{len(self._places)}")
        whole = f"({read} if {stored.there} else None)" if stored.there else read
        return _Reading(f"({place} if {place} is not unread else ({place} := {whole})) is not None", place)

    def _stored(self, known: Field) -> _Reading:
        """A field's stored value."""
        if known.custom:
            return self._stored_custom(known)
        if not known.attribute.isidentifier():
            raise ValueError("an attribute is a word of ours")
        if self._form == "values":
            return _Reading(f"(x := record.get('{known.attribute}'))", "x")
        if known.always:
            return _Reading(None, f"record['{known.attribute}']['S']")
        return _Reading(f"(x := record.get('{known.attribute}')) is not None", "x['S']")

    def _stored_custom(self, known: Field) -> _Reading:
        """All custom fields lie in one text of JSON; where one condition asks, those without the field are not read."""
        name = self._bind(known.attribute)
        values = "(record.get('custom_fields') or empty)"
        if self._form == "items":
            values = "(decoded(x['S'])[0] if (x := record.get('custom_fields')) is not None else empty)"
        if self._custom_uses > 1:
            values = f"(custom if custom is not unread else (custom := {values}))"
        elif self._form == "items" and _PLAIN_WORD.fullmatch(known.attribute):
            key = self._bind(json.dumps(known.attribute))
            there = f"(x := record.get('custom_fields')) is not None and {key} in (x := x['S'])"
            return _Reading(f"({there} and (x := decoded(x)[0].get({name})) is not None)", "x")
        return _Reading(f"(x := {values}.get({name})) is not None", "x")


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


def _with_plus(test: Test) -> Test:
    """The test of a stored number where that of its digits is given: numbers are stored with a plus, and those that a
    custom field had before it was one for numbers without."""
    if test.doing == "equals":
        return replace(test, doing="one_of", operand=frozenset((test.operand, f"+{test.operand}")))
    if test.doing == "one_of":
        return replace(test, operand=test.operand | {f"+{one}" for one in test.operand})
    if test.doing == "starts_with":
        return replace(test, operand=(test.operand, f"+{test.operand}"))
    return test


def _cost(part: Group | Condition) -> int:
    """About what looking at a part costs."""
    if isinstance(part, Group):
        return sum(map(_cost, part.parts))
    if part.field.custom:
        return 8
    if part.test.doing == "is_set":
        return 1
    return {"text": 4, "ids": 3}.get(part.field.kind, 1 if part.field.always else 2)


_WAYS: Mapping[str, str] = {
    "plain": "{}",
    "text": "(y.lower() if (y := {}).isascii() else fold(y))",
    "document": "{}.upper()",
    "options": "[fold(one) for one in {}]",
}
"""How a stored value becomes what is compared, by the field's kind."""
_DEAR = frozenset({"text", "options"})
_ANCHORED = frozenset({"equals", "one_of", "starts_with"})
"""Tests that a text passes by how it begins."""
_HELPERS: Mapping[str, Any] = {
    "__builtins__": {},
    "decoded": _decoded,
    "fold": fold,
    "unread": _UNREAD,
    "empty": {},
}
