"""What keeping to a provider's speed needs from outside: slots of seconds, and the lines of those that wait."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol


class LinePlace(NamedTuple):
    """Where a message stands in a line of its channel: by when it was written."""

    channel_id: str
    line: str
    written_at: datetime
    message_id: str


class SpeedStore(Protocol):
    """Slots of the seconds of channels: each is given once."""

    def lease(self, a: str, bucket: str, second: int, first: int, wanted: int, limit: int) -> int | None:
        """Take `wanted` slots of a second, `first` or later, one after the other; the first of them. None when so many
        are not left."""
        ...


class LineStore(Protocol):
    """Lines of messages that wait for their channel's speed."""

    def join(self, a: str, place: LinePlace) -> None:
        """Stand there. Repeating it changes nothing."""
        ...

    def head(self, a: str, channel_id: str, line: str) -> LinePlace | None:
        """Who stands first, strongly consistent."""
        ...

    def leave(self, a: str, place: LinePlace) -> None:
        """Stand there no more. Repeating it changes nothing."""
        ...
