"""The columns of contacts in CSV files: the header of exports and what an import's columns may mean, in one list.

Several values in one cell stand between `|`; a `|` or `\\` of their own has a `\\` before it. In a cell without a `|`,
as other programs and people write it, they stand between line breaks, ` ::: `, `;` or `,`: so a single value that has
one of these has a `|` behind it. That no cell is taken for a formula is the matter of `domain.csv_cells`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recado.domain.contact_search import fold
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
_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")
_LINE_BREAKS = re.compile(r"[\r\n]+")
_OTHER_SEPARATORS = (" ::: ", ";", ",")
"""Of the address books of Google, of most programs for customers, of people. The first of them that a cell has
separates its values, the others are part of them."""
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d+,\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_EITHER = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
"""1.234 to some and 1234 to others."""
_BOOLEANS = dict.fromkeys(("true", "verdadeiro", "verdadero", "sim", "s", "si", "yes", "y", "1"), True) | dict.fromkeys(
    ("false", "falso", "nao", "n", "no", "0"), False
)
"""As exports write them, and as spreadsheets and people do in English, Portuguese and Spanish, without accents."""


@dataclass(frozen=True)
class Names:
    """What organizations and groups are called, and the addresses of users, by id. Those that are not here are not in
    the account any more."""

    organizations: Mapping[str, str]
    groups: Mapping[str, str]
    users: Mapping[str, str] = field(default_factory=dict)


Column = Sequence[str | None]
Cells = Callable[[Sequence[Contact], Names], list[Column]]


def header(fields: Iterable[CustomField]) -> tuple[str, ...]:
    """All columns of an account: those of every contact, then one for each active custom field, the oldest first."""
    own = sorted((one for one in fields if one.active and one.table == "contacts"), key=lambda one: one.id)
    return (*COLUMNS, *(f"{CUSTOM}{field.slug}" for field in own))


def cells_maker(columns: Sequence[str], decimal_comma: bool = False, agents: Collection[str] = ()) -> Cells:
    """What makes the cells of some contacts, a list for each of these columns of `header`; what a contact does not have
    is None or empty. `decimal_comma`: numbers of custom fields have one. `agents`: slugs of custom fields whose values
    are users: they are told by their addresses, those who are gone by their ids."""
    own = [column for column in columns if column not in _OTHERS and not column.startswith(CUSTOM)]
    fields = operator.attrgetter("custom_fields", "id", *own)  # two at least: of a single one it gives no tuple

    def cells(contacts: Sequence[Contact], names: Names) -> list[Column]:
        if not contacts:
            return [() for _ in columns]
        custom, _, *values = zip(*map(fields, contacts), strict=True)
        made = dict(zip(own, values, strict=True))
        return [
            made[column] if column in made
            else _OTHERS[column](contacts, names) if column in _OTHERS
            else _agent_cells(column.removeprefix(CUSTOM), custom, names) if column.removeprefix(CUSTOM) in agents
            else _custom_cells(column.removeprefix(CUSTOM), custom, decimal_comma)
            for column in columns
        ]  # fmt: skip

    return cells


def _organizations(contacts: Sequence[Contact], names: Names) -> Column:
    known = names.organizations
    return [known.get(one.organization_id) if one.organization_id else None for one in contacts]


def _groups(contacts: Sequence[Contact], names: Names) -> Column:
    known = names.groups
    made: dict[tuple[str, ...], str] = {}
    for contact in contacts:
        ids = contact.group_ids
        if ids not in made:
            made[ids] = joined([known[one] for one in ids if one in known])
    return [made[contact.group_ids] for contact in contacts]


def _custom_cells(slug: str, each: Sequence[Mapping[str, Any]], decimal_comma: bool) -> Column:
    values = [values.get(slug) for values in each]
    if decimal_comma:
        values = [repr(value).replace(".", ",") if type(value) is float else value for value in values]
    return [value if value is None or type(value) is str else value_cell(value) for value in values]


def _agent_cells(slug: str, each: Sequence[Mapping[str, Any]], names: Names) -> Column:
    ids = [values.get(slug) for values in each]
    return [names.users.get(one, one) if one else None for one in ids]


_OTHERS: Mapping[str, Callable[[Sequence[Contact], Names], Column]] = {
    "organization": _organizations, "groups": _groups,
}  # fmt: skip
"""Columns that are no field of the contact."""


def joined(values: Iterable[str]) -> str:
    """Several texts as one cell."""
    texts = [_ESCAPED.sub(r"\\\g<0>", one) if "|" in one or "\\" in one else one for one in values]
    if len(texts) == 1 and len(_without_bar(texts[0])) > 1:
        texts.append("")
    return SEPARATOR.join(texts)


def divided(cell: str) -> list[str]:
    """The texts of a cell, without blanks around them; none is empty. A `\\` before anything else stands for itself."""
    values = _VALUE.findall(cell) if _BAR.search(cell) else _without_bar(cell)
    texts = (_ESCAPE.sub(r"\1", value).strip() for value in values)
    return [text for text in texts if text]


def _without_bar(cell: str) -> list[str]:
    """The parts of a cell that has no `|`."""
    separator = next((one for one in _OTHER_SEPARATORS if one in cell), None)
    lines = _LINE_BREAKS.split(cell)
    return [part for line in lines for part in line.split(separator)] if separator else lines


def value_cell(value: Any) -> str:
    """A custom field's value as a cell: `true` or `false`, numbers with a point, lists as `joined`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return joined(value)
    return repr(value)


def cell_value(field_type: FieldType, cell: str, decimal_comma: bool = False) -> Any:
    """The value that a cell means to a custom field of this type, to be checked by `domain.custom_fields`; the text
    itself where it means nothing to that type, None for an empty one. `decimal_comma`: it is known that a comma in a
    number is one, `1,234` too."""
    text = cell.strip()
    if decimal_comma and field_type == "number" and _EITHER.fullmatch(text):
        text = text.replace(",", ".")
    return _MEANINGS.get(field_type, str)(text) if text else None


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text) and len(text) < 20:
        return int(text)
    if _WITH_COMMA.fullmatch(text) and not _EITHER.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) and len(text) < 400 else text


def _boolean(text: str) -> bool | str:
    return _BOOLEANS.get(fold(text), text)


_MEANINGS: Mapping[FieldType, Callable[[str], Any]] = {
    "number": _number, "boolean": _boolean, "multi_list": divided,
}  # fmt: skip
