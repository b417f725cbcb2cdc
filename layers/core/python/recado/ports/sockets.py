"""What the open sockets need of storage, of API Gateway and of those who watch."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from recado.domain.sockets import Sockets


class SocketStore(Protocol):
    """Which connections belong to whom."""

    def get(self, a: str, listener: str) -> Sockets:
        """A listener's, strongly consistent; of one that has none, empty."""
        ...

    def write(self, a: str, after: Sockets) -> bool:
        """Replace what `after` was made from. False when that has changed meanwhile; nothing is written then."""
        ...

    def note_owner(self, connection_id: str, a: str, listener: str, ends_at: datetime) -> None:
        """Remember until then whose a connection is."""
        ...

    def owner(self, connection_id: str) -> tuple[str, str] | None:
        """Account and listener of a connection."""
        ...

    def forget_owner(self, connection_id: str) -> None:
        """Forget whose it was."""
        ...


class SocketLine(Protocol):
    """The way to the other ends."""

    def post(self, connection_id: str, data: bytes) -> bool:
        """Say something on a connection. False: it is gone. Raises whatever else went wrong."""
        ...


class HintJournal(Protocol):
    """What is told of hints to those who run the product."""

    def lost(self, channel_id: str, error: Exception) -> None:
        """A hint may not have been heard."""
        ...
