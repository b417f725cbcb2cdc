"""Shortcuts: what agents call up by `/slug` into what they are writing (PRODUCT F4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from recado.domain.errors import Invalid

MAX_SHORTCUTS = 1_000
MAX_TEXT = 4_096
SLUG = r"^[a-z0-9][a-z0-9_-]{0,49}$"


@dataclass(frozen=True)
class Shortcut:
    """`text` may name variables (`domain.flow_variables`); `file_id` is a file that was uploaded for shortcuts. One of
    them it has. `version` moves by one with each change."""

    id: str
    slug: str
    text: str
    created_at: datetime
    updated_at: datetime
    file_id: str | None = None
    version: int = 1


def check(shortcut: Shortcut) -> None:
    """Raises Invalid for one with nothing to put into the composer."""
    if not shortcut.text.strip() and shortcut.file_id is None:
        raise Invalid.field("/text", "required", "A shortcut has a text, a file, or both.")
