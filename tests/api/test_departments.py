"""/v1/departments and their members."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.ids import make_id
from tests.api.conftest import Api, Company


def make(api: Api, company: Company, **fields: Any) -> Any:
    return api.post("/v1/departments", {"name": "Sales", **fields}, token=company.admin)


def defaults(api: Api, company: Company) -> list[str]:
    return [one["id"] for one in api.get("/v1/departments", token=company.admin).json["items"] if one["default"]]


def test_a_department_from_creation_to_deletion(api: Api, company: Company) -> None:
    made = make(api, company, access="everyone", distribution={"overflow_after_s": 120})
    path = f"/v1/departments/{made.json['id']}"
    assert made.json["distribution"] == {
        "enabled": True, "overflow_after_s": 120, "overflow_department_id": None,
        "last_agent_first": False, "when_agent_gone": "stay",
    }  # fmt: skip
    body = {"name": "Vendas", "distribution": {"enabled": False}}
    changed = api.patch(path, body, token=company.admin).json
    assert changed == {**made.json, "name": "Vendas", "distribution": {**made.json["distribution"], "enabled": False}}
    cleared = api.patch(path, {"distribution": {"overflow_after_s": None}}, token=company.admin).json
    assert cleared["distribution"]["overflow_after_s"] is None
    assert api.get(path, token=company.tokens["restricted"]).json == cleared
    assert api.delete(path, token=company.admin).status == 204
    assert api.get(path, token=company.admin).status == 404


def test_exactly_one_is_the_default(api: Api, company: Company) -> None:
    assert defaults(api, company) == [company.department.id]
    second = make(api, company, default=True).json["id"]
    assert defaults(api, company) == [second]
    third = make(api, company).json["id"]
    assert api.patch(f"/v1/departments/{third}", {"default": True}, token=company.admin).json["default"] is True
    assert defaults(api, company) == [third]
    for answer in (
        api.patch(f"/v1/departments/{third}", {"default": False}, token=company.admin),
        api.delete(f"/v1/departments/{third}", token=company.admin),
    ):
        assert (answer.status, answer.json["code"]) == (409, "default_required")
    assert api.patch(f"/v1/departments/{second}", {"default": False}, token=company.admin).status == 200
    assert api.delete(f"/v1/departments/{company.department.id}", token=company.admin).status == 204


def test_overflow_is_checked(api: Api, company: Company, other_company: Company) -> None:
    made = make(api, company).json["id"]
    unknown = make_id("dp", company.a, company.account.created_at, "f" * 16)
    for field, value, code in (
        ("overflow_after_s", 119, "invalid"), ("overflow_after_s", 7201, "invalid"),
        ("overflow_after_s", 120.5, "wrong_type"), ("overflow_after_s", "120", "wrong_type"),
        ("overflow_department_id", other_company.department.id, "unknown_department"),
        ("overflow_department_id", unknown, "unknown_department"),
        ("overflow_department_id", "x", "unknown_department"),
        ("overflow_department_id", made, "same_department"),
        ("overflow_department_id", company.a, "unknown_department"),
    ):  # fmt: skip
        answer = api.patch(f"/v1/departments/{made}", {"distribution": {field: value}}, token=company.admin)
        error = answer.json["errors"][0]
        assert (answer.status, error["pointer"], error["code"]) == (400, f"/distribution/{field}", code), value
    for value in (120, 7200):
        assert (
            api.patch(
                f"/v1/departments/{made}", {"distribution": {"overflow_after_s": value}}, token=company.admin
            ).status
            == 200
        )


def test_members_stand_in_their_predefined_order(api: Api, company: Company) -> None:
    members = f"/v1/departments/{company.department.id}/members"
    admin, agent, restricted = (company.users[role].id for role in ("admin", "agent", "restricted"))
    first = api.put(f"{members}/{agent}", {}, token=company.admin)
    assert first.json == {"user_id": agent, "agent": True, "supervisor": False, "unavailable": False, "position": 1}
    assert api.put(f"{members}/{restricted}", {}, token=company.admin).json["position"] == 2
    api.put(f"{members}/{admin}", {"agent": False, "supervisor": True, "position": 0}, token=company.admin)
    api.put(f"{members}/{agent}", {"position": 99_999_999}, token=company.admin)
    again = api.put(f"{members}/{agent}", {"unavailable": True}, token=company.admin)
    assert (again.json["position"], again.json["unavailable"]) == (99_999_999, True)
    listed, cursor = [], ""
    while True:
        page = api.get(f"{members}?limit=2{cursor}", token=company.admin).json
        listed += [one["user_id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
    assert listed == [admin, restricted, agent]
    assert api.get(f"{members}/{agent}", token=company.admin).json == again.json
    assert api.delete(f"{members}/{agent}", token=company.admin).status == 204
    assert api.get(f"{members}/{agent}", token=company.admin).status == 404
    assert api.delete(f"{members}/{agent}", token=company.admin).status == 404


def test_what_is_left_out_of_a_member_stays(api: Api, company: Company) -> None:
    user_id = company.users["agent"].id
    path = f"/v1/departments/{company.department.id}/members/{user_id}"
    whole = {"agent": False, "supervisor": True, "unavailable": True, "position": 7}
    assert api.put(path, whole, token=company.admin).json == {"user_id": user_id, **whole}
    for change in ({}, {"position": 1}, {"position": None}, {"unavailable": False}, {"agent": True}):
        whole |= {name: value for name, value in change.items() if value is not None}
        assert api.put(path, change, token=company.admin).json == {"user_id": user_id, **whole}, change
        assert api.get(path, token=company.admin).json == {"user_id": user_id, **whole}
    assert api.put(path, {"supervisor": False}, token=company.admin).json["supervisor"] is False
    for body, pointer in (
        ({"agent": False}, "/agent"), ({"agent": False, "position": 3}, "/agent"),
        ({"agent": False, "supervisor": False}, "/agent"), ({"agent": None}, "/agent"),
        ({"unavailable": None}, "/unavailable"),
    ):  # fmt: skip
        answer = api.put(path, body, token=company.admin)
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, pointer), body
    api.put(path, {"agent": False, "supervisor": True}, token=company.admin)
    answer = api.put(path, {"supervisor": False}, token=company.admin)
    error = answer.json["errors"][0]
    assert (answer.status, error["pointer"], error["code"]) == (400, "/supervisor", "no_part")
    kept = api.get(path, token=company.admin).json
    assert kept == {**whole, "user_id": user_id, "agent": False, "supervisor": True}


def test_a_change_of_a_member_keeps_what_changes_meanwhile(
    api: Api, company: Company, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = company.users["agent"].id
    path = f"/v1/departments/{company.department.id}/members/{user_id}"
    api.put(path, {"position": 4}, token=company.admin)
    change, others = services.agents.change, [{"unavailable": True}]

    def overtaken(a: str, step: Any) -> bool:
        if others:
            api.put(path, others.pop(), token=company.admin)
        return bool(change(a, step))

    monkeypatch.setattr(services.agents, "change", overtaken)
    told = api.put(path, {"position": 9}, token=company.admin).json
    assert (told["position"], told["unavailable"]) == (9, True)


def test_what_is_wrong_with_a_member_is_told(api: Api, company: Company) -> None:
    path = f"/v1/departments/{company.department.id}/members/{company.users['agent'].id}"
    for body, pointer in (
        ({"position": -1}, "/position"), ({"position": 100_000_000}, "/position"), ({"position": 1.5}, "/position"),
        ({"position": "1"}, "/position"), ({"agent": False}, "/agent"), ({"agent": 1}, "/agent"),
    ):  # fmt: skip
        answer = api.put(path, body, token=company.admin)
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, pointer)
    nobody = make_id("us", company.a, company.account.created_at, "f" * 16)
    assert api.put(f"/v1/departments/{company.department.id}/members/{nobody}", {}, token=company.admin).status == 404


def test_a_department_to_which_a_menu_leads_stays(api: Api, company: Company) -> None:
    """Who presses its key would wait in what is not there."""
    made = make(api, company).json["id"]
    menu = {"options": [{"digit": "1", "label": "contas", "department_id": made}]}
    channel = {
        "type": "telephone", "name": "Telefone", "settings": {"number": "+551140000000", "menu": menu},
        "secrets": {"auth_token": "a" * 32},
    }  # fmt: skip
    assert api.post("/v1/channels", channel, token=company.admin).status == 201
    refused = api.delete(f"/v1/departments/{made}", token=company.admin)
    assert (refused.status, refused.json["used_by"]) == (409, "menus of channels")


def test_a_department_in_use_stays(api: Api, company: Company) -> None:
    made = make(api, company).json["id"]
    path = f"/v1/departments/{made}"
    other = make(api, company, distribution={"overflow_department_id": made}).json["id"]
    assert api.delete(path, token=company.admin).json["used_by"] == "departments that overflow to it"
    assert api.delete(f"/v1/departments/{other}", token=company.admin).status == 204
    api.put(f"{path}/members/{company.users['agent'].id}", {}, token=company.admin)
    refused = api.delete(path, token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["used_by"]) == (409, "department_in_use", "members")
    api.delete(f"{path}/members/{company.users['agent'].id}", token=company.admin)
    assert api.delete(path, token=company.admin).status == 204
