"""What a run of a task would meet if it began now (PRODUCT G8): how many it means, and how they can be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.chats import Chat
from recado.domain.contacts import Contact
from recado.domain.errors import FieldError
from recado.domain.segment_bounds import bounds_of
from recado.domain.segment_matching import Matcher
from recado.domain.task_reach import Reach
from recado.domain.tasks import Task
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock
from recado.ports.segments import Pages, SegmentReads
from recado.services.segments import COUNTED_FOR, SegmentService
from recado.services.task_reach import TaskReach
from recado.services.tasks import TaskService

_THREADS = 16
_AT_ONCE = 100


class ReadContacts(Protocol):
    """Contacts by their ids."""

    def get_many(self, a: str, contact_ids: Sequence[str]) -> dict[str, Contact]: ...


class ReadChats(Protocol):
    """Chats by their ids, eventually consistent."""

    def read(self, a: str, chat_ids: Sequence[str]) -> list[Chat]: ...


@dataclass(frozen=True)
class Forecast:
    """`complete`: all were looked at in time; else the figures are of those that were. `reasons`: why some cannot be
    reached, or only by a template."""

    audience: int
    free: int
    template: int
    unreachable: int
    complete: bool
    reasons: dict[str, int] = field(default_factory=dict)
    problems: list[FieldError] = field(default_factory=list)
    """Why a run would not even begin now."""


class TaskForecast:
    """Reads as a preview does, and the contacts and threads of those that are meant."""

    def __init__(
        self,
        tasks: TaskService,
        filters: SegmentService,
        reads: SegmentReads,
        contacts: ReadContacts,
        chats: ReadChats,
        channels: ChannelStore,
        reach: TaskReach,
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self._filters = filters
        self._reads = reads
        self._contacts = contacts
        self._chats = chats
        self._channels = channels
        self._reach = reach
        self._clock = clock

    def of(self, caller: Caller, task_id: str) -> Forecast:
        """Of a task as it is now. Raises NotFound; Invalid when its filter names what is gone."""
        a = caller.account
        task = self._tasks.get(a, task_id)
        tree = self._filters.tree(a, task.table, task.filter)
        matcher, bounds, until = Matcher(tree), bounds_of(tree), self._clock.now() + COUNTED_FOR
        channel = self._channels.get(a, task.channel_id) if task.channel_id else None
        speaks = task.action["type"] == "run_flow"

        def count(pages: Pages) -> tuple[Counter[Reach], bool]:
            found = Counter[Reach]()
            for page in pages():
                ids = [one["id"]["S"] for one in matcher.select(page)]
                for start in range(0, len(ids), _AT_ONCE):
                    some = ids[start : start + _AT_ONCE]
                    found.update(self._reached(a, task, channel, some) if speaks else [Reach("free")] * len(some))
                    if self._clock.now() > until:
                        return found, False
            return found, True

        read = self._reads.contacts if task.table == "contacts" else self._reads.chats
        with ThreadPoolExecutor(_THREADS) as threads:
            parts = list(threads.map(count, read(a, bounds)))
        forecast = _forecast(sum((found for found, _ in parts), Counter[Reach]()), all(ended for _, ended in parts))
        return replace(forecast, problems=self._tasks.problems(a, task.table, task.action))

    def _reached(self, a: str, task: Task, channel: Channel | None, ids: Sequence[str]) -> list[Reach]:
        if task.table == "chats":
            return self._reach.of_chats(a, self._chats.read(a, ids))
        if channel is None or channel.state != "active":
            return [Reach("unreachable", "channel_unusable")] * len(ids)
        return self._reach.of_contacts(a, list(self._contacts.get_many(a, ids).values()), channel)


def _forecast(found: Counter[Reach], complete: bool) -> Forecast:
    how, reasons = Counter[str](), Counter[str]()
    for reach, number in found.items():
        how[reach.how] += number
        reasons[reach.reason or ""] += number
    del reasons[""]
    return Forecast(
        found.total(), how["free"], how["template"], how["unreachable"], complete, dict(sorted(reasons.items()))
    )
