"""CSV files as people have them: encodings, separators, ends of lines, and rows that are none."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest

from recado.domain.csv_files import MAX_RECORD, CsvRefused, Record, records, sniffed

NAMES = ["João da Silva", "Müller & Søn", "“Café” – 10 €", "Zoë"]


def parts(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


def rows(raw: bytes, size: int = 1 << 16) -> list[Record]:
    layout = sniffed(raw)
    return list(records(parts(raw[layout.start :], size), layout, layout.start, layout.row))


def told(raw: bytes, size: int = 1 << 16) -> list[tuple[int, object]]:
    return [(one.row, one.wrong or one.cells) for one in rows(raw, size)]


def refused(raw: bytes) -> tuple[int, str]:
    with pytest.raises(CsvRefused) as refusal:
        sniffed(raw)
    return refusal.value.row, refusal.value.code


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "windows-1252"])
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_every_way_of_writing_is_read(separator: str, end: str, encoding: str, size: int) -> None:
    lines = [f"nome{separator}nota", *(f'{name}{separator}"a{separator}{end}""b"""' for name in NAMES)]
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    raw = mark + end.join(lines).encode(encoding)
    assert told(raw, size) == [(at, [name, f'a{separator}{end}"b"']) for at, name in enumerate(NAMES, 2)]
    assert rows(raw, size)[-1].end == len(raw)


def test_latin_1_is_read_also_when_its_only_accent_is_the_last_byte() -> None:
    assert told("nome\nJosé".encode("latin-1")) == [(2, ["José"])]
    assert told(b"nome\nx\x81y\n") == [(2, ["x\x81y"])]


def test_reading_goes_on_from_the_place_behind_any_row() -> None:
    raw = (
        "﻿nome;nota\r\n".encode()
        + "".join(f'Zoë {n};"linha\r\n{n}€"\r\n\r\n' for n in range(30)).encode()
        + b'"open;x\r\nlast;1'
    )
    layout, every = sniffed(raw), rows(raw)
    for at, record in enumerate(every):
        rest = list(records(parts(raw[record.end :], 5), layout, record.end, record.row + 1))
        assert [one.cells for one in rest] == [one.cells for one in every[at + 1 :]]
        assert [one.end for one in rest] == [one.end for one in every[at + 1 :]]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    assert told(b'a,b\n\n1,"x\ny"\n\n\n2,y\n') == [(3, ["1", "x\ny"]), (6, ["2", "y"])]
    assert told(b"\n\na,b\n1,2\n") == [(4, ["1", "2"])]


def test_a_line_that_tells_excel_the_separator_is_no_header() -> None:
    assert told(b"sep=;\r\nnome;nota\r\nAna;a\r\n") == [(3, ["Ana", "a"])]


def test_a_malformed_row_is_told_and_takes_no_other_with_it() -> None:
    raw = b'a,b\n1,2\n"3,4\n5,6\n7,"8"9\n10\n11,12,13\n14,15,,\n16,\x0017\n18,19\n'
    assert told(raw) == [
        (2, ["1", "2"]),
        (3, "quote_misplaced"),
        (4, ["5", "6"]),
        (5, "quote_misplaced"),
        (6, "cells_differ"),
        (7, "cells_differ"),
        (8, ["14", "15"]),
        (9, "nul"),
        (10, ["18", "19"]),
    ]
    assert told(b'a,b\n1,2\n"3,4\n5,6\n7,8') == [
        (2, ["1", "2"]),
        (3, "quote_not_closed"),
        (4, ["5", "6"]),
        (5, ["7", "8"]),
    ]


def test_bytes_that_are_no_text_refuse_their_row() -> None:
    filler = (b"x" * 1000 + b",y\n") * 4200
    assert [one.wrong for one in rows(b"a,b\n" + filler + b"\xe9,1\nz,2\n")[-2:]] == ["wrong_encoding", None]
    lone = "a\n".encode("utf-16") + b"\x00\xd8" + "\nok\n".encode("utf-16-le")
    assert told(lone) == [(2, "wrong_encoding"), (3, ["ok"])]
    assert told("a\nok\nx".encode("utf-16") + b"y") == [(2, ["ok"]), (3, "wrong_encoding")]


def test_a_row_of_200_mb_is_refused_in_flat_memory() -> None:
    part = b"x" * (1 << 20)

    def file() -> Iterator[bytes]:
        yield b"a,b\n1,2\n"
        for _ in range(200):
            yield part
        yield b'\n3,4\n"'
        for _ in range(200):
            yield part
        yield b'"\n5,6\n'

    layout = sniffed(b"a,b\n1,2\n")
    tracemalloc.start()
    found = [
        (one.row, one.wrong or one.cells) for one in records(_without(file(), layout.start), layout, layout.start, 2)
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [(2, ["1", "2"]), (3, "row_too_long"), (4, ["3", "4"]), (5, "row_too_long"), (6, ["5", "6"])]
    assert peak < 16_000_000


def _without(file: Iterator[bytes], start: int) -> Iterator[bytes]:
    yield next(file)[start:]
    yield from file


def test_the_longest_row_is_taken_and_one_character_more_is_not() -> None:
    assert told(b"a\n" + b"x" * (MAX_RECORD - 1) + b"\nb\n") == [(2, ["x" * (MAX_RECORD - 1)]), (3, ["b"])]
    assert told(b"a\n" + b"x" * MAX_RECORD + b"\nb\n") == [(2, "row_too_long"), (3, ["b"])]


@pytest.mark.parametrize(
    ("raw", "row", "code"),
    [
        (b"", 1, "empty_file"),
        (b"\xef\xbb\xbf", 1, "empty_file"),
        (b"\n \n\r\n", 1, "empty_file"),
        (b";;;\n", 1, "empty_file"),
        (b"name,mobile, name\n", 1, "duplicate_column"),
        (b"\nname,name\n", 2, "duplicate_column"),
        (",".join(f"c{n}" for n in range(10_000)).encode(), 1, "too_many_columns"),
        (b"n\0ame\n1\n", 1, "nul"),
        (b"x" * (3 << 20), 1, "row_too_long"),
        (b'"name\n1\n', 1, "quote_not_closed"),
        (b"x" * 201 + b"\n1\n", 1, "column_name_too_long"),
        (",".join(f"{n:03}" + "ç" * 190 for n in range(200)).encode(), 1, "header_too_long"),
    ],
)  # fmt: skip
def test_a_file_without_a_header_is_refused_with_the_row(raw: bytes, row: int, code: str) -> None:
    assert refused(raw) == (row, code)


def test_whatever_comes_is_read_to_its_end_wherever_it_is_cut() -> None:
    chance = random.Random(7)
    for _ in range(300):
        raw = b"a,b\n" + bytes(chance.choice(b'xy",;\n\r\xe9\xc3\xa9') for _ in range(chance.randrange(60)))
        layout = sniffed(raw)
        whole, cut = rows(raw), rows(raw, chance.randrange(1, 9))
        assert whole == cut, raw
        assert [one.row for one in whole] == sorted({one.row for one in whole})
        assert all(before.end < after.end for before, after in pairwise(whole))
        assert not whole or whole[-1].end <= len(raw)
        for record in whole:
            until = list(records([raw[layout.start : record.end]], layout, layout.start, layout.row))
            assert [one.cells for one in until] == [one.cells for one in whole[: len(until)]], raw
            assert until[-1].row == record.row
