"""Redirect: a visitor who follows a button's link goes on to the channel."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.bootstrap import container
from recado.domain.buttons import Visit


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """HTTP API, payload 2.0: 302 with the channel's address, 404, 410. Nothing of the visitor is logged."""
    with telemetry.correlated(event["requestContext"].get("requestId")):
        try:
            redirect = container().clicks.follow(event["pathParameters"]["code"], _visit(event))
        except Exception as error:  # whatever it is, the visitor is told to try again
            telemetry.failure("redirect_failed", error)
            return {"statusCode": 503, "headers": {"retry-after": "5", "cache-control": "no-store"}}
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return {"statusCode": redirect.status, "headers": headers | ({"location": redirect.url} if redirect.url else {})}


def _visit(event: dict[str, Any]) -> Visit:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Visit(event["requestContext"]["http"]["method"], event.get("queryStringParameters") or {}, headers)
