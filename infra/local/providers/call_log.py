"""Every call a provider took, oldest first, in bounded memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from infra.local.providers.base import Call

MAX_CALLS = 10_000
MAX_BYTES = 256 * 1024 * 1024


@dataclass
class Entry:
    """A call and what became of it: `status` of the answer (None: not answered yet, or dropped), id of the message."""

    call: Call
    status: int | None = None
    dropped: bool = False
    provider_id: str | None = None


class CallLog:
    """Keeps the last `max_calls` calls, fewer when their bodies exceed `max_bytes`."""

    def __init__(self, max_calls: int = MAX_CALLS, max_bytes: int = MAX_BYTES) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._max_calls = max_calls
        self._max_bytes = max_bytes

    def record(self, call: Call) -> Entry:
        entry = Entry(call)
        self._entries.append(entry)
        self._bytes += len(call.raw)
        while len(self._entries) > self._max_calls or self._bytes > self._max_bytes:
            self._bytes -= len(self._entries.popleft().call.raw)
        return entry

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def items(self, channel: str | None) -> list[dict[str, Any]]:
        """The calls as the control API shows them; `raw` is the body's text as sent, for whoever checks a signature."""
        return [_shown(entry) for entry in self._entries if channel in (None, entry.call.channel)]


def _shown(entry: Entry) -> dict[str, Any]:
    call = entry.call
    return {
        "at": call.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "channel": call.channel,
        "method": call.method,
        "path": call.path,
        "headers": dict(call.headers),
        "body": call.body(),
        "raw": call.raw.decode("utf-8", errors="replace"),
        "status": entry.status,
        "dropped": entry.dropped,
        "provider_id": entry.provider_id,
    }
