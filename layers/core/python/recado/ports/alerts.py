"""What the alerts of supervisors need of storage."""

from __future__ import annotations

from typing import Protocol

from recado.domain.chats import Event


class AlertStore(Protocol):
    """Alerts by department."""

    def newest(self, a: str, department_id: str, limit: int, before: str | None) -> list[Event]: ...
