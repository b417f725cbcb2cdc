"""Outbound: a message that was written goes to its provider, and what came of it is kept."""

from __future__ import annotations

from typing import Any

from recado.aws.sqs_batch import Delivery, each_command
from recado.bootstrap import container


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS FIFO, group = channel and customer. A command whose work could not be written down comes again, and finds
    how far it got."""
    return each_command(event, _send)


def _send(command: Delivery) -> None:
    container().outbound.send(command.body["account"], command.body["message_id"])
