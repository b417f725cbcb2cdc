"""Every refusal as an RFC 9457 problem: the one map from errors to answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from recado import telemetry
from recado.domain.errors import Busy, DomainError, FieldError, TooMany, Unauthenticated

CONTENT_TYPE = "application/problem+json"


class Answer:
    """What goes out: a status, a body as text ("" for none) and headers."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: tuple[FieldError, ...] = (),
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A problem answer: {type, title, status, detail, code, errors[{pointer, code, detail}]} and the error's public
    members."""
    body = {
        **(extra or {}),
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in errors],
    }
    return Answer(
        status,
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        {"Content-Type": CONTENT_TYPE, **(headers or {})},
    )


def problem_of(error: Exception, route: str = "") -> Answer:
    """The answer for an error. What was not foreseen is logged (by its class and places: its text may hold data) and
    told as a bare 500."""
    if isinstance(error, DomainError):
        return problem(
            error.status, error.code, error.detail, errors=error.errors, extra=error.extra, headers=_headers_of(error)
        )
    if isinstance(error, Busy):
        return problem(
            503,
            "busy",
            "Too many at once changed the same thing. Nothing was done; try again.",
            headers={"Retry-After": "1"},
        )
    telemetry.failure("api_failed", error, route=route.replace("{", ":").replace("}", ""))
    return problem(500, "internal", "Something went wrong on our side. It has been logged.")


def _headers_of(error: DomainError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="recado"'}
    if isinstance(error, TooMany) and "retry_after_s" in error.extra:
        return {"Retry-After": str(error.extra["retry_after_s"])}
    return {}
