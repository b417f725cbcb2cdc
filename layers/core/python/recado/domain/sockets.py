"""Open sockets: by which connections a listener is told to look, and nothing else.

A listener is whoever's news somebody waits for, as a text: here a visitor's conversation. What a socket says is never
needed: who misses it finds the news by asking.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from recado.domain.chats import ThreadKey

LIFE = timedelta(hours=2, minutes=5)
"""API Gateway ends a connection after two hours, and does not always tell."""
OPENING = timedelta(seconds=30)
"""For so long a connection may be told to be gone because it has not quite begun."""
MAX_OPEN, MAX_TICKETS = 5, 20
"""Of one listener: sockets open at once; tickets used within the life of one."""


@dataclass(frozen=True)
class Sockets:
    """`open`: when each connection began, by its id; `spent`: when each used ticket ends, by its
    mark; `version` is of what is stored, 0 of nothing."""

    listener: str
    open: Mapping[str, datetime] = field(default_factory=dict)
    spent: Mapping[str, datetime] = field(default_factory=dict)
    version: int = 0

    @property
    def ends_at(self) -> datetime | None:
        """When all of it has ended by itself; None of nothing."""
        return max((*(since + LIFE for since in self.open.values()), *self.spent.values()), default=None)


def listener_of(thread: ThreadKey) -> str:
    """The listener that a visitor's page is: a digest, as the site may know its visitor by an address."""
    return sha256(f"{thread.channel_id}#{thread.sender}".encode()).hexdigest()[:40]


def opened(before: Sockets, connection_id: str, mark: str, ticket_ends_at: datetime, now: datetime) -> Sockets | None:
    """With one connection more, for which the oldest makes room; None when its ticket was used before, or too many
    were of late."""
    spent = {one: ends_at for one, ends_at in before.spent.items() if ends_at > now}
    if mark in spent or len(spent) >= MAX_TICKETS:
        return None
    kept = sorted((since, one) for one, since in before.open.items() if since + LIFE > now and one != connection_id)
    last = {one: since for since, one in kept[1 - MAX_OPEN :]}
    return replace(before, open={**last, connection_id: now}, spent={**spent, mark: ticket_ends_at})


def closed(before: Sockets, *connection_ids: str) -> Sockets | None:
    """Without these connections; None when none of them was there."""
    left = {one: since for one, since in before.open.items() if one not in connection_ids}
    return None if len(left) == len(before.open) else replace(before, open=left)


def is_opening(sockets: Sockets, connection_id: str, now: datetime) -> bool:
    """Whether the connection was so young that it may not have been usable yet."""
    return now - sockets.open[connection_id] < OPENING


def hint(seq: int) -> bytes:
    """What is said on a socket: that there is a message of this seq."""
    return json.dumps({"type": "new", "seq": seq}, separators=(",", ":")).encode()
