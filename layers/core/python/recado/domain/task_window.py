"""How far a lane of a run is ahead of what really goes out (PRODUCT G7): what was begun may leave after the run was
cancelled, and stands before what agents write. Pure.

The most is what the channel takes in some seconds. Within that a lane finds out for itself how much really goes out: it
begins few, more by each that is gone in time, and half when they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FEW = 3
"""Messages that a lane may have on their way however slow they go out."""
LATE = timedelta(seconds=3)
"""What is on its way for longer shows that less goes out than is begun."""
STUCK = timedelta(seconds=60)
"""What is on its way for longer says nothing of the others: a provider lets one customer wait, say."""


@dataclass(frozen=True)
class Window:
    """`most`: targets of the lane on their way at any time. `size`: so many at present."""

    most: int
    size: int = FEW

    def seen(self, gone: int, begun: Sequence[datetime], now: datetime) -> Window:
        """After a look: so many are gone since the last one, and when each of the others was begun."""
        late = sum(LATE < now - one <= STUCK for one in begun)
        if late * 2 > self.size:
            return replace(self, size=max(min(FEW, self.most), self.size // 2))
        return self if late else replace(self, size=min(self.most, self.size + gone))

    def room(self, waiting: int, begun: Sequence[datetime], now: datetime) -> int:
        """How many targets may be begun now, of `waiting` in all that are on their way. None are while more than half
        of the window is in use: a page for each that goes out would cost too much."""
        young = sum(now - one <= STUCK for one in begun)
        return 0 if young * 2 > self.size else max(0, min(self.size - young, self.most - waiting))
