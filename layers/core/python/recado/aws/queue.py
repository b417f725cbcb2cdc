"""Commands into SQS FIFO queues, in as few calls as SQS allows, and never silently fewer than were given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from recado import telemetry
from recado.aws.session import sqs
from recado.ports.core import Command

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024
_FOREIGN = re.compile(r"[^0-9A-Za-z!-/:-@\[-`{-~]")
_MAX_ID = 128


class NotSent(Exception):
    """SQS refused commands: `refused` of `total`, for the reasons `codes`. The others were sent."""

    def __init__(self, refused: int, total: int, codes: frozenset[str]) -> None:
        super().__init__(f"{refused} of {total} commands refused: {', '.join(sorted(codes))}")
        self.refused = refused
        self.total = total
        self.codes = codes


@dataclass(frozen=True)
class _Refusal:
    command: Command
    code: str
    retryable: bool


class SqsQueue:
    """One FIFO queue. Bodies are ASCII JSON, so that their length is their size in bytes."""

    def __init__(self, url: str) -> None:
        if not url:
            raise ValueError("a queue without a URL")
        self._url = url

    def send(self, commands: Sequence[Command]) -> None:
        """Send all, at most 10 commands and 256 KB a call. What SQS refused by its own fault is tried once more,
        and then comes after what was accepted of its group. Raises NotSent with how many stayed refused; ValueError,
        before anything is sent, for a command larger than a call."""
        refusals = self._send(commands)
        permanent = [refusal for refusal in refusals if not refusal.retryable]
        again = [refusal.command for refusal in refusals if refusal.retryable]
        left = permanent + (self._send(again) if again else [])
        if left:
            raise NotSent(len(left), len(commands), frozenset(refusal.code for refusal in left))

    def _send(self, commands: Sequence[Command]) -> list[_Refusal]:
        refusals: list[_Refusal] = []
        for batch in list(_batches(commands)):
            answer = sqs().send_message_batch(QueueUrl=self._url, Entries=[entry for _, entry in batch])
            by_id = {entry["Id"]: command for command, entry in batch}
            refusals += [
                _Refusal(by_id[failed["Id"]], failed["Code"], not failed["SenderFault"])
                for failed in answer.get("Failed", [])
            ]
        return refusals


def fifo_id(text: str) -> str:
    """A FIFO group or deduplication id: 1 to 128 characters that SQS takes. Any other text becomes its digest."""
    if text and len(text) <= _MAX_ID and not _FOREIGN.search(text):
        return text
    return sha256(text.encode()).hexdigest()


def _batches(
    commands: Sequence[Command],
) -> Iterator[list[tuple[Command, SendMessageBatchRequestEntryTypeDef]]]:
    batch: list[tuple[Command, SendMessageBatchRequestEntryTypeDef]] = []
    size = 0
    for command in commands:
        body = json.dumps(_correlated(command.body), ensure_ascii=True, separators=(",", ":"))
        if len(body) > MAX_BYTES:
            raise ValueError(f"a command of {len(body)} bytes; a queue takes {MAX_BYTES}")
        if len(batch) == MAX_ENTRIES or (batch and size + len(body) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((command, _entry(str(len(batch)), command, body)))
        size += len(body)
    if batch:
        yield batch


def _correlated(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body with the correlation id of what is being done, unless it has its own."""
    known = telemetry.correlation_id()
    return body if known is None or body.get("correlation_id") else {**body, "correlation_id": known}


def _entry(entry_id: str, command: Command, body: str) -> SendMessageBatchRequestEntryTypeDef:
    return {
        "Id": entry_id,
        "MessageBody": body,
        "MessageGroupId": fifo_id(command.group),
        "MessageDeduplicationId": fifo_id(command.dedup),
    }
