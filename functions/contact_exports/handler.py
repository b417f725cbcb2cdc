"""Contact exports: an export of contacts into a CSV file, or of one contact's data into a ZIP, is brought further."""

from __future__ import annotations

from functools import partial
from typing import Any

from recado.aws.sqs_batch import Delivery, each_command
from recado.bootstrap import container

RESERVE_MS = 75_000
"""No part of the file is begun with less time than this left."""
DATA_RESERVE_MS = 30_000
"""The same of the file of one contact's data, which is written in one run."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS FIFO, each command for itself: it names the version of the export that it is for, so one that comes late or
    twice does nothing."""
    return each_command(event, partial(_go_on, context))


def _go_on(context: Any, command: Delivery) -> None:
    body = command.body
    if "data_export_id" in body:
        container().contact_data_export_work.work(
            body["account"],
            body["contact_id"],
            body["data_export_id"],
            body["version"],
            lambda: context.get_remaining_time_in_millis() > DATA_RESERVE_MS,
        )
        return
    container().contact_export_work.work(
        body["account"],
        body["export_id"],
        body["version"],
        lambda: context.get_remaining_time_in_millis() > RESERVE_MS,
    )
