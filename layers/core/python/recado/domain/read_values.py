"""How numbers and days are read that customers type: as the account's locale writes them, so that what
`domain.written_values` wrote comes back as the same value (PRODUCT F1). Pure.

A locale is English or, as everywhere in what customers read, Portuguese. A number that only the other of the two would
write is read too; a day in the other's order is none, as the days before the 13th in that order would be others."""

from __future__ import annotations

import re
from datetime import date

from recado.domain.contact_import_cells import MONTH_FIRST
from recado.domain.contact_search import fold
from recado.domain.written_values import is_english

MAX_NUMBER = 10**15
"""As filters take it; behind it a number with a fraction is infinite, and no field of a contact holds it."""
YEARS_AHEAD = 10
"""A year of two digits is at most so many years from now, else of the century before: in 2026, 36 is 2036 and 37 is
1937. Most that is asked for are birthdays."""
_AMOUNT = re.compile(
    r"([+-]?)\s?(r\$|us\$|\$)?\s?([+-]?)(\d(?:[\d.,\s]*\d)?)(?:\s?(reais|real|dolar|dolares|dollars?))?", re.ASCII
)
_NUMBER = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d{1,16}(?:[.,]\d+)?")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})+")
_SPACED = re.compile(r"[1-9]\d{0,2}(?:\s\d{3})+(?:[.,]\d+)?")
_REAIS = frozenset({"r$", "real", "reais"})
_OTHER_SIGNS = str.maketrans("\u2212\u00a0\u202f", "-  ")
_IN_DIGITS = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4}|\d{2})", re.ASCII)
_DAY_MONTH = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|o)?(?:\s+(?:de|of)\s+|\s*[\s/.\-]\s*)([a-z]{3,9})\.?"
    r"(?:\s+(?:de|of)\s+|\s*[\s,/.\-]\s*)(\d{4}|\d{2})",
    re.ASCII,
)
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?\s*(\d{1,2})(?:st|nd|rd|th)?(?:\s*,\s*|\s+)(\d{4})", re.ASCII)
MAX_DAY = 40
"""Characters of a day, with every word that may be in it."""
_MONTHS = (
    ("janeiro", "january"), ("fevereiro", "february"), ("marco", "march"), ("abril", "april"), ("maio", "may"),
    ("junho", "june"), ("julho", "july"), ("agosto", "august"), ("setembro", "september"), ("outubro", "october"),
    ("novembro", "november"), ("dezembro", "december"),
)  # fmt: skip
_MONTH_OF = {
    short: number
    for number, names in enumerate(_MONTHS, 1)
    for name in names
    for short in (name, name[:3], *(("sept",) if name == "september" else ()))
}


def number_of(text: str, locale: str) -> int | float | None:
    """A number, also behind `R$` or `$` or before `reais`: its thousands stand between points, its fraction behind a
    comma; in English the other way round. Three digits behind the sign that groups are a group, `1.500` or in English
    `1,500`; so signs that could be either are read as the locale writes them. None: it is none, or one of reais in
    English whose point could be of either manner."""
    found = _AMOUNT.fullmatch(fold(text.translate(_OTHER_SIGNS)))
    if found is None or (found[1] and found[3]):
        return None
    digits = re.sub(r"\s", "", found[4]) if _SPACED.fullmatch(found[4]) else found[4]
    if not _NUMBER.fullmatch(digits):
        return None
    english, grouped = is_english(locale), _GROUPED.fullmatch(digits)
    if grouped and english and digits.count(".") == 1 and _REAIS & {found[2], found[5]}:
        return None  # R$ 1.500 is fifteen hundred to whoever writes reais
    point = max(digits.rfind("."), digits.rfind(","))
    if grouped and (digits.count(grouped[1]) > 1 or grouped[1] == ("," if english else ".")):
        point = -1
    whole = re.sub(r"[.,]", "", digits if point < 0 else digits[:point])
    value = int(whole) if point < 0 else float(f"{whole}.{digits[point + 1 :]}")
    if value > MAX_NUMBER:
        return None
    return -value if "-" in (found[1], found[3]) else value


def day_of(text: str, locale: str, present: int) -> str | None:
    """YYYY-MM-DD of a day, never without a year: `31/12/2026`, in English of a country that writes so, or of none that
    is known, `12/31/2026`; with the month's name in either language; ISO 8601. `present`: the year that it is. None: it
    is no day."""
    if len(text) > MAX_DAY:
        return None
    folded = fold(text)
    try:
        if found := _IN_DIGITS.fullmatch(text):
            first, second = int(found[1]), int(found[2])
            day, month = (second, first) if _is_month_first(locale) else (first, second)
        elif found := _DAY_MONTH.fullmatch(folded):
            day, month = int(found[1]), _MONTH_OF.get(found[2], 0)
        elif found := _MONTH_DAY.fullmatch(folded):
            day, month = int(found[2]), _MONTH_OF.get(found[1], 0)
        else:
            return date.fromisoformat(text).isoformat()
        year = int(found[3]) if len(found[3]) == 4 else _full_year(int(found[3]), present)
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _is_month_first(locale: str) -> bool:
    """As imports have it by the country; English of no country is read so too. Only what is written in English: in
    every other manner Recado itself writes the day first."""
    _, of_country, country = locale.replace("_", "-").rpartition("-")
    return is_english(locale) and (not of_country or country.upper() in MONTH_FIRST)


def _full_year(short: int, present: int) -> int:
    latest = present + YEARS_AHEAD
    return latest - (latest - short) % 100
