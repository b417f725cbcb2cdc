"""Whether a run still means a chat when it is its turn: it may be long since the run was frozen (PRODUCT G7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from recado.domain.chats import Judged
from recado.domain.errors import NotFound
from recado.domain.segment_fields import Table
from recado.domain.segment_matching import Matcher, Record
from recado.domain.segments import Group
from recado.domain.task_runs import Run, Target


class FiltersOfRuns(Protocol):
    """Filters as runs were begun with them (storage.task_runs)."""

    def filter_of(self, a: str, run_id: str) -> Any: ...


class FiltersAt(Protocol):
    """The one reading of filters (services.segments)."""

    def tree(self, a: str, table: Table, given: Any, pointer: str = "/filter", at: datetime | None = None) -> Group:
        """Raises Invalid."""
        ...


class ChatRecords(Protocol):
    """Chats as filters read them (storage.segment_reads)."""

    def chat(self, a: str, chat_id: str) -> Record | None:
        """Strongly consistent."""
        ...


class StillMeant:
    """Remembers how the filter of one run is read: it reads as it did when the run was begun."""

    def __init__(self, runs: FiltersOfRuns, filters: FiltersAt, chats: ChatRecords) -> None:
        self._runs = runs
        self._filters = filters
        self._chats = chats
        self._known: tuple[str, Matcher] | None = None

    def chat(self, a: str, run: Run, target: Target) -> Judged | None:
        """As what the chat is meant: the run's filter holds of it, or what the run began with it before leads it still.
        None: it is meant no more. Raises NotFound when it is gone, Invalid when something that the filter names is."""
        found = self._chats.chat(a, target.id)
        if found is None:
            raise NotFound("There is no such chat.")
        begun = target.sent.execution_id if target.sent else None
        is_led = begun is not None and found.get("execution_id") == {"S": begun}
        if not is_led and not self._matcher(a, run).matches(found):
            return None
        return Judged(int(found["version"]["N"]), int(found["thread_seq"]["N"]))

    def _matcher(self, a: str, run: Run) -> Matcher:
        if self._known is None or self._known[0] != run.id:
            tree = self._filters.tree(a, run.table, self._runs.filter_of(a, run.id), at=run.created_at)
            self._known = run.id, Matcher(tree)
        return self._known[1]
