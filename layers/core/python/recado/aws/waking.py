"""Asking for a look at a department. The command is "look", not "assign this": losing, doubling or delaying it does
no harm."""

from __future__ import annotations

from collections.abc import Sequence

from recado import telemetry
from recado.ports.core import Command, Ids, Queue


class DistributionWaker:
    """The fast way to a look. The chats and workspace streams ask again for every WAIT and RING item that appears."""

    def __init__(self, queue: Queue, ids: Ids) -> None:
        self._queue = queue
        self._ids = ids

    def wake(self, a: str, department_ids: Sequence[str], cause: str) -> None:
        """One command per department. The deduplication id is always fresh: SQS would swallow a real wake-up for five
        minutes otherwise."""
        commands = [
            Command(
                group=department_id,
                dedup=self._ids.secret(),
                body={"account": a, "department_id": department_id, "cause": cause},
            )
            for department_id in department_ids
        ]
        try:
            self._queue.send(commands)
        except Exception as error:  # whatever it is, the change that woke is committed and the streams ask again
            telemetry.failure("wake_failed", error, account=a, count=len(commands))
