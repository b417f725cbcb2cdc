"""A process that dies where a test lets it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any


class Died(BaseException):
    """The process is gone: nothing catches it."""


class Deaths:
    """Lets the process die at random, before a write or after it: each time with a chance of `each`."""

    def __init__(self, seed: int = 5, each: float = 0.0) -> None:
        self.chance = random.Random(seed)
        self.each = each
        self.count = 0

    def around(self, write: Callable[[], Any]) -> Any:
        self._maybe()
        answer = write()
        self._maybe()
        return answer

    def _maybe(self) -> None:
        if self.each and self.chance.random() < self.each:
            self.count += 1
            raise Died
