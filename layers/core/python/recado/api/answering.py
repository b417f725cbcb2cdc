"""What happens to a request, step by step, between Chalice and a route's function."""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from recado.api import cursors
from recado.api.bodies import Nothing, parse_body, parse_query
from recado.api.calls import DEFAULT_LIMIT, MAX_LIMIT, Call, Found, Route
from recado.api.idempotency import once
from recado.api.problems import Answer, problem_of
from recado.bootstrap import Container, container
from recado.domain.access import Caller
from recado.domain.errors import Invalid, NotFound, Unauthenticated
from recado.ports.idempotency import Attempt

JSON = {"Content-Type": "application/json"}


def answer(route: Route, request: Any, ids: Mapping[str, str]) -> Answer:
    """The answer of a route to a Chalice request. Never raises."""
    try:
        given = _answer(route, request, ids, container())
    except Exception as error:  # whatever it is, the caller gets a problem and the log a line
        given = problem_of(error, route.path)
    given.headers.setdefault("Cache-Control", "no-store")
    return given


def _answer(route: Route, request: Any, ids: Mapping[str, str], services: Container) -> Answer:
    token = None if route.rule.public else bearer(request.headers.get("authorization"))
    caller = None if token is None else _permitted(route, services.authentication.caller(token), ids)
    query = _query(request, route)
    raw = _raw(request)
    call = Call(
        route=route,
        maybe_caller=caller,
        body=parse_body(raw, request.headers.get("content-type"), route.body or Nothing)
        if route.method != "GET"
        else None,
        query=parse_query(query, route.query) if route.query else None,
        limit=_limit(query) if route.paged is not None else DEFAULT_LIMIT,
        after=_after(query, route, caller) if route.paged is not None else None,
        services=services,
    )

    def run(attempt: Attempt | None) -> Answer:
        return _told(route, route.function(replace(call, attempt=attempt), **ids))

    key = request.headers.get("idempotency-key")
    if route.method == "POST" and key is not None and caller is not None and token is not None:
        return once(
            services.idempotency,
            services.clock,
            caller,
            key,
            _path(route, ids),
            raw,
            token if route.shows_secret else None,
            run,
        )
    return run(None)


def bearer(header: str | None) -> str:
    """The token of an Authorization header. Raises Unauthenticated."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send `Authorization: Bearer` with a session or API token.")
    return token.strip()


def _permitted(route: Route, caller: Caller, ids: Mapping[str, str]) -> Caller:
    route.rule.enforce(caller)
    if not route.ids_belong(ids, caller.account):
        raise NotFound("There is no such thing.")
    return caller


def _query(request: Any, route: Route) -> dict[str, str]:
    """The query's parameters, each one that the route takes and given once. Raises Invalid with the pointer `?name`."""
    parameters = request.query_params
    if parameters is None:
        return {}
    for name in parameters:
        if len(parameters.getlist(name)) > 1:
            raise Invalid.field(f"?{name}", "repeated", "This parameter is given more than once.")
        if name not in route.parameters:
            raise Invalid.field(f"?{name}", "unknown_parameter", "There is no such parameter here.")
    return dict(parameters)


def _raw(request: Any) -> bytes:
    try:
        raw: bytes = request.raw_body
    except (binascii.Error, UnicodeEncodeError):
        raise Invalid("The body is not valid JSON in UTF-8.", code="invalid_json") from None
    return raw


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise Invalid.field("?limit", "out_of_range", f"limit is a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def _after(query: Mapping[str, str], route: Route, caller: Caller | None) -> Any:
    if not query.get("after") or caller is None:
        return None  # an empty cursor is the start of the list
    return cursors.decode(query["after"], caller.account, route.path, route.paged)


def _path(route: Route, ids: Mapping[str, str]) -> str:
    return route.path.format(**ids)


def _told(route: Route, value: Any) -> Answer:
    if route.status == 204:
        return Answer(204)
    if isinstance(value, Found):
        return Answer(200, json.dumps(value.value, ensure_ascii=False, separators=(",", ":")), JSON)
    return Answer(route.status, json.dumps(value, ensure_ascii=False, separators=(",", ":")), JSON)
