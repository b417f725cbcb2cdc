"""Distribution: a command says "look at this department"; what to do is read from the tables."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.aws.sqs_batch import Delivery, each_command
from recado.bootstrap import container


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS FIFO, group = department; a look that lost too many races comes again."""
    return each_command(event, _look)


def _look(command: Delivery) -> None:
    account, department_id = command.body["account"], command.body["department_id"]
    tally = container().distribution.look(account, department_id, command.body.get("cause", "look"))
    telemetry.info(
        "looked",
        account=account,
        department_id=department_id,
        count=tally.assigned,
        attempt=tally.transactions,
        failed=tally.cancelled,
    )
