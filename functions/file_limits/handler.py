"""File limits: what arrived in quarantine is checked by its own bytes, and accepted or rejected."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.bootstrap import container


class CheckFailed(Exception):
    """The check has to be made again. It bears no text: what failed may quote what was being checked."""


def handler(event: dict[str, Any], context: object) -> None:
    """EventBridge, `Object Created` under quarantine/. What fails is called again; a check is safe to repeat."""
    with telemetry.correlated(event.get("id")):
        try:
            checked = container().file_checks.arrived(event["detail"]["object"]["key"])
        except Exception as error:  # whatever it is, Lambda calls again
            telemetry.failure("file_check_failed", error)
            raise CheckFailed from None
        telemetry.info(
            "file_checked",
            account=checked.account,
            record_id=checked.file_id,
            outcome=checked.outcome,
            code=checked.reason or "none",
            size_bytes=checked.size,
        )
