"""What a file really is, by its bytes alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain import archives
from recado.domain.file_contents import HEAD_BYTES, MAX_MARKUP_BYTES, refusal
from recado.domain.file_types import EXECUTABLE, HTML, TYPES, is_inline
from tests.file_samples import GOOD, HOSTILE, bomb, zipped


def reader(content: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: content[offset : offset + length] if offset >= 0 else b""


def why(declared: str, content: bytes, declared_size: int | None = None) -> str | None:
    size = len(content) if declared_size is None else declared_size
    return refusal(declared, size, len(content), reader(content))


def test_there_is_a_sample_of_every_type() -> None:
    assert set(GOOD) == set(TYPES)


@pytest.mark.parametrize("declared", TYPES)
def test_a_file_of_its_type_is_taken(declared: str) -> None:
    assert why(declared, GOOD[declared]) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    declared, content, reason = HOSTILE[name]
    assert why(declared, content) == reason


@pytest.mark.parametrize("real", TYPES)
def test_no_binary_is_taken_for_another(real: str) -> None:
    """Text is text under several names, and the first bytes of a film may be those of sound; all else is one thing."""
    texts = {"text/plain", "text/csv", "text/vcard", "text/calendar", "application/json", "application/xml"}
    same = (texts, {"video/mp4", "audio/mp4"}, {"video/webm", "audio/webm"})
    taken = {declared for declared in TYPES if why(declared, GOOD[real]) is None}
    allowed = next((names for names in same if real in names), {real})
    assert real in taken <= allowed


def test_sizes() -> None:
    content = GOOD["image/png"]
    assert why("image/png", b"", 1) == "empty"
    assert why("image/png", content, len(content) + 1) == "size_differs"
    assert why("image/png", content, len(content) - 1) == "size_differs"


def test_what_nobody_takes() -> None:
    assert EXECUTABLE not in TYPES and HTML not in TYPES
    assert why(HTML, b"<html>") == why(EXECUTABLE, b"\x7fELF") == "type_differs"


def test_what_is_shown_runs_nothing() -> None:
    shown = {name for name in TYPES if is_inline(name)}
    assert "image/svg+xml" not in shown and not is_inline(HTML)
    assert all(name.split("/")[0] in ("image", "video", "audio") or name == "application/pdf" for name in shown)


def test_a_text_is_read_at_its_end_too() -> None:
    text = b"name;mobile\n" * HEAD_BYTES
    assert why("text/csv", text) is None
    assert why("text/csv", text + b"\0\x01") == "type_differs"


def test_texts_of_other_encodings() -> None:
    for encoding in ("utf-16", "utf-8-sig", "latin-1"):
        assert why("text/csv", ("nome;endereço\n" * 9_000).encode(encoding)) is None


def test_a_sign_cut_by_the_border_of_a_part_is_text() -> None:
    for before in range(4):
        assert why("text/csv", b"a" * before + "é€😀".encode() * 20_000) is None


def test_a_text_that_begins_like_a_program_is_text() -> None:
    assert why("text/csv", b"MZ001;10\n") is None


def test_a_drawing_that_cannot_be_read_whole_is_refused() -> None:
    long = b"<svg>" + b" " * MAX_MARKUP_BYTES + b"</svg>"
    assert why("image/svg+xml", long) == "active_content"


def test_a_beginning_that_never_ends_is_refused_quickly() -> None:
    for beginning in (b"<!--" + b" " * 200_000, b" " * 200_000, b"<?a " * 50_000, b"<!-- -->" * 25_000):
        assert why("image/svg+xml", beginning) == "type_differs"


def test_an_archive_at_its_limits() -> None:
    times = archives.MAX_UNPACKED_BYTES // 1_048_576
    assert why("application/zip", bomb(archives.HARMLESS_BYTES // 1_048_576)) is None
    assert why("application/zip", bomb(archives.HARMLESS_BYTES // 1_048_576 + 1)) == "hostile_archive"
    assert times == 1_024


def test_an_archive_of_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number}.txt" for number in range(11)]
    monkeypatch.setattr(archives, "MAX_ENTRIES", 11)
    assert why("application/zip", zipped(*names)) is None
    assert why("application/zip", zipped(*names, "one more.txt")) == "hostile_archive"


def test_a_listing_in_the_middle_of_a_large_archive_is_found() -> None:
    assert why("application/zip", zipped("a.txt", content=bytes(range(256)) * 4_096)) is None


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<svg", b"OggS", b"<!"]),
)
def test_whatever_comes_there_is_an_answer(content: bytes, beginning: bytes) -> None:
    for declared in TYPES:
        why(declared, beginning + content)


@given(st.data())
def test_a_damaged_archive_has_an_answer(data: st.DataObject) -> None:
    content = bytearray(zipped("a.txt", "b.txt"))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert why("application/zip", bytes(content)) in (None, "hostile_archive", "type_differs")
