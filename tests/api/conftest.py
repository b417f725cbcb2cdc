"""A client of the whole API in moto, and an account with users of every role."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from moto.backends import get_backend

from functions.api import handler
from recado import bootstrap
from recado.api.calls import Route
from recado.api.refusals import REFUSALS, Problem, codes_of
from recado.bootstrap import Container
from recado.domain.people import Account, Department, User
from recado.domain.scopes import SCOPES
from recado.ports.core import Command
from recado.services.accounts import NewAccount

PASSWORD = "a long password"


class QueueOfTests:
    """Keeps the commands instead of sending them."""

    def __init__(self) -> None:
        self.sent: list[Command] = []

    def send(self, commands: Any) -> None:
        self.sent.extend(commands)


class QuickPasswords:
    """Passwords in the clear: argon2 has its own test and costs 25 ms a time."""

    def hash(self, password: str) -> str:
        return "plain:" + password

    def matches(self, password_hash: str | None, password: str) -> bool:
        return password_hash == "plain:" + password


@dataclass
class Answered:
    """An answer; `json` is the parsed body, None when there is none."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text) if self.text else None


class Api:
    """Calls the function's handler with the events that API Gateway makes of requests."""

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = None, headers: dict[str, str] | None = None
    ) -> Answered:
        """`body` bytes or text go as they are, anything else as JSON; `path` may have a query."""
        path, _, query = path.partition("?")
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            values.setdefault(name, []).append(value)
        raw = (
            body.decode()
            if isinstance(body, bytes)
            else body
            if isinstance(body, str) or body is None
            else json.dumps(body)
        )
        given = {**({"Content-Type": "application/json"} if raw is not None else {}), **(headers or {})}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        event = {
            "resource": "/v1/{proxy+}",
            "path": path,
            "httpMethod": method,
            "headers": given,
            "queryStringParameters": {name: each[-1] for name, each in values.items()} or None,
            "multiValueQueryStringParameters": values or None,
            "pathParameters": {"proxy": path.removeprefix("/v1/")},
            "stageVariables": None,
            "requestContext": {"resourcePath": "/v1/{proxy+}", "httpMethod": method, "requestId": "request-1"},
            "body": raw,
            "isBase64Encoded": False,
        }
        answer = handler.handler(event, None)
        assert isinstance(answer["body"], str)
        answered = Answered(answer["statusCode"], answer["headers"], answer["body"])
        _is_as_declared(method, path, answered)
        return answered

    def get(self, path: str, **given: Any) -> Answered:
        return self.call("GET", path, **given)

    def post(self, path: str, body: Any = None, **given: Any) -> Answered:
        return self.call("POST", path, body, **given)

    def put(self, path: str, body: Any = None, **given: Any) -> Answered:
        return self.call("PUT", path, body, **given)

    def patch(self, path: str, body: Any = None, **given: Any) -> Answered:
        return self.call("PATCH", path, body, **given)

    def delete(self, path: str, **given: Any) -> Answered:
        return self.call("DELETE", path, **given)


def _is_as_declared(method: str, path: str, answered: Answered) -> None:
    """Every answer of every test has exactly the fields that its route declares (and OpenAPI tells)."""
    found = handler.resolver.resolve(path)
    if found is None or method not in handler.app.routes[found[0]]:
        return
    route = handler.app.routes[found[0]][method].view_function.route
    if answered.status >= 300:
        _is_named(route, answered)
        return
    assert answered.status == route.status or (answered.status == 200 and route.finds)
    if route.answers is None:
        assert answered.json is None, f"{method} {route.path} declares no answer"
        return
    declared = list[route.answers] if route.paged is not None else route.answers
    told = answered.json["items"] if route.paged is not None else answered.json
    assert msgspec.to_builtins(msgspec.convert(told, declared)) == told, (
        f"{method} {route.path} tells more than it declares"
    )


