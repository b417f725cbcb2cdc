"""The clock of the local world: the machine's clock plus the offset in `clock.json`.

The product reads the same file through RECADO_LOCAL_DIR, so that product, front and simulated providers always agree on
the time. The file is `{"offset_s": <number>}`; without it the offset is 0.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLOCK_FILE = "clock.json"
# A century either way: enough for every rule of the product, and datetime stays in its range.
MAX_OFFSET_S = 100 * 365 * 86_400


class BadOffset(ValueError):
    """The offset is no finite number of seconds within a century."""


def read_offset_s(local_dir: Path) -> float:
    """Seconds the local world is ahead of the machine's clock (negative: behind)."""
    try:
        return check_offset(json.loads((local_dir / CLOCK_FILE).read_text())["offset_s"])
    except FileNotFoundError:
        return 0


def write_offset_s(local_dir: Path, offset_s: object) -> float:
    """Set the offset atomically: a reader sees the old file or the new one, never half of one. BadOffset as below."""
    offset = check_offset(offset_s)
    local_dir.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=local_dir, prefix=CLOCK_FILE)
    with os.fdopen(handle, "w") as file:
        json.dump({"offset_s": offset}, file)
    os.replace(name, local_dir / CLOCK_FILE)
    return offset


def check_offset(value: object) -> float:
    """The value as an offset, or BadOffset."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadOffset("offset_s must be a number of seconds")
    if not math.isfinite(value) or abs(value) > MAX_OFFSET_S:
        raise BadOffset("offset_s must lie within a century of now")
    return value


def now(local_dir: Path) -> datetime:
    """The local world's time, aware, in UTC."""
    return datetime.now(UTC) + timedelta(seconds=read_offset_s(local_dir))
