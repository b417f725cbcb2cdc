"""Long texts in the parts that a provider takes."""

from __future__ import annotations

from collections.abc import Callable
from re import compile as pattern

_PIECES = pattern(r"\s+|\S+")


def utf16_units(text: str) -> int:
    """The length of a text in UTF-16, as several providers count it: most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(text: str, limit: int, size: Callable[[str], int] = len) -> list[str]:
    """The text in parts of at most ``limit``, cut between words, the blanks at the cuts left out; a word longer than a
    part is cut between characters. A text that fits stays as it is.

    ``size`` measures a text, and two texts together as the sum of both; no character is longer than ``limit``.
    """
    if size(text) <= limit:
        return [text]
    parts = [""]
    length = 0
    for piece in _PIECES.findall(text):
        taken = size(piece)
        if length + taken > limit:
            parts.append("")
            length = 0
            if piece.isspace():
                continue
            while taken > limit:
                head = _head(piece, limit, size)
                parts[-1:] = [head, ""]
                piece = piece[len(head) :]
                taken = size(piece)
        parts[-1] += piece
        length += taken
    return [part.strip() for part in parts if part.strip()]


def _head(word: str, limit: int, size: Callable[[str], int]) -> str:
    """The longest beginning of a word that fits."""
    length = 0
    for at, character in enumerate(word):
        length += size(character)
        if length > limit:
            return word[:at]
    return word
