"""Facts on their way out: what changed in the tables becomes events for the feed, looks at departments, sends, and
looks at executions of flows.

A fact keeps its event id however often it is told, so that the feed takes it once. Looks and sends are told here a
second time: whoever made the change asked already, and what it asked for may have been lost. Files of messages that
are to be fetched are asked for here alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from recado.domain.changes import Change, DepartmentStirred, FactWritten, FlowBegun, MessageChanged, SendRequested
from recado.domain.chats import Event, Message
from recado.domain.fetching import is_placeholder
from recado.domain.message_changes import is_revoked
from recado.domain.raw_keys import parked_record_key
from recado.ports.core import Blobs, Command, Queue
from recado.ports.fetching import Place
from recado.ports.streams import StreamReader
from recado.services.fetching import fetch_command
from recado.services.flow_commands import failure_command, flow_command
from recado.services.sending import send_command
from recado.services.views import event_view, message_view


@dataclass(frozen=True)
class Parked:
    """A record that cannot be told: kept under `blob_key`, because of `error`."""

    record_id: str
    blob_key: str
    error: Exception


@dataclass
class Outcome:
    """What became of a batch. `stopped_at` is the sequence number from which on it has to come again, because of
    `error`."""

    parked: list[Parked] = field(default_factory=list)
    stopped_at: str | None = None
    error: Exception | None = None


@dataclass
class _Outgoing:
    feed: list[Command] = field(default_factory=list)
    distribution: list[Command] = field(default_factory=list)
    outbound: list[Command] = field(default_factory=list)
    media: list[Command] = field(default_factory=list)


class FactsService:
    """Tells the changes of a stream batch to the queues."""

    def __init__(
        self, reader: StreamReader, feed: Queue, distribution: Queue, outbound: Queue, media: Queue, parking: Blobs
    ) -> None:
        self._reader = reader
        self._feed = feed
        self._distribution = distribution
        self._outbound = outbound
        self._media = media
        self._parking = parking

    def publish(self, records: Sequence[Mapping[str, Any]]) -> Outcome:
        """Tell all; what cannot be understood or sent at all is parked and does not hold the shard up. After a
        failure of a queue the records are told one by one, so that only those from the first untold one on have to
        come again."""
        outcome, told = Outcome(), _Outgoing()
        readable = []
        for record in records:
            try:
                self._add(self._reader.read(record), told)
                readable.append(record)
            except Exception as error:  # a record that cannot be read is set aside: it must not block its shard
                self._park(record, error, outcome)
        try:
            self._send(told)
        except Exception:  # whatever it is, it is met again by the record that raises it
            self._one_by_one(readable, outcome)
        return outcome

    def _one_by_one(self, records: Sequence[Mapping[str, Any]], outcome: Outcome) -> None:
        for record in records:
            told = _Outgoing()
            self._add(self._reader.read(record), told)
            try:
                self._send(told)
            except ValueError as error:
                self._park(record, error, outcome)
            except Exception as error:  # a queue that fails: from here on the stream brings the records again
                outcome.stopped_at, outcome.error = self._reader.place(record)[1], error
                return

    def _park(self, record: Mapping[str, Any], error: Exception, outcome: Outcome) -> None:
        record_id, _ = self._reader.place(record)
        key = parked_record_key(self._reader.account(record) or "unknown", record_id)
        self._parking.put(key, json.dumps(record, default=str).encode(), "application/json")
        outcome.parked.append(Parked(record_id, key, error))

    def _send(self, told: _Outgoing) -> None:
        for queue, commands in (
            (self._feed, told.feed),
            (self._distribution, told.distribution),
            (self._outbound, told.outbound),
            (self._media, told.media),
        ):
            if commands:
                queue.send(commands)

    def _add(self, change: Change | None, told: _Outgoing) -> None:
        if change is None:
            return
        match change.what:
            case FactWritten(event):
                told.feed.append(feed_command(change.a, event))
            case MessageChanged(before, after):
                event_of_message = message_event(change, before, after)
                if event_of_message is not None:
                    told.feed.append(feed_command(change.a, event_of_message))
                if before is None and is_placeholder(after.file):
                    told.media.append(fetch_command(Place(change.a, after.thread, after.seq), after.id))
                if before is not None and before.status != "failed" == after.status and after.author.type == "flow":
                    told.outbound.append(failure_command(change.a, after.chat_id, after.seq, after.id))
                if before is None and after.heard_by:
                    told.outbound.append(flow_command(change.a, after.heard_by, after.chat_id, after.id))
            case DepartmentStirred(department_id, cause):
                if all(command.group != department_id for command in told.distribution):
                    body = {"account": change.a, "department_id": department_id, "cause": cause}
                    told.distribution.append(Command(group=department_id, dedup=change.id, body=body))
            case FlowBegun(execution_id, chat_id):
                told.outbound.append(flow_command(change.a, execution_id, chat_id, execution_id))
            case SendRequested(message_id, thread, correlation_id):
                told.outbound.append(send_command(change.a, message_id, thread, correlation_id))


def feed_command(a: str, event: Event) -> Command:
    """An event on its way to the feed of its account."""
    return Command(group=a, dedup=event.id, body={"account": a, "event": event_view(event)})


def message_event(change: Change, before: Message | None, after: Message) -> Event | None:
    """What a new or changed message tells: received, sent, a further status, that its text was replaced or taken back,
    that its file is there or will not come, or how a call goes on. Internal notes and other changes tell nothing.

    The id is derived from the message and its status, which a message has once, or from what an edit left."""
    if after.internal:
        return None
    if before is not None and before.status == after.status:
        if before.text != after.text or is_revoked(before) != is_revoked(after):
            kind = "message.edited"
        elif is_placeholder(before.file) and not is_placeholder(after.file):
            kind = "message.file"
        elif after.kind == "call" and before.payload != after.payload:
            kind = "message.status"
        else:
            return None
    elif after.direction == "inbound":
        kind = "message.received" if before is None else "message.status"
    elif before is None and after.status == "queued":
        return None
    else:
        first = before is None or before.status == "queued"
        kind = "message.sent" if first and after.status == "sent" else "message.status"
    return Event(
        id=_derived_id(change.a, after, kind),
        type=kind,
        at=after.created_at if kind == "message.received" else change.at,
        actor=after.author,
        data=message_view(after),
        contact_id=after.contact_id,
        chat_id=after.chat_id,
    )


def _derived_id(a: str, message: Message, kind: str) -> str:
    """`ev_` with the message's own time and a digest of what is told."""
    milliseconds = message.id.rpartition("_")[2][:11]
    what: str = message.status
    if kind == "message.edited" or (kind == "message.status" and message.kind == "call"):
        what = json.dumps([message.text, dict(message.payload)], sort_keys=True, default=str)
    digest = sha256(f"{message.id} {kind} {what}".encode()).hexdigest()[:16]
    return f"ev_{a}_{milliseconds}{digest}"
