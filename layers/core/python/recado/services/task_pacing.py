"""How fast runs of tasks write on a channel (PRODUCT G9): slower than the provider takes it, so that what agents write
never waits behind them; and how many workers that keeps busy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from recado.domain.channels import Channel
from recado.domain.speed import MAX_LINES, Speed, bucket_of
from recado.domain.task_runs import LANES_OF_CHATS, MOST_LANES, Run
from recado.domain.tasks import Task
from recado.ports.core import Clock
from recado.ports.speeds import SpeedStore

WINDOW_S = 4
SHARE = 3
"""Of the four seconds of a window, runs may use what the channel does in three."""
_AHEAD = 2
"""Windows in which a slot is looked for."""
_BUCKET = "tasks"
_REMEMBERED_FOR = timedelta(seconds=60)
_MOST_CHANNELS = 1_000


class KnownChannels(Protocol):
    """Channels by id."""

    def get(self, a: str, channel_id: str) -> Channel | None: ...


class Speeds(Protocol):
    """What a type of channel takes (channels' adapters)."""

    def __call__(self, channel_type: str) -> Speed | None: ...


class TaskPacing:
    """All runs on a channel share its slots. Actions that write nothing have no speed; what a flow writes on the
    channels of open chats keeps to each channel's own line."""

    def __init__(self, slots: SpeedStore, channels: KnownChannels, speeds: Speeds, clock: Clock) -> None:
        self._slots = slots
        self._channels = channels
        self._speeds = speeds
        self._clock = clock
        self._limits: dict[tuple[str, str], tuple[datetime, tuple[int, int] | None]] = {}

    def of(self, a: str, task: Task) -> int:
        """How many lanes a run of the task has."""
        known = self._limit(a, task.channel_id) if task.channel_id else None
        return LANES_OF_CHATS if known is None else max(1, min(MOST_LANES, MAX_LINES, known[1]))

    def wait_s(self, a: str, run: Run) -> float | None:
        """Seconds until a slot that is the caller's now; None: there is none soon, and none was taken."""
        channel_id = run.action.get("channel_id")
        known = self._limit(a, channel_id) if channel_id else None
        if known is None:
            return 0.0
        limit, now = known[0] * SHARE, self._clock.now().timestamp()
        window = int(now // WINDOW_S)
        for later in range(window, window + _AHEAD):
            passed = (now - later * WINDOW_S) / WINDOW_S if later == window else 0.0
            slot = self._slots.lease(a, f"{channel_id}#{_BUCKET}", later * WINDOW_S, int(passed * limit), 1, limit)
            if slot is not None:
                begins = datetime.fromtimestamp((later + slot / limit) * WINDOW_S, UTC)
                return max(0.0, (begins - self._clock.now()).total_seconds())
        return None

    def _limit(self, a: str, channel_id: str) -> tuple[int, int] | None:
        """Messages of a second and lines of a channel; None: nobody knows of any."""
        now = self._clock.now()
        read_at, limit = self._limits.get((a, channel_id), (None, None))
        if read_at is not None and timedelta(0) <= now - read_at < _REMEMBERED_FOR:
            return limit
        channel = self._channels.get(a, channel_id)
        speed = self._speeds(channel.type) if channel else None
        bucket = bucket_of(speed, channel.settings, "text") if channel and speed else None
        if len(self._limits) >= _MOST_CHANNELS:
            self._limits.clear()
        limit = (bucket.limit, bucket.lines) if bucket else None
        self._limits[a, channel_id] = now, limit
        return limit
