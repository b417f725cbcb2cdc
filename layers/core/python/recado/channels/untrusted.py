"""Reading JSON that a stranger wrote: nothing in it may raise, grow without bound or break what stores it.

A reader gives a clean value or None, never an error. Bounds are far above what providers send and, added up, far below
a DynamoDB item of 400 KB (see ``domain/messages.py``).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from re import compile as pattern
from typing import Any

from recado.domain.messages import MAX_TEXT_BYTES

MAX_LABEL = 1024
MAX_ID = 512
MAX_TREE_CHARACTERS = 20_000
MAX_TREE_VALUES = 1_000
MAX_TREE_DEPTH = 8

_MAX_INTEGER_DIGITS = 18  # fits 64 bits and DynamoDB's 38 digits; Python itself refuses to parse beyond 4,300
_SUSPECT = pattern(rb"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE = pattern("[\ud800-\udfff]")
_EARLIEST, _LATEST = 1_262_304_000, 4_102_444_800  # the years 2010 and 2100, in seconds


class Unreadable(Exception):
    """The body is not JSON that can be kept as such. Its text is the reason, without contents."""


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else digits


def _number(written: str) -> float | str:
    value = float(written)
    return value if value - value == 0 else written  # infinity minus itself is not 0


# NaN, Infinity and numbers too great stay as their text: no sibling is lost, and the value remains JSON.
_DECODER = json.JSONDecoder(parse_constant=str, parse_int=_integer, parse_float=_number)


def decode(raw: bytes) -> Any:
    """The JSON value of a body, its strings free of lone surrogates and NUL. Raises Unreadable."""
    try:
        value = _DECODER.decode(str(raw, "utf-8"))
        return _clean(value) if _SUSPECT.search(raw) and not _is_clean(value) else value
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError:
        raise Unreadable("not JSON") from None


def _is_clean(value: Any) -> bool:
    """Whether the value can be written as UTF-8 and holds no NUL; one pass in C, as emoji make many bodies suspect."""
    try:
        return b"\\u0000" not in json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value).replace("\x00", "")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def mapping(value: Any) -> dict[str, Any]:
    """The object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is no object is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """The text as it is, or None; the reader of a message bounds it with bounded_text."""
    return value if isinstance(value, str) else None


def label(value: Any) -> str | None:
    """A short text: a name, a title, a content type. Cut at MAX_LABEL characters; None when empty or not a string."""
    return value[:MAX_LABEL] if isinstance(value, str) and value else None


def identifier(value: Any) -> str | None:
    """An id that can be a key: 1 to MAX_ID printable characters without blanks. A whole number becomes its text."""
    if isinstance(value, str):
        return value if 0 < len(value) <= MAX_ID and value.isprintable() and " " not in value else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def epoch_seconds(value: Any) -> datetime | None:
    """The time of a count of seconds, given as text or number, between the years 2010 and 2100."""
    if isinstance(value, str) and len(value) <= 10 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, int) and _EARLIEST <= value < _LATEST:
        return datetime.fromtimestamp(value, UTC)
    return None


def finite(value: Any, limit: float) -> float | None:
    """A number between -limit and limit, written as number or text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if -limit <= number <= limit else None  # false for NaN too


def bounded_text(value: str) -> tuple[str, bool]:
    """The text cut to MAX_TEXT_BYTES of UTF-8 at a character's border, and whether anything was cut."""
    if len(value) * 4 <= MAX_TEXT_BYTES:
        return value, False
    encoded = value.encode()
    if len(encoded) <= MAX_TEXT_BYTES:
        return value, False
    return encoded[:MAX_TEXT_BYTES].decode("utf-8", "ignore"), True


def bounded_tree(value: Any) -> tuple[Any, bool]:
    """A copy of a JSON value within the MAX_TREE bounds, and whether anything was cut.

    Strings share a budget of characters; lists and objects end where the budget of values does; what lies too deep is
    None.
    """
    left = [MAX_TREE_CHARACTERS, MAX_TREE_VALUES]
    return _copy(value, left, MAX_TREE_DEPTH)


def _copy(value: Any, left: list[int], depth: int) -> tuple[Any, bool]:
    left[1] -= 1
    if isinstance(value, str):
        kept = value[: max(left[0], 0)]
        left[0] -= len(kept)
        return kept, len(kept) < len(value)
    if not isinstance(value, (list, dict)):
        return value, False
    if depth == 0:
        return None, True
    cut = False
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    copied: dict[Any, Any] = {}
    for key, item in pairs:
        if left[1] <= 0 or (isinstance(key, str) and len(key) > left[0]):
            cut = True
            break
        if isinstance(key, str):
            left[0] -= len(key)
        copied[key], item_cut = _copy(item, left, depth - 1)
        cut = cut or item_cut
    return (copied if isinstance(value, dict) else list(copied.values())), cut
