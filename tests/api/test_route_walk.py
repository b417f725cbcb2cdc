"""Every route, by itself: without credentials, with every role, with missing and other scopes, with foreign and
malformed ids.

Each test walks all routes in one account and tells every route that failed."""

from __future__ import annotations

from collections.abc import Iterator

from recado.api.calls import Route
from recado.api.resources import routes
from recado.bootstrap import Container
from recado.domain.ids import make_id
from recado.domain.scopes import SCOPES
from tests.api.conftest import Api, Company, api_token

BROKEN = "{"
"""A body that would be refused with 400 if it were read: 401, 403 and 404 come before."""
GUARDED = [route for route in routes() if not route.rule.public]
ROLES = ("admin", "agent", "restricted")


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def own_ids(route: Route, company: Company) -> dict[str, str]:
    """Ids under the company's account: of real objects where there are some at once, else of none."""
    real = {"us": company.users["agent"].id, "dp": company.department.id}
    texts = {step[1:-1]: "text" for step in route.path.split("/") if step.startswith("{")}
    of_kind = {
        parameter: real.get(kind) or make_id(kind, company.a, company.account.created_at, "0" * 16)
        for parameter, kind in route.kinds.items()
    }
    return {**texts, **of_kind}


def with_wrong_ids(route: Route, company: Company, other: Company) -> Iterator[str]:
    """The path with each id in turn foreign, of another kind, or malformed."""
    own, foreign = own_ids(route, company), own_ids(route, other)
    for parameter, kind in route.kinds.items():
        mine = own[parameter]
        other_kind = ("us" if kind != "us" else "dp") + mine[2:]
        for wrong in (
            foreign[parameter],
            other_kind,
            "x",
            mine.upper(),
            mine + "0",
            "%00",
            "..%2F" + mine,
            "{" + parameter + "}",
        ):
            yield route.path.format(**{**own, parameter: wrong})


def allowed_role(route: Route) -> str:
    return next(role for role in ROLES if role in route.rule.roles)


def test_each_route_tells_what_it_does() -> None:
    assert len(GUARDED) > 20
    undocumented = [name(route) for route in routes() if not (route.function.__doc__ or "").strip()]
    silent = [name(route) for route in routes() if route.answers is None and route.status != 204]
    assert (undocumented, silent) == ([], [])


def test_nobody_comes_in_without_credentials(api: Api, company: Company) -> None:
    failed = []
    for route in GUARDED:
        path = route.path.format(**own_ids(route, company))
        answers = [api.call(route.method, path, BROKEN, token=token) for token in (None, company.admin + "x")]
        failed += [name(route) for answer in answers if answer.status != 401]
    assert failed == []


def test_only_the_roles_of_the_rule_come_in(api: Api, company: Company) -> None:
    failed = []
    for route in GUARDED:
        path = route.path.format(**{**own_ids(route, company), **dict.fromkeys(route.kinds, "x")})
        for role in ROLES:
            if role in route.rule.roles and not route.kinds:
                continue  # nothing would stop it: the tests of the resource show that it works
            answer = api.call(route.method, path, BROKEN, token=company.tokens[role])
            expected = (404, "not_found") if role in route.rule.roles else (403, "role_not_allowed")
            if (answer.status, answer.json["code"]) != expected:
                failed.append(f"{name(route)} as {role}: {answer.status}")
    assert failed == []


def test_an_api_token_needs_the_scope(api: Api, company: Company, services: Container) -> None:
    failed = []
    bare = api_token(services, company, [])
    every_but = {
        left_out: api_token(services, company, [one for one in SCOPES if one != left_out])
        for left_out in (*SCOPES, None)
    }
    for route in GUARDED:
        path = route.path.format(**own_ids(route, company))
        expected = (403, "session_required" if route.rule.scope is None else "scope_missing")
        for token in (bare, every_but[route.rule.scope]):
            answer = api.call(route.method, path, BROKEN, token=token)
            if (answer.status, answer.json["code"]) != expected:
                failed.append(f"{name(route)}: {answer.status}")
    assert failed == []


def test_foreign_and_malformed_ids_are_nowhere(api: Api, company: Company, other_company: Company) -> None:
    failed = []
    for route in GUARDED:
        tokens = [company.tokens[allowed_role(route)], *([company.tokens["api"]] if route.rule.scope else [])]
        for path in with_wrong_ids(route, company, other_company):
            for token in tokens:
                answer = api.call(route.method, path, BROKEN, token=token)
                if (answer.status, answer.json["code"]) != (404, "not_found"):
                    failed.append(f"{route.method} {path}: {answer.status}")
    assert failed == []


def test_what_is_another_companys_answers_as_what_never_was(api: Api, company: Company, other_company: Company) -> None:
    failed = []
    for route in GUARDED:
        if not route.kinds or route.method not in ("GET", "DELETE"):
            continue
        token = company.tokens[allowed_role(route)]
        made_up = {
            parameter: make_id(kind, company.a, company.account.created_at, "f" * 16)
            for parameter, kind in route.kinds.items()
        }
        unknown = api.call(route.method, route.path.format(**{**own_ids(route, company), **made_up}), token=token)
        foreign = api.call(route.method, route.path.format(**own_ids(route, other_company)), token=token)
        if not (foreign.status == unknown.status == 404) or foreign.json["code"] != unknown.json["code"]:
            failed.append(f"{name(route)}: {foreign.status}, {unknown.status}")
    assert failed == []
