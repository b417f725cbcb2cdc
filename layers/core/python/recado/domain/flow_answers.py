"""What a customer answered to a flow's question: whether it is what was asked for, and the value of it (PRODUCT F1).
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from recado.domain.brazilian_documents import cpf
from recado.domain.contact_search import fold
from recado.domain.custom_fields import EMAIL

MAX_ANSWER = 4_096
MAX_NUMBER = 10**15
"""As filters take it; behind it a number with a fraction is infinite, and no field of a contact holds it."""
_PRESSED = re.compile(r"(?:(fx_\w{1,50}:\d{1,5}):|option_)(\d{1,2})", re.ASCII)
"""Questions that were put before buttons named theirs have `option_0`…"""
_NUMBER = re.compile(
    r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?|[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,15}(?:[.,]\d{1,10})?", re.ASCII
)
_BRAZILIAN_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)

Phone = Callable[[str], str | None]


@dataclass(frozen=True)
class Pressed:
    """A button or row of a flow's question: which question that was, and the number of the option, from 0."""

    question: str
    index: int


def answer_value(validate: str, text: str, phone: Phone) -> Any:
    """The value of an answer: a text as it was written, a number, a day as YYYY-MM-DD, an address, a CPF's digits, a
    number in E.164 (`phone` makes it). None: it is no such thing. Days are read as Brazilians write them, 31/12/2026,
    and as YYYY-MM-DD; numbers with a comma or a point."""
    written = text.strip()[:MAX_ANSWER]
    if not written:
        return None
    return _READERS[validate](written, phone)


def choice(options: Sequence[Mapping[str, Any]], text: str) -> int | None:
    """Which of the options an answer means: by its number, or its label whatever its case and accents. None: none of
    them."""
    written = fold(text).strip().rstrip(".)")
    if written.isascii() and written.isdigit() and len(written) <= 2:
        return int(written) - 1 if 1 <= int(written) <= len(options) else None
    labels = [fold(str(one["label"])).strip() for one in options]
    return labels.index(written) if written in labels else None


def option_id(question: str, index: int) -> str:
    """The id that a button or row of an option carries, at most 64 bytes. `question`: the execution and its place."""
    return f"{question}:{index}"


def pressed(chosen_id: str | None) -> Pressed | None:
    """What the id of something that the customer pressed says; None: it is no option of a flow's question."""
    match = _PRESSED.fullmatch(chosen_id or "")
    return Pressed(match[1] or "", int(match[2])) if match else None


def _number(text: str, phone: Phone) -> int | float | None:
    if not _NUMBER.fullmatch(text):
        return None
    point = max(text.rfind("."), text.rfind(","))
    grouped = re.fullmatch(r"[+-]?\d{1,3}(?:([.,])\d{3})+", text)
    if grouped and (text.count(grouped[1]) > 1 or grouped[1] == "."):  # 1.500 and 1.500.000, as it is written in Brazil
        point = -1
    whole = re.sub(r"[.,]", "", text if point < 0 else text[:point])
    value = int(whole) if point < 0 else float(f"{whole}.{text[point + 1 :]}")
    return value if abs(value) <= MAX_NUMBER else None


def _day(text: str, phone: Phone) -> str | None:
    match = _BRAZILIAN_DAY.fullmatch(text)
    try:
        found = date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(text)
    except ValueError:
        return None
    return found.isoformat()


def _email(text: str, phone: Phone) -> str | None:
    return text if len(text) <= 254 and EMAIL.fullmatch(text) else None


_READERS: Mapping[str, Callable[[str, Phone], Any]] = {
    "text": lambda text, phone: text,
    "number": _number,
    "date": _day,
    "email": _email,
    "cpf": lambda text, phone: cpf(text),
    "phone": lambda text, phone: phone(text) if len(text) <= 40 else None,
}
