"""Flow requests: an execution of a flow that stands at an HTTP step asks the company's server, and goes on."""

from __future__ import annotations

from typing import Any

from recado.aws.sqs_batch import Delivery, come_again, each_command
from recado.bootstrap import container
from recado.services.flow_commands import comes_again_after
from recado.settings import settings


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS FIFO, group = account and lane. A command that breaks comes again, and finds how far it got."""
    return each_command(event, _ask, _put_off)


def _ask(command: Delivery) -> None:
    body = command.body
    container().flow_engine.ask_outside(body["account"], body["execution_id"], command.receives)


def _put_off(command: Delivery) -> None:
    come_again(settings().flow_requests_queue_url, command, comes_again_after(command.receives))
