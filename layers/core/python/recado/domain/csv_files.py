"""CSV files as people have them, read record by record from a stream of bytes, in memory that does not grow with them.

The standard library's `csv` parses; here is what stands before it: the encoding, the separator, the ends of lines, and
how reading goes on after a record that is none. A record begins where the one before it ended, so whoever notes that
place in bytes goes on from there. Row numbers are those of a spreadsheet: the header is 1, and an empty line counts.
"""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, charmap_decode, getincrementaldecoder
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Literal, NamedTuple

Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "windows-1252"]
LOOKED_AT_BYTES = 4 * 1_048_576
"""Of a file without a mark, so much tells whether it is UTF-8."""
MAX_RECORD = 131_072
"""Characters of one record; `csv` takes no larger cell either."""
MAX_RECORD_BYTES = 4 * MAX_RECORD
MAX_COLUMNS = 500
MAX_ROWS = 1_048_576
"""As many as a spreadsheet has, empty lines too."""
MAX_COLUMN_NAME = 200
MAX_HEADER = 25_000
"""Characters of all names of columns: an import keeps them in one item of 400 KB, where a sign may have 12 bytes."""
SEPARATORS = ",;\t"
_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (BOM_UTF8, "utf-8"),
    (BOM_UTF16_LE, "utf-16-le"),
    (BOM_UTF16_BE, "utf-16-be"),
)
_ERRORS: dict[Encoding, str] = {"utf-8": "surrogateescape", "windows-1252": "strict"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN = 5
_DECODED_AT_ONCE = 65_536
Wrong = Literal["row_too_long", "quote_not_closed", "quote_misplaced", "cells_differ", "nul", "wrong_encoding"]


class CsvRefused(Exception):
    """The file as a whole is not taken: `row` is where that is seen, `code` is stable, `detail` a sentence."""

    def __init__(self, row: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.row = row
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Layout:
    """How a file is written. `columns` as the header has them, without blanks around; its first record begins at byte
    `start` and is row `row`."""

    encoding: Encoding
    separator: str
    columns: tuple[str, ...]
    start: int
    row: int


class Record(NamedTuple):
    """One row. `cells` as many as columns, empty where it is `wrong`; `end` is the byte behind it."""

    row: int
    cells: list[str]
    wrong: Wrong | None
    end: int


DETAILS: dict[Wrong, str] = {
    "row_too_long": f"The row has more than {MAX_RECORD:,} characters.",
    "quote_not_closed": "A quotation mark is opened and not closed.",
    "quote_misplaced": "Something stands behind a closing quotation mark.",
    "cells_differ": "The row has more or fewer cells than the header.",
    "nul": "The row has a NUL character.",
    "wrong_encoding": "The row has bytes that are no text in the encoding of the file.",
}
"""What is told of a row that is none."""


def sniffed(head: bytes) -> Layout:
    """How a file is written whose first bytes (4 MB, or all) these are. Raises CsvRefused."""
    if not head:
        raise CsvRefused(1, "empty_file", "The file is empty.")
    encoding, mark = _encoding(head[:LOOKED_AT_BYTES])
    beginning = [head[mark : mark + MAX_RECORD_BYTES]]
    separator = _separator(next(filter(_says_something, _Source(beginning, encoding).only_lines()), ""))
    for record in _raw_records(beginning, encoding, separator, mark, 1):
        if record.wrong is not None:
            raise CsvRefused(record.row, record.wrong, f"The header cannot be read. {DETAILS[record.wrong]}")
        columns = tuple(cell.strip() for cell in record.cells)
        if record.row == 1 and columns[0].casefold() == "sep=" and not any(columns[1:]):
            continue  # tells Excel the separator, which stands most often in it
        if any(map(_says_something, columns)):
            _check_columns(record.row, columns)
            return Layout(encoding, separator, columns, record.end, record.row + 1)
    raise CsvRefused(1, "empty_file", "There is no header.")


def records(parts: Iterable[bytes], layout: Layout, start: int, row: int) -> Iterator[Record]:
    """The records of a file from the byte `start` on, where row `row` begins; `parts` are its bytes from there. Empty
    lines are left out. A record that is none is told as `wrong`, and what follows it is read all the same. Raises
    CsvRefused for more rows than are taken."""
    width = len(layout.columns)
    for record in _raw_records(parts, layout.encoding, layout.separator, start, row):
        cells = record.cells
        if record.wrong is not None or len(cells) == width:
            yield record
        elif len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            yield record._replace(cells=cells[:width])
        else:
            yield record._replace(cells=[], wrong="cells_differ")


def _encoding(head: bytes) -> tuple[Encoding, int]:
    """The encoding, and how many bytes its mark has. Latin-1 is read as Windows-1252, of which it has no sign less."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    decoder = getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(head), _DECODED_AT_ONCE):
            decoder.decode(head[at : at + _DECODED_AT_ONCE])
        decoder.decode(b"", len(head) < LOOKED_AT_BYTES)  # what is looked at may end within a sign, a file may not
    except UnicodeDecodeError:
        return "windows-1252", 0
    return "utf-8", 0


def _says_something(line: str) -> bool:
    return bool(line.strip(f"{SEPARATORS} \r\n"))


def _separator(line: str) -> str:
    """The one that stands most often in the header outside of quotes; a comma where none does."""
    outside = "".join(line.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


def _check_columns(row: int, columns: tuple[str, ...]) -> None:
    if len(columns) > MAX_COLUMNS:
        detail = f"The header has {len(columns):,} columns; at most {MAX_COLUMNS} are taken."
        raise CsvRefused(row, "too_many_columns", detail)
    if any(len(column) > MAX_COLUMN_NAME for column in columns):
        raise CsvRefused(row, "column_name_too_long", f"A column's name may have {MAX_COLUMN_NAME} characters.")
    if sum(map(len, columns)) > MAX_HEADER:
        detail = f"All names of columns together may have {MAX_HEADER:,} characters."
        raise CsvRefused(row, "header_too_long", detail)
    again = [column for column, count in Counter(filter(None, columns)).items() if count > 1]
    if again:
        names = ", ".join(f"“{name}”" for name in again[:_SHOWN])
        raise CsvRefused(row, "duplicate_column", f"The header has these columns more than once: {names}.")


class _Overlong(int):
    """Stands for a line of so many bytes that is longer than any record."""


class _Failed(Exception):
    """What was read is no record."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong)
        self.wrong = wrong


def _raw_records(parts: Iterable[bytes], encoding: Encoding, separator: str, start: int, row: int) -> Iterator[Record]:
    """Records with whatever cells they have. After one that is none, reading goes on with the line behind its first:
    a quotation mark that nobody closed takes no other row with it."""
    source = _Source(parts, encoding)
    reader = csv.reader(source, delimiter=separator, strict=True)
    while True:
        source.begin()
        wrong: Wrong | None
        try:
            cells = next(reader)
            wrong = source.wrong
        except StopIteration:
            return
        except (_Failed, csv.Error) as error:
            wrong, cells = error.wrong if isinstance(error, _Failed) else _named(error), []
            source.again_from_second_line()
            reader = csv.reader(source, delimiter=separator, strict=True)
        if row > MAX_ROWS:
            raise CsvRefused(row, "too_many_rows", f"A file may have {MAX_ROWS:,} rows.")
        start += source.taken_bytes()
        if cells or wrong:
            yield Record(row, [] if wrong else cells, wrong, start)
        row += 1


def _named(error: csv.Error) -> Wrong:
    return "quote_not_closed" if "unexpected end" in str(error) else "quote_misplaced"


class _Source:
    """The lines of a file with their ends, as `csv` takes them, and what of them belongs to the present record."""

    def __init__(self, parts: Iterable[bytes], encoding: Encoding) -> None:
        self._size = _sizes(encoding)
        self._lines = _lines(parts, encoding, self._size)
        self._again: deque[str | _Overlong] = deque()
        self._taken: list[str | _Overlong] = []
        self._length = 0
        self.wrong: Wrong | None = None

    def begin(self) -> None:
        """A new record begins."""
        self._taken.clear()
        self._length = 0
        self.wrong = None

    def taken_bytes(self) -> int:
        """How long the record is."""
        return sum(line if isinstance(line, _Overlong) else self._size(line) for line in self._taken)

    def again_from_second_line(self) -> None:
        """Nothing but the first line is the record's."""
        self._again.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def only_lines(self) -> Iterator[str]:
        """All lines of which none is too long."""
        return (line for line in self._lines if isinstance(line, str))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        if isinstance(line, _Overlong):
            raise _Failed("row_too_long")
        self._length += len(line)
        if self._length > MAX_RECORD:
            raise _Failed("row_too_long")
        if "\0" in line:
            self.wrong = "nul"
        elif not line.isascii() and _SURROGATE.search(line):
            self.wrong = "wrong_encoding"
        return line


def _sizes(encoding: Encoding) -> Callable[[str], int]:
    """How many bytes a text has in a file of this encoding."""
    if encoding == "windows-1252":
        return len
    if encoding == "utf-8":
        return lambda text: len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))
    return lambda text: len(text.encode(encoding, "surrogatepass"))


