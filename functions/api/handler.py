"""The HTTP API behind API Gateway's greedy route /v1/{proxy+}."""

from __future__ import annotations

from typing import Any

from app import app, resolver
from recado.api.resolver import serve


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A REST API proxy event → a proxy answer."""
    return serve(app, resolver, event, context)
