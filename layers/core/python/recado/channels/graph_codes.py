"""Error codes as Meta's Graph writes them."""

from __future__ import annotations

from typing import Any

from recado.channels.untrusted import identifier


def error_code(value: Any) -> int | None:
    """A number or its digits."""
    text = identifier(value)
    return int(text) if text and len(text) <= 9 and text.isascii() and text.isdigit() else None
