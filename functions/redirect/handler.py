"""Redirect: a visitor who follows a button's link goes on to the channel."""

from __future__ import annotations

from typing import Any

from recado import telemetry
from recado.bootstrap import container
from recado.domain.buttons import Visit
from recado.webhook_events import problem_answer, turned_away

_LEADS_NOWHERE = {
    404: ("Not Found", "not_found", "There is no such link."),
    410: ("Gone", "gone", "This link leads nowhere any more."),
}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """HTTP API, payload 2.0: 302 with the channel's address, 404, 410. Nothing of the visitor is logged."""
    with telemetry.correlated(event["requestContext"].get("requestId")):
        if (away := turned_away(event, "GET, HEAD")) is not None:
            return away
        try:
            redirect = container().clicks.follow(event["pathParameters"]["code"], _visit(event))
        except Exception as error:  # whatever it is, the visitor is told to try again
            telemetry.failure("redirect_failed", error)
            away = problem_answer(503, "Service Unavailable", "unavailable", "Try again in some seconds.")
            return {**away, "headers": away["headers"] | {"retry-after": "5", "cache-control": "no-store"}}
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    if redirect.url:
        return {"statusCode": redirect.status, "headers": headers | {"location": redirect.url}}
    title, code, detail = _LEADS_NOWHERE[redirect.status]
    gone = problem_answer(redirect.status, title, code, detail)
    return {**gone, "headers": gone["headers"] | headers}


def _visit(event: dict[str, Any]) -> Visit:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Visit(event["requestContext"]["http"]["method"], event.get("queryStringParameters") or {}, headers)
