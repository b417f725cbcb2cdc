"""Cells of CSV files: none runs in a spreadsheet, whichever separator it is opened with, and each comes back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recado.domain.csv_cells import column_written, read, row_written, written

SIGNS = "=+-@＝＋－＠"
BLANKS = "'\" \xa0\ufeff\u200b\v\f"
hostile = st.text(st.sampled_from(f"{SIGNS}{BLANKS},;\t\r\n\0aé1😀"), max_size=12)
texts = st.one_of(hostile, st.text(max_size=30))


def runs(cell: str) -> bool:
    """Whether a spreadsheet that skips blanks and quotes takes the cell for a formula."""
    rest = cell.lstrip(BLANKS.replace("'", ""))
    return rest.startswith(tuple(SIGNS)) or cell.startswith(("\t", "\r", "\n", "\0"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd()", "'=cmd()"),
        ("+5511987654321", "'+5511987654321"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+1", "'＝1+1"),
        ("\tx", "'\tx"),
        ("\r=x", "'\r'=x"),
        ("'=x", "''=x"),
        ("'quoted", "'quoted"),
        ("''", "''"),
        (' "=x', "' \"=x"),
        ("1+1;=1+2", "1+1;'=1+2"),
        ("Rua 1, -5", "Rua 1,' -5"),
        ("a\n=x", "a\n'=x"),
        ("a\n\t@x", "a\n\t'@x"),
        ('a";"=x', 'a";\'"=x'),
        ("Rua das Flores, 123; fundos", "Rua das Flores, 123; fundos"),
        ("ana@example.com", "ana@example.com"),
        ("2026-01-02", "2026-01-02"),
        ("", ""),
    ],
)
def test_what_would_run_is_stopped_and_nothing_else_is_touched(text: str, cell: str) -> None:
    assert written(text) == cell
    assert read(cell) == text


@pytest.mark.parametrize("cell", ["=1", "+55 11 98765-4321", "'quoted'", "'", "d'Ávila", "a;b", "x,'y"])
def test_cells_that_were_written_elsewhere_are_what_they_say(cell: str) -> None:
    assert read(cell) == cell


@given(texts)
@example("\t=x")
@example(";\t'=x")
@example("''\n''-")
def test_every_text_comes_back(text: str) -> None:
    assert read(written(text)) == text


@given(texts)
def test_no_cell_runs_whatever_separates_cells_where_it_is_opened(text: str) -> None:
    cell = written(text)
    assert not runs(cell)
    for separator in (",", ";", "\t", "\r", "\n"):
        assert not any(one.lstrip(BLANKS.replace("'", "")).startswith(tuple(SIGNS)) for one in cell.split(separator))


@given(st.lists(texts, min_size=2, max_size=6))
def test_a_row_comes_back_through_a_file(row: list[str]) -> None:
    cells = row_written(row)
    assert list(column_written(row)) == cells
    assert list(column_written([None, *row])) == [None, *cells]
    for separator in ",;":
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=separator).writerow(cells)
        file.seek(0)
        [came] = csv.reader(file, delimiter=separator)
        assert [read(cell) for cell in came] == row


def test_long_runs_take_no_longer_than_their_length() -> None:
    for text in ("\t" * 200_000, "'" * 200_000, ("," + " " * 50) * 4_000, ",'" * 100_000):
        assert read(written(text)) == text
