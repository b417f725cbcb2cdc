"""When the next message of a channel may go, by its provider's speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from recado.domain.speed import Bucket, first_slot, lease_size, slot_time
from recado.ports.core import Clock
from recado.ports.speeds import SpeedStore

AHEAD_S = 3
"""How many seconds after this one a slot is looked for. A worker waits no longer than that for a slot, so that a busy
channel does not hold all workers."""
_MOST_BUCKETS = 1_000
_V = TypeVar("_V")


@dataclass
class _Held:
    """Slots of one second that this worker took, and how many messages it sent in that second."""

    second: int
    slot: int
    end: int
    used: int


class Pacing:
    """Takes slots for this process. Not for several threads at once: a worker does one command at a time."""

    def __init__(self, speeds: SpeedStore, clock: Clock) -> None:
        self._speeds = speeds
        self._clock = clock
        self._held: dict[tuple[str, str], _Held] = {}
        self._full: dict[tuple[str, str], int] = {}

    def wait_s(self, a: str, channel_id: str, bucket: Bucket) -> float | None:
        """Seconds until the slot that is the caller's now, 0 for at once. None: there is none soon, and none was
        taken."""
        key = (a, f"{channel_id}#{bucket.name}" if bucket.name else channel_id)
        now = self._clock.now()
        second = int(now.timestamp())
        held = self._held.get(key)
        if held is not None and held.second == second and held.slot < held.end:
            held.slot, held.used = held.slot + 1, held.used + 1
            return self._until(second, held.slot - 1, bucket.limit)
        used = held.used if held is not None and second - 1 <= held.second <= second else 0
        begin = self._full.get(key, 0)
        begin = begin if second < begin <= second + AHEAD_S + 1 else second  # else that is over, or the clock went back
        for later in range(begin, second + AHEAD_S + 1):
            first = first_slot(bucket.limit, now) if later == second else 0
            wanted = lease_size(bucket.limit, used) if later == second else 1
            slot = self._lease(key, later, first, wanted, bucket.limit)
            if slot is None:
                _remember(self._full, key, later + 1)
                continue
            start, size = slot
            before = used if held is not None and held.second == later else 0
            _remember(self._held, key, _Held(later, start + 1, start + size, before + 1))
            return self._until(later, start, bucket.limit)
        return None

    def _lease(self, key: tuple[str, str], second: int, first: int, wanted: int, limit: int) -> tuple[int, int] | None:
        """The first slot and how many, if not all that were wanted then one."""
        for size in sorted({wanted, 1}, reverse=True):
            slot = self._speeds.lease(*key, second, first, size, limit)
            if slot is not None:
                return slot, size
        return None

    def _until(self, second: int, slot: int, limit: int) -> float:
        return max(0.0, (slot_time(second, slot, limit) - self._clock.now()).total_seconds())


def _remember(memory: dict[tuple[str, str], _V], key: tuple[str, str], value: _V) -> None:
    if len(memory) >= _MOST_BUCKETS:
        memory.clear()
    memory[key] = value
