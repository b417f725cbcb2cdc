"""Events: what changed in the tables becomes facts for the feed, looks at departments and sends."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.bootstrap import container


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """DynamoDB streams of the three tables, with partial batch responses by sequence number."""
    with telemetry.correlated():
        outcome = container().facts.publish(event["Records"])
        for parked in outcome.parked:
            telemetry.failure("record_parked", parked.error, record_id=parked.record_id, blob_key=parked.blob_key)
        if outcome.stopped_at is None or outcome.error is None:
            return {"batchItemFailures": []}
        telemetry.failure("records_left", outcome.error, record_id=outcome.stopped_at, count=len(event["Records"]))
        return {"batchItemFailures": [{"itemIdentifier": outcome.stopped_at}]}
