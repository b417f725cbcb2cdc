"""A chat on real storage (moto), the services that send, and a provider that plays what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from recado.channels.registry import adapter
from recado.domain.access import Caller
from recado.domain.chats import Author, Chat, Message, Thread, ThreadKey
from recado.domain.files import File, served_key
from recado.domain.people import Access, Department, Membership
from recado.domain.sending import Draft, Outgoing, post
from recado.domain.templates import MessageTemplate
from recado.ports.core import Command, HttpResponse
from recado.ports.reception import ConnectedChannel
from recado.services.chats import ChatService
from recado.services.files import FileService
from recado.services.outbound import OutboundService
from recado.services.pacing import Pacing
from recado.services.sending import NewMessage, SendingService
from recado.services.sent_files import Attachments, SentFiles
from recado.services.template_choice import TemplateChoice
from recado.storage.channels import ChannelStore
from recado.storage.chat_records import ChatRecord, MessageRecord, ThreadRecord
from recado.storage.chats import DynamoChats
from recado.storage.files import DynamoFiles
from recado.storage.outbox import DynamoOutbox
from recado.storage.speeds import DynamoLines, DynamoSpeeds
from recado.storage.statuses import DynamoStatuses
from recado.storage.templates import DynamoTemplates

A = "accounta"
DEPARTMENT = f"dp_{A}_{1:027x}"
CHANNEL = f"ch_{A}_{1:027x}"
CONTACT = f"ct_{A}_{1:027x}"
ANA, BRUNO, CARLA = (f"us_{A}_{number:027x}" for number in (1, 2, 3))
ADMIN = Caller(A, "admin", token_id=f"tk_{A}_{1:027x}", scopes=frozenset())
CHANNELS = {
    "whatsapp": ConnectedChannel(
        CHANNEL, "whatsapp", DEPARTMENT, "active", "1", {"phone_number_id": "10000000001"}, {"access_token": ("token",)}
    ),
    "custom": ConnectedChannel(
        CHANNEL,
        "custom",
        DEPARTMENT,
        "active",
        "",
        {"callback_url": "https://their.example/in"},
        {"secret": ("whsec_" + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh",)},
    ),
}


def agent(user_id: str, supervisor: bool = False, role: Any = "agent") -> Caller:
    return Caller(A, role, user_id=user_id, memberships={DEPARTMENT: Membership(1, True, supervisor)})


class Provider:
    """An Http that answers from a script, then accepts; it remembers the bodies it was sent."""

    def __init__(self) -> None:
        self.script: list[HttpResponse | Exception | Callable[[], HttpResponse | Exception]] = []
        self.sent: list[bytes] = []
        self.asked_by: list[str] = []
        """The token of each request."""
        self._count = 0

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        self.sent.append(body or b"")
        self.asked_by.append(next((value for name, value in headers.items() if name.lower() == "authorization"), ""))
        answer = self.script.pop(0) if self.script else self.accepts()
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def accepts(self) -> HttpResponse:
        self._count += 1
        return HttpResponse(200, {}, b'{"messages":[{"id":"wamid.%d"}]}' % self._count)


def refuses(code: int, status: int = 400, **headers: str) -> HttpResponse:
    """A Graph error."""
    return HttpResponse(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, b'{"error":{"code":%d}}' % code
    )


@dataclass
class Commands:
    """A queue in memory; `broken` refuses everything."""

    sent: list[Command] = field(default_factory=list)
    broken: bool = False

    def send(self, commands: Sequence[Command]) -> None:
        if self.broken:
            raise ConnectionError("no queue")
        self.sent += commands


class Objects:
    """The files bucket in memory; only what is read of it and linked to."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.links = 0

    def get(self, key: str) -> bytes:
        return self.contents[key]

    def link(self, key: str, seconds: int) -> str:
        self.links += 1
        return f"https://recado.example/{key}?expires={seconds}&n={self.links}"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not asked of the bucket when messages are sent")


