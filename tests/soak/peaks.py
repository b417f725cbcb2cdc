"""How much memory a process had at most."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """Of this process since its program began. `getrusage` counts the process that started it as well, so that a
    large one hides what a small one needs: it is asked only where there is nothing else."""
    if _STATUS.exists():
        [line] = [one for one in _STATUS.read_text().splitlines() if one.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
