"""What a run of a task would meet if it began now (PRODUCT G8): how many it means, and how they can be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple, Protocol

from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.chats import Chat
from recado.domain.contacts import Contact
from recado.domain.errors import FieldError
from recado.domain.segment_bounds import bounds_of
from recado.domain.segment_matching import Matcher
from recado.domain.task_reach import MOVES, Reach, first_words, left_out, situations_of, there_already
from recado.domain.tasks import Task
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock
from recado.ports.segments import Pages, SegmentReads
from recado.services.flow_library import FlowLibrary
from recado.services.segments import COUNTED_FOR, SegmentService
from recado.services.task_reach import TaskReach
from recado.services.tasks import TaskService

_THREADS = 16
_AT_ONCE = 100


class _Met(NamedTuple):
    """How somebody is reached, and why a run would leave them out."""

    reach: Reach
    left_out: str | None = None


_Meets = Callable[[Reach, Chat | None], _Met]


class ReadContacts(Protocol):
    """Contacts by their ids."""

    def get_many(self, a: str, contact_ids: Sequence[str]) -> dict[str, Contact]: ...


class ReadChats(Protocol):
    """Chats by their ids, eventually consistent."""

    def read(self, a: str, chat_ids: Sequence[str]) -> list[Chat]: ...


@dataclass(frozen=True)
class Forecast:
    """`complete`: all were looked at in time; else the figures are of those that were. `reasons`: why some cannot be
    reached, or only by a template. `acted_on`: with how many a run would begin its flow, or do what it does;
    `left_out`: why not with the others, as their targets would be told."""

    audience: int
    free: int
    template: int
    unreachable: int
    complete: bool
    reasons: dict[str, int] = field(default_factory=dict)
    acted_on: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
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
        library: FlowLibrary,
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self._filters = filters
        self._reads = reads
        self._contacts = contacts
        self._chats = chats
        self._channels = channels
        self._reach = reach
        self._library = library
        self._clock = clock

    def of(self, caller: Caller, task_id: str) -> Forecast:
        """Of a task as it is now. Raises NotFound; Invalid when its filter names what is gone."""
        a = caller.account
        task = self._tasks.get(a, task_id)
        tree = self._filters.tree(a, task.table, task.filter)
        matcher, bounds, until = Matcher(tree), bounds_of(tree), self._clock.now() + COUNTED_FOR
        meets = self._meeting(a, task)

        def count(pages: Pages) -> tuple[Counter[_Met], bool]:
            found = Counter[_Met]()
            for page in pages():
                ids = [one["id"]["S"] for one in matcher.select(page)]
                for start in range(0, len(ids), _AT_ONCE):
                    found.update(meets(ids[start : start + _AT_ONCE]))
                    if self._clock.now() > until:
                        return found, False
            return found, True

        read = self._reads.contacts if task.table == "contacts" else self._reads.chats
        with ThreadPoolExecutor(_THREADS) as threads:
            parts = list(threads.map(count, read(a, bounds)))
        problems = self._tasks.problems(a, task.table, task.action)
        found = sum((found for found, _ in parts), Counter[_Met]())
        if problems:
            found = _each(found, lambda one: one._replace(left_out="action_not_ready"))
        return replace(_forecast(found), complete=all(ended for _, ended in parts), problems=problems)

    def _meeting(self, a: str, task: Task) -> Callable[[Sequence[str]], Iterable[_Met]]:
        """How a run of the task would meet some of those that it means, by its own rules (domain.task_reach)."""
        action = task.action
        if action["type"] in MOVES:
            now = self._clock.now()
            return lambda ids: [
                _Met(Reach("free"), there_already(action, chat, now)) for chat in self._chats.read(a, ids)
            ]
        if action["type"] != "run_flow":
            return lambda ids: [_Met(Reach("free"))] * len(ids)
        begins = self._library.begin_at(a, action["flow_id"])
        drawn = self._library.version(a, action["flow_id"], begins[0]) if begins else None
        words, situations = first_words(drawn) if drawn else frozenset[str](), situations_of(action)
        has_fallback = action.get("template_fallback") is not None

        def met(reach: Reach, chat: Chat | None) -> _Met:
            disturbed = chat.situation if chat is not None and chat.situation not in situations else None
            return _Met(reach, left_out(reach, words, has_fallback, disturbed))

        if task.table == "chats":
            unusable = cache(lambda channel_id: self._reach.unusable(self._channels.get(a, channel_id)))
            return lambda ids: self._chats_met(a, ids, met, unusable if words else lambda channel_id: None)
        channel = self._channels.get(a, task.channel_id) if task.channel_id else None
        reason = self._reach.unusable(channel)
        if channel is None or reason is not None:
            return lambda ids: [_Met(Reach("unreachable", reason), reason)] * len(ids)
        return lambda ids: self._contacts_met(a, ids, channel, met)

    def _chats_met(
        self, a: str, ids: Sequence[str], met: _Meets, unusable: Callable[[str], str | None]
    ) -> Iterator[_Met]:
        chats = self._chats.read(a, ids)
        for chat, reach in zip(chats, self._reach.of_chats(a, chats), strict=True):
            reason = unusable(chat.channel_id)
            yield met(reach, chat) if reason is None else _Met(Reach("unreachable", reason), reason)

    def _contacts_met(self, a: str, ids: Sequence[str], channel: Channel, met: _Meets) -> list[_Met]:
        contacts = list(self._contacts.get_many(a, ids).values())
        found = self._reach.of_contacts(a, contacts, channel)
        open_ids = [thread.open_chat_id for _, thread in found if thread is not None and thread.open_chat_id]
        chats = {chat.id: chat for chat in self._chats.read(a, open_ids)} if open_ids else {}
        return [met(reach, chats.get((thread.open_chat_id if thread else None) or "")) for reach, thread in found]


def _each(found: Counter[_Met], after: Callable[[_Met], _Met]) -> Counter[_Met]:
    counted = Counter[_Met]()
    for one, number in found.items():
        counted[after(one)] += number
    return counted


def _forecast(found: Counter[_Met]) -> Forecast:
    how, reasons, left = Counter[str](), Counter[str](), Counter[str]()
    for met, number in found.items():
        how[met.reach.how] += number
        reasons[met.reach.reason or ""] += number
        left[met.left_out or ""] += number
    acted_on = left.pop("", 0)
    del reasons[""]
    return Forecast(
        found.total(), how["free"], how["template"], how["unreachable"], True, dict(sorted(reasons.items())), acted_on,
        dict(sorted(left.items())),
    )  # fmt: skip
