"""The real clock and the real source of ids; locally the clock may be shifted."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from recado.domain.ids import make_id
from recado.ports.core import Clock

_ACCOUNT_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class SystemClock:
    """Time of this machine."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """Time of this machine plus the offset in clock.json of the local folder, read at every call: the local stack's
    clock door."""

    def __init__(self, folder: str) -> None:
        self._file = Path(folder) / "clock.json"

    def now(self) -> datetime:
        """The shifted moment; without the file there is no shift."""
        try:
            offset = float(json.loads(self._file.read_text())["offset_s"])
        except FileNotFoundError:
            offset = 0.0
        return datetime.now(UTC) + timedelta(seconds=offset)


class RandomIds:
    """Ids from the clock and the system's randomness. Those of one process ascend: facts that are written together
    are listed in the order in which they were made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last = (0, 0)

    def new(self, kind: str, account: str) -> str:
        """A public id (domain.ids)."""
        now = self._clock.now()
        millisecond = int(now.timestamp() * 1000)
        with self._lock:
            last, number = self._last
            number = number + 1 if millisecond == last else secrets.randbits(63)
            self._last = millisecond, number
        return make_id(kind, account, now, f"{number:016x}")

    def account(self) -> str:
        """8 characters of 5 bits."""
        return "".join(secrets.choice(_ACCOUNT_ALPHABET) for _ in range(8))

    def secret(self) -> str:
        """256 bits, URL-safe."""
        return secrets.token_urlsafe(32)
