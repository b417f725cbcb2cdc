"""What shortcuts need of storage."""

from __future__ import annotations

from typing import Protocol

from recado.domain.shortcuts import Shortcut


class SlugTaken(Exception):
    """Another shortcut has this slug; nothing was written."""


class ShortcutStore(Protocol):
    """The shortcuts of an account. A False means that somebody changed or deleted it first."""

    def get(self, a: str, shortcut_id: str) -> Shortcut | None:
        """One, strongly consistent."""
        ...

    def all(self, a: str) -> list[Shortcut]:
        """Every one, by slug."""
        ...

    def create(self, a: str, shortcut: Shortcut) -> None:
        """Raises SlugTaken."""
        ...

    def change(self, a: str, before: Shortcut, after: Shortcut) -> bool:
        """Raises SlugTaken."""
        ...

    def delete(self, a: str, shortcut: Shortcut) -> bool: ...
