"""Batches of SQS FIFO messages in a Lambda function, with partial batch responses.

The unit is the FIFO group: its commands are done in order, the first failure stops it, and the other groups go on. Only
so can a worker put several commands of one group into one transaction; Powertools' processors know single records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from recado import telemetry


@dataclass(frozen=True)
class Delivery:
    """One received command. `receives` counts how often it was handed out, this time included; `receipt` is SQS's
    name for this time."""

    id: str
    group: str
    receives: int
    text: str
    receipt: str = ""

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The command's body. ValueError when it is no JSON object."""
        value = json.loads(self.text)
        if not isinstance(value, dict):
            raise ValueError("a command that is no object")
        return value

    @property
    def correlation_id(self) -> object:
        """The correlation id that the sender put in; None when the body cannot be read."""
        try:
            return self.body.get("correlation_id")
        except ValueError:
            return None


class Stopped(Exception):
    """A group could not be finished: its first `done` deliveries are, the others have to come again."""

    def __init__(self, done: int) -> None:
        super().__init__(f"stopped after {done}")
        self.done = done


def each_group(event: Mapping[str, Any], handle: Callable[[Sequence[Delivery]], None]) -> dict[str, Any]:
    """Call `handle` with the deliveries of each group, in order, under the correlation id of the first. It returns
    when all are done, raises Stopped when the first few are, anything else when none is. Answers what Lambda wants
    to know: which failed."""
    groups: dict[str, list[Delivery]] = {}
    for record in event["Records"]:
        delivery = _delivery(record)
        groups.setdefault(delivery.group, []).append(delivery)
    failed = [delivery.id for deliveries in groups.values() for delivery in _handled(deliveries, handle)]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def each_command(
    event: Mapping[str, Any], handle: Callable[[Delivery], None], put_off: Callable[[Delivery], None] | None = None
) -> dict[str, Any]:
    """Call `handle` with each delivery, under its own correlation id; after a failure the rest of its group is not
    tried. `put_off` may say when the one that failed comes again; else that is the queue's visibility time."""

    def one_by_one(deliveries: Sequence[Delivery]) -> None:
        for done, delivery in enumerate(deliveries):
            with telemetry.correlated(delivery.correlation_id):
                try:
                    handle(delivery)
                except Exception as error:  # whatever it is, the queue brings the command again
                    telemetry.failure("command_failed", error, command_id=delivery.id, receives=delivery.receives)
                    if put_off is not None:
                        with suppress(Exception):  # whatever it is, the command comes again at the queue's own time
                            put_off(delivery)
                    raise Stopped(done) from None

    return each_group(event, one_by_one)


def come_again(queue_url: str, delivery: Delivery, seconds: int) -> None:
    """Let a delivery, and with it all behind it in its group, come again after so many seconds."""
    from recado.aws.session import sqs  # not imported where nothing fails

    sqs().change_message_visibility(QueueUrl=queue_url, ReceiptHandle=delivery.receipt, VisibilityTimeout=seconds)


def _handled(deliveries: Sequence[Delivery], handle: Callable[[Sequence[Delivery]], None]) -> Sequence[Delivery]:
    """The deliveries that have to come again."""
    first = deliveries[0]
    with telemetry.correlated(first.correlation_id):
        try:
            handle(deliveries)
        except Stopped as stopped:
            return deliveries[stopped.done :]
        except Exception as error:  # whatever it is, the queue brings the group again
            telemetry.failure(
                "group_failed", error, command_id=first.id, receives=first.receives, count=len(deliveries)
            )
            return deliveries
    return ()


def _delivery(record: Mapping[str, Any]) -> Delivery:
    attributes = record["attributes"]
    return Delivery(
        id=record["messageId"],
        group=attributes.get("MessageGroupId") or record["messageId"],  # without an order each stands for itself
        receives=int(attributes["ApproximateReceiveCount"]),
        text=record["body"],
        receipt=record.get("receiptHandle", ""),
    )
