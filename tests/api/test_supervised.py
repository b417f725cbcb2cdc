"""Users who follow single users (PRODUCT B3)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain import agents
from recado.domain.ids import make_id
from tests.api.conftest import PASSWORD, Api, Company


@pytest.fixture
def path(company: Company) -> str:
    return f"/v1/users/{company.users['agent'].id}/supervised"


def another(services: Container, company: Company, name: str) -> str:
    seen = services.user_service.create(company.a, name, f"{name}@one.example", "agent", None, PASSWORD)
    return seen.user.id


def followed(api: Api, company: Company, path: str) -> list[str]:
    return [one["user_id"] for one in api.get(path, token=company.admin).json["items"]]


def test_a_user_follows_another_and_no_longer(api: Api, company: Company, path: str, services: Container) -> None:
    other = another(services, company, "bia")
    assert api.get(path, token=company.admin).json == {"items": [], "next": None}
    for _ in range(2):
        put = api.put(f"{path}/{other}", token=company.admin)
        assert (put.status, put.json) == (200, {"user_id": other, "name": "bia"})
    assert services.agents.get(company.a, company.users["agent"].id)[0].supervised == {other}  # type: ignore[index]
    assert api.get(path, token=company.tokens["agent"]).json["items"] == [{"user_id": other, "name": "bia"}]
    assert api.delete(f"{path}/{other}", token=company.admin).status == 204
    assert followed(api, company, path) == []
    assert api.delete(f"{path}/{other}", token=company.admin).status == 404


def test_the_next_call_of_the_supervisor_knows_it(api: Api, company: Company, path: str, services: Container) -> None:
    other = another(services, company, "bia")
    api.put(f"{path}/{other}", token=company.admin)
    assert services.authentication.caller(company.tokens["agent"]).supervised == {other}


def test_who_cannot_follow(api: Api, company: Company, path: str) -> None:
    agent, restricted = company.users["agent"].id, company.users["restricted"].id
    nobody = make_id("us", company.a, company.account.created_at, "f" * 16)
    for supervisor, other, status, code in (
        (agent, agent, 409, "same_user"),
        (restricted, agent, 409, "restricted_supervisor"),
        (agent, nobody, 404, "not_found"),
        (nobody, agent, 404, "not_found"),
    ):
        answer = api.put(f"/v1/users/{supervisor}/supervised/{other}", token=company.admin)
        assert (answer.status, answer.json["code"]) == (status, code)
    assert followed(api, company, path) == []
    assert api.put(f"{path}/{restricted}", token=company.tokens["agent"]).status == 403


def test_who_was_deleted_is_no_longer_listed_and_makes_room(
    api: Api, company: Company, path: str, services: Container, monkeypatch: Any
) -> None:
    monkeypatch.setattr(agents, "MAX_SUPERVISED", 2)
    monkeypatch.setattr("recado.services.supervision.MAX_SUPERVISED", 2)
    ana, bia, cid, duda = (another(services, company, name) for name in ("ana", "bia", "cid", "duda"))
    for one in (ana, bia):
        assert api.put(f"{path}/{one}", token=company.admin).status == 200
    full = api.put(f"{path}/{cid}", token=company.admin)
    assert (full.status, full.json["code"], full.json["limit"]) == (409, "too_many_supervised", 2)
    assert api.delete(f"/v1/users/{ana}", token=company.admin).status == 204
    assert followed(api, company, path) == [bia]
    assert api.put(f"{path}/{cid}", token=company.admin).status == 200
    assert followed(api, company, path) == [bia, cid]
    assert api.put(f"{path}/{duda}", token=company.admin).status == 409


def test_the_list_has_pages(api: Api, company: Company, path: str, services: Container) -> None:
    users = [another(services, company, name) for name in ("ana", "bia", "cid")]
    for one in users:
        api.put(f"{path}/{one}", token=company.admin)
    first = api.get(f"{path}?limit=2", token=company.admin).json
    second = api.get(f"{path}?limit=2&after={first['next']}", token=company.admin).json
    assert [one["user_id"] for one in (*first["items"], *second["items"])] == users
    assert second["next"] is None
