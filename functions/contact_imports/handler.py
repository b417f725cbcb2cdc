"""Contact imports: an import of contacts from a CSV file is brought further, or back."""

from __future__ import annotations

from functools import partial
from typing import Any

from recado.aws.sqs_batch import Delivery, each_command
from recado.bootstrap import container

RESERVE_MS = 60_000
"""No 25 rows are begun with less time than this left."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS FIFO, each command for itself: it names the stage that it is for, so one that comes late or twice finds it
    done."""
    return each_command(event, partial(_go_on, context))


def _go_on(context: Any, command: Delivery) -> None:
    body = command.body
    container().contact_import_work.work(
        body["account"],
        body["import_id"],
        body["stage"],
        body["lane"],
        lambda: context.get_remaining_time_in_millis() > RESERVE_MS,
    )
