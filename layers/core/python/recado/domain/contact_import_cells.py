"""What people and their spreadsheets write into cells of an imported file, as the values that are meant: days as the
account's country writes them, options in other letters, numbers of documents whose zeros a spreadsheet took away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from recado.domain.contact_columns import cell_value
from recado.domain.contact_search import fold
from recado.domain.custom_fields import CHOICES, CustomField

_DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?: 0?0:00(?::00)?)?", re.ASCII)
MONTH_FIRST = frozenset({"US", "PH", "PR", "PA"})
"""Countries whose short dates begin with the month (Unicode CLDR)."""
_DOCUMENT_DIGITS = {"cpf": 11, "cnpj": 14}
_MOST_ZEROS = 2


def day_of(text: str, region: str) -> str:
    """YYYY-MM-DD of a day as `region` (ISO 3166, two letters) writes it, `31/12/2026`; the text itself where it is
    none."""
    found = _DAY.fullmatch(text)
    if found is None:
        return text
    day, month, year = int(found[1]), int(found[3]), int(found[4])
    if region in MONTH_FIRST:
        day, month = month, day
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return text


def value_of(field: CustomField, text: str, region: str, separator: str) -> Any:
    """The value that a cell means to a custom field, to be checked by `domain.custom_fields`. `separator` of the file:
    a spreadsheet takes `;` where the comma is in numbers."""
    if field.type == "date":
        return day_of(text, region)
    digits = _DOCUMENT_DIGITS.get(field.type)
    if digits and text.isdecimal():  # a spreadsheet took it for a number; the check digits tell whether it was one
        return text.zfill(digits) if len(text) >= digits - _MOST_ZEROS else text
    value = cell_value(field.type, text, decimal_comma=separator == ";")
    if field.type not in CHOICES:
        return value
    if isinstance(value, str):
        return _option(value, field.options)
    whole = _option(text, field.options)  # an option may have a comma of its own
    return [whole] if whole in field.options else [_option(one, field.options) for one in value]


def _option(text: str, options: tuple[str, ...]) -> str:
    return text if text in options else _by_letters(options).get(fold(text), text)


@lru_cache(maxsize=64)
def _by_letters(options: Sequence[str]) -> Mapping[str, str]:
    """Options without case and accents; of two that are the same so, none."""
    letters = [fold(option) for option in options]
    return {one: option for one, option in zip(letters, options, strict=True) if letters.count(one) == 1}
