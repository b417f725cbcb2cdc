"""A channel that receives, with everything behind it but AWS's queues and buckets: for tests of ingress and the inbound
worker."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from hmac import digest
from typing import Any

from recado.aws.channel_directory import DynamoChannelDirectory
from recado.aws.session import reset_clients
from recado.channels.provider_templates import ProviderTemplates
from recado.channels.registry import adapter
from recado.channels.webhooks import AdapterWebhooks
from recado.domain.channels import Channel
from recado.domain.chat_moves import MoveCommit, assume, close
from recado.domain.chats import Chat, Message, Thread, ThreadKey
from recado.domain.people import Department
from recado.ports.core import Command, HttpResponse
from recado.services.account_zones import AccountZones
from recado.services.billing import BillingService
from recado.services.channel_problems import ChannelProblemNotes
from recado.services.contact_shapes import ContactShapes
from recado.services.custom_fields import RememberedFields
from recado.services.flow_library import FlowLibrary
from recado.services.inbound import InboundRecord, InboundService
from recado.services.ingress import IngressService, Received
from recado.services.intake import IntakeService
from recado.services.opening_hours import OpeningHours
from recado.services.openings import ChatOpenings
from recado.services.statuses import StatusService
from recado.services.template_mirror import TemplateMirror
from recado.services.webhook_gate import WebhookRequest
from recado.storage import keys
from recado.storage.billing import DynamoLedger
from recado.storage.buttons import DynamoClicks
from recado.storage.channels import ChannelRecord, ChannelSecretsRecord, ChannelStore
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.chat_records import ChatEventRecord, ChatRecord, MessageRecord, ThreadRecord, WaitRecord
from recado.storage.contacts import ContactStore
from recado.storage.custom_fields import DynamoCustomFields
from recado.storage.departments import DepartmentRecord, DepartmentStore
from recado.storage.flows import DynamoFlows
from recado.storage.outbox import DynamoOutbox
from recado.storage.people import AccountStore
from recado.storage.statuses import DynamoStatuses
from recado.storage.tables import ChatsRecord
from recado.storage.templates import DynamoTemplates
from recado.storage.threads import DynamoThreads

A = "acctaaaa"
CHANNEL = f"ch_{A}_" + "1".rjust(27, "0")
CUSTOM_CHANNEL = f"ch_{A}_" + "2".rjust(27, "0")
DEPARTMENT = f"dp_{A}_" + "1".rjust(27, "0")
NUMBER_ID = "100000000000001"
APP_SECRET = "app-secret"
CUSTOM_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ANA = "5511987654321"
BASE_URL = "https://recado.example"


class Queue:
    """A FIFO queue in memory that drops what it had within its five minutes, as SQS does."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.known: set[tuple[str, str]] = set()
        self.refuses = False

    def send(self, commands: Sequence[Command]) -> None:
        if self.refuses:
            raise ConnectionError("the queue refuses")
        for command in commands:
            json.dumps(command.body).encode("ascii")
            if (command.group, command.dedup) not in self.known:
                self.known.add((command.group, command.dedup))
                self.commands.append(command)

    def take(self) -> list[Command]:
        taken, self.commands = self.commands, []
        return taken

    def forget(self) -> None:
        """Five minutes pass."""
        self.known.clear()


class Blobs:
    """A bucket in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self.objects[key] = body

    def get(self, key: str) -> bytes:
        return self.objects[key]

    def under(self, folder: str) -> list[str]:
        return [key for key in self.objects if key.startswith(f"{A}/{folder}/")]


class Waker:
    """Remembers whom it woke."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, a: str, department_ids: Sequence[str], cause: str) -> None:
        self.woken += department_ids


@dataclass
class Journal:
    """Remembers what was told."""

    errors: list[Exception] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    put_aside: list[str] = field(default_factory=list)

    def kept_raw(self, channel_id: str, blob_key: str, count: int) -> None:
        self.kept.append(blob_key)

    def name_not_learned(self, channel_id: str, error: Exception) -> None:
        self.errors.append(error)

    def template_word_left(self, channel_id: str, blob_key: str, why: str) -> None:
        self.kept.append(blob_key)
        self.left.append(why)

    def failed(self, record_id: str, receives: int, error: Exception) -> None:
        self.errors.append(error)

    def parked(self, record_id: str, blob_key: str) -> None:
        self.put_aside.append(blob_key)


@dataclass
class SendJournal:
    """Remembers which commands of sends were lost."""

    lost: list[str] = field(default_factory=list)

    def tried(self, message_id: str, attempt: int, state: str, code: str) -> None:
        raise AssertionError("nothing is sent here")

    def not_enqueued(self, message_id: str, error: Exception) -> None:
        self.lost.append(message_id)


