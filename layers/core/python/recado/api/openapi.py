"""The OpenAPI 3.1 description, made from the declared routes and their Structs.

python -m recado.api.openapi        # prints it (`make openapi`)
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from recado.api.bodies import MAX_BODY_BYTES
from recado.api.calls import DEFAULT_LIMIT, MAX_LIMIT, Call, Route
from recado.api.idempotency import MAX_KEY
from recado.api.routes import Resource
from recado.api.rules import PUBLIC

openapi = Resource("openapi")

_REF = "#/components/schemas/{name}"


class FieldProblem(msgspec.Struct):
    """One wrong field: a JSON pointer into the body, or `?name` for a query parameter."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct):
    """RFC 9457. `code` is stable."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]


@openapi.get("/v1/openapi.json", PUBLIC, answers=dict[str, Any])
def describe(call: Call) -> Any:
    """This description."""
    return document()


def document() -> dict[str, Any]:
    """The description of every route."""
    from recado.api.resources import routes

    declared = routes()
    types = [Problem, *(kind for route in declared for kind in (route.body, route.answers) if kind is not None)]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = {str(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(declared, key=lambda one: (one.path, one.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Recado", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A session or API token."}
            },
        },
    }


_ABOUT = (
    f"Times are RFC 3339 UTC, ids are opaque. A body is JSON of at most {MAX_BODY_BYTES:,} bytes. "
    "Refusals are application/problem+json. "
    f"POST takes an Idempotency-Key of up to {MAX_KEY} characters: "
    "the same request again gets the first answer for 24 hours."
)


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = (route.function.__doc__ or "").strip().partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.function.__name__,
        "tags": [route.tag],
        "summary": summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            str(route.status): _response(route, schema_of),
            "default": {
                "description": "A refusal.",
                "content": {"application/problem+json": {"schema": schema_of[str(Problem)]}},
            },
        },
    }
    if route.finds:
        operation["responses"]["200"] = {**_response(route, schema_of), "description": "It was there already."}
    if description.strip():
        operation["description"] = " ".join(description.split())
    if route.body is not None:
        required = bool(msgspec.json.schema(route.body).get("required")) or any(
            field.required for field in msgspec.structs.fields(route.body)
        )
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": schema_of[str(route.body)]}},
        }
    if not route.rule.public:
        operation["security"] = [{"token": []}]
        operation["x-roles"] = sorted(route.rule.roles)
        operation["x-scope"] = route.rule.scope
        if route.method == "POST":
            operation["parameters"].append(
                _parameter("Idempotency-Key", "header", {"type": "string", "maxLength": MAX_KEY})
            )
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = [step[1:-1] for step in route.path.split("/") if step.startswith("{")]
    return [{**_parameter(name, "path", {"type": "string"}), "required": True} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    parameters = []
    if route.query is not None:
        for field in msgspec.structs.fields(route.query):
            parameters.append(_parameter(field.encode_name, "query", msgspec.json.schema(field.type)))
    if route.paged is not None:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        parameters += [_parameter("limit", "query", limit), _parameter("after", "query", {"type": "string"})]
    return parameters


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema}


def _response(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    if route.answers is None:
        return {"description": "Done."}
    schema = schema_of[str(route.answers)]
    if route.paged is not None:
        following = {"type": ["string", "null"], "description": "The cursor for `after`; null at the end."}
        schema = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {"items": {"type": "array", "items": schema}, "next": following},
        }
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


if __name__ == "__main__":
    print(json.dumps(document(), indent=2, ensure_ascii=False))
