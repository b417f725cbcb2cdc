"""Sockets: connections of pages that wait for news."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.api.sockets import serve
from recado.bootstrap import container


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """WebSocket API: $connect, $disconnect and, for whatever a page says, $default."""
    request = event["requestContext"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    query = event.get("queryStringParameters") or {}
    with telemetry.correlated(request.get("requestId")):
        status = serve(request["routeKey"], request["connectionId"], headers, query, container())
    return {"statusCode": status}
