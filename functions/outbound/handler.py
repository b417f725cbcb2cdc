"""Outbound: a message that was written goes to its provider, and what came of it is kept; lines of messages that wait
for their channel's speed are worked off; flows say what they have to say."""

from __future__ import annotations

from typing import Any

from recado.aws.sqs_batch import Delivery, come_again, each_command
from recado.bootstrap import container
from recado.services.flow_commands import comes_again_after
from recado.settings import settings


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS FIFO, group = channel and customer, or the chat that a flow leads. A command whose work could not be written
    down comes again, and finds how far it got."""
    return each_command(event, _send, _put_off)


def _send(command: Delivery) -> None:
    body = command.body
    if "execution_id" in body:
        container().flow_engine.look(body["account"], body["execution_id"], command.receives)
    elif "failed_seq" in body:
        engine = container().flow_engine
        engine.message_failed(body["account"], body["chat_id"], body["failed_seq"], command.receives)
    elif "line" in body:
        container().outbound.work_off(body["account"], body["channel_id"], body["line"], command.receives)
    else:
        container().outbound.send(body["account"], body["message_id"])


def _put_off(command: Delivery) -> None:
    """Flows alone: what became of a send may not be known before the queue's own time."""
    if "execution_id" in command.body or "failed_seq" in command.body:
        come_again(settings().outbound_queue_url, command, comes_again_after(command.receives))
