"""Errors of the local servers in the shape of the public contract: application/problem+json."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def problem(status: int, code: str, detail: str) -> web.Response:
    """A problem answer: {type, title, status, detail, code, errors}."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [],
    }
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/problem+json")


@web.middleware
async def own_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A server's own refusals (unknown path, wrong method, broken body) in the contract's shape."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return problem(error.status, error.reason.lower().replace(" ", "_"), error.text or error.reason)
