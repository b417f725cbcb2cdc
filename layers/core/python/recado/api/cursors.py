"""Cursors: opaque to callers, base64url of JSON with a check sum.

The sum binds a cursor to its account and route, so that a damaged or borrowed one is refused with 400. It is no
secret: nothing in a cursor is trusted, storage builds keys from the caller's account and the cursor's value alone."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import msgspec

from recado.domain.errors import Invalid

_SUM = 8
_MAX = 2048


def encode(value: Any, account: str, path: str) -> str:
    """The cursor of a value that JSON can hold."""
    text = json.dumps(value, separators=(",", ":")).encode()
    return urlsafe_b64encode(_sum(text, account, path) + text).decode().rstrip("=")


def decode(cursor: str, account: str, path: str, expected: Any) -> Any:
    """The value as `expected` (a type). Raises Invalid with the pointer `?after`."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) if len(cursor) <= _MAX and cursor.isascii() else b""
        text = raw[_SUM:]
        if raw[:_SUM] == _sum(text, account, path) and encode(json.loads(text), account, path) == cursor:
            return msgspec.convert(json.loads(text), expected)
    except ValueError:
        pass
    raise Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")


def _sum(text: bytes, account: str, path: str) -> bytes:
    return sha256(b"\0".join((account.encode(), path.encode(), text))).digest()[:_SUM]
