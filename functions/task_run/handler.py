"""Task run: a lane of a run of a task is brought further."""

from __future__ import annotations

from functools import partial
from typing import Any

from recado.aws.sqs_batch import Delivery, each_command
from recado.bootstrap import container

RESERVE_MS = 20_000
"""No page is begun, and no target of it acted on, with less time than this left."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS FIFO, each command for itself: it names the version of the lane that it is for, so one that comes late or
    twice does nothing."""
    return each_command(event, partial(_go_on, context))


def _go_on(context: Any, command: Delivery) -> None:
    body = command.body
    container().task_run_work.work(
        body["account"],
        body["task_id"],
        body["run_id"],
        body["lane"],
        body["version"],
        lambda: context.get_remaining_time_in_millis() > RESERVE_MS,
    )