def _is_named(route: Route, answered: Answered) -> None:
    """Every refusal of every test is one that its route names, with the status and the fields told of it."""
    told = answered.json
    code = told["code"]
    assert code in codes_of(route), (
        f"{route.method} {route.path} does not name `{code}`: problems=(…) where it is declared"
    )
    refusal = REFUSALS[code]
    more = set(told) - {"type", "title", "status", "detail", "code", "errors"} - set(refusal.members)
    assert (answered.status, more) == (refusal.status, set()), f"recado/api/refusals.py tells otherwise of `{code}`"
    msgspec.convert(told, Problem)


@dataclass
class Company:
    """An account; `tokens` are sessions by role and `api`, an API token with every scope; `a` the 8 characters."""

    a: str
    account: Account
    department: Department
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def admin(self) -> str:
        """The admin's session token."""
        return self.tokens["admin"]


@pytest.fixture
def services(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    """The container behind the API: real storage in moto, queues that keep what is sent, quick passwords."""
    container = Container(bootstrap.settings())
    container.clock, container.ids = clock, ids
    container.passwords = QuickPasswords()
    container.distribution_queue = container.inbound_queue = container.outbound_queue = container.feed_queue = (
        QueueOfTests()
    )
    container.contact_exports_queue = QueueOfTests()
    container.contact_imports_queue = QueueOfTests()
    container.task_run_queue = QueueOfTests()
    container.flow_requests_queue = QueueOfTests()
    monkeypatch.setattr("recado.api.answering.container", lambda: container)
    yield container


@pytest.fixture
def api(services: Container) -> Api:
    return Api()


@pytest.fixture
def company(services: Container) -> Company:
    """An account with an admin, an agent and a restricted user, all logged in, and an API token with every scope."""
    return make_company(services, "one")


@pytest.fixture
def other_company(services: Container) -> Company:
    """Another account of the same deployment."""
    return make_company(services, "two")


_made: dict[tuple[str, int, datetime], tuple[Company, int, list[tuple[str, dict[str, Any]]]]] = {}
"""Companies that were made in this process, with the ids that were used up and the items that were written. Making one
takes some thirty calls, and most tests want the same."""


def make_company(services: Container, name: str) -> Company:
    """An account of 5 seats: made by the product's services, and from then on put there as it was made."""
    ids: Any = services.ids
    key = name, ids.count, services.clock.now()
    backend = get_backend("dynamodb")["123456789012"]["us-east-1"]
    if key not in _made:
        before = _items(backend)
        company = _made_company(services, name)
        written = [one for one in _items(backend) if one not in before]
        _made[key] = copy.deepcopy(company), ids.count, written
        return company
    company, ids.count, written = _made[key]
    for table, item in written:
        backend.get_table(table).put_item(copy.deepcopy(item))
    return copy.deepcopy(company)


def _items(backend: Any) -> list[tuple[str, dict[str, Any]]]:
    """Every item of every table, in wire form."""
    return [
        (name, item.to_json()["Attributes"]) for name, table in backend.tables.items() for item in table.all_items()
    ]


def _made_company(services: Container, name: str) -> Company:
    made = services.account_service.create(
        NewAccount(f"Company {name}", "Ada Admin", f"admin@{name}.example", PASSWORD, "team", trial=False)
    )
    company = Company(made.account.id.removeprefix("ac_"), made.account, made.department, {"admin": made.admin})
    for role in ("agent", "restricted"):
        seen = services.user_service.create(
            company.a, f"{role.title()} User", f"{role}@{name}.example", role, None, PASSWORD
        )
        company.users[role] = seen.user
    for role, user in company.users.items():
        company.tokens[role] = services.session_service.start(company.a, user).token
    company.tokens["api"] = api_token(services, company, SCOPES)
    return company


def api_token(services: Container, company: Company, scopes: Any) -> str:
    """An API token with these scopes."""
    from recado.domain.access import Caller

    return services.api_token_service.create(
        Caller(company.a, "admin", user_id=company.users["admin"].id), "token", scopes
    )[1]
