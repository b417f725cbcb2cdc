"""How fast runs of tasks write on a channel (PRODUCT G9): slower than the provider takes it, so that what agents write
never waits behind them; and how many workers that keeps busy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from recado.domain.channels import Channel
from recado.domain.chats import Chat
from recado.domain.speed import MAX_LINES, Speed, bucket_of
from recado.domain.task_runs import ACTED_AT_ONCE, LANES_OF_CHATS, MOST_LANES, Run, Target
from recado.domain.task_window import FEW
from recado.domain.tasks import Task
from recado.ports.core import Clock
from recado.ports.speeds import SpeedStore
from recado.ports.task_runs import Turn

WINDOW_S = 4
SHARE = 3
"""Of the four seconds of a window, runs may use what the channel does in three."""
_AHEAD = 2
"""Windows in which a slot is looked for."""
_MOST_WINDOWS = 64
"""Windows that the messages of one flow fill at most."""
_BUCKET = "tasks"
_REMEMBERED_FOR = timedelta(seconds=60)
_MOST_CHANNELS = 1_000


class KnownChannels(Protocol):
    """Channels by id."""

    def get(self, a: str, channel_id: str) -> Channel | None: ...


class KnownChats(Protocol):
    """Chats by id."""

    def chat(self, a: str, chat_id: str) -> Chat | None: ...


class Speeds(Protocol):
    """What a type of channel takes (channels' adapters)."""

    def __call__(self, channel_type: str) -> Speed | None: ...


class TaskPacing:
    """All runs on a channel share its slots, one for each message with which their flows begin: those of chats the
    slots of each chat's channel. Actions that write nothing have no speed."""

    def __init__(
        self, slots: SpeedStore, channels: KnownChannels, chats: KnownChats, speeds: Speeds, clock: Clock
    ) -> None:
        self._slots = slots
        self._channels = channels
        self._chats = chats
        self._speeds = speeds
        self._clock = clock
        self._limits: dict[tuple[str, str], tuple[datetime, tuple[int, int] | None]] = {}

    def of(self, a: str, task: Task) -> int:
        """How many lanes a run of the task has."""
        known = self._limit(a, task.channel_id) if task.channel_id else None
        return LANES_OF_CHATS if known is None else max(1, min(MOST_LANES, MAX_LINES, known[1]))

    def ahead(self, a: str, run: Run) -> int | None:
        """How many targets of each lane may be on their way: in all what runs may write in a window on the channel. In
        the channels of open chats, of which nobody knows how many there are, a page. None: the run sends nothing."""
        if run.action["type"] != "run_flow":
            return None
        channel_id = run.action.get("channel_id")
        known = self._limit(a, channel_id) if channel_id else None
        return ACTED_AT_ONCE if known is None else max(FEW, known[0] * SHARE // run.lanes)

    def turn(self, a: str, run: Run, target: Target) -> Turn | None:
        """A slot of the target's channel, which is the caller's now; None: there is none soon, and none was taken."""
        channel_id = self._written_on(a, run, target)
        known = self._limit(a, channel_id) if channel_id else None
        if channel_id is None or known is None:
            return Turn()
        limit, now = known[0] * SHARE, self._clock.now().timestamp()
        window = int(now // WINDOW_S)
        for later in range(window, window + _AHEAD):
            slot = self._lease(a, channel_id, later, now, 1, limit)
            if slot is not None:
                begins = datetime.fromtimestamp((later + slot / limit) * WINDOW_S, UTC)
                return Turn(max(0.0, (begins - self._clock.now()).total_seconds()), channel_id)
        return None

    def charge(self, a: str, turn: Turn, messages: int) -> None:
        """Take as many slots more, as soon as there are some: the next turns come behind them."""
        known = self._limit(a, turn.channel_id) if turn.channel_id and messages > 0 else None
        if turn.channel_id is None or known is None:
            return
        limit, now = known[0] * SHARE, self._clock.now().timestamp()
        window = int(now // WINDOW_S)
        for later in range(window, window + _MOST_WINDOWS):
            wanted = min(messages, limit)
            while wanted and self._lease(a, turn.channel_id, later, now, wanted, limit) is None:
                wanted //= 2
            messages -= wanted
            if not messages:
                return

    def _written_on(self, a: str, run: Run, target: Target) -> str | None:
        """The channel on which the target's flow writes; None: nothing is written."""
        if run.action["type"] != "run_flow":
            return None
        if run.table == "contacts":
            found: str | None = run.action.get("channel_id")
            return found
        chat = self._chats.chat(a, target.id)
        return chat.channel_id if chat is not None else None

    def _lease(self, a: str, channel_id: str, window: int, now: float, wanted: int, limit: int) -> int | None:
        passed = max(0.0, (now - window * WINDOW_S) / WINDOW_S)
        return self._slots.lease(a, f"{channel_id}#{_BUCKET}", window * WINDOW_S, int(passed * limit), wanted, limit)

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
