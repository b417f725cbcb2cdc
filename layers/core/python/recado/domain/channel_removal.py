"""The removal of a channel: the code that confirms it, and the chats that it leaves open (PRODUCT C2). No input or
output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from recado.domain.chats import Chat

CODE_LIFE = timedelta(minutes=10)
CODE_DIGITS = 6
MAX_TRIES = 5
MAX_CODES = 5
"""Codes of one channel within an hour; with the tries of each, 25 guesses at a million."""
CODES_WITHIN = timedelta(hours=1)
SETTLED_AFTER = timedelta(minutes=2)
"""After this long nobody opens a chat who read the channel before it was removed: who reads channels remembers them
for seconds, and no function runs longer than 90 s."""
LOOK_AGAIN = timedelta(seconds=60)
LISTED = 50
"""Open chats named in an answer."""


@dataclass(frozen=True)
class RemovalCode:
    """The code that was mailed last, by its slow hash, and the count of those since `counted_from`. `version` moves by
    one with each new code and each try."""

    code_hash: str
    expires_at: datetime
    counted_from: datetime
    codes: int = 1
    tries: int = 0
    version: int = 1

    def tries_left(self, now: datetime) -> int:
        """How many guesses the code still takes; none once it is over. The last moment of its life counts."""
        return max(0, MAX_TRIES - self.tries) if now <= self.expires_at else 0

    def tried(self) -> RemovalCode:
        """The code after one guess more, whatever comes of it."""
        return replace(self, tries=self.tries + 1, version=self.version + 1)


@dataclass(frozen=True)
class OpenChats:
    """Chats of a channel that are open: the first of them, and how many there are. `more`: there were too many open
    chats in the account to look at, so there may be others."""

    chats: tuple[Chat, ...]
    count: int
    more: bool = False

    @property
    def none(self) -> bool:
        """Whether the channel certainly has none."""
        return not self.count and not self.more


@dataclass(frozen=True)
class Closing:
    """A removed channel whose open chats are being closed: `place` is where the pass over the account's open chats goes
    on (None: from the beginning), `pass_from` when it began, `closed` what it has closed so far."""

    channel_id: str
    removed_at: datetime
    due: datetime
    place: str | None = None
    pass_from: datetime | None = None
    closed: int = 0


def new_code(code_hash: str, before: RemovalCode | None, now: datetime) -> RemovalCode | None:
    """The code that takes the place of an earlier one; None when there were enough of them within the hour."""
    if before is None:
        return RemovalCode(code_hash, now + CODE_LIFE, now)
    again = now - before.counted_from >= CODES_WITHIN
    if not again and before.codes >= MAX_CODES:
        return None
    return RemovalCode(
        code_hash,
        now + CODE_LIFE,
        now if again else before.counted_from,
        1 if again else before.codes + 1,
        version=before.version + 1,
    )


def next_code_at(before: RemovalCode) -> datetime:
    """When another code may be asked for."""
    return before.counted_from + CODES_WITHIN


def digits(secret: str) -> str:
    """Six digits of a secret of 256 random bits: each code is as likely as any other."""
    return f"{int.from_bytes(sha256(secret.encode()).digest(), 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_code(text: str) -> bool:
    """Whether a text can be a code at all."""
    return len(text) == CODE_DIGITS and text.isascii() and text.isdigit()


def after_look(closing: Closing, place: str | None, closed: int, now: datetime) -> Closing | None:
    """What is left after a look that went on to `place` (None: to the end). None: nothing. A chat that moved during a
    pass may have been missed by it, so only a pass that began when the channel was long removed, and found nothing to
    close, is the last."""
    began = closing.pass_from or now
    closed += closing.closed
    if place is not None:
        return replace(closing, place=place, pass_from=began, closed=closed, due=now)
    if began - closing.removed_at >= SETTLED_AFTER and not closed:
        return None
    return replace(closing, place=None, pass_from=None, closed=0, due=now + LOOK_AGAIN)
