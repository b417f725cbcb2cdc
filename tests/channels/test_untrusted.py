"""The readers of strangers' JSON: never an error, always clean and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.channels import untrusted
from recado.channels.untrusted import Unreadable, bounded_text, bounded_tree, decode
from tests.channels.test_contract import nested

TEXTS = st.text(st.characters())  # lone surrogates and NUL among them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=30,
)


def clean(value: Any) -> str:
    """The value as the JSON text it must be possible to store."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    written.encode()
    assert "\\u0000" not in written.replace("\\\\", "")
    return written


@given(JSON)
def test_whatever_json_says_can_be_stored(value: Any) -> None:
    clean(decode(json.dumps(value).encode()))


@given(st.binary())
def test_bytes_are_read_or_unreadable(raw: bytes) -> None:
    try:
        clean(decode(raw))
    except Unreadable as reason:
        assert str(reason)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": 1.5}', {"a": "NaN", "b": "-Infinity", "c": "1e999", "d": 1.5}),
        (b"[123456789012345678, 1234567890123456789]", [123456789012345678, "1234567890123456789"]),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"a\\ud83db\\u0000c"', "a\ufffdbc"),
        (b'"\\ude00\\ud83d"', "\ufffd\ufffd"),
        (b'"\\\\ud83d\\ude00"', "\\ud83d\ufffd"),
        (b'{"\\ud800": {"k\\u0000": ["\\udfff"]}}', {"\ufffd": {"k": ["\ufffd"]}}),
    ],
)
def test_what_cannot_be_stored_becomes(raw: bytes, value: Any) -> None:
    assert decode(raw) == value


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), st.integers(1, 9_000))
def test_a_text_is_cut_at_a_characters_border(piece: str, times: int) -> None:
    given_text = piece * times
    kept, cut = bounded_text(given_text)
    assert given_text.startswith(kept)
    assert len(kept.encode()) <= 100_000
    assert cut == (kept != given_text)
    assert not cut or len(kept.encode()) > 100_000 - 4


@given(JSON)
def test_a_small_tree_is_kept_whole_or_said_to_be_cut(value: Any) -> None:
    kept, cut = bounded_tree(value)
    assert cut or kept == value or "nan" in str(value)
    assert nested(kept) <= untrusted.MAX_TREE_DEPTH + 1


@pytest.mark.parametrize(
    "value",
    [
        "x" * 1_000_000,
        ["x" * 1000] * 1000,
        [[]] * 100_000,
        {"k" * 1000 + str(number): number for number in range(1000)},
        {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}},
        {"k" * 100_000: 1},
    ],
)
def test_a_great_tree_is_cut(value: Any) -> None:
    kept, cut = bounded_tree(value)
    assert cut
    assert len(json.dumps(kept)) < 60_000


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, "", "x" * 513, "a b", "a\x00", "a\n", "\x7f"])
def test_what_is_no_identifier(value: Any) -> None:
    assert untrusted.identifier(value) is None


@pytest.mark.parametrize(
    "value", [None, True, [], "x", "", float("nan"), float("inf"), 91, "-90.0001", pytest.param(10**400, id="huge")]
)
def test_what_is_no_latitude(value: Any) -> None:
    assert untrusted.finite(value, 90) is None