def _lines(parts: Iterable[bytes], encoding: Encoding, size: Callable[[str], int]) -> Iterator[str | _Overlong]:
    """Lines that end with LF, CRLF or CR. What is longer than a record is counted and let go as it comes."""
    decode = _decoder(encoding)
    rest, dropped = "", 0
    for part in parts:
        lines = list(StringIO(rest + decode(part, False), newline=""))
        # Behind a CR at the border an LF may follow.
        rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
        for line in lines:
            yield _Overlong(dropped + size(line)) if dropped else line
            dropped = 0
        if len(rest) > MAX_RECORD:
            kept = "\r" if rest.endswith("\r") else ""
            dropped += size(rest) - size(kept)
            rest = kept
    for line in StringIO(rest + decode(b"", True), newline=""):
        yield _Overlong(dropped + size(line)) if dropped else line
        dropped = 0
    if dropped:
        yield _Overlong(dropped)


def _decoder(encoding: Encoding) -> Callable[[bytes, bool], str]:
    """Bytes to text. What is no text becomes lone surrogates: its row is told of."""
    if encoding == "windows-1252":
        return _windows_1252
    decoder = getincrementaldecoder(encoding)(_ERRORS.get(encoding, "surrogatepass"))

    def decode(part: bytes, final: bool) -> str:
        try:
            return decoder.decode(part, final)
        except UnicodeDecodeError:  # of UTF-16 alone: it ends within a sign
            return "\udc00"

    return decode


def _windows_1252(part: bytes, final: bool) -> str:
    """The five bytes that Windows-1252 gives no sign are the controls of Latin-1, as WHATWG's Encoding has it."""
    return charmap_decode(part, "strict", _SIGNS_OF_WINDOWS)[0]


_SIGNS_OF_WINDOWS = "".join(bytes([code]).decode("windows-1252", "ignore") or chr(code) for code in range(256))
