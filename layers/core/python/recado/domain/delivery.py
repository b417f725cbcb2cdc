"""What a delivery status may become: a lattice, so that late, doubled and reordered statuses change nothing.

unknown < queued < sent < delivered < read. failed comes after unknown, queued and sent, and nothing comes after failed
or read.
"""

from __future__ import annotations

from recado.domain.chats import Status

_RANK: dict[Status, int] = {"unknown": 0, "queued": 1, "sent": 2, "delivered": 3, "read": 4}


def earlier_than(status: Status) -> tuple[Status, ...]:
    """The statuses that may give way to this one: what a conditional write requires of the stored one. `received`
    neither gives way nor comes after anything."""
    if status == "failed":
        return ("unknown", "queued", "sent")
    if status not in _RANK:
        return ()
    return tuple(other for other, rank in _RANK.items() if rank < _RANK[status])


def moves_forward(seen: Status, status: Status) -> bool:
    """Whether a message with the status `seen` takes this one."""
    return seen in earlier_than(status)
