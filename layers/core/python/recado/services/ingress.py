"""Reception of webhooks: verify the bytes as they came, split them by customer, put them into the queue, answer.

Every webhook that is answered with a 2xx is in the queue or kept raw; whatever fails on the way is raised, the provider
is answered 500 and sends again. Sending again is harmless: a command's deduplication id is the digest of what it says,
and what comes later than the queue remembers is refused by SEEN.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from recado.domain.raw_keys import kept_key, part_key, split_key
from recado.ports.core import Blobs, Clock, Command, Queue
from recado.ports.reception import ChannelDirectory, ConnectedChannel, WebhookAnswer, WebhookPart, Webhooks
from recado.services.webhook_gate import WebhookGate, WebhookRequest, refusal

MAX_DIRECT_COMMANDS = 10
CHUNK_COMMANDS = 500
"""How many commands one `split` has sent. The worker may get ten of those at once, so 5,000 commands: 500 calls of the
queue, about 10 s of its 30."""
MAX_DIRECT_BYTES = 240_000
"""SQS takes 256 KB in one call; the rest is for the envelope."""


class Received(NamedTuple):
    """The answer and, for the log, what became of the body."""

    answer: WebhookAnswer
    account: str | None = None
    commands: int = 0
    kept: tuple[str, ...] = ()
    stored: bool = False


class IngressService:
    """Webhooks of all channels."""

    def __init__(
        self,
        channels: ChannelDirectory,
        webhooks: Webhooks,
        queue: Queue,
        blobs: Blobs,
        clock: Clock,
        public_base_url: str,
    ) -> None:
        self._gate = WebhookGate(channels, webhooks, clock, public_base_url, "webhooks")
        self._webhooks = webhooks
        self._queue = queue
        self._blobs = blobs
        self._clock = clock

    def receive(self, request: WebhookRequest) -> Received:
        """One request. Raises whatever queue or blobs raise: nothing may be answered as taken that is not."""
        found = self._gate.find(request)
        if found is None:
            return Received(refusal(404))
        a, channel = found
        if request.method == "GET":
            answer = self._webhooks.handshake(channel, request.query) or WebhookAnswer(405)
            return Received(answer if answer.status < 400 else refusal(answer.status), a)
        signed = self._gate.signed(a, channel, request)
        return Received(refusal(signed), a) if isinstance(signed, int) else self._take(a, signed, request)

    def _take(self, a: str, channel: ConnectedChannel, request: WebhookRequest) -> Received:
        parts = self._webhooks.split(channel, request.raw, request.headers, self._clock.now())
        commands, kept = self._commands(a, channel, parts, request.correlation_id)
        if kept:
            keep(self._blobs, a, channel.id, request.raw)
        stored = len(commands) > MAX_DIRECT_COMMANDS or sum(map(size_of, commands)) > MAX_DIRECT_BYTES
        if stored:
            self._queue.send(self._store(a, channel, commands, request.correlation_id))
        elif commands:
            self._queue.send(commands)
        answer = self._webhooks.ack(channel) if commands else WebhookAnswer(200)
        return Received(answer, a, len(commands), kept, stored)

    def _commands(
        self, a: str, channel: ConnectedChannel, parts: Sequence[WebhookPart], correlation_id: str
    ) -> tuple[list[Command], tuple[str, ...]]:
        """A command for each customer, and why the body is kept raw, if it is: parts that are broken or not understood,
        or of an address that no channel has."""
        commands, kept = [], []
        for part in parts:
            if part.kind not in ("messages", "statuses", "account"):
                kept.append(part.kind)
                continue
            target = self._gate.target(a, channel, part)
            if target is None:
                kept.append("unknown_address")
            else:
                commands.append(part_command(a, target, part, correlation_id))
        return commands, tuple(kept)

    def _store(
        self, a: str, channel: ConnectedChannel, commands: Sequence[Command], correlation_id: str
    ) -> list[Command]:
        """The commands that have the inbound worker send these, which are too many or too large for now. They share a
        FIFO group, so that what one customer did stays in order."""
        group = f"{channel.id}#split#{_digest(commands)}"
        chunks = (commands[start : start + CHUNK_COMMANDS] for start in range(0, len(commands), CHUNK_COMMANDS))
        return [self._store_chunk(a, channel, group, chunk, correlation_id) for chunk in chunks]

    def _store_chunk(
        self, a: str, channel: ConnectedChannel, group: str, commands: Sequence[Command], correlation_id: str
    ) -> Command:
        body = json.dumps([[one.group, one.dedup, dict(one.body)] for one in commands]).encode("ascii")
        digest = _digest(commands)
        key = split_key(a, channel.id, digest)
        self._blobs.put(key, body, "application/json")
        return Command(
            group=group,
            dedup=digest,
            body={
                "kind": "split",
                "account": a,
                "channel_id": channel.id,
                "key": key,
                "correlation_id": correlation_id,
            },
        )


def _digest(commands: Sequence[Command]) -> str:
    return sha256("".join(one.dedup for one in commands).encode()).hexdigest()


def part_command(a: str, channel: ConnectedChannel, part: WebhookPart, correlation_id: str) -> Command:
    """The command that has the inbound worker record what one customer did. Its deduplication id is its contents'."""
    text = part.to_json()
    return Command(
        group=f"{channel.id}#{part.sender or ''}",
        dedup=sha256(f"{channel.id}\n{text}".encode()).hexdigest(),
        body={
            "kind": "part",
            "account": a,
            "channel_id": channel.id,
            "sender": part.sender,
            "part": text,
            "correlation_id": correlation_id,
        },
    )


def size_of(command: Command) -> int:
    """The bytes of a command's body in the queue: its part is ASCII, quotes and backslashes in it are escaped once
    more."""
    text: str = command.body["part"]
    return len(text) + text.count('"') + text.count("\\") + 600


def queued(blobs: Blobs, command: Command) -> Command:
    """The command, or one that names where its part is stored when it is too large for the queue."""
    if size_of(command) <= MAX_DIRECT_BYTES:
        return command
    body = dict(command.body)
    key = part_key(str(body["account"]), str(body["channel_id"]), command.dedup)
    blobs.put(key, body.pop("part").encode("ascii"), "application/json")
    return Command(command.group, command.dedup, {**body, "key": key})


def keep(blobs: Blobs, a: str, channel_id: str, raw: bytes) -> str:
    """Keep bytes as they came; the same bytes are kept once. The key."""
    key = kept_key(a, channel_id, sha256(raw).hexdigest())
    blobs.put(key, raw, "application/octet-stream")
    return key


def stored_commands(body: bytes) -> list[Command]:
    """The commands that `_store` wrote."""
    entries: list[tuple[str, str, dict[str, Any]]] = json.loads(body)
    return [Command(group, dedup, command) for group, dedup, command in entries]
