"""How fast a provider takes messages (G9): of a channel in all, of files, to one person. Pure; the figures are beside
each adapter.

A channel's second has as many slots as it may send messages, evenly spread over it, and each slot is one message's:
whatever the workers do, no stretch of a second has more than its share and one. To one person a bucket of `burst`
messages is filled by one every `every_s`; as messages of a thread are written one after the other, it is reckoned
there, when a message is written.

Who finds no slot within some seconds waits in a line of the channel. A channel has as many lines as it needs workers to
be used to the full, and no more than MAX_LINES: a worker works a line off at the channel's speed, so a busy channel
holds few of them, and the messages of others go on. All messages to a person are in one line, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zlib import crc32

from recado.domain.messages import MEDIA_KINDS

SETTING = "messages_per_second"
"""The setting of a channel whose provider lets one be faster, or slower, than most."""
MAX_PER_SECOND = 1_000
SENDS_PER_SECOND = 5
"""What one worker does in a second, roughly: a provider answers in some 200 ms."""
MAX_LINES = 8
_SLOW_KINDS = MEDIA_KINDS - {"sticker"}


class PairSpeed(NamedTuple):
    """To one person: `burst` messages at once, then one every `every_s` seconds."""

    every_s: float
    burst: int


class Speed(NamedTuple):
    """What a provider takes of one channel, in messages per second; `media_per_second` of files, where they are counted
    apart."""

    per_second: int
    media_per_second: int | None = None
    pair: PairSpeed | None = None


class Bucket(NamedTuple):
    """What a message is counted in: `name` is empty for the channel as a whole. `limit`: slots in a second. `lines`:
    how many the channel has, the same for all its buckets: what is said to a person is all in one."""

    name: str
    limit: int
    lines: int


def wrong_speed(value: str) -> str | None:
    """What is wrong with the setting `messages_per_second`, or None."""
    good = value.isascii() and value.isdigit() and len(value) <= 4 and 1 <= int(value) <= MAX_PER_SECOND
    return None if good else f"It must be a whole number from 1 to {MAX_PER_SECOND:,}."


def bucket_of(speed: Speed, settings: Mapping[str, Any], kind: str) -> Bucket:
    """What a message of a kind is counted in; the channel's setting goes before the provider's usual figure."""
    given = settings.get(SETTING)
    limit = int(given) if isinstance(given, str) and wrong_speed(given) is None else speed.per_second
    lines = min(MAX_LINES, -(-limit // SENDS_PER_SECOND))
    if speed.media_per_second is not None and kind in _SLOW_KINDS:
        return Bucket("media", speed.media_per_second, lines)
    return Bucket("", limit, lines)


def first_slot(limit: int, now: datetime) -> int:
    """The slot of its second in which a moment lies: those before it are over."""
    return int(now.microsecond * limit // 1_000_000)


def slot_time(second: int, slot: int, limit: int) -> datetime:
    """When a slot begins; `second` counts from 1970."""
    return datetime.fromtimestamp(second, UTC) + timedelta(seconds=slot / limit)


def lease_size(limit: int, used: int) -> int:
    """How many slots a worker takes with one write: one, or as many as it used a moment ago, and never so many that a
    few workers have them all. What it does not use of them is lost."""
    return max(1, min(used, limit // 8))


def turn_of_person(pair: PairSpeed, free_at: datetime | None, now: datetime) -> tuple[datetime | None, datetime]:
    """From when the next message to a person may go, None for now; and when their bucket is full again then."""
    full_at = max(free_at or now, now)
    turn = full_at - timedelta(seconds=(pair.burst - 1) * pair.every_s)
    return (turn if turn > now else None), full_at + timedelta(seconds=pair.every_s)


def line_of(bucket: Bucket, sender: str) -> str:
    """The line of a channel in which messages to a person wait."""
    return str(crc32(sender.encode()) % bucket.lines)
