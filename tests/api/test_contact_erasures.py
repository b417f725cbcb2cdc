"""Asking for the erasure of a contact and its record, through the function's handler."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.storage.contact_erasures import DynamoErasures
from tests.api.conftest import Api, Company
from tests.api.test_contacts import chat_of

WHY = {"reason": "requested"}


@pytest.fixture
def ana(api: Api, company: Company) -> dict[str, Any]:
    fields = {"name": "Ana Souza", "mobile": "+5511987654321", "email": "ana@x.co"}
    made: dict[str, Any] = api.post("/v1/contacts", fields, token=company.admin).json
    return made


def test_the_contact_is_gone_at_once_and_its_number_is_free(api: Api, company: Company, ana: dict[str, Any]) -> None:
    asked = api.post(f"/v1/contacts/{ana['id']}/erasure", WHY, token=company.admin)
    assert asked.status == 202
    record = asked.json
    assert (record["contact_id"], record["state"], record["reason"]) == (ana["id"], "running", "requested")
    assert record["requested_by"] == company.users["admin"].id
    assert (record["erased"]["identities"], record["erased"]["messages"]) == (0, 0)
    assert record["erased"]["search_tokens"] > 3
    assert "Ana" not in asked.text and "987654321" not in asked.text
    assert api.get(f"/v1/contacts/{ana['id']}", token=company.admin).status == 404
    assert api.get("/v1/contacts?q=ana", token=company.admin).json["items"] == []
    again = api.post("/v1/contacts", {"name": "Bia", "mobile": "+5511987654321"}, token=company.admin)
    assert again.status == 201
    assert api.get(f"/v1/contact-erasures/{record['id']}", token=company.admin).json == record


def test_asked_again_it_is_the_same_erasure(api: Api, company: Company, ana: dict[str, Any]) -> None:
    path = f"/v1/contacts/{ana['id']}/erasure"
    first = api.post(path, WHY, token=company.admin)
    again = api.post(path, {"reason": "other"}, token=company.tokens["api"])
    assert (again.status, again.json) == (202, first.json)
    assert len(api.get("/v1/contact-erasures", token=company.admin).json["items"]) == 1


def test_erasures_are_listed_the_newest_first(api: Api, company: Company) -> None:
    ids = []
    for number in range(3):
        made = api.post("/v1/contacts", {"name": f"n{number}"}, token=company.admin).json
        ids.append(api.post(f"/v1/contacts/{made['id']}/erasure", WHY, token=company.admin).json["id"])
    first = api.get("/v1/contact-erasures?limit=2", token=company.admin).json
    assert [one["id"] for one in first["items"]] == [ids[2], ids[1]]
    second = api.get(f"/v1/contact-erasures?limit=2&after={first['next']}", token=company.admin).json
    assert ([one["id"] for one in second["items"]], second["next"]) == ([ids[0]], None)


def test_the_id_of_a_merged_contact_erases_the_one_it_leads_to(api: Api, company: Company, ana: dict[str, Any]) -> None:
    other = api.post("/v1/contacts", {"name": "Ana S."}, token=company.admin).json
    api.post(f"/v1/contacts/{ana['id']}/merge", {"contact_id": other["id"]}, token=company.admin)
    asked = api.post(f"/v1/contacts/{other['id']}/erasure", WHY, token=company.admin).json
    assert asked["contact_id"] == ana["id"]
    assert api.get(f"/v1/contacts/{other['id']}", token=company.admin).status == 404


def test_a_deleted_contact_can_be_erased_still(api: Api, company: Company, ana: dict[str, Any]) -> None:
    assert api.delete(f"/v1/contacts/{ana['id']}", token=company.admin).status == 204
    path = f"/v1/contacts/{ana['id']}/erasure"
    asked = [api.post(path, WHY, token=company.admin) for _ in range(2)]
    assert [one.status for one in asked] == [202, 202]
    assert asked[0].json == asked[1].json


def test_who_is_linked_stands_alone_then(api: Api, company: Company, ana: dict[str, Any]) -> None:
    principal = api.post("/v1/contacts", {"name": "Chefe"}, token=company.admin).json
    linked = api.post("/v1/contacts", {"name": "Filha"}, token=company.admin).json
    api.put(f"/v1/contacts/{ana['id']}/principal", {"contact_id": principal["id"]}, token=company.admin)
    assert api.post(f"/v1/contacts/{ana['id']}/erasure", WHY, token=company.admin).status == 202
    assert api.get(f"/v1/contacts/{principal['id']}", token=company.admin).json["linked_ids"] == []
    api.put(f"/v1/contacts/{linked['id']}/principal", {"contact_id": principal["id"]}, token=company.admin)
    assert api.post(f"/v1/contacts/{principal['id']}/erasure", WHY, token=company.admin).status == 202
    assert api.get(f"/v1/contacts/{linked['id']}", token=company.admin).json["principal_id"] is None


def test_open_chats_refuse_unless_they_are_to_be_closed(
    api: Api, company: Company, services: Container, ana: dict[str, Any]
) -> None:
    chat_of(services, company, ana["id"], "queued")
    path = f"/v1/contacts/{ana['id']}/erasure"
    refused = api.post(path, WHY, token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "contact_has_open_chat")
    assert api.get(f"/v1/contacts/{ana['id']}", token=company.admin).status == 200
    assert api.post(path, {**WHY, "close_chats": True}, token=company.admin).status == 202


@pytest.mark.parametrize("role", ["agent", "restricted"])
def test_only_admins_erase(api: Api, company: Company, ana: dict[str, Any], role: str) -> None:
    token = company.tokens[role]
    assert api.post(f"/v1/contacts/{ana['id']}/erasure", WHY, token=token).status == 403
    assert api.get("/v1/contact-erasures", token=token).status == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/reason"), ({"reason": "Ana asked for it"}, "/reason"), ({**WHY, "close_chats": "yes"}, "/close_chats")],
)
def test_a_wrong_request_changes_nothing(
    api: Api, company: Company, ana: dict[str, Any], body: dict[str, Any], pointer: str
) -> None:
    refused = api.post(f"/v1/contacts/{ana['id']}/erasure", body, token=company.admin)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer)
    assert DynamoErasures().page(company.a, 10, None) == []


def test_an_export_of_all_that_is_kept_is_asked_for(api: Api, company: Company, ana: dict[str, Any]) -> None:
    path = f"/v1/contacts/{ana['id']}/data-exports"
    asked = api.post(path, {}, token=company.admin)
    assert asked.status == 202
    assert (asked.json["state"], asked.json["done"], asked.json["total"], asked.json["url"]) == (
        "queued",
        0,
        None,
        None,
    )
    assert api.get(f"{path}/{asked.json['id']}", token=company.tokens["api"]).json == asked.json
    assert api.post(path, {}, token=company.tokens["agent"]).status == 403
    for _ in range(4):
        assert api.post(path, {}, token=company.admin).status == 202
    refused = api.post(path, {}, token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "too_many_exports")
    api.delete(f"/v1/contacts/{ana['id']}", token=company.admin)
    assert api.get(f"{path}/{asked.json['id']}", token=company.admin).status == 404


def test_what_never_was_is_not_found(
    api: Api, company: Company, other_company: Company, ana: dict[str, Any], ids: Any
) -> None:
    unknown = ids.new("ct", company.a)
    assert api.post(f"/v1/contacts/{unknown}/erasure", WHY, token=company.admin).status == 404
    assert api.post(f"/v1/contacts/{ana['id']}/erasure", WHY, token=other_company.admin).status == 404
    assert api.get(f"/v1/contact-erasures/{ids.new('er', company.a)}", token=company.admin).status == 404
