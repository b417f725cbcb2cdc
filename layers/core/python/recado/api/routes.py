"""The framework of the API: how a route is declared. One Chalice blueprint per resource, one file per resource in
this package.

How to write a resource (`recado/api/shelves.py`):

    from recado.api.bodies import UNSET, Body, Maybe, Query, Text, changes
    from recado.api.routes import Call, Resource
    from recado.api.rules import EVERYONE, STAFF, may

    shelves = Resource("shelves")

    class ShelfBody(Body):                       # request Struct: unknown fields → 400
        name: Text
        department_id: PublicId | None = None    # foreign ids in bodies: the service checks them

    class ShelfPatch(Body):
        name: Text | Maybe = UNSET               # changes(call.body) gives only what was sent

    class ShelfShape(msgspec.Struct):            # what it answers: documents OpenAPI, held by a test
        id: str
        name: str

    class ShelfQuery(Query):
        state: Annotated[Literal["full", "empty"] | None, Meta(description="Those that are so.")] = None

    @shelves.get("/v1/shelves", may("files:read", *EVERYONE), query=ShelfQuery, paged=str, answers=ShelfShape)
    def list_shelves(call: Call) -> Any:
        \"\"\"The shelves of the account, newest first.\"\"\"          # first sentence = summary in OpenAPI
        page, following = call.services.shelves.page(call.caller, call.query.state, call.limit, call.after)
        return call.list([shelf_view(one) for one in page], following)

    @shelves.post("/v1/shelves", may("files:write", *STAFF), body=ShelfBody, answers=ShelfShape, status=201)
    def create_shelf(call: Call) -> Any:
        return shelf_view(call.services.shelves.create(call.caller, call.body.name))

    @shelves.patch("/v1/shelves/{shelf_id}", may("files:write", *STAFF), body=ShelfPatch, answers=ShelfShape)
    def change_shelf(call: Call, shelf_id: str) -> Any: …

    @shelves.delete("/v1/shelves/{shelf_id}", may("files:write", *STAFF))          # no `answers`: 204
    def delete_shelf(call: Call, shelf_id: str) -> None: …

then its name in RESOURCES of recado/api/resources.py. What the framework does before the function runs, in this order:
authentication (401) → rule (403) → ids in the path (`KINDS`: foreign or malformed → 404) → query and paging (400
`?name`; one that is not declared is refused) → body (413, 415, 400 with pointers) → Idempotency-Key of POST
(recado/api/idempotency.py). The function gets a Call and the path's parameters by name; it calls one service method and
returns what JSON can hold. It raises DomainErrors (recado.domain.errors); the one map makes them problems.

- `call.caller` Caller · `call.body` · `call.query` · `call.services` the Container · `call.limit` 1…200 ·
  `call.after` the cursor's value as `paged`'s type (any type msgspec converts: str, list[str], …) or None ·
  `call.list(items, following)`: `following` None at the end.
- `answers=` a Struct (for `paged`: of one item) or None for 204. `status=` for what is not 200/204.
- `problems=("shelf_full",)`: the codes with which its service refuses, each told in recado/api/refusals.py; those that
  any route of its kind has (invalid, not_found, …) are not named. OpenAPI tells them; a refusal that is not named fails
  the test that meets it.
- `finds=True`: the function may return Found(view) (calls.py) for what was there already: 200.
- `shows_secret=True`: the answer holds a secret shown once; its stored copy is sealed (idempotency.py).
- A new kind of id gets its name in KINDS (calls.py), here `"shelf_id": "sh"`; `more_kinds={…}` for one route
  alone; `texts=("code",)` for a path parameter that is no id.
- Tests: tests/api/conftest.py gives `api` (a client), `company` with tokens of every role, `services`.
  tests/api/test_route_walk.py then walks the new routes by itself with every role, scope and foreign ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from chalice.app import Blueprint, Response

from recado.api.answering import answer
from recado.api.calls import KINDS, Call, Route
from recado.api.refusals import REFUSALS
from recado.api.rules import Rule

__all__ = ["Call", "Resource"]


@dataclass
class Resource:
    """A resource's routes; `blueprint` is what app.py registers with Chalice."""

    name: str
    blueprint: Blueprint = field(init=False)
    routes: list[Route] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blueprint = Blueprint(self.name)

    def get(self, path: str, rule: Rule, **declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a GET."""
        return self._route("GET", path, rule, **declared)

    def post(self, path: str, rule: Rule, **declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a POST."""
        return self._route("POST", path, rule, **declared)

    def put(self, path: str, rule: Rule, **declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a PUT."""
        return self._route("PUT", path, rule, **declared)

    def patch(self, path: str, rule: Rule, **declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a PATCH."""
        return self._route("PATCH", path, rule, **declared)

    def delete(self, path: str, rule: Rule, **declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a DELETE."""
        return self._route("DELETE", path, rule, **declared)

    def _route(
        self,
        method: str,
        path: str,
        rule: Rule,
        *,
        body: type[msgspec.Struct] | None = None,
        query: type[msgspec.Struct] | None = None,
        paged: Any = None,
        answers: Any = None,
        status: int | None = None,
        shows_secret: bool = False,
        more_kinds: Mapping[str, str] | None = None,
        texts: tuple[str, ...] = (),
        finds: bool = False,
        problems: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        if not isinstance(rule, Rule):
            raise TypeError(f"{method} {path} has no rule")
        if body is not None and not body.__struct_config__.forbid_unknown_fields:
            raise TypeError(f"{body.__name__} takes unknown fields")
        if unknown := [code for code in problems if code not in REFUSALS]:
            raise ValueError(f"{method} {path}: what is {', '.join(unknown)}? recado/api/refusals.py does not say")
        kinds = _kinds_of(path, {**KINDS, **(more_kinds or {})}, texts)
        if rule.public and kinds:
            raise TypeError(f"{method} {path} is public, so nothing tells whose ids it takes")

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            route = Route(
                method, path, rule, function, body, query, paged, answers,
                status or (204 if answers is None and method == "DELETE" else 200), self.name, shows_secret, kinds,
                finds, problems,
            )  # fmt: skip
            self.routes.append(route)
            self.blueprint.route(path, methods=[method], content_types=[], name=function.__name__)(self._view(route))
            return function

        return register

    def _view(self, route: Route) -> Callable[..., Response]:
        """What Chalice calls: it takes the path's parameters as keywords."""

        def view(**ids: str) -> Response:
            given = answer(route, self.blueprint.current_request, ids)
            return Response(given.body, headers={**given.headers}, status_code=given.status)

        view.route = route  # type: ignore[attr-defined]
        return view


def _kinds_of(path: str, kinds: Mapping[str, str], texts: tuple[str, ...]) -> dict[str, str]:
    """The kind of every id in a path. Raises ValueError for a parameter of which nothing is known."""
    names = [step[1:-1] for step in path.split("/") if step.startswith("{")]
    unknown = [name for name in names if name not in kinds and name not in texts]
    if unknown:
        raise ValueError(f"{path}: of which kind is {', '.join(unknown)}?")
    return {name: kinds[name] for name in names if name not in texts}
