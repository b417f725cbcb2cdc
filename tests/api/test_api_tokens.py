"""/v1/api-tokens."""

from __future__ import annotations

from recado.bootstrap import Container
from recado.domain.chats import Author
from recado.domain.scopes import SCOPES
from tests.api.conftest import PASSWORD, Api, Company, api_token


def test_a_token_is_shown_once_and_works_until_revoked(api: Api, company: Company) -> None:
    made = api.post("/v1/api-tokens", {"name": "ERP", "scopes": ["people:read", "people:read"]}, token=company.admin)
    token, path = made.json["token"], f"/v1/api-tokens/{made.json['id']}"
    assert made.status == 201 and made.json["scopes"] == ["people:read"]
    assert api.get("/v1/users", token=token).status == 200
    shown = api.get(path, token=company.admin)
    assert shown.json == {key: value for key, value in made.json.items() if key != "token"}
    assert token.rsplit("_", 1)[1] not in api.get("/v1/api-tokens", token=company.admin).text
    assert api.patch(path, {"name": "ERP 2", "scopes": ["people:write"]}, token=company.admin).json["name"] == "ERP 2"
    assert api.get("/v1/users", token=token).status == 403
    assert api.delete(path, token=company.admin).status == 204
    assert api.get("/v1/users", token=token).status == 401
    assert api.get(path, token=company.admin).status == 404


def test_scopes_are_those_of_the_contract(api: Api, company: Company) -> None:
    body = {"name": "ERP", "scopes": ["people:read", "people", "*", "people:delete"]}
    answer = api.post("/v1/api-tokens", body, token=company.admin)
    assert [one["pointer"] for one in answer.json["errors"]] == ["/scopes/1", "/scopes/2", "/scopes/3"]
    assert api.post("/v1/api-tokens", {"name": "ERP", "scopes": list(SCOPES)}, token=company.admin).status == 201


def test_a_token_without_scopes_is_refused(api: Api, company: Company) -> None:
    path = api.post("/v1/api-tokens", {"name": "ERP", "scopes": ["people:read"]}, token=company.admin).json["id"]
    for answer in (
        api.post("/v1/api-tokens", {"name": "ERP", "scopes": []}, token=company.admin),
        api.patch(f"/v1/api-tokens/{path}", {"scopes": []}, token=company.admin),
    ):
        assert (answer.status, [one["pointer"] for one in answer.json["errors"]]) == (400, ["/scopes"])


def test_a_token_acts_as_the_admin_who_made_it(api: Api, company: Company, services: Container) -> None:
    admin = company.users["admin"].id
    first = api.post(
        "/v1/api-tokens", {"name": "ERP", "scopes": ["integration:write", "people:read"]}, token=company.admin
    )
    second = api.post("/v1/api-tokens", {"name": "ERP 2", "scopes": ["people:read"]}, token=first.json["token"])
    for made in (first, second):
        assert made.json["created_by"] == admin
        caller = services.authentication.caller(made.json["token"])
        assert (caller.user_id, caller.token_id, caller.role) == (admin, made.json["id"], "admin")
        assert caller.author == Author("user", admin)


def test_a_token_of_a_deleted_user_is_refused_at_once(api: Api, company: Company, services: Container) -> None:
    eva = services.user_service.create(company.a, "Eva", "eva@one.example", "admin", None, PASSWORD).user
    session = services.session_service.start(company.a, eva).token
    token = api.post("/v1/api-tokens", {"name": "ERP", "scopes": ["people:read"]}, token=session).json["token"]
    assert api.get("/v1/users", token=token).status == 200
    assert api.delete(f"/v1/users/{eva.id}", token=company.admin).status == 204
    assert api.get("/v1/users", token=token).status == 401


def test_a_token_that_names_another_user_is_refused(api: Api, company: Company) -> None:
    agent, admin = (company.users[role].id.rsplit("_", 1)[1] for role in ("agent", "admin"))
    for token in (company.tokens["api"].replace(admin, agent), company.tokens["agent"].replace(agent, admin)):
        assert api.get("/v1/users", token=token).status == 401


def test_a_token_gives_no_more_than_it_has(api: Api, company: Company, services: Container) -> None:
    maker = api_token(services, company, ["integration:write", "people:read"])
    for scopes, status in ((["people:read"], 201), (["people:write"], 403), (["people:read", "account:write"], 403)):
        assert api.post("/v1/api-tokens", {"name": "ERP", "scopes": scopes}, token=maker).status == status
