"""How a moment is written: in items, in answers and in events alike."""

from __future__ import annotations

from datetime import datetime


def rfc3339(at: datetime) -> str:
    """RFC 3339 UTC with milliseconds; orders as text."""
    return at.isoformat(timespec="milliseconds")[:23] + "Z"
