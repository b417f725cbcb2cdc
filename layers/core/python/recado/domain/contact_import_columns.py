"""What the columns of an imported file mean: which field of a contact each of them is, and what a row says of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from recado.domain.contact_columns import COLUMNS, CUSTOM, TEXTS, divided
from recado.domain.contact_import_cells import day_of, value_of
from recado.domain.contact_search import fold
from recado.domain.csv_cells import read
from recado.domain.csv_files import Layout, Record
from recado.domain.custom_fields import CustomField
from recado.domain.errors import FieldError, Invalid

KNOWN_BY = ("id", "name", "mobile", "phone", "email")
"""Without a column for one of these no row says who it is about."""
MAX_MAPPED = 300
_PHONES = ("mobile", "phone")
_NOT_DIGITS = re.compile(r"\D+")
_COMMON_DIGITS = 8
"""So many last digits all forms of a number have in common."""
_OTHER_NAMES: Mapping[str, str] = {
    "id": "contact id, id do contato, id contato",
    "name": "full name, nome, nome completo, contato, contact, cliente, customer, client",
    "mobile": "mobile phone, mobile number, cell, cell phone, celular, telefone celular, movel, "
    "numero do celular, numero de celular, celular 1",
    "phone": "telephone, phone number, landline, tel, telefone, telefone fixo, fixo, fone, numero, numero de telefone, "
    "telefone 1, phone 1, phone 1 value",
    "email": "e mail, mail, email address, correio eletronico, endereco de email, e mail 1, e mail 1 value",
    "birthday": "birth date, date of birth, birthdate, dob, data de nascimento, nascimento, aniversario, data nasc",
    "address": "street address, street, endereco, logradouro, rua",
    "city": "town, cidade, municipio",
    "district": "neighborhood, neighbourhood, bairro, distrito",
    "state": "province, estado, uf, provincia",
    "country": "pais",
    "notes": "note, comments, comment, observacoes, observacao, obs, notas, nota, comentarios, anotacoes",
    "organization": "organisation, company, organizacao, empresa, companhia",
    "groups": "group, tags, labels, grupos, grupo, etiquetas",
    "principal_id": "principal, principal contact id, id do principal, contato principal",
}


@dataclass
class Given:
    """What a row says. `texts`: fields of the contact by name, `organization` and `groups` by their names,
    `custom_fields` by slug; what is blank is not among them. `key` is the same for rows that say the same."""

    id: str | None = None
    texts: dict[str, Any] = field(default_factory=dict)
    organization: str | None = None
    groups: list[str] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=dict)
    key: str = ""


def importable(fields: Iterable[CustomField]) -> dict[str, CustomField | None]:
    """The fields that a column may be, by the names of export's columns."""
    own = {f"{CUSTOM}{one.slug}": one for one in fields if one.active and one.table == "contacts"}
    return {**dict.fromkeys(COLUMNS), **own}


def proposed(columns: Sequence[str], fields: Iterable[CustomField], by_mobile: Iterable[str] = ()) -> dict[str, str]:
    """Which columns are which fields by their names: those of exports, common ones in English and Portuguese, slugs and
    labels of custom fields; `by_mobile` names channels that reach a mobile number. Of two columns for one field the
    first."""
    known = {_plain(name): "mobile" for name in by_mobile} | _NAMES
    for one in fields:
        if one.active and one.table == "contacts":
            column = f"{CUSTOM}{one.slug}"
            known[_plain(column)] = column
            known.setdefault(_plain(one.slug), column)
            known.setdefault(_plain(one.label), column)
    found: dict[str, str] = {}
    for column in columns:
        name = known.get(_plain(column))
        if name and name not in found.values():
            found[column] = name
    return found


