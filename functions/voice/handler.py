"""Voice: a provider's request about a telephone call is verified and answered with what the caller hears next."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.bootstrap import container
from recado.services.webhook_gate import refusal
from recado.webhook_events import answer_of, request_of, turned_away


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """HTTP API, payload 2.0. What fails is answered 500: the provider says so to the caller."""
    with telemetry.correlated(event["requestContext"].get("requestId")) as correlation_id:
        if (away := turned_away(event, "POST")) is not None:
            return away
        request = request_of(event, correlation_id)
        try:
            received = container().voice.receive(request)
        except Exception as error:  # whatever it is, nothing was answered as taken
            telemetry.failure("voice_failed", error, size_bytes=len(request.raw))
            return answer_of(refusal(500))
        if received.kept:
            telemetry.warning("webhook_kept", account=received.account or "", count=len(received.kept))
    return answer_of(received.answer)
