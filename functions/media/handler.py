"""Media: the file of a message is fetched from its provider, and accepted or rejected."""

from __future__ import annotations

from typing import Any

from recado.aws.sqs_batch import Delivery, each_command
from recado.bootstrap import container
from recado.domain.chats import ThreadKey
from recado.ports.fetching import Place


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS FIFO, group = message. A command whose work could not be written down comes again, and finds how far it
    got."""
    return each_command(event, _fetch)


def _fetch(command: Delivery) -> None:
    body = command.body
    thread = ThreadKey(body["channel_id"], body["sender"])
    container().fetching.fetch(Place(body["account"], thread, body["seq"]))
