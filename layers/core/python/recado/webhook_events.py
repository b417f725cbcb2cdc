"""A webhook as the HTTP API hands it to a function (payload 2.0), and the answer as it takes it."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from recado.ports.reception import WebhookAnswer
from recado.services.webhook_gate import WebhookRequest


def request_of(event: dict[str, Any], correlation_id: str) -> WebhookRequest:
    """The request with its body as it came and its headers in lower case."""
    body = event.get("body") or ""
    raw = b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    method, query = event["requestContext"]["http"]["method"], event.get("queryStringParameters") or {}
    return WebhookRequest(event["pathParameters"]["channel_id"], method, query, headers, raw, correlation_id)


def answer_of(answer: WebhookAnswer) -> dict[str, Any]:
    """The function's answer."""
    return {"statusCode": answer.status, "headers": {"content-type": answer.content_type}, "body": answer.body}
