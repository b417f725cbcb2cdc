"""The columns of contacts in CSV files: the header of exports and what an import's columns may mean, in one list.

Several values in one cell stand between `|`; a `|` or `\\` of their own has a `\\` before it. That no cell is taken for
a formula is the matter of `domain.csv_cells`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField, FieldType

TEXTS = (
    "name", "mobile", "phone", "email", "birthday", "address", "city", "district", "state", "country", "notes",
)  # fmt: skip
"""Columns that are the contact's fields of the same name."""
COLUMNS = ("id", *TEXTS, "organization", "groups", "principal_id")
CUSTOM = "cf_"
"""A custom field's column is this and its slug."""
SEPARATOR = "|"

_ESCAPED = re.compile(r"[\\|]")
_VALUE = re.compile(r"(?:[^\\|]|\\[\\|]|\\)+")
_ESCAPE = re.compile(r"\\([\\|])")
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_own_fields = operator.attrgetter("id", *TEXTS)


@dataclass(frozen=True)
class Names:
    """What organizations and groups are called, by id. Those that are not here are not in the account any more."""

    organizations: Mapping[str, str]
    groups: Mapping[str, str]


def header(fields: Iterable[CustomField]) -> tuple[str, ...]:
    """All columns of an account: those of every contact, then one for each active custom field, the oldest first."""
    own = sorted((one for one in fields if one.active and one.table == "contacts"), key=lambda one: one.id)
    return (*COLUMNS, *(f"{CUSTOM}{field.slug}" for field in own))


def row_maker(columns: Sequence[str]) -> Callable[[Contact, Names], Sequence[str]]:
    """What makes a contact's cells for these columns of `header`; what the contact does not have is empty."""
    slugs = [column.removeprefix(CUSTOM) for column in columns if column.startswith(CUSTOM)]

    def every_cell(contact: Contact, names: Names) -> list[str]:
        row = [text or "" for text in _own_fields(contact)]
        row.append(names.organizations.get(contact.organization_id, "") if contact.organization_id else "")
        known = names.groups
        row.append(joined([known[one] for one in contact.group_ids if one in known]) if contact.group_ids else "")
        row.append(contact.principal_id or "")
        if slugs:
            values = contact.custom_fields
            row += [value_cell(values[slug]) if slug in values else "" for slug in slugs]
        return row

    every = [*COLUMNS, *(f"{CUSTOM}{slug}" for slug in slugs)]
    if list(columns) == every:
        return every_cell
    places = [every.index(column) for column in columns]

    def chosen_cells(contact: Contact, names: Names) -> list[str]:
        row = every_cell(contact, names)
        return [row[place] for place in places]

    return chosen_cells


def joined(values: Iterable[str]) -> str:
    """Several texts as one cell."""
    return SEPARATOR.join(_ESCAPED.sub(r"\\\g<0>", value) for value in values)


def divided(cell: str) -> list[str]:
    """The texts of a cell, without blanks around them; none is empty. A `\\` before anything else stands for itself."""
    values = (_ESCAPE.sub(r"\1", value).strip() for value in _VALUE.findall(cell))
    return [value for value in values if value]


def value_cell(value: Any) -> str:
    """A custom field's value as a cell: `true` or `false`, numbers with a point, lists as `joined`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return joined(value)
    return repr(value)


def cell_value(field_type: FieldType, cell: str) -> Any:
    """The value that a cell means to a custom field of this type, to be checked by `domain.custom_fields`; the text
    itself where it means nothing to that type, None for an empty one."""
    text = cell.strip()
    return _MEANINGS.get(field_type, str)(text) if text else None


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text) and len(text) < 20:
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) and len(text) < 400 else text


def _boolean(text: str) -> bool | str:
    return _BOOLEANS.get(text.casefold(), text)


_MEANINGS: Mapping[FieldType, Callable[[str], Any]] = {
    "number": _number, "boolean": _boolean, "multi_list": divided,
}  # fmt: skip
