"""What every route has in common: problems, bodies, queries, paging, idempotency. Tried on real routes."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from functions.api import handler
from recado.api.bodies import Body
from recado.api.idempotency import KEPT_SECONDS, LEASE_SECONDS
from recado.api.resolver import Resolver
from recado.api.resources import routes
from recado.api.routes import Resource
from recado.api.rules import EVERYONE, PUBLIC, may
from recado.bootstrap import Container
from recado.domain.errors import Busy
from tests.api.conftest import Answered, Api, Company, api_token, make_company
from tests.lost_answers import LostAnswers

USER = {"name": "Ana", "email": "ana@one.example", "password": "a long password"}


def problem(answer: Answered) -> tuple[int, str, list[tuple[str, str]]]:
    """(status, code, [(pointer, code)]) of a well-formed problem."""
    body = answer.json
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "errors"} <= body.keys()
    assert body["status"] == answer.status
    assert body["detail"]
    return answer.status, body["code"], [(one["pointer"], one["code"]) for one in body["errors"]]


def test_an_unknown_path_is_404(api: Api) -> None:
    for path in ("/v1/nothing", "/v1/users/", "/v1/", "/v2/users", "/v1/users/x/y", "/v1//users", "/v1/%2Fusers"):
        assert problem(api.get(path))[:2] == (404, "not_found"), path


def test_an_unknown_method_is_405_and_says_what_is_allowed(api: Api) -> None:
    answer = api.put("/v1/users")
    assert problem(answer)[:2] == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"


BAD_CREDENTIALS = (
    "", "Bearer", "Bearer ", "Basic abc", "Bearer rs_", "Bearer rs_acctaaaa_0_x",
    "Bearer " + "x" * 5000, "Bearer rs_ç_é_ú",
)  # fmt: skip


def test_bad_credentials_are_401(api: Api, company: Company) -> None:
    for headers in ({}, *({"Authorization": header} for header in BAD_CREDENTIALS)):
        answer = api.get("/v1/users", headers=headers)
        assert problem(answer)[:2] == (401, "unauthenticated"), headers
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_secret_and_another_kind_of_token_are_401(api: Api, company: Company) -> None:
    for token in (
        company.admin[:-1] + "x",
        company.admin.replace("rs_", "rk_"),
        company.tokens["api"].replace("rk_", "rs_"),
    ):
        assert api.get("/v1/users", token=token).status == 401
    assert api.get("/v1/users", token=company.admin).status == 200


WRONG_BODIES: list[tuple[Any, tuple[str, list[tuple[str, str]]]]] = [
    ("{", ("invalid_json", [])),
    ("nul", ("invalid_json", [])),
    ('{"name": NaN}', ("invalid_json", [])),
    ('{"name": "\\ud800"}', ("invalid_json", [])),
    ("[" * 33 + "]" * 33, ("invalid_json", [])),
    ("[" * 100_000, ("invalid_json", [])),
    ('[1, "}}}}"]', ("invalid", [("", "wrong_type")])),
    ({}, ("invalid", [("/name", "required")])),
    ({**USER, "extra": 1}, ("invalid", [("/extra", "unknown_field")])),
    ({**USER, "a/b~": 1}, ("invalid", [("/a~1b~0", "unknown_field")])),
    ({**USER, "name": 1}, ("invalid", [("/name", "wrong_type")])),
    ({**USER, "name": "  "}, ("invalid", [("/name", "invalid")])),
    ({**USER, "name": "a\0b"}, ("invalid", [("/name", "invalid")])),
    ({**USER, "role": "boss"}, ("invalid", [("/role", "invalid")])),
    ({**USER, "max_chats": 0}, ("invalid", [("/max_chats", "invalid")])),
    ({**USER, "max_chats": -1}, ("invalid", [("/max_chats", "invalid")])),
    ({**USER, "max_chats": 1.5}, ("invalid", [("/max_chats", "wrong_type")])),
    ({**USER, "max_chats": "x"}, ("invalid", [("/max_chats", "wrong_type")])),
    ({**USER, "max_chats": True}, ("invalid", [("/max_chats", "wrong_type")])),
    ({**USER, "max_chats": 10**30}, ("invalid", [("/max_chats", "invalid")])),
    ({**USER, "email": "ana"}, ("invalid", [("/email", "invalid_email")])),
    ({**USER, "password": "short"}, ("invalid", [("/password", "password_length")])),
    ({"name": "Ana", "email": "ana@one.example"}, ("invalid", [("/password", "password_required")])),
]


def test_a_wrong_body_is_400_with_a_pointer(api: Api, company: Company) -> None:
    for body, expected in WRONG_BODIES:
        assert problem(api.post("/v1/users", body, token=company.admin)) == (400, *expected), str(body)[:100]


def test_pointers_lead_into_nested_bodies(api: Api, company: Company) -> None:
    answer = api.post(
        "/v1/departments", {"name": "One", "distribution": {"overflow_after_s": 119}}, token=company.admin
    )
    assert problem(answer) == (400, "invalid", [("/distribution/overflow_after_s", "invalid")])
    answer = api.post("/v1/api-tokens", {"name": "One", "scopes": ["chats:read", 5]}, token=company.admin)
    assert problem(answer) == (400, "invalid", [("/scopes/1", "wrong_type")])


def test_size_and_type_of_a_body(api: Api, company: Company) -> None:
    assert problem(api.post("/v1/users", '{"name": "' + "x" * 1_000_000 + '"}', token=company.admin))[:2] == (
        413,
        "too_large",
    )
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        answer = api.post("/v1/users", "{}", token=company.admin, headers={"Content-Type": content_type})
        assert problem(answer)[:2] == (415, "unsupported_type")
    answer = api.post(
        "/v1/users", USER, token=company.admin, headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status == 201


def test_a_wrong_limit_is_400(api: Api, company: Company) -> None:
    for limit in ("0", "201", "-1", "1.5", "x", "", "٣", "1" * 30):
        answer = api.get(f"/v1/users?limit={limit}", token=company.admin)
        assert problem(answer) == (400, "invalid", [("?limit", "out_of_range")]), limit


def test_paging_gives_everybody_once(api: Api, company: Company) -> None:
    found, cursor = [], ""
    for _ in range(4):
        page = api.get(f"/v1/users?limit=1{cursor}", token=company.admin).json
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
    assert found == [one["id"] for one in api.get("/v1/users", token=company.admin).json["items"]]
    assert len(found) == 3


def test_a_damaged_or_borrowed_cursor_is_400(api: Api, company: Company, other_company: Company) -> None:
    cursor = api.get("/v1/users?limit=1", token=company.admin).json["next"]
    borrowed = api.get("/v1/users?limit=1", token=other_company.admin).json["next"]
    for wrong in (cursor[:-1], cursor + "A", "A" + cursor, "x", "é", "A" * 5000, borrowed):
        answer = api.get(f"/v1/users?after={wrong}", token=company.admin)
        assert problem(answer) == (400, "invalid", [("?after", "invalid_cursor")]), wrong
    answer = api.get(f"/v1/departments?after={cursor}", token=company.admin)
    assert problem(answer)[0] == 400


def test_an_empty_cursor_is_the_start_of_every_list(api: Api, company: Company) -> None:
    lists = [route.path for route in routes() if route.method == "GET" and "{" not in route.path]
    lists = [path for path in lists if set(api.get(path, token=company.admin).json) >= {"items", "next"}]
    assert len(lists) > 6
    for path in lists:
        whole, empty = api.get(path, token=company.admin), api.get(f"{path}?after=", token=company.admin)
        assert (empty.status, empty.json) == (200, whole.json), path


def test_a_parameter_given_twice_is_400(api: Api, company: Company) -> None:
    for query, name in (("limit=1&limit=2", "limit"), ("after=&limit=1&after=", "after"), ("x=1&x=1", "x")):
        answer = api.get(f"/v1/users?{query}", token=company.admin)
        assert problem(answer) == (400, "invalid", [(f"?{name}", "repeated")]), query
    assert problem(api.get("/v1/openapi.json?x=1&x=2"))[0] == 400
    assert problem(api.get("/v1/users?limit=1&limit=2"))[0] == 401, "who calls comes first"


def test_bytes_that_are_not_utf_8_are_400(api: Api, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    real = handler.serve

    def as_bytes(app: Any, resolver: Any, event: dict[str, Any], context: Any) -> Any:
        body = b64encode(b'{"name": "\xe9\xff"}').decode()
        return real(app, resolver, {**event, "body": body, "isBase64Encoded": True}, context)

    monkeypatch.setattr(handler, "serve", as_bytes)
    assert problem(api.post("/v1/departments", {}, token=company.admin))[:2] == (400, "invalid_json")


def test_what_was_not_foreseen_is_a_bare_500(
    api: Api, company: Company, services: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the customer said: my secret")

    monkeypatch.setattr(services.user_service, "get", fail)
    answer = api.get(f"/v1/users/{company.users['agent'].id}", token=company.admin)
    assert problem(answer)[:2] == (500, "internal")
    (line,) = [vars(record) for record in caplog.records if record.message == "api_failed"]
    assert line["route"] == "/v1/users/:user_id"
    assert "my secret" not in answer.text + str(line)


# Idempotency-Key


def keyed(
    api: Api, company: Company, body: Any, key: str = "key-1", token: str | None = None, path: str = "/v1/departments"
) -> Answered:
    return api.post(path, body, token=token or company.admin, headers={"Idempotency-Key": key})


def test_the_same_key_and_body_give_the_first_answer(api: Api, company: Company) -> None:
    first = keyed(api, company, {"name": "Sales"})
    again = keyed(api, company, {"name": "Sales"})
    assert (first.status, first.text) == (again.status, again.text) == (201, first.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(api.get("/v1/departments", token=company.admin).json["items"]) == 2


def test_another_body_or_path_under_the_same_key_is_422(api: Api, company: Company) -> None:
    keyed(api, company, {"name": "Sales"})
    assert problem(keyed(api, company, {"name": "Support"}))[:2] == (422, "idempotency_key_reused")
    assert problem(keyed(api, company, {"name": "Sales", "scopes": ["people:read"]}, path="/v1/api-tokens"))[:2] == (
        422,
        "idempotency_key_reused",
    )


def test_a_refusal_of_the_service_is_kept_and_one_of_the_body_is_not(api: Api, company: Company) -> None:
    taken = {**USER, "email": "agent@one.example"}
    assert problem(keyed(api, company, taken, path="/v1/users"))[:2] == (409, "email_taken")
    assert problem(keyed(api, company, taken, path="/v1/users"))[:2] == (409, "email_taken")
    assert keyed(api, company, {"name": 5}, key="key-2").status == 400
    assert keyed(api, company, {"name": "Sales"}, key="key-2").status == 201


def test_keys_are_of_one_caller(api: Api, company: Company, other_company: Company) -> None:
    first = keyed(api, company, {"name": "Sales"})
    assert keyed(api, company, {"name": "Support"}, token=company.tokens["api"]).status == 201
    assert keyed(api, company, {"name": "Other"}, token=other_company.admin).json["id"] != first.json["id"]


def test_a_key_held_by_a_running_request_is_409_until_its_lease_ends(
    api: Api, company: Company, services: Container, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = services.idempotency
    monkeypatch.setattr(store, "keep", lambda *_: None)  # the process dies before it keeps the answer
    assert keyed(api, company, {"name": "Sales"}).status == 201
    monkeypatch.undo()
    monkeypatch.setattr("recado.api.answering.container", lambda: services)
    assert problem(keyed(api, company, {"name": "Sales"}))[:2] == (409, "idempotency_in_progress")
    assert problem(keyed(api, company, {"name": "Support"}))[0] == 422
    clock.move(LEASE_SECONDS)
    assert keyed(api, company, {"name": "Sales"}).status == 201


def fails_once(
    api: Api,
    company: Company,
    services: Container,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    token: str | None = None,
) -> int:
    """The status of a keyed request whose service raises."""

    def fail(*_: Any) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(services.department_service, "create", fail)
        return keyed(api, company, {"name": "Sales"}, token=token).status


def test_an_unforeseen_failure_holds_the_key_until_its_lease_ends(
    api: Api, company: Company, services: Container, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have written."""
    assert fails_once(api, company, services, monkeypatch, RuntimeError()) == 500
    assert problem(keyed(api, company, {"name": "Sales"}))[:2] == (409, "idempotency_in_progress")
    clock.move(LEASE_SECONDS)
    assert keyed(api, company, {"name": "Support"}).status == 422
    assert keyed(api, company, {"name": "Sales"}).status == 201


