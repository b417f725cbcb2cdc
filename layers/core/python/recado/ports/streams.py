"""What the facts service needs of the tables' streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from recado.domain.changes import Change


class StreamReader(Protocol):
    """Reads stream records."""

    def place(self, record: Mapping[str, Any]) -> tuple[str, str]:
        """The record's id and its sequence number in the shard."""
        ...

    def account(self, record: Mapping[str, Any]) -> str | None:
        """The account's 8 characters, None when the key does not begin with any."""
        ...

    def read(self, record: Mapping[str, Any]) -> Change | None:
        """The change, None when nobody needs to learn of it. Raises anything for a record that cannot be understood."""
        ...
