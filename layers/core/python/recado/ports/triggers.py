"""What triggers need of storage."""

from __future__ import annotations

from typing import Protocol

from recado.domain.triggers import Trigger


class TriggerStore(Protocol):
    """The triggers of an account. A False means that somebody changed or deleted it first."""

    def get(self, a: str, trigger_id: str) -> Trigger | None:
        """One, strongly consistent."""
        ...

    def all(self, a: str) -> list[Trigger]:
        """Every one, oldest first."""
        ...

    def create(self, a: str, trigger: Trigger) -> None: ...

    def change(self, a: str, before: Trigger, after: Trigger) -> bool: ...

    def delete(self, a: str, trigger_id: str) -> None: ...
