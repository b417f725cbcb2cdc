"""Ingress: a provider's webhook is verified, split by customer, put into the queue and answered."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from recado import telemetry
from recado.bootstrap import container
from recado.ports.reception import WebhookAnswer
from recado.services.ingress import WebhookRequest, refusal


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """HTTP API, payload 2.0. What fails is answered 500, so that the provider sends it again. Only what is odd is
    logged: the access log has a line for every request, under the same id."""
    with telemetry.correlated(event["requestContext"].get("requestId")) as correlation_id:
        request = _request(event, correlation_id)
        try:
            received = container().ingress.receive(request)
        except Exception as error:  # whatever it is, nothing was answered as taken
            telemetry.failure("webhook_failed", error, size_bytes=len(request.raw))
            return _answer(refusal(500))
        if received.kept or received.stored:
            telemetry.warning(
                "webhook_kept", account=received.account or "", count=len(received.kept), done=received.commands
            )
    return _answer(received.answer)


def _request(event: dict[str, Any], correlation_id: str) -> WebhookRequest:
    body = event.get("body") or ""
    raw = b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    method, query = event["requestContext"]["http"]["method"], event.get("queryStringParameters") or {}
    return WebhookRequest(event["pathParameters"]["channel_id"], method, query, headers, raw, correlation_id)


def _answer(answer: WebhookAnswer) -> dict[str, Any]:
    return {"statusCode": answer.status, "headers": {"content-type": answer.content_type}, "body": answer.body}
