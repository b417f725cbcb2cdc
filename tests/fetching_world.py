"""A message that came with a file, on real storage (moto), the worker that fetches it, and a provider that plays what
it is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from recado.channels.registry import adapter
from recado.domain.access import Caller
from recado.domain.chats import Author, Message, ThreadKey
from recado.domain.files import served_key
from recado.ports.core import Command, HttpResponse
from recado.ports.fetching import Download, Place, TooLong
from recado.ports.reception import ConnectedChannel
from recado.services.fetching import FetchService
from recado.services.provider_files import ProviderFiles
from recado.storage import keys
from recado.storage.chat_records import MessageRecord
from recado.storage.fetches import DynamoFetches
from tests.file_samples import png
from tests.handlers.stack import BUCKETS, Stack

A = "accounta"
DEPARTMENT = f"dp_{A}_{1:027x}"
CHANNEL = f"ch_{A}_{1:027x}"
CONTACT = f"ct_{A}_{1:027x}"
CHAT = f"ca_{A}_{1:027x}"
ADMIN = Caller(A, "admin", user_id=f"us_{A}_{1:027x}")
THREAD = ThreadKey(CHANNEL, "+5511987654321")
WHATSAPP = ConnectedChannel(
    CHANNEL, "whatsapp", DEPARTMENT, "active", "1", {"phone_number_id": "1"}, {"access_token": ("canary-token",)}
)
LOCATED = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"

Answer = HttpResponse | Exception
Act = Answer | Callable[[], Answer]


class Provider:
    """Graph and its file server: a script first, then a PNG at `LOCATED`. It remembers the URLs and headers it was
    asked for, and how much it would have been let read."""

    def __init__(self) -> None:
        self.content = png(300)
        self.script: list[Act] = []
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.most: list[int] = []

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        return self._answer(url, headers, lambda: HttpResponse(200, {}, b'{"url":"%s"}' % LOCATED.encode()))

    def get(self, url: str, headers: Mapping[str, str], timeout_s: float, most_bytes: int) -> Download:
        self.most.append(most_bytes)
        answer = self._answer(url, headers, lambda: HttpResponse(200, {"content-type": "image/png"}, self.content))
        if len(answer.body) > most_bytes:
            raise TooLong
        return Download(answer.status, answer.headers, BytesIO(answer.body))

    def _answer(self, url: str, headers: Mapping[str, str], otherwise: Callable[[], HttpResponse]) -> HttpResponse:
        self.asked.append((url, dict(headers)))
        act = self.script.pop(0) if self.script else otherwise
        answer = act() if callable(act) else act
        if isinstance(answer, Exception):
            raise answer
        return answer


class FetchWorld:
    """One channel; messages with placeholders are put into its thread by `arrive`."""

    def __init__(self, stack: Stack, clock: Any) -> None:
        self.stack, self.clock = stack, clock
        self.channel: ConnectedChannel | None = WHATSAPP
        self.provider, self.store = Provider(), DynamoFetches()
        self.pauses: list[float] = []
        self.problems: list[str] = []
        self.told: list[tuple[int, str, str]] = []
        self.sent: list[Command] = []
        self._seq = 0
        received = stack.container.received_files
        self.local_origins: frozenset[str] = frozenset()
        files = ProviderFiles(
            self.provider, self.provider, self.provider, self, received, clock, lambda: self.local_origins
        )
        self.service = FetchService(self.store, self, adapter, files, self, clock, self._pause, lambda: 0.5, self)
        stack.container.__dict__["fetching"] = self.service

    def arrive(self, told: Mapping[str, Any] | None = None, kind: str = "image", **file: Any) -> Place:
        """A message whose file is at the provider; `told` is its `payload.media`."""
        self._seq += 1
        now: datetime = self.clock.now()
        placeholder = {"id": None, "name": None, "content_type": None, "size": None, "state": "pending", "reason": None}
        message = Message(
            f"ms_{A}_{self._seq:027x}", CHAT, CONTACT, THREAD, self._seq, "inbound", kind, "", "received",
            Author("contact", CONTACT), now, now, payload={"media": dict(told or {"provider_id": "media-1"})},
            file=placeholder | file, provider_id=f"wamid.{self._seq}",
        )  # fmt: skip
        MessageRecord.of_message(A, message).save()
        return Place(A, THREAD, self._seq)

    def work(self, place: Place) -> dict[str, Any]:
        """One command; the message's file after it."""
        self.service.fetch(place)
        return self.file(place)

    def file(self, place: Place) -> dict[str, Any]:
        record = MessageRecord.find(keys.thread_pk(A, THREAD), keys.message_sk(place.seq))
        assert record is not None
        return dict(record.message().file or {})

    def objects(self) -> dict[str, bytes]:
        """What lies in the files bucket."""
        bucket = BUCKETS["FILES_BUCKET"]
        found = self.stack.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {one["Key"]: self.stack.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}

    def assert_accepted(self, place: Place, content: bytes) -> None:
        """Message, FILE and bytes say the same, and nothing else lies there."""
        file = self.file(place)
        assert (file["state"], file["size"], file["reason"]) == ("accepted", len(content), None)
        stored = self.stack.container.file_service.get(ADMIN, file["id"])
        assert (stored.state, stored.name, stored.content_type) == ("accepted", file["name"], file["content_type"])
        assert stored.etag == hashlib.sha256(content).hexdigest()
        assert self.objects() == {served_key(A, file["id"], stored.etag): content}
        assert self.store.get(place) is None

    # what the service asks the world for

    def find(self, a: str, channel_id: str) -> ConnectedChannel | None:
        return self.channel

    def report(self, a: str, channel_id: str, code: str, detail: str) -> None:
        self.problems.append(code)

    def send(self, commands: Any) -> None:
        self.sent += commands

    def tried(self, message_id: str, attempt: int, outcome: str, code: str, size: int) -> None:
        self.told.append((attempt, outcome, code))

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.move(seconds)

    def use(self, channel_type: str, **fields: Any) -> None:
        """Another type of channel, with settings and secrets."""
        self.channel = WHATSAPP._replace(type=channel_type, **fields)


def status(code: int, **headers: str) -> HttpResponse:
    return HttpResponse(code, {name.replace("_", "-"): value for name, value in headers.items()}, b"")