def check_mapping(mapping: Mapping[str, str], columns: Sequence[str], fields: Iterable[CustomField]) -> None:
    """Raises Invalid with a pointer to each column that is not there, is no field, or a field that another one is."""
    known, errors, taken = importable(fields), list[FieldError](), set[str]()
    for column, name in mapping.items():
        pointer = f"/mapping/{column.replace('~', '~0').replace('/', '~1')}"
        if not column or column not in columns:
            errors.append(FieldError(pointer, "missing_column", "The file has no such column."))
        elif name not in known:
            errors.append(FieldError(pointer, "unknown_field", "There is no such field."))
        elif name in taken:
            errors.append(FieldError(pointer, "repeated", "Another column is this field already."))
        taken.add(name)
    if not errors and not any(name in KNOWN_BY for name in mapping.values()):
        detail = f"One column has to be {', '.join(KNOWN_BY[:-1])} or {KNOWN_BY[-1]}: nothing else says who a row is."
        errors.append(FieldError("/mapping", "nobody_known", detail))
    if errors:
        raise Invalid("The columns cannot be used so.", errors=errors)


class RowReader:
    """Reads what rows say by a mapping of columns to fields. `agents`: slugs of the custom fields whose texts name
    users."""

    def __init__(self, layout: Layout, mapping: Mapping[str, str], fields: Iterable[CustomField]) -> None:
        columns = layout.columns
        self._separator = layout.separator
        known = importable(fields)
        self._columns = {name: column for column, name in mapping.items()}
        self._at = [(columns.index(column), name, known.get(name)) for column, name in mapping.items()]
        self._phones = [at for at, name, _ in self._at if name in _PHONES]
        self.agents = frozenset(one.slug for _, _, one in self._at if one and one.type == "agent")
        self._others = [(at, name) for at, name, _ in self._at if name in ("id", "email", "principal_id")]

    def column_of(self, pointer: str) -> str | None:
        """The column of what an error of the contact points at."""
        _, name, *rest = (*pointer.split("/"), "")
        named = {"organization_id": "organization", "group_ids": "groups", "custom_fields": CUSTOM + rest[0]}
        return self._columns.get(named.get(name, name))

    def given(self, cells: Sequence[str], region: str) -> Given:
        """What a row says. Days are written as in `region` (ISO 3166, two letters)."""
        said = Given()
        texts = said.texts
        for at, name, custom in self._at:
            cell = cells[at]
            text = (read(cell) if "'" in cell else cell).strip()
            if not text:
                continue
            if name in _AS_THEY_ARE:
                texts[name] = text
            elif name == "birthday":
                texts[name] = day_of(text, region)
            elif name.startswith(CUSTOM):
                slug = name.removeprefix(CUSTOM)
                said.custom_fields[slug] = value_of(custom, text, region, self._separator) if custom else text
            elif name == "groups":
                said.groups = divided(text)
            elif name == "organization":
                said.organization = text
            else:
                said.id = text
        if not (said.id or any(name in texts for name in _ADDRESSES)):
            whole = repr([texts, said.organization, said.groups, said.custom_fields])
            said.key = sha256(whole.encode("utf-8", "replace")).hexdigest()
        return said

    def keys_of(self, record: Record) -> list[str]:
        """By what a row may be about the same contact as another: rows that are have a key in common, a few that are
        not may too."""
        if record.wrong is not None:
            return []
        found, cells = [], record.cells
        for at in self._phones:
            if digits := _NOT_DIGITS.sub("", cells[at]):
                found.append(digits[-_COMMON_DIGITS:])
        for at, name in self._others:
            text = cells[at].strip()
            if text:
                found.append(text.casefold() if name == "email" else text)
        return found or ["\0".join(cells)]


def _plain(name: str) -> str:
    return "".join(sign for sign in fold(name) if sign.isalnum())


_AS_THEY_ARE = frozenset({*TEXTS, "principal_id"} - {"birthday"})
_ADDRESSES = KNOWN_BY[2:]
_NAMES = {_plain(name): name for name in COLUMNS} | {
    _plain(other): name for name, others in _OTHER_NAMES.items() for other in others.split(",")
}
