"""A webhook as the HTTP API hands it to a function (payload 2.0), and the answer as it takes it."""

from __future__ import annotations

import json
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


def turned_away(event: dict[str, Any], allowed: str) -> dict[str, Any] | None:
    """The problem (RFC 9457) for a request that came by the door's rest, `ANY /<door>/{proxy+}`: another method than
    those allowed, or a path below; None for any other request."""
    rest = (event.get("pathParameters") or {}).get("proxy")
    if rest is None:
        return None
    if "/" in rest:
        return problem_answer(404, "Not Found", "not_found", "There is nothing at this path.")
    answer = problem_answer(405, "Method Not Allowed", "method_not_allowed", f"This path takes {allowed} alone.")
    return {**answer, "headers": answer["headers"] | {"allow": allowed}}


def problem_answer(status: int, title: str, code: str, detail: str) -> dict[str, Any]:
    """A problem (RFC 9457) as the function's answer."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, "errors": []}
    return {"statusCode": status, "headers": {"content-type": "application/problem+json"}, "body": json.dumps(body)}


def answer_of(answer: WebhookAnswer) -> dict[str, Any]:
    """The function's answer."""
    return {"statusCode": answer.status, "headers": {"content-type": answer.content_type}, "body": answer.body}
