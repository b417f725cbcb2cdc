"""Inbound: what a customer did in a webhook becomes messages, a contact, a chat, or statuses of messages of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado import telemetry
from recado.aws.sqs_batch import Delivery, Stopped, each_group
from recado.bootstrap import container
from recado.services.inbound import InboundRecord


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS FIFO, group = channel and customer; what is not done comes again, in order."""
    return each_group(event, _work)


def _work(deliveries: Sequence[Delivery]) -> None:
    records = [InboundRecord(one.id, one.group, one.receives, one.text) for one in deliveries]
    done = container().inbound.work(records)
    telemetry.info("inbound_worked", count=len(records), done=done, receives=records[0].receives)
    if done < len(records):
        raise Stopped(done)
