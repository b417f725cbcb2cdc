"""What secrets of flows need of storage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from recado.domain.flow_secrets import FlowSecret


class FlowSecretStore(Protocol):
    """The secrets of an account's flows."""

    def all(self, a: str) -> list[FlowSecret]:
        """Every one without its value, by name, strongly consistent."""
        ...

    def put(self, a: str, name: str, value: str, now: datetime) -> None:
        """Write one, over what is there."""
        ...

    def delete(self, a: str, name: str) -> None: ...

    def values(self, a: str, names: Iterable[str]) -> dict[str, str]:
        """The values of those that are there."""
        ...
