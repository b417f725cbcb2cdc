"""A department with agents on the real storage (moto or the local stack), and chats that come to wait in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from recado.channels.registry import adapter
from recado.domain.access import Caller
from recado.domain.chats import Chat, Event, Thread, ThreadKey
from recado.domain.errors import NotFound
from recado.domain.people import Department, Membership
from recado.domain.timers import armed
from recado.ports.reception import ConnectedChannel
from recado.services.assignments import Assignments
from recado.services.chat_actions import ChatActions
from recado.services.chat_commits import ChatCommits
from recado.services.chat_marks import ChatMarks
from recado.services.chat_shapes import ChatShapes
from recado.services.chat_timers import ChatTimers
from recado.services.distribution import DistributionService, Tally
from recado.services.empty_chats import EmptyChats
from recado.services.presence import PresenceService
from recado.services.references import References
from recado.services.system_moves import SystemMoves
from recado.services.tabulations import TabulationService
from recado.services.workflows import WorkflowService
from recado.storage import keys
from recado.storage.agents import AgentStore
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.chat_records import ChatEventRecord, ChatRecord, ThreadRecord, WaitRecord, wait_record
from recado.storage.chat_timers import DynamoChatTimers
from recado.storage.chats import DynamoChats
from recado.storage.distribution import DistributionStore
from recado.storage.flow_executions import DynamoExecutions
from recado.storage.read_marks import DynamoReadMarks
from recado.storage.tables import ChatsRecord
from recado.storage.tabulations import DynamoTabulations
from recado.storage.workflows import DynamoWorkflows

ACCOUNT = "accounta"


@dataclass
class Wakes:
    """Remembers who was woken."""

    calls: list[tuple[str, str]] = field(default_factory=list)

    def wake(self, a: str, department_ids: Sequence[str], cause: str) -> None:
        self.calls += [(department_id, cause) for department_id in department_ids]


class Departments:
    """Departments by id, in memory."""

    def __init__(self) -> None:
        self.all: dict[str, Department] = {}

    def get(self, a: str, department_id: str) -> Department | None:
        return self.all.get(department_id)

    def default(self, a: str) -> str | None:
        return next(iter(self.all), None)


class Hours:
    """Open until a test closes a department: id → when it opens."""

    def __init__(self) -> None:
        self.closed: dict[str, datetime | None] = {}

    def open(self, a: str, department: Department) -> bool:
        return department.id not in self.closed

    def opens_at(self, a: str, department: Department) -> datetime | None:
        return self.closed.get(department.id)


class Channels:
    """Every channel is there."""

    def latest(self, a: str, channel_id: str) -> ConnectedChannel:
        return self.find(a, channel_id)

    def find(self, a: str, channel_id: str, fresh: bool = False) -> ConnectedChannel:
        return ConnectedChannel(channel_id, "whatsapp", "", "active")

    def by_address(self, a: str, channel_type: str, address: str) -> None:
        return None


class Reads:
    """One chat, one thread."""

    def chat(self, a: str, chat_id: str) -> Chat | None:
        return DynamoChats().chat(a, chat_id)

    def thread(self, a: str, key: ThreadKey) -> Thread | None:
        return ThreadRecord.get(keys.thread_pk(a, key), "THREAD", consistent_read=True).thread()

    def last_event(self, a: str, chat_id: str, event_type: str) -> Event | None:
        return DynamoChats().last_event(a, chat_id, event_type)

    def visible(self, caller: Caller, chat_id: str) -> Chat:
        chat = self.chat(caller.account, chat_id)
        if chat is None:
            raise NotFound("There is no such chat.")
        return chat


class Team:
    """Services on real storage with one department to begin with."""

    def __init__(self, clock: Any, ids: Any, moves: ChatMoveStore | None = None) -> None:
        self.clock, self.ids = clock, ids
        self.wakes, self.departments, self.reads, self.hours = Wakes(), Departments(), Reads(), Hours()
        self.agents, self.moves, self.store = AgentStore(), moves or ChatMoveStore(), DistributionStore()
        self.presence = PresenceService(self.agents, self.wakes, clock)
        shapes = ChatShapes(self.reads, adapter)
        self.system = system = SystemMoves(self.moves, self.agents, shapes, self.wakes, clock, ids)
        self.distribution = DistributionService(
            self.store,
            self.moves,
            self.departments,
            self.presence,
            self.hours,
            system,
            Assignments(shapes, ids),
            self.wakes,
            clock,
        )
        self.timers = ChatTimers(
            DynamoChatTimers(),
            self.departments,
            self.hours,
            self.distribution,
            system,
            EmptyChats(DynamoChats()),
            DynamoExecutions(),
            clock,
        )
        self.workflows = WorkflowService(DynamoWorkflows(), References(), clock, ids)
        self.tabulations = TabulationService(DynamoTabulations(), References(), clock, ids)
        commits = ChatCommits(self.moves, self.agents, self.departments, shapes, self.wakes, ids)
        self.actions = ChatActions(
            self.reads,
            self.reads,
            commits,
            self.agents,
            self.departments,
            self.hours,
            self.tabulations,
            Channels(),
            clock,
        )
        self.marks = ChatMarks(
            self.reads, self.reads, self.moves, shapes, self.workflows, self.tabulations, DynamoReadMarks(), clock, ids
        )
        self.names: dict[str, str] = {}
        self.department = self.add_department()
        self._chats = 0

    def add_department(self, name: str = "Suporte", enabled: bool = True, **settings: Any) -> str:
        department_id = self.ids.new("dp", ACCOUNT)
        self.departments.all[department_id] = Department(
            department_id, name, "department", self.clock.now(), distribution_enabled=enabled, **settings
        )
        return str(department_id)

    def set(self, department: str | None = None, **settings: Any) -> None:
        """Change settings of a department."""
        department_id = department or self.department
        self.departments.all[department_id] = replace(self.departments.all[department_id], **settings)

    def join(
        self, name: str, position: int, *, cap: int | None = None, available: bool = True, supervisor: bool = False
    ) -> str:
        """A connected agent of the department."""
        user_id = str(self.ids.new("us", ACCOUNT))
        self.names[user_id] = name
        self.presence.create(ACCOUNT, user_id, cap)
        membership = Membership(position, agent=not supervisor, supervisor=supervisor)
        self.presence.set_membership(ACCOUNT, user_id, self.department, membership)
        self.presence.renew(ACCOUNT, user_id, force=True)
        if available:
            self.presence.set_presence(ACCOUNT, user_id, "available")
        return user_id

    def arrive(self, count: int = 1, department: str | None = None) -> list[Chat]:
        """New chats, one after the other, waiting in the department."""
        chats = [self._arriving(department or self.department) for _ in range(count)]
        with ChatsRecord.batch_write() as batch:
            for chat in chats:
                batch.save(ThreadRecord.of_thread(ACCOUNT, Thread(chat.thread, chat.contact_id, 1, chat.id)))
                batch.save(ChatRecord.of_chat(ACCOUNT, chat))
        with ChatsRecord.batch_write() as batch:
            for chat in chats:
                batch.save(wait_record(ACCOUNT, chat))
        return chats

    def _arriving(self, department_id: str) -> Chat:
        self._chats += 1
        self.clock.move(0.001)
        now = self.clock.now()
        contact_id, chat_id = str(self.ids.new("ct", ACCOUNT)), str(self.ids.new("ca", ACCOUNT))
        key = ThreadKey(f"ch_{ACCOUNT}_1", f"{5511900000000 + self._chats}")
        chat = Chat(chat_id, contact_id, key.channel_id, "custom", key, department_id, "queued", now, 1, queued_at=now)
        return armed(replace(chat, moved_at=now), self.departments.get(ACCOUNT, department_id))

    def look(self, cause: str = "queued", department: str | None = None) -> Tally:
        return self.distribution.look(ACCOUNT, department or self.department, cause)

    def give(self, count: int = 1) -> str:
        """Chats arrive, a look follows: the names of who got them ("-" = waiting)."""
        chats = self.arrive(count)
        self.look()
        return "".join(self.owner(chat) for chat in chats)

    def chat(self, chat: Chat) -> Chat:
        found = self.reads.chat(ACCOUNT, chat.id)
        assert found is not None
        return found

    def owner(self, chat: Chat) -> str:
        agent_id = self.chat(chat).agent_id
        return self.names[agent_id] if agent_id else "-"

    def close(self, chat: Chat) -> Chat:
        owner = self.chat(chat).agent_id
        return self.actions.close(Caller(ACCOUNT, "agent", user_id=owner or "us_admin"), chat.id)

    def waiting(self, department: str | None = None) -> list[str]:
        pk = keys.queue_pk(ACCOUNT, department or self.department)
        return [record.id for record in WaitRecord.query(pk, WaitRecord.sk.startswith("WAIT#"), consistent_read=True)]

    def receipts(self, chat: Chat) -> list[dict[str, Any]]:
        pk = keys.chat_pk(ACCOUNT, chat.id)
        events = ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"), consistent_read=True)
        return [event.data["receipt"] for event in events if "receipt" in event.data]
