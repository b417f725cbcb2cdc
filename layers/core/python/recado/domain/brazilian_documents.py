"""CPF and CNPJ: the numbers by which Brazil's tax office knows people and companies, with their check digits.

Sources: Receita Federal, "Cálculo do dígito verificador do CPF"; Instrução Normativa RFB 2.229/2024 for the CNPJ with
letters, given out from July 2026: each of its first twelve signs counts as its ASCII code minus 48, so that the numbers
given out before keep their digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SIGNS = str.maketrans("", "", " .-/")
_CPF = re.compile(r"\d{11}", re.ASCII)
_CNPJ = re.compile(r"[0-9A-Z]{12}\d{2}", re.ASCII)
_CPF_WEIGHTS = tuple(range(11, 1, -1))
_CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def cpf(text: str) -> str | None:
    """The eleven digits of a CPF, written with or without its signs; None when it is none."""
    digits = text.translate(_SIGNS)
    if not _CPF.fullmatch(digits) or len(set(digits)) == 1:  # 111.111.111-11 is checked well, and nobody's
        return None
    return digits if _is_checked(digits, _CPF_WEIGHTS) else None


def cnpj(text: str) -> str | None:
    """The fourteen signs of a CNPJ, letters in capitals; None when it is none."""
    signs = text.translate(_SIGNS).upper()
    if not _CNPJ.fullmatch(signs) or len(set(signs)) == 1:
        return None
    return signs if _is_checked(signs, _CNPJ_WEIGHTS) else None


def _is_checked(signs: str, weights: tuple[int, ...]) -> bool:
    """Whether the last two digits are those that the signs before them make."""
    values = [ord(sign) - ord("0") for sign in signs]
    first = _digit(zip(values[:-2], weights[1:], strict=True))
    second = _digit(zip([*values[:-2], first], weights, strict=True))
    return values[-2:] == [first, second]


def _digit(weighed: Iterable[tuple[int, int]]) -> int:
    rest = sum(value * weight for value, weight in weighed) % 11
    return 0 if rest < 2 else 11 - rest
