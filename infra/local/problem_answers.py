"""Errors of the local servers in the shape of the public contract: application/problem+json."""

from __future__ import annotations

import json
from http import HTTPStatus

from aiohttp import web


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