NO_CALLS: Any = None
"""Nobody calls by telephone here."""


class NoHttp:
    """Nobody is called."""

    def request(self, *given: Any) -> HttpResponse:
        raise AssertionError("a provider was called")


class Reception:
    """Two channels of one account, ingress and the inbound worker, on the tables of the `dynamodb` fixture."""

    def __init__(self, clock: Any, ids: Any) -> None:
        reset_clients()
        self.clock, self.ids = clock, ids
        self.queue, self.dead_letters, self.blobs = Queue(), Queue(), Blobs()
        self.waker, self.journal, self.clicks = Waker(), Journal(), DynamoClicks()
        self.directory, self.webhooks = DynamoChannelDirectory("workspace", clock), AdapterWebhooks()
        zones = AccountZones(AccountStore(), clock)
        self.billing = BillingService(DynamoLedger(), self.directory, adapter, lambda: zones, clock)
        self.threads, self.statuses = DynamoThreads(), DynamoStatuses(self.billing)
        problems = ChannelProblemNotes(ChannelStore(), clock)
        self.contact_shapes = ContactShapes(RememberedFields(DynamoCustomFields(), clock))
        self.sends, self.send_journal = Queue(), SendJournal()
        hours = OpeningHours(AccountStore(), clock)
        openings = ChatOpenings(
            DepartmentStore(), self.threads, hours, self.webhooks, self.sends, clock, self.send_journal,
            FlowLibrary(DynamoFlows()), problems,
        )  # fmt: skip
        self.intake = IntakeService(
            self.threads, ContactStore(), self.statuses, self.webhooks, problems, openings, self.waker, self.clicks,
            self.contact_shapes, clock, ids,
        )  # fmt: skip
        provider = ProviderTemplates(NoHttp(), {})
        self.templates = TemplateMirror(DynamoTemplates(), provider, self.directory, ChannelStore(), clock, ids)
        self.inbound = InboundService(
            self.directory, self.webhooks, self.intake, StatusService(self.statuses, DynamoOutbox()), NO_CALLS,
            self.queue,
            self.dead_letters, self.blobs, problems, self.templates, clock, self.journal,
        )  # fmt: skip
        self.ingress = IngressService(self.directory, self.webhooks, self.queue, self.blobs, clock, BASE_URL)
        self.connect(CHANNEL, "whatsapp", NUMBER_ID, {"app_secret": [APP_SECRET], "verify_token": ["verify"]})
        self.connect(CUSTOM_CHANNEL, "custom", "", {"secret": [CUSTOM_SECRET]})

    def connect(
        self, channel_id: str, kind: str, address: str, secrets: Mapping[str, list[str]], state: Any = "active"
    ) -> None:
        channel = Channel(
            channel_id, kind, kind, DEPARTMENT, self.clock.now(), {"phone_number_id": address}, address, state
        )
        ChannelRecord.of_channel(A, channel).save()
        ChannelSecretsRecord(keys.workspace_pk(A, "CHANNELSECRETS"), channel_id, secrets=dict(secrets)).save()

    def settle(self, department_id: str = DEPARTMENT, **fields: Any) -> Department:
        """A department with these settings, in the place of the one it was."""
        before = DepartmentStore().get(A, department_id)
        after = before or Department(department_id, "Vendas", "department", self.clock.now())
        after = replace(after, version=after.version + 1, **fields)
        DepartmentRecord.of_department(A, after, self.clock.now()).save()
        return after

    def close(self, chat_id: str, agent_id: str | None = None, by: str = "+" + ANA) -> Chat:
        """A chat is closed, after the agent served it if there is one."""
        moves, thread = ChatMoveStore(), self.thread(by)
        chat = self.threads.chat(A, chat_id)
        assert chat is not None
        assert thread is not None
        if agent_id and (move := assume(chat, agent_id, self.clock.now())):
            assert moves.commit(A, MoveCommit([move], [], [])) == frozenset()
            chat = move.after
        closed = close(chat, thread, self.clock.now())
        assert closed is not None
        assert moves.commit(A, MoveCommit([closed], [], [])) == frozenset()
        return closed.after

    # -- what a provider does ------------------------------------------------------------------------------------------

    def post(self, raw: bytes, headers: Mapping[str, str] | None = None, channel_id: str = CHANNEL) -> Received:
        """A POST, signed for WhatsApp unless headers are given."""
        given = signed(raw) if headers is None else headers
        return self.ingress.receive(WebhookRequest(channel_id, "POST", {}, given, raw, "request-1"))

    def work(self, receives: int = 1) -> list[InboundRecord]:
        """Work off all that is in the queue, group by group; what is left undone."""
        left: list[InboundRecord] = []
        while self.queue.commands:
            groups: dict[str, list[InboundRecord]] = {}
            for command in self.queue.take():
                groups.setdefault(command.group, []).append(record_of(command, receives))
            for group in groups.values():
                left += group[self.inbound.work(group) :]
        return left

    def deliver(self, raw: bytes) -> None:
        """A webhook, worked off at once."""
        assert self.post(raw).answer.status == 200
        assert self.work() == []

    # -- what is stored ------------------------------------------------------------------------------------------------

    def thread(self, sender: str = "+" + ANA, channel_id: str = CHANNEL) -> Thread | None:
        return self.threads.thread(A, ThreadKey(channel_id, sender), [])

    def messages(self, sender: str = "+" + ANA, channel_id: str = CHANNEL) -> list[Message]:
        pk = keys.thread_pk(A, ThreadKey(channel_id, sender))
        return [one.message() for one in MessageRecord.query(pk, MessageRecord.sk.startswith("MSG#"))]

    def chats(self) -> list[Chat]:
        return [one.chat() for one in ChatRecord.scan(ChatRecord.sk == "CHAT")]

    def waiting(self) -> list[Chat]:
        return [one.chat() for one in WaitRecord.query(keys.queue_pk(A, DEPARTMENT), WaitRecord.sk.startswith("WAIT#"))]

    def facts(self, chat_id: str) -> list[str]:
        pk = keys.chat_pk(A, chat_id)
        return [one.type for one in ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"))]

    def contacts(self) -> list[Any]:
        from recado.storage.contact_records import ContactRecord

        return [one.contact() for one in ContactRecord.scan(ContactRecord.sk.startswith("CONTACT#"))]

    def all_messages(self) -> list[Message]:
        return [one.message() for one in MessageRecord.scan(MessageRecord.sk.startswith("MSG#"))]

    def count(self, sk: str) -> int:
        return sum(1 for _ in ChatsRecord.scan(ChatsRecord.sk.startswith(sk)))

    def threads_stored(self) -> list[Thread]:
        return [one.thread() for one in ThreadRecord.scan(ThreadRecord.sk == "THREAD")]


def record_of(command: Command, receives: int = 1) -> InboundRecord:
    """The queue's record of a command."""
    return InboundRecord(command.dedup[:16], command.group, receives, json.dumps(command.body))


def signed(raw: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + digest(secret.encode(), raw, "sha256").hex()}


def text(wamid: str, body: str = "Olá", sender: str = ANA, at: int = 1772452800, **more: Any) -> dict[str, Any]:
    """A WhatsApp text message; 1772452800 is 2026-03-02T12:00:00Z, the time of the fixed clock."""
    return {"from": sender, "id": wamid, "timestamp": str(at), "type": "text", "text": {"body": body}, **more}


def status(wamid: str, name: str, at: int = 1772452800, sender: str = ANA, **more: Any) -> dict[str, Any]:
    return {"id": wamid, "status": name, "timestamp": str(at), "recipient_id": sender, **more}


def change(
    *messages: dict[str, Any],
    statuses: Sequence[dict[str, Any]] = (),
    contacts: Sequence[dict[str, Any]] | None = None,
    number_id: str = NUMBER_ID,
    **more: Any,
) -> dict[str, Any]:
    """One change of a body: messages and statuses of one number of ours."""
    senders = {str(one["from"]): None for one in messages if "from" in one}
    known = [{"wa_id": one, "profile": {"name": f"Cliente {one[-4:]}"}} for one in senders]
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "551140000000", "phone_number_id": number_id},
        **more,
    }
    if messages:
        value |= {"messages": list(messages), "contacts": known if contacts is None else list(contacts)}
    if statuses:
        value["statuses"] = list(statuses)
    return {"field": "messages", "value": value}


def body(*entries: Sequence[dict[str, Any]]) -> bytes:
    """A body of entries, each a list of changes."""
    entry = [{"id": str(number), "changes": list(changes)} for number, changes in enumerate(entries)]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def said(*messages: dict[str, Any], **more: Any) -> bytes:
    """A body of messages in one change."""
    return body([change(*messages, **more)])


def fingerprint(raw: bytes) -> str:
    """The name under which a body is kept."""
    return sha256(raw).hexdigest()
