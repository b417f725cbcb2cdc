"""What comes to a public door by another method, or below it, is told in a problem as everything is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.handlers.conftest import stack as stack
from tests.handlers.stack import Stack
from tests.infra.templates import of_kind

ALLOWED = {
    "/webhooks/ch_1": ("ingress", "GET, POST"),
    "/voice/ch_1": ("voice", "POST"),
    "/t/0123456789": ("redirect", "GET, HEAD"),
    "/widget/sessions": ("widget", "POST, OPTIONS"),
    "/widget/messages": ("widget", "GET, POST, OPTIONS"),
    "/widget/files": ("widget", "POST, OPTIONS"),
}


def told(stack: Stack, function: str, method: str, path: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    event = {
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "203.0.113.9"}, "requestId": "r-1"},
        "pathParameters": {"proxy": path.split("/", 2)[2]},
        "headers": {"origin": "https://evil.example"},
    }
    answer = stack.invoke(function, event)
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return answer["statusCode"], json.loads(answer["body"]), headers


@pytest.mark.parametrize("path", ALLOWED)
def test_another_method_and_another_path(stack: Stack, path: str) -> None:
    function, allowed = ALLOWED[path]
    for method in ("PUT", "DELETE", "PATCH"):
        status, problem, headers = told(stack, function, method, path)
        assert (status, problem["status"], problem["code"]) == (405, 405, "method_not_allowed")
        assert headers["allow"] == allowed
        assert headers["content-type"] == "application/problem+json"
        assert "access-control-allow-origin" not in headers
    status, problem, headers = told(stack, function, "POST", f"{path}/below")
    assert (status, problem["code"], headers["content-type"]) == (404, "not_found", "application/problem+json")


def test_what_is_allowed_is_what_has_a_route() -> None:
    routes = {one["RouteKey"] for one in of_kind("AWS::ApiGatewayV2::Route").values()}
    named = {"ch_1": "{channel_id}", "0123456789": "{code}"}
    for path, (_, allowed) in ALLOWED.items():
        folder, last = path.rsplit("/", 1)
        for method in set(allowed.split(", ")) - {"OPTIONS"}:
            assert f"{method} {folder}/{named.get(last, last)}" in routes
