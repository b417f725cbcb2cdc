"""What a customer answered to a flow's question: whether it is what was asked for, and the value of it (PRODUCT F1).
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from recado.domain.brazilian_documents import cpf
from recado.domain.custom_fields import EMAIL

MAX_ANSWER = 4_096
MAX_NUMBER = 10**15
"""As filters take it; behind it a number with a fraction is infinite, and no field of a contact holds it."""
_PRESSED = re.compile(r"(?:(fx_\w{1,50}:\d{1,5}):|option_)(\d{1,2})", re.ASCII)
"""Questions that were put before buttons named theirs have `option_0`…"""
_NUMBER = re.compile(
    r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?|[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,15}(?:[.,]\d{1,10})?", re.ASCII
)
_MONEY = re.compile(r"R?\$\s*", re.IGNORECASE)
_BRAZILIAN_DAY = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4}|\d{2})", re.ASCII)
YEARS_AHEAD = 10
"""A year of two digits is at most so many years from now, else of the century before: in 2026, 36 is 2036 and 37 is
1937. Most that is asked for are birthdays."""

Phone = Callable[[str], str | None]


@dataclass(frozen=True)
class Pressed:
    """A button or row of a flow's question: which question that was, and the number of the option, from 0."""

    question: str
    index: int


def answer_value(validate: str, text: str, phone: Phone, year: int) -> Any:
    """The value of an answer: a text as it was written, a number, a day as YYYY-MM-DD, an address, a CPF's digits, a
    number in E.164 (`phone` makes it). None: it is no such thing. Days are read as Brazilians write them, 31/12/2026 or
    31/12/26, and as YYYY-MM-DD, never without a year; numbers with a comma or a point, also behind `R$`. `year`: the
    present one."""
    written = text.strip()[:MAX_ANSWER]
    if not written:
        return None
    return _day(written, year) if validate == "date" else _READERS[validate](written, phone)


def option_id(question: str, index: int) -> str:
    """The id that a button or row of an option carries, at most 64 bytes. `question`: the execution and its place."""
    return f"{question}:{index}"


def pressed(chosen_id: str | None) -> Pressed | None:
    """What the id of something that the customer pressed says; None: it is no option of a flow's question."""
    match = _PRESSED.fullmatch(chosen_id or "")
    return Pressed(match[1] or "", int(match[2])) if match else None


def _number(text: str, phone: Phone) -> int | float | None:
    text = _MONEY.sub("", text, count=1) if _MONEY.match(text) else text
    if not _NUMBER.fullmatch(text):
        return None
    point = max(text.rfind("."), text.rfind(","))
    grouped = re.fullmatch(r"[+-]?\d{1,3}(?:([.,])\d{3})+", text)
    if grouped and (text.count(grouped[1]) > 1 or grouped[1] == "."):  # 1.500 and 1.500.000, as it is written in Brazil
        point = -1
    whole = re.sub(r"[.,]", "", text if point < 0 else text[:point])
    value = int(whole) if point < 0 else float(f"{whole}.{text[point + 1 :]}")
    return value if abs(value) <= MAX_NUMBER else None


def _day(text: str, present: int) -> str | None:
    match = _BRAZILIAN_DAY.fullmatch(text)
    try:
        if match is None:
            return date.fromisoformat(text).isoformat()
        year = int(match[3]) if len(match[3]) == 4 else _full_year(int(match[3]), present)
        return date(year, int(match[2]), int(match[1])).isoformat()
    except ValueError:
        return None


def _full_year(short: int, present: int) -> int:
    latest = present + YEARS_AHEAD
    return latest - (latest - short) % 100


def _email(text: str, phone: Phone) -> str | None:
    return text if len(text) <= 254 and EMAIL.fullmatch(text) else None


_READERS: Mapping[str, Callable[[str, Phone], Any]] = {
    "text": lambda text, phone: text,
    "number": _number,
    "email": _email,
    "cpf": lambda text, phone: cpf(text),
    "phone": lambda text, phone: phone(text) if len(text) <= 40 else None,
}
