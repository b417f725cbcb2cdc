"""From API Gateway's one greedy route to Chalice's own: the path is resolved before Chalice is called, which knows no
unknown path.

Chalice routes by `requestContext.resourcePath`, which API Gateway fills with the pattern of its own resource, here
`/v1/{proxy+}`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from recado.api.problems import Answer, problem
from recado.telemetry import correlated


@dataclass
class _Branch:
    """What may follow a segment of a path, and the pattern that ends here."""

    literal: dict[str, _Branch] = field(default_factory=dict)
    parameter: _Branch | None = None
    pattern: str | None = None


class Resolver:
    """The patterns of the routes as a tree of path segments; a literal segment wins over a parameter."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._tree = _Branch()
        for pattern in patterns:
            branch = self._tree
            for step in pattern.split("/")[1:]:
                if step.startswith("{"):
                    branch.parameter = branch.parameter or _Branch()
                    branch = branch.parameter
                else:
                    branch = branch.literal.setdefault(step, _Branch())
            branch.pattern = pattern

    def resolve(self, path: str) -> tuple[str, dict[str, str]] | None:
        """The pattern that a path matches, and its parameters by name; None for an unknown path."""
        steps = [unquote(step) for step in path.split("/")[1:]]
        pattern = _match(self._tree, steps)
        if pattern is None:
            return None
        names = pattern.split("/")[1:]
        return pattern, {name[1:-1]: step for name, step in zip(names, steps, strict=True) if name.startswith("{")}


def _match(branch: _Branch, steps: list[str]) -> str | None:
    if not steps:
        return branch.pattern
    for following in (branch.literal.get(steps[0]), branch.parameter if steps[0] else None):
        found = _match(following, steps[1:]) if following is not None else None
        if found is not None:
            return found
    return None


def serve(app: Any, resolver: Resolver, event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's event → Chalice's answer; 404 and 405 are told here, as problems. Logs under the gateway's
    request id."""
    with correlated(event.get("requestContext", {}).get("requestId")):
        return _serve(app, resolver, event, context)


def _serve(app: Any, resolver: Resolver, event: dict[str, Any], context: Any) -> dict[str, Any]:
    found = resolver.resolve(event["path"])
    if found is None:
        return _proxy_answer(problem(404, "not_found", "There is nothing at this path."))
    pattern, parameters = found
    if event["httpMethod"] not in app.routes[pattern]:
        allowed = ", ".join(sorted(app.routes[pattern]))
        return _proxy_answer(
            problem(405, "method_not_allowed", f"This path takes {allowed}.", headers={"Allow": allowed})
        )
    answer: dict[str, Any] = app(
        {
            "stageVariables": None,
            "body": None,
            **event,
            "headers": event.get("headers") or {},
            "multiValueQueryStringParameters": event.get("multiValueQueryStringParameters"),
            "pathParameters": parameters,
            "requestContext": {
                **event.get("requestContext", {}),
                "resourcePath": pattern,
                "httpMethod": event["httpMethod"],
            },
        },
        context,
    )
    return answer


def _proxy_answer(answer: Answer) -> dict[str, Any]:
    return {"statusCode": answer.status, "headers": answer.headers, "multiValueHeaders": {}, "body": answer.body}
