"""Widget: the doors of the online chat, for pages on other companies' sites."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from recado import telemetry
from recado.api.widget import WidgetRequest, serve
from recado.bootstrap import container


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """HTTP API, payload 2.0. Answers are problems where something is wrong, also with ourselves."""
    with telemetry.correlated(event["requestContext"].get("requestId")):
        answer = serve(_request(event), container())
    return {"statusCode": answer.status, "headers": answer.headers, "body": answer.body}


def _request(event: dict[str, Any]) -> WidgetRequest:
    body = event.get("body") or ""
    raw = b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    http = event["requestContext"]["http"]
    address = _address(http.get("sourceIp", ""), headers.get("x-forwarded-for", ""))
    return WidgetRequest(http["method"], http["path"], event.get("queryStringParameters") or {}, headers, raw, address)


def _address(source: str, forwarded: str) -> str:
    """The visitor's: whom CloudFront heard, as it says before API Gateway names CloudFront; else whoever called the
    API. It serves to count, and proves nothing: who goes around CloudFront may make it up."""
    told = [one.strip() for one in forwarded.split(",") if one.strip()]
    return next((one for one in reversed(told) if one != source), source)
