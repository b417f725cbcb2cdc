"""Cells of CSV files that no spreadsheet takes for a formula, and their way back to the very value.

A spreadsheet runs what begins like a formula, and CSV's quotes do not stop it. A cell begins at its first character,
and again behind each separator and end of line within it: who opens a file with another separator than it was written
with, as Excel does in Portuguese, cuts it there. At each such place an apostrophe is written before what would run
(OWASP "CSV Injection" and ASVS 1.2.10: `= + - @`, their wide forms, tab, CR, LF, NUL), and reading takes one apostrophe
away at the same places. A text that came with apostrophes of its own gets one more, so that
`read(written(text)) == text` for every text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SIGNS = "=+-@＝＋－＠"
_SKIPPED = "(?:['\"\ufeff\u200b]|[^\\S\t\r\n])*"
"""What a formula may stand behind: blanks and quotes, our own apostrophe among them."""
_FORMULA = f"(?={_SKIPPED}[{re.escape(_SIGNS)}])"
_CONTROL = f"(?={_SKIPPED}[\t\r\n\0])"
_SEPARATOR = "[,;\t\r\n]"

_RUNS = re.compile(f"\\A{_CONTROL}|(?:\\A|{_SEPARATOR}){_FORMULA}")
_SIGNS_AND_CONTROLS = f"{_SIGNS}\t\r\n\0"
_BEFORE = "\1"
"""Stands before each cell where many are looked at together; within a cell it makes the look a closer one, no more."""
_SUSPECT = re.compile(f"[{_BEFORE},;\t\r\n]{_SKIPPED}[{re.escape(_SIGNS_AND_CONTROLS)}]")
_RUNS_WITHIN = re.compile(_SEPARATOR + _FORMULA)
_STOPPED = re.compile(f"\\A'{_CONTROL}|(?:\\A|(?<={_SEPARATOR}))'{_FORMULA}")


def written(text: str) -> str:
    """The text as a cell holds it, before CSV's own quotes."""
    return _RUNS.sub("\\g<0>'", text)


def row_written(texts: Sequence[str]) -> list[str]:
    """As `written` for each cell of a row."""
    return [written(text) for text in texts]


def column_written(texts: Sequence[str | None]) -> Sequence[str | None]:
    """As `written` for each of some cells; None stays. Nearly every column of a page has none of the signs: one look at
    all of it tells."""
    told = _BEFORE + _BEFORE.join(filter(None, texts))
    if not any(sign in told for sign in _SIGNS_AND_CONTROLS) or not _SUSPECT.search(told):
        return texts
    if _RUNS_WITHIN.search(told):
        return [written(text) if text else text for text in texts]
    return [
        text if not text or (first := text[0]).isalnum() else "'" + text if first in _SIGNS else written(text)
        for text in texts
    ]


def read(cell: str) -> str:
    """The text that a cell holds. What was written elsewhere loses an apostrophe only where it stops a formula."""
    return _STOPPED.sub("", cell)
