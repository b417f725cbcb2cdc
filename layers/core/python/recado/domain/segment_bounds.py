"""What of a table need not be read for a segment (PRODUCT G3): what its outermost E+ group asks of every record. Pure.

Only the outermost group counts: whatever else the filter says, a record outside of these bounds is not meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recado.domain.segment_operands import Test
from recado.domain.segments import Condition, Group, conditions_of

ALWAYS_READ = ("id",)


@dataclass(frozen=True)
class Bounds:
    """`created_from` and `created_to`: the first and last moment of making, as stored text; None: no such end.
    `members_of`: a group or an organization, by the attribute and id, of which every record is a member. `attributes`:
    all that the tree asks for."""

    attributes: tuple[str, ...]
    created_from: str | None = None
    created_to: str | None = None
    members_of: tuple[str, str] | None = None


def bounds_of(tree: Group) -> Bounds:
    """What of the table a segment needs."""
    read = dict.fromkeys(ALWAYS_READ)
    read |= dict.fromkeys("custom_fields" if one.field.custom else one.field.attribute for one in conditions_of(tree))
    asked = [one for one in _of_everybody(tree) if not one.test.negated]
    made = [one.test for one in asked if one.name == "created_at" and one.test.doing == "between"]
    return Bounds(
        attributes=tuple(read),
        created_from=max((test.low for test in made if test.low is not None), default=None),
        created_to=min((test.high for test in made if test.high is not None), default=None),
        members_of=next((found for found in map(_membership, asked) if found is not None), None),
    )


def _of_everybody(tree: Group) -> Iterator[Condition]:
    """The conditions that hold of every record that is meant."""
    for part in tree.parts:
        if isinstance(part, Condition):
            if not tree.any or len(tree.parts) == 1:
                yield part
        elif not tree.any or len(tree.parts) == 1:
            yield from _of_everybody(part)


def _membership(one: Condition) -> tuple[str, str] | None:
    if one.field.custom or one.field.attribute not in ("group_ids", "organization_id"):
        return None
    only = _only_id(one.test)
    return None if only is None else (one.field.attribute, only)


def _only_id(test: Test) -> str | None:
    if test.doing == "equals":
        return str(test.operand)
    if test.doing in ("has_any", "one_of") and len(test.operand) == 1:
        return str(next(iter(test.operand)))
    return None
