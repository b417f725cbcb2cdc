"""The OpenAPI 3.1 description, made from the declared routes and their Structs.

python -m recado.api.openapi        # prints it (`make openapi`)
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import msgspec

from recado.api.bodies import MAX_BODY_BYTES
from recado.api.calls import DEFAULT_LIMIT, MAX_LIMIT, Call, Route
from recado.api.idempotency import MAX_KEY
from recado.api.refusals import REFUSALS, Problem, codes_of
from recado.api.routes import Resource
from recado.api.rules import PUBLIC

openapi = Resource("openapi")

_REF = "#/components/schemas/{name}"


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
    for body in {route.body for route in declared if route.body is not None}:
        if names := getattr(body, "one_of", ()):
            components[body.__name__]["oneOf"] = [
                {"required": [name], "properties": {name: {"type": "string"}}} for name in names
            ]
    for component in components.values():
        component["description"] = inspect.cleandoc(component.get("description", ""))
    paths: dict[str, dict[str, Any]] = {}
    shared: dict[str, dict[str, Any]] = {}
    for route in sorted(declared, key=lambda one: (one.path, one.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of, shared)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Recado", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": shared,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A session or API token."}
            },
        },
    }


_ABOUT = (
    f"Times are RFC 3339 UTC, ids are opaque. A body is JSON of at most {MAX_BODY_BYTES:,} bytes. "
    "Refusals are application/problem+json; each route lists the codes that it can answer with. "
    "A field or a query parameter that is not declared is refused. "
    f"POST takes an Idempotency-Key of up to {MAX_KEY} characters: "
    "the same request again gets the first answer for 24 hours."
)


_AFTER_A_SENTENCE = re.compile(r"(?<=[.!?]) ")


def _operation(route: Route, schema_of: dict[str, Any], shared: dict[str, dict[str, Any]]) -> dict[str, Any]:
    description = " ".join((route.function.__doc__ or "").split())
    operation: dict[str, Any] = {
        "operationId": route.function.__name__,
        "tags": [route.tag],
        "summary": _AFTER_A_SENTENCE.split(description, maxsplit=1)[0],
        "description": description,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            str(route.status): _response(route, schema_of),
            **_refusals(route, schema_of[str(Problem)], shared),
        },
    }
    if route.finds:
        operation["responses"]["200"] = {**_response(route, schema_of), "description": "It was there already."}
    if route.body is not None:
        required = bool(getattr(route.body, "one_of", ())) or any(
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


def _refusals(route: Route, schema: dict[str, Any], shared: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A response for each status with which the route can refuse, and which codes that are; in `shared`, by the names
    of the codes, those that many routes have."""
    by_status: dict[int, list[str]] = {}
    for code in codes_of(route):
        by_status.setdefault(REFUSALS[code].status, []).append(code)
    responses = {}
    for status, codes in sorted(by_status.items()):
        of_codes = {**schema, "properties": {"code": {"enum": sorted(codes)}}}
        response: dict[str, Any] = {
            "description": "\n".join(_told(code) for code in codes),
            "content": {"application/problem+json": {"schema": of_codes}},
        }
        if not set(codes) & set(route.problems):
            name = "_or_".join(codes)
            shared[name] = response
            response = {"$ref": f"#/components/responses/{name}"}
        responses[str(status)] = response
    return responses


def _told(code: str) -> str:
    """A code as a line of Markdown: when it comes, and which further fields the problem has then."""
    refusal = REFUSALS[code]
    members = f" ({', '.join(refusal.members)})" if refusal.members else ""
    return f"- `{code}`{members}: {refusal.when}"


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = [step[1:-1] for step in route.path.split("/") if step.startswith("{")]
    return [{**_parameter(name, "path", {"type": "string"}), "required": True} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    parameters = []
    if route.query is not None:
        for field in msgspec.structs.fields(route.query):
            schema = msgspec.json.schema(field.type)
            if field.default not in (None, "", msgspec.NODEFAULT):
                schema["default"] = field.default
            parameters.append(_parameter(field.encode_name, "query", schema))
    if route.paged is not None:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        after = {"type": "string", "description": "`next` of the page before; without it the list begins."}
        parameters += [_parameter("limit", "query", limit), _parameter("after", "query", after)]
    return parameters


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter; what is said of the value is said of the parameter."""
    described = {"description": schema.pop("description")} if "description" in schema else {}
    return {"name": name, "in": place, **described, "schema": schema}


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
