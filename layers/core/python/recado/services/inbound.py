"""The inbound worker: a batch of commands from the FIFO queue, by customer; what fails is left to the queue, poison is
set aside.

Commands of one customer come in order and share a FIFO group; after a failure the rest of its group is left too, so
that the order holds. A command that would otherwise drag its successors into the dead-letter queue is parked at its
last attempt: raw in the blobs, the command itself in the dead-letter queue, from where redrive brings it back
unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from recado.domain.errors import Busy
from recado.domain.intake import Arrival, arrival, without_bad_times, without_large_files
from recado.domain.messages import Parsed, TemplateUpdate
from recado.domain.raw_keys import parked_command_key
from recado.domain.templates import Left
from recado.ports.core import Blobs, Clock, Command, Queue
from recado.ports.inbound import ChannelProblems, Journal
from recado.ports.reception import ChannelDirectory, ConnectedChannel, Webhooks
from recado.ports.templates import TemplateUpdates
from recado.services.calls import CallService
from recado.services.ingress import keep, queued, stored_commands
from recado.services.intake import Customer, IntakeService
from recado.services.profile_names import ProfileNames
from recado.services.statuses import StatusService

PARK_AT = 4
LAST_ATTEMPT = 5
"""maxReceiveCount of the queue (infra/data.yaml). Poison is parked one attempt earlier, contention at the last one."""
_REMOVED = Parsed(kept_raw=("channel_removed",))
"""What a part is read as whose channel was removed while it waited: kept, and otherwise nothing."""


@dataclass(frozen=True)
class InboundRecord:
    """One message of the queue. `receives` counts this delivery."""

    id: str
    group: str
    receives: int
    body: str


class InboundService:
    """Works off commands `part` (what one customer did in one webhook), `split` (many of those, stored) and `call`
    (what became of a telephone call)."""

    def __init__(
        self,
        channels: ChannelDirectory,
        webhooks: Webhooks,
        intake: IntakeService,
        statuses: StatusService,
        calls: CallService,
        queue: Queue,
        dead_letters: Queue,
        blobs: Blobs,
        problems: ChannelProblems,
        templates: TemplateUpdates,
        clock: Clock,
        journal: Journal,
        names: ProfileNames | None = None,
    ) -> None:
        self._channels = channels
        self._webhooks = webhooks
        self._intake = intake
        self._statuses = statuses
        self._calls = calls
        self._queue = queue
        self._dead_letters = dead_letters
        self._blobs = blobs
        self._problems = problems
        self._templates = templates
        self._clock = clock
        self._journal = journal
        self._names = names

    def work(self, group: Sequence[InboundRecord]) -> int:
        """Work off records of one FIFO group, all at once; when that fails, one by one, to find the one that is the
        reason. How many, from the first on, are done: the queue must deliver the others again."""
        if len(group) > 1:
            try:
                self._do(group)
                return len(group)
            except Exception:  # whatever it is, it is met again below by the record that raises it
                pass
        for position, record in enumerate(group):
            try:
                self._do([record])
            except Exception as error:  # whatever it is: the record is tried again, and at last set aside
                if not self._set_aside(record, error):
                    return position
        return len(group)

    def _do(self, records: Sequence[InboundRecord]) -> None:
        """Records of one FIFO group. Parts share the transactions; the messages come before what names them."""
        parts: list[tuple[Customer, Parsed]] = []
        for record in records:
            body = json.loads(record.body)
            if body["kind"] == "split":
                self._send_on(body)
            elif body["kind"] == "call":
                self._apply_call(body)
            else:
                parts.append(self._read(body))
        if not parts:
            return
        customer = parts[0][0]
        recorded = self._intake.record(customer, [one for _, parsed in parts for one in _arrivals(parsed)])
        for _, parsed in parts:
            self._apply_changes(customer, parsed)
        if self._names is not None:
            try:
                self._names.learn(customer, recorded)
            except Exception as error:  # the message is recorded, with a name or without
                self._journal.name_not_learned(customer.channel.id, error)

    def _read(self, body: Mapping[str, Any]) -> tuple[Customer, Parsed]:
        """A part's normal forms; what of it they do not hold is kept raw, and told on the channel where its people can
        mend it. A provider that waits to hear that it was taken is answered."""
        a, channel_id = str(body["account"]), str(body["channel_id"])
        text = self._blobs.get(body["key"]).decode("ascii") if "key" in body else str(body["part"])
        channel = self._channel(body)
        parsed = _REMOVED
        if channel.state != "removed":
            self._webhooks.answer(channel, text)
            parsed = without_bad_times(self._webhooks.parse(channel, text), self._clock.now())
            parsed = without_large_files(parsed, self._webhooks.most_bytes(channel))
        if parsed.kept_raw:
            key = keep(self._blobs, a, channel_id, text.encode("ascii"))
            self._journal.kept_raw(channel_id, key, len(parsed.kept_raw))
        for code, detail in parsed.problems:
            self._problems.report(a, channel_id, code, detail)
        return Customer(a, channel, str(body["sender"] or "")), parsed

    def _apply_call(self, body: Mapping[str, Any]) -> None:
        """What a call tells. Of a channel that was removed meanwhile it opens no chat."""
        channel = self._channel(body)
        if channel.state != "removed":
            self._calls.apply(str(body["account"]), channel, str(body["part"]))

    def _channel(self, body: Mapping[str, Any]) -> ConnectedChannel:
        channel = self._channels.find(str(body["account"]), str(body["channel_id"]))
        if channel is None:
            raise LookupError(f"no channel {body['channel_id']}")
        return channel

    def _apply_changes(self, customer: Customer, parsed: Parsed) -> None:
        for edit in parsed.edits:
            self._intake.edit(customer, edit)
        for revocation in parsed.revocations:
            self._intake.revoke(customer, revocation)
        for update in parsed.statuses:
            self._statuses.apply(customer.account, customer.channel.id, update)
        for told in parsed.template_updates:
            left = self._templates.apply(customer.account, customer.channel, told)
            if left is not None and left != "known":
                self._keep_left(customer, told, left)

    def _keep_left(self, customer: Customer, told: TemplateUpdate, why: Left) -> None:
        """What was told of a template that nobody made here, which a synchronisation brings, or that is older than what
        stands, is kept, and the log says why."""
        raw = json.dumps(told._asdict(), default=str).encode("ascii")
        key = keep(self._blobs, customer.account, customer.channel.id, raw)
        self._journal.template_word_left(customer.channel.id, key, why)

    # -- large bodies
    # --------------------------------------------------------------------------------------------------------

    def _send_on(self, body: Mapping[str, Any]) -> None:
        """Send the commands of a stored body. Doing it again changes nothing: they have their deduplication ids."""
        commands = stored_commands(self._blobs.get(body["key"]))
        self._queue.send([queued(self._blobs, command) for command in commands])

    # -- poison
    # --------------------------------------------------------------------------------------------------------------

    def _set_aside(self, record: InboundRecord, error: Exception) -> bool:
        """Whether the record was parked, as it had its attempts. If parking fails too, the queue's own redrive takes
        it."""
        self._journal.failed(record.id, record.receives, error)
        if record.receives < (LAST_ATTEMPT if isinstance(error, Busy) else PARK_AT):
            return False
        try:
            self._save_siblings(record)
            self._park(record, error)
        except Exception as again:  # whatever the blobs or the queue raise
            self._journal.failed(record.id, record.receives, again)
            return False
        return True

    def _save_siblings(self, record: InboundRecord) -> None:
        """Record what can be recorded of a part, piece by piece, so that one message which cannot takes no other with
        it."""
        try:
            body = json.loads(record.body)
            if body["kind"] != "part":
                return
            customer, parsed = self._read(body)
        except Exception as error:  # a command that cannot be read has no pieces
            self._journal.failed(record.id, record.receives, error)
            return
        for piece in _pieces(parsed):
            try:
                self._intake.record(customer, _arrivals(piece))
                self._apply_changes(customer, piece)
            except Exception as error:  # this piece is why the command is parked
                self._journal.failed(record.id, record.receives, error)

    def _park(self, record: InboundRecord, error: Exception) -> None:
        raw = record.body.encode("utf-8", "surrogatepass")
        digest = sha256(raw).hexdigest()
        try:
            body = json.loads(record.body)
            account = str(body["account"])
        except (ValueError, KeyError, TypeError):
            body, account = {"kind": "unreadable"}, "none"
        key = parked_command_key(account, digest)
        self._blobs.put(key, raw, "application/json")
        parked = {"key": key, "error": type(error).__name__, "record_id": record.id}
        self._dead_letters.send([Command(record.group, f"parked-{digest}", {**body, "parked": parked})])
        self._journal.parked(record.id, key)


def _arrivals(parsed: Parsed) -> list[Arrival]:
    return [*map(arrival, parsed.messages), *map(arrival, parsed.echoes)]


def _pieces(parsed: Parsed) -> Iterator[Parsed]:
    """Each of the normal forms by itself, in the order in which they are worked off."""
    for name in ("messages", "echoes", "edits", "revocations", "statuses", "template_updates"):
        for form in getattr(parsed, name):
            yield Parsed(**{name: (form,)})
