"""Tick: once a minute, do what is due; once a day, what has a run of its own."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.bootstrap import container

RESERVE_MS = 10_000
"""No page is begun with less time than this left."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge, rate(1 minute), and rate(1 day) naming `jobs`. Answers how many things each job did."""
    with telemetry.correlated(event.get("id")):
        only = event.get("jobs", ())
        reports = container().tick.run(lambda: context.get_remaining_time_in_millis() > RESERVE_MS, only)
        for report in reports:
            for public_id, error in report.failed.items():
                telemetry.failure("job_item_failed", error, kind=report.name, record_id=public_id)
            if report.error is not None:
                telemetry.failure("job_failed", report.error, kind=report.name, done=report.done)
            else:
                telemetry.info("job_done", kind=report.name, count=report.seen, done=report.done, left=int(report.left))
    return {report.name: report.done for report in reports}