@dataclass
class Journal:
    lines: list[tuple[Any, ...]] = field(default_factory=list)

    def tried(self, *line: Any) -> None:
        self.lines.append(line)

    def not_enqueued(self, *line: Any) -> None:
        self.lines.append(line)


class World:
    """One contact in one open chat, served by Ana, started or not."""

    def __init__(self, clock: Any, ids: Any, channel_type: str = "whatsapp") -> None:
        self.clock, self.ids = clock, ids
        self.channel: ConnectedChannel | None = CHANNELS[channel_type]
        self.channel_by_now: ConnectedChannel | None = None
        """What it was changed to since it was remembered."""
        self.channel_type = channel_type
        self.access: Access = "department"
        self.department_settings: dict[str, Any] = {}
        self.departments_read = 0
        self.problems: list[tuple[str, str, str, str]] = []
        self.refused_tokens: list[tuple[str, str, Any]] = []
        self.pauses: list[float] = []
        self.hints: list[tuple[str, ThreadKey, int]] = []
        self.queue, self.journal, self.provider = Commands(), Journal(), Provider()
        self.outbox, self.store, self.templates = DynamoOutbox(), DynamoChats(), DynamoTemplates()
        self.early_statuses = DynamoStatuses()
        self.chats = ChatService(self.store, self, adapter)
        self.objects, self.files = Objects(), DynamoFiles()
        self.sent_files = SentFiles(self.files, self.objects, self.objects)
        door = FileService(self.files, self.objects, ChannelStore(), adapter, self.chats, clock, ids)
        self.sending = SendingService(
            self.chats, self.store, self.outbox, self, adapter, self, TemplateChoice(self.templates),
            Attachments(door, self.sent_files), self.queue, clock, ids, self.journal,
        )  # fmt: skip
        self.outbound = self.worker()
        self.key = ThreadKey(CHANNEL, "+5511987654321" if channel_type == "whatsapp" else "x:77")
        self.chat = self.open_chat()

    def worker(self, outbox: Any = None) -> OutboundService:
        """An outbound worker, over another store of sends if one is given."""
        return OutboundService(
            outbox or self.outbox,
            self,
            self,
            self.early_statuses,
            self.sent_files,
            adapter,
            self.provider,
            self.provider,
            self.queue,
            self.clock,
            self.ids,
            self.pause,
            lambda: 0.5,
            self.journal,
            "https://recado.example.com",
            Pacing(DynamoSpeeds(), self.clock),
            DynamoLines(),
            self,
        )

    def tell(self, a: str, thread: ThreadKey, seq: int) -> None:
        """The hints."""
        self.hints.append((a, thread, seq))

    def open_chat(self, **fields: Any) -> Chat:
        now = self.clock.now()
        values: dict[str, Any] = {
            "id": self.ids.new("ca", A),
            "contact_id": CONTACT,
            "channel_id": CHANNEL,
            "channel_type": self.channel_type,
            "thread": self.key,
            "department_id": DEPARTMENT,
            "situation": "in_service",
            "opened_at": now,
            "first_seq": 1,
            "agent_id": ANA,
            "queued_at": now,
            "assigned_at": now,
        }
        chat = Chat(**{**values, **fields})
        address = "+5511987654321" if self.channel_type == "whatsapp" else "77"
        thread = Thread(chat.thread, CONTACT, 1, chat.id, now, now, "hi", 1, address)
        said = Message(
            self.ids.new("ms", A),
            chat.id,
            CONTACT,
            chat.thread,
            1,
            "inbound",
            "text",
            "hi",
            "received",
            Author("contact", CONTACT),
            now,
            now,
            provider_id="wamid.in",
        )
        ChatRecord.of_chat(A, chat).save()
        ThreadRecord.of_thread(A, thread).save()
        MessageRecord.of_message(A, said).save()
        return chat

    # what the services ask the world for

    def latest(self, a: str, channel_id: str) -> ConnectedChannel | None:
        self.channel, self.channel_by_now = self.channel_by_now or self.channel, None
        return self.channel

    def find(self, a: str, channel_id: str, fresh: bool = False) -> ConnectedChannel | None:
        return self.channel

    def by_address(self, a: str, channel_type: str, address: str) -> ConnectedChannel | None:
        return self.channel

    def all(self, a: str) -> list[Department]:
        return [Department(DEPARTMENT, "Sales", self.access, self.clock.now(), **self.department_settings)]

    def get(self, a: str, department_id: str) -> Department | None:
        self.departments_read += 1
        return next((one for one in self.all(a) if one.id == department_id), None)

    def default(self, a: str) -> str | None:
        return DEPARTMENT

    def report(self, a: str, channel_id: str, code: str, detail: str) -> None:
        self.problems.append((a, channel_id, code, detail))

    def token_refused(self, a: str, channel_id: str, used: Mapping[str, tuple[str, ...]]) -> None:
        self.refused_tokens.append((a, channel_id, dict(used)))

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.move(seconds)

    # what tests do and see

    def write(self, caller: Caller | None = None, **fields: Any) -> Message:
        return self.sending.send(caller or agent(ANA), self.chat.id, NewMessage(**{"text": "hello", **fields}), "corr")

    def has_file(
        self, content_type: str = "image/png", size: int = 10, by: str = ANA, state: str = "accepted", **fields: Any
    ) -> str:
        """An uploaded file; its id."""
        file = File(
            self.ids.new("fi", A), fields.pop("feature", "service"), fields.pop("name", "nota"), content_type, size, by,
            self.clock.now(), state, etag="etag" if state == "accepted" else None, **fields,
        )  # fmt: skip
        self.files.create(A, file)
        self.objects.contents[served_key(A, file.id, "etag")] = b"x" * min(size, 100)
        return file.id

    def post(self) -> str:
        """A message in the outbox, without the services; its id."""
        now = self.clock.now()
        posting = post(
            Draft("text", "hello"), self.chat, self.thread, Author("system"), self.ids.new("ms", A), None, now, "corr"
        )
        assert self.outbox.write(A, posting)
        return posting.message.id

    def template(self, name: str, language: str, text: str, *more: Any, **fields: Any) -> MessageTemplate:
        """A template of the channel, approved unless it is said otherwise; `more` are components beside its body."""
        now = self.clock.now()
        components = ({"type": "BODY", "text": text}, *more)
        values = {
            "channel_id": CHANNEL, "status": "APPROVED", "provider_id": "5001", "category": "UTILITY", **fields
        }  # fmt: skip
        made = MessageTemplate(
            self.ids.new("tm", A), name=name, language=language, components=components,
            created_at=now, updated_at=now, **values,
        )  # fmt: skip
        assert self.templates.create(A, made)
        return made

    def work(self) -> None:
        """The worker takes every command that waits."""
        while self.queue.sent:
            body = self.queue.sent.pop(0).body
            if "line" in body:
                self.outbound.work_off(body["account"], body["channel_id"], body["line"])
            else:
                self.outbound.send(body["account"], body["message_id"])

    def sweep(self) -> int:
        return self.outbound.settle_due(self.clock.now(), 100).done

    def out(self, message_id: str) -> Outgoing:
        found = self.outbox.get(A, message_id)
        assert found is not None
        return found

    def message(self, message_id: str) -> Message:
        found = self.outbox.message(A, self.key, self.out(message_id).seq)
        assert found is not None
        return found

    @property
    def thread(self) -> Thread:
        found = self.store.thread(A, self.key)
        assert found is not None
        return found

    def customer_was_silent(self, hours: float) -> None:
        last = self.clock.now() - timedelta(hours=hours)
        ThreadRecord.of_thread(A, replace(self.thread, last_inbound_at=last)).save()

    def close(self) -> None:
        """As storage.chat_moves does: the thread moves by one."""
        now = self.clock.now()
        chat = replace(
            self.chat, situation="closed", closed_at=now, last_seq=self.thread.last_seq, version=self.chat.version + 1
        )
        ChatRecord.of_chat(A, chat).save()
        ThreadRecord.of_thread(
            A, replace(self.thread, open_chat_id=None, last_seq=self.thread.last_seq + 1, unread=0)
        ).save()
