"""What a customer answered to a flow's question: whether it is what was asked for, and the value of it (PRODUCT F1).
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from recado.domain.brazilian_documents import cpf
from recado.domain.contact_rules import e164_of, region_of
from recado.domain.read_values import day_of, number_of

MAX_ANSWER = 4_096
_PRESSED = re.compile(r"(?:(fx_\w{1,50}:\d{1,5}):|option_)(\d{1,2})", re.ASCII)
"""Questions that were put before buttons named theirs have `option_0`…"""
_CPF = re.compile(r"(?<!\d)(?<!\d[.\-/])\d{3}[. ]?\d{3}[. ]?\d{3}[-./ ]?\d{2}(?![.\-/]?\d)", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[^\W_][\w-]{0,62}\.)+[^\W_][\w-]{1,62}")
"""Narrower than `custom_fields.EMAIL`, which takes what other programs hold: no provider knows the mailbox `zé`."""
_BETWEEN_WORDS = re.compile(r"[\s,;:<>()\[\]\"]+")
_AROUND_WORDS = ".!?…*'‘’“”"
MAX_ADDRESS = 254

Locale = Callable[[], str]
"""The account's locale, asked for by what depends on it."""


@dataclass(frozen=True)
class Pressed:
    """A button or row of a flow's question: which question that was, and the number of the option, from 0."""

    question: str
    index: int


def answer_value(validate: str, text: str, locale: Locale, year: int) -> Any:
    """The value of an answer: a text as it was written, a number, a day as YYYY-MM-DD, an address, a CPF's digits, a
    number in E.164. None: it is no such thing. Numbers and days are read as `read_values` has it, telephone numbers as
    those of the locale's country; an address or CPF may stand within a sentence, if it is the only one. `year`: the
    present one."""
    written = text.strip()[:MAX_ANSWER]
    if not written:
        return None
    return _READERS[validate](written, locale, year)


def option_id(question: str, index: int) -> str:
    """The id that a button or row of an option carries, at most 64 bytes. `question`: the execution and its place."""
    return f"{question}:{index}"


def pressed(chosen_id: str | None) -> Pressed | None:
    """What the id of something that the customer pressed says; None: it is no option of a flow's question."""
    match = _PRESSED.fullmatch(chosen_id or "")
    return Pressed(match[1] or "", int(match[2])) if match else None


def _phone(text: str, locale: Locale, year: int) -> str | None:
    return e164_of(text, region_of(locale())) if len(text) <= 40 else None


def _email(text: str, locale: Locale, year: int) -> str | None:
    words = {word.strip(_AROUND_WORDS) for word in _BETWEEN_WORDS.split(text)}
    return _only({word for word in words if len(word) <= MAX_ADDRESS and _ADDRESS.fullmatch(word)})


def _cpf(text: str, locale: Locale, year: int) -> str | None:
    return cpf(text) or _only({digits for found in _CPF.findall(text) if (digits := cpf(found))})


def _only(found: set[str]) -> str | None:
    """The one that was found; None of several, as nobody knows which is meant."""
    return next(iter(found)) if len(found) == 1 else None


_READERS: Mapping[str, Callable[[str, Locale, int], Any]] = {
    "text": lambda text, locale, year: text,
    "number": lambda text, locale, year: number_of(text, locale()),
    "date": lambda text, locale, year: day_of(text, locale(), year),
    "email": _email,
    "cpf": _cpf,
    "phone": _phone,
}
