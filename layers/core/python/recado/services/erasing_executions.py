"""Erasing what flows did in the chats of a contact, with what they were told. The chats were closed before, so none
is at work."""

from __future__ import annotations

from recado.domain.contact_erasure import Erasing
from recado.ports.contact_erasures import ErasedExecutions, Page

LINES_AT_ONCE = 80


class ErasingExecutions:
    """One execution at a time, its trace before it: it is found by no other way."""

    def __init__(self, executions: ErasedExecutions) -> None:
        self._executions = executions

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        index, before = self._place(work)
        while index < len(work.contact_ids):
            ids = self._executions.ids(a, work.contact_ids[index], before, 1)
            if not ids:
                index, before = index + 1, None
                continue
            return self._one(a, work, index, before, ids[0])
        return None

    def _one(self, a: str, work: Erasing, index: int, before: str | None, execution_id: str) -> Erasing:
        lines = self._executions.trace(a, execution_id, LINES_AT_ONCE)
        if lines:
            after = work.moved(f"{index}#{before or ''}")
            self._executions.erase_lines(a, Page(work, after, {}), execution_id, lines)
        else:
            after = work.moved(f"{index}#{execution_id}", 1)
            self._executions.erase(a, Page(work, after, {"executions": 1}), execution_id)
        return after

    def _place(self, work: Erasing) -> tuple[int, str | None]:
        """Which of the contact's ids, and behind what of it."""
        index, _, behind = (work.place or "0").partition("#")
        return int(index), behind or None