def test_where_nothing_was_done_the_key_is_free_again(
    api: Api, company: Company, services: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fails_once(api, company, services, monkeypatch, Busy("department")) == 503
    assert keyed(api, company, {"name": "Sales"}).status == 201


@pytest.mark.parametrize("lose", ["repeat", "lose"])
def test_a_claim_whose_answer_is_lost_is_known_for_our_own(
    api: Api, company: Company, clock: Any, lost_answers: LostAnswers, lose: str
) -> None:
    getattr(lost_answers, lose)("PutItem")
    assert keyed(api, company, {"name": "Sales"}).status == 201
    assert keyed(api, company, {"name": "Sales"}).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("lose", ["repeat", "lose"])
def test_so_is_one_that_takes_a_lapsed_key_over(
    api: Api,
    company: Company,
    services: Container,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    lost_answers: LostAnswers,
    lose: str,
) -> None:
    token = company.tokens["api"]  # a session would renew its lease by updates, too
    assert fails_once(api, company, services, monkeypatch, RuntimeError(), token) == 500
    clock.move(LEASE_SECONDS)
    getattr(lost_answers, lose)("UpdateItem")
    assert keyed(api, company, {"name": "Sales"}, token=token).status == 201


def test_a_kept_answer_ends_after_a_day(api: Api, company: Company, clock: Any) -> None:
    first = keyed(api, company, {"name": "Sales"}, token=company.tokens["api"])
    clock.move(KEPT_SECONDS - 1)
    assert keyed(api, company, {"name": "Sales"}, token=company.tokens["api"]).json["id"] == first.json["id"]
    clock.move(1)
    assert keyed(api, company, {"name": "Sales"}, token=company.tokens["api"]).json["id"] != first.json["id"]


def test_a_wrong_key_is_400(api: Api, company: Company) -> None:
    for key in ("", "x" * 256, "a\tb", "é"):
        assert keyed(api, company, {"name": "Sales"}, key=key).json["errors"][0]["code"] == "invalid_idempotency_key"
    assert keyed(api, company, {"name": "Sales"}, key="x" * 255).status == 201


def test_a_secret_shown_once_is_kept_sealed(api: Api, company: Company, services: Container, dynamodb: Any) -> None:
    body = {"name": "Sales", "scopes": ["people:read"]}
    first = keyed(api, company, body, path="/v1/api-tokens")
    assert keyed(api, company, body, path="/v1/api-tokens").text == first.text
    secret = first.json["token"].rsplit("_", 1)[1]
    stored = dynamodb.scan(TableName="workspace")["Items"]
    assert secret not in str(stored)
    session = services.session_service.start(company.a, company.users["admin"])
    assert keyed(api, company, body, path="/v1/api-tokens", token=session.token).status == 422


# Declaring routes


def test_a_route_without_a_rule_does_not_register() -> None:
    shelves = Resource("shelves")
    with pytest.raises(TypeError):
        shelves.get("/v1/shelves")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        shelves.get("/v1/shelves", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="of which kind"):
        shelves.get("/v1/shelves/{shelf_id}", may("files:read", *EVERYONE))
    with pytest.raises(TypeError, match="public"):
        shelves.get("/v1/shelves/{user_id}", PUBLIC)
    with pytest.raises(ValueError, match="scope"):
        may("shelves:read", *EVERYONE)
    with pytest.raises(ValueError, match="roles"):
        may("files:read")


def test_a_body_that_takes_anything_does_not_register() -> None:
    class Loose(Body, forbid_unknown_fields=False, frozen=True):
        name: str

    with pytest.raises(TypeError, match="unknown fields"):
        Resource("shelves").post("/v1/shelves", may("files:write", *EVERYONE), body=Loose)


def test_a_route_past_the_framework_stops_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    import app

    shelves = Resource("shelves")
    shelves.blueprint.route("/v1/shelves")(dict)
    monkeypatch.setattr(app, "resources", lambda: [shelves])
    with pytest.raises(TypeError, match="no rule"):
        app.build()


def test_a_literal_segment_wins_over_a_parameter() -> None:
    resolver = Resolver(["/v1/a/{user_id}", "/v1/a/current", "/v1/{user_id}/b", "/v1/a/current/c"])
    assert resolver.resolve("/v1/a/current") == ("/v1/a/current", {})
    assert resolver.resolve("/v1/a/x") == ("/v1/a/{user_id}", {"user_id": "x"})
    assert resolver.resolve("/v1/a/b") == ("/v1/a/{user_id}", {"user_id": "b"})
    assert resolver.resolve("/v1/current/b") == ("/v1/{user_id}/b", {"user_id": "current"})
    assert resolver.resolve("/v1/a/x%2Fy") == ("/v1/a/{user_id}", {"user_id": "x/y"})
    assert resolver.resolve("/v1/a/x/c") is None
    assert resolver.resolve("") is None


def test_api_tokens_need_the_scope(api: Api, company: Company, services: Container) -> None:
    reader = api_token(services, company, ["people:read"])
    assert api.get("/v1/users", token=reader).status == 200
    assert problem(api.post("/v1/users", USER, token=reader))[:2] == (403, "scope_missing")
    assert problem(api.delete("/v1/sessions/current", token=company.tokens["api"]))[:2] == (403, "session_required")


def test_two_companies_do_not_meet(api: Api, company: Company, services: Container) -> None:
    other = make_company(services, "three")
    assert {one["email"] for one in api.get("/v1/users", token=other.admin).json["items"]} == {
        f"{role}@three.example" for role in ("admin", "agent", "restricted")
    }
