"""Feed: facts of an account get their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado import telemetry
from recado.aws.sqs_batch import Delivery, each_group
from recado.bootstrap import container
from recado.domain.raw_keys import parked_fact_key


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """SQS FIFO, group = account; what could not be fed comes again, what had been fed is passed over then."""
    return each_group(event, _feed)


def _feed(deliveries: Sequence[Delivery]) -> None:
    account = deliveries[0].group
    readable = [delivery.body["event"] for delivery in deliveries if _is_readable(delivery)]
    fed = container().feed.feed(account, readable)
    telemetry.info("fed", account=account, count=len(readable), done=fed)


def _is_readable(delivery: Delivery) -> bool:
    """A command that no try will make readable is kept apart, so that it does not take those behind it to the dead
    letters."""
    try:
        if delivery.body["account"] == delivery.group and delivery.body["event"]["id"]:
            return True
    except (ValueError, LookupError, TypeError):
        pass
    key = parked_fact_key(delivery.group, delivery.id)
    container().raw_blobs.put(key, delivery.text.encode(), "application/json")
    telemetry.warning("command_parked", command_id=delivery.id, blob_key=key)
    return False
