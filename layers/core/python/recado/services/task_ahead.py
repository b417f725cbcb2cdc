"""What a worker of a lane began and does not know the end of yet: it begins no more than really goes out (PRODUCT
G7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from recado.domain.task_runs import ACTED_AT_ONCE, Target, waits
from recado.domain.task_window import Window
from recado.ports.core import Clock
from recado.ports.task_runs import Owner
from recado.services.task_sends import TaskSends

_LOOKS_FOR_ROOM = 10
"""Seconds that a lane waits for what is on its way before it leaves its place to others."""


class OnTheirWay:
    """Targets of one lane. `waiting`: those that were on their way when the worker took it, of which the minute's look
    sees to what becomes; `window` None: nothing bounds it."""

    def __init__(
        self,
        a: str,
        owner: Owner,
        waiting: int,
        window: Window | None,
        sends: TaskSends,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._a = a
        self._owner = owner
        self._earlier = waiting
        self._window = window
        self._sends = sends
        self._clock = clock
        self._sleep = sleep
        self._own: list[Target] = []
        self._at_once = 0

    def acted_on(self, targets: Sequence[Target]) -> None:
        """Some more: those that ended with their act are gone at once."""
        away = [one for one in targets if waits(one)]
        self._own += away
        self._at_once += len(targets) - len(away)

    def look(self) -> None:
        """What became of them since."""
        left = [one for one in self._own if not self._sends.look(self._a, self._owner, one)]
        gone, self._own, self._at_once = len(self._own) - len(left) + self._at_once, left, 0
        if self._window is not None:
            self._window = self._window.seen(gone, self._begun_at(), self._clock.now())

    def room(self, has_time: Callable[[], bool]) -> int:
        """How many targets may be acted on; 0 when too many are on their way, and nothing of it goes out."""
        if self._window is None:
            return ACTED_AT_ONCE
        for _ in range(_LOOKS_FOR_ROOM):
            room = self._window.room(self._earlier + len(self._own), self._begun_at(), self._clock.now())
            if room or not has_time():
                return min(room, ACTED_AT_ONCE)
            self._sleep(1.0)
            self.look()
        return 0

    def wait(self, looks: int, has_time: Callable[[], bool] = lambda: True) -> None:
        """Look so often, a second between, while there are any."""
        for _ in range(looks):
            if not self._own or not has_time():
                return
            self._sleep(1.0)
            self.look()

    def _begun_at(self) -> list[datetime]:
        return [one.acted_at for one in self._own if one.acted_at is not None]
