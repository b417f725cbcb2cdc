"""Fields that an account adds to its contacts and organizations (PRODUCT H3), and what may be written into each.

A field is deactivated, never deleted: its values stay where they are, are not shown, and come back with it. Its type is
fixed when it is made, so that no value ever changes its meaning.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args

from recado.domain.brazilian_documents import cnpj, cpf
from recado.domain.errors import FieldError
from recado.domain.web_addresses import is_web_address

Table = Literal["contacts", "organizations"]
FieldType = Literal[
    "text", "long_text", "number", "date", "boolean", "list", "multi_list", "email", "phone", "url", "cpf", "cnpj",
    "agent",
]  # fmt: skip
FIELD_TYPES: tuple[FieldType, ...] = get_args(FieldType)
CHOICES: frozenset[FieldType] = frozenset({"list", "multi_list"})
MAX_FIELDS = 200
"""Of one table."""
MAX_OPTIONS = 500
MAX_TEXT, MAX_LONG_TEXT = 1_000, 10_000
MAX_VALUES_CHARACTERS = 60_000
"""Of all values of one contact together, as JSON: with everything else it has to fit an item of 400 KB."""
SLUG = r"^[a-z][a-z0-9_]{0,49}$"
_MAX_NUMBER = 1e15
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class CustomField:
    """`slug` names it in JSON and CSV, once in its table; `options` of a list. `required`: nobody adds a contact
    without it, though a customer who writes is always one. `version` moves by one with each change."""

    id: str
    table: Table
    slug: str
    label: str
    type: FieldType
    created_at: datetime
    required: bool = False
    options: tuple[str, ...] = ()
    active: bool = True
    version: int = 1


class WrongValue(ValueError):
    """A value that the field does not take; its text says what it takes."""


def checked(
    fields: Iterable[CustomField],
    given: Mapping[str, Any],
    before: Mapping[str, Any],
    phone: Callable[[str], str | None],
) -> tuple[dict[str, Any], list[FieldError]]:
    """The values after `given` was written over those `before`, by slug, and what is wrong with them; null and what is
    blank take a value away. What is written as it was stands, though its option may be gone. `phone` makes E.164 of a
    number."""
    known = {field.slug: field for field in fields if field.active}
    values, errors = dict(before), list[FieldError]()
    for slug, value in given.items():
        pointer = f"/custom_fields/{slug.replace('~', '~0').replace('/', '~1')}"
        field = known.get(slug)
        if field is None:
            errors.append(FieldError(pointer, "not_found", "There is no such field."))
        elif value is None or (isinstance(value, str) and not value.strip()) or value == []:
            values.pop(slug, None)
        elif slug not in before or value != before[slug]:
            try:
                values[slug] = checked_value(field, value, phone)
            except WrongValue as wrong:
                errors.append(FieldError(pointer, "invalid", str(wrong)))
    if not errors and len(json.dumps(values, ensure_ascii=False)) > MAX_VALUES_CHARACTERS:
        detail = f"All values together may have at most {MAX_VALUES_CHARACTERS:,} characters."
        errors.append(FieldError("/custom_fields", "too_large", detail))
    return values, errors


def missing(fields: Iterable[CustomField], values: Mapping[str, Any], wrong: Collection[str] = ()) -> list[FieldError]:
    """An error for each required field without a value, but for those (`wrong`, by slug) that were given a wrong
    one."""
    return [
        FieldError(f"/custom_fields/{field.slug}", "required", "This field is needed.")
        for field in fields
        if field.active and field.required and field.slug not in values and field.slug not in wrong
    ]


def shown(fields: Iterable[CustomField], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without those of deactivated fields."""
    hidden = {field.slug for field in fields if not field.active}
    return {slug: value for slug, value in values.items() if slug not in hidden}


def checked_value(field: CustomField, value: Any, phone: Callable[[str], str | None]) -> Any:
    """The value as it is kept: texts without blanks around them, numbers of documents and telephones in one form.
    Raises WrongValue. That an agent exists is for the caller to say."""
    if field.type == "boolean":
        if not isinstance(value, bool):
            raise WrongValue("Give true or false.")
        return value
    if field.type == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_countable(value):
            raise WrongValue("Give a number between -10^15 and 10^15.")
        return value
    if field.type == "multi_list":
        return _choices(field, value)
    if not isinstance(value, str):
        raise WrongValue("Give a text.")
    return _TEXTS[field.type](field, value.strip(), phone)


def _is_countable(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _MAX_NUMBER


def _choices(field: CustomField, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise WrongValue("Give a list of options.")
    unknown = [one for one in value if one not in field.options]
    if unknown:
        raise WrongValue("One of these is no option of the field.")
    return [option for option in field.options if option in value]


def _text(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
    if len(value) > MAX_TEXT or _CONTROLS.search(value):
        raise WrongValue(f"Give one line of at most {MAX_TEXT:,} characters.")
    return value


def _long_text(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
    if len(value) > MAX_LONG_TEXT or "\x00" in value:
        raise WrongValue(f"Give at most {MAX_LONG_TEXT:,} characters.")
    return value


def _day(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise WrongValue("A date is written YYYY-MM-DD.")


def _option(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
    if value not in field.options:
        raise WrongValue("This is no option of the field.")
    return value


def _email(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
    if len(value) > 254 or not EMAIL.fullmatch(value):
        raise WrongValue("This is no e-mail address.")
    return value


def _phone(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
    number = phone(value) if len(value) <= 40 else None
    if number is None:
        raise WrongValue("This is no telephone number. Give it with its area code, or with + and its country code.")
    return number


def _url(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
    if len(value) > 2_000 or not is_web_address(value):
        raise WrongValue("An address begins with https:// or http:// and has no blanks.")
    return value


def _document(made: Callable[[str], str | None], name: str) -> Callable[..., str]:
    def document(field: CustomField, value: str, phone: Callable[[str], str | None]) -> str:
        number = made(value)
        if number is None:
            raise WrongValue(f"This is no {name}: its length or its check digits are wrong.")
        return number

    return document


_TEXTS: Mapping[str, Callable[..., str]] = {
    "text": _text,
    "long_text": _long_text,
    "date": _day,
    "list": _option,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "cpf": _document(cpf, "CPF"),
    "cnpj": _document(cnpj, "CNPJ"),
    "agent": _text,
}
