"""Mail: a notification of the mail provider, of a mail that came or of what became of one of ours."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.aws.sqs_batch import Delivery, each_command
from recado.bootstrap import container


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS, no order; what is not done comes again, and ends among the dead letters."""
    return each_command(event, _take)


def _take(delivery: Delivery) -> None:
    container().mail.take(delivery.body, telemetry.correlation_id() or "")
