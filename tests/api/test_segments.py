"""/v1/segments: previews and explanations through the API (PRODUCT G3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.chats import Chat, Thread
from recado.storage.chat_records import ThreadRecord
from tests.api.conftest import Api, Company, api_token
from tests.api.test_chats import chat as chat

PREVIEW, EXPLAIN = "/v1/segments/preview", "/v1/segments/explain"


def preview(api: Api, company: Company, table: str, given: Any, **more: Any) -> Any:
    answer = api.post(PREVIEW, {"table": table, "filter": given, **more}, token=company.tokens["api"])
    assert answer.status == 200, answer.json
    return answer.json


def names(found: Any) -> list[str]:
    return sorted(one["name"] for one in found["items"])


@pytest.fixture
def people(api: Api, company: Company, clock: Any) -> dict[str, Any]:
    """Contacts of three days; two are of the organization Rotik, one of them and another made on the second day."""
    made: dict[str, Any] = {}

    def add(name: str, **fields: Any) -> None:
        made[name] = api.post("/v1/contacts", {"name": name, **fields}, token=company.tokens["api"]).json

    rotik = api.post("/v1/organizations", {"name": "Rotik"}, token=company.tokens["api"]).json["id"]
    vip = api.post("/v1/groups", {"name": "VIP"}, token=company.tokens["api"]).json["id"]
    api.post(
        "/v1/custom-fields",
        {"slug": "nota", "label": "Nota", "table": "contacts", "type": "number"},
        token=company.tokens["api"],
    )
    add("Ana", organization_id=rotik, mobile="+5511987654321")
    clock.at += timedelta(days=1)
    add("Bia", organization_id=rotik, group_ids=[vip], custom_fields={"nota": 7})
    add("Caio", group_ids=[vip], custom_fields={"nota": 3})
    clock.at += timedelta(days=1)
    add("Davi da Conceição")
    return {**made, "rotik": rotik, "vip": vip, "day": made["Bia"]["created_at"][:10]}


VIP = {"field": "group", "op": "eq", "value": "vip"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, ["Ana", "Bia", "Caio", "Davi da Conceição"]),
        (VIP, ["Bia", "Caio"]),
        ({"all": [VIP, {"field": "name", "op": "contains", "value": "B"}]}, ["Bia"]),
        ({"any": [VIP, {"field": "name", "op": "eq", "value": "ana"}]}, ["Ana", "Bia", "Caio"]),
        ({**VIP, "op": "ne"}, ["Ana", "Davi da Conceição"]),
        ({"field": "custom.nota", "op": "gte", "value": 5}, ["Bia"]),
        ({"field": "name", "op": "contains", "value": "CONCEICAO"}, ["Davi da Conceição"]),
        ({"field": "mobile", "op": "eq", "value": "(11) 98765-4321"}, ["Ana"]),
        ({"field": "created_at", "op": "within_last", "value": {"n": 1, "unit": "minutes"}}, ["Davi da Conceição"]),
        ({"field": "created_at", "op": "older_than", "value": {"n": 36, "unit": "hours"}}, ["Ana"]),
        ({"field": "organization", "op": "not_set"}, ["Caio", "Davi da Conceição"]),
    ],
)
def test_contacts(api: Api, company: Company, people: Any, given: Any, wanted: list[str]) -> None:
    text = {"vip": people["vip"]}

    def put(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: text.get(value, put(value)) if isinstance(value, str) else put(value)
                for key, value in node.items()
            }
        return [put(one) for one in node] if isinstance(node, list) else node

    found = preview(api, company, "contacts", put(given))
    assert (found["count"], names(found)) == (len(wanted), wanted)


def test_a_sample_is_the_newest(api: Api, company: Company, people: Any) -> None:
    found = preview(api, company, "contacts", {}, limit=2)
    assert found["count"] == 4
    assert [one["name"] for one in found["items"]] == ["Davi da Conceição", "Caio"]
    assert preview(api, company, "contacts", {}, limit=0)["items"] == []


def test_chats_by_what_their_threads_know(api: Api, company: Company, chat: Chat, clock: Any) -> None:
    thread = Thread(chat.thread, chat.contact_id, 1, chat.id, last_inbound_at=clock.now(), last_message_at=clock.now())
    ThreadRecord.of_thread(company.a, thread).save()
    clock.at += timedelta(hours=3)
    for field in ("last_inbound_at", "updated_at"):
        recent = {"field": field, "op": "within_last", "value": {"n": 2, "unit": "hours"}}
        assert preview(api, company, "chats", recent)["count"] == 0
        recent["value"] = {"n": 4, "unit": "hours"}
        assert preview(api, company, "chats", recent)["count"] == 1


def test_chats_of_a_workflow_are_those_in_any_of_its_steps(api: Api, company: Company, chat: Chat) -> None:
    steps = [{"name": "Contato"}, {"name": "Proposta"}]
    workflow = api.post("/v1/workflows", {"name": "Venda", "steps": steps}, token=company.tokens["api"]).json
    asked = {"field": "workflow", "op": "eq", "value": workflow["id"]}
    assert preview(api, company, "chats", asked)["count"] == 0
    step = {"step_id": workflow["steps"][1]["id"]}
    assert api.put(f"/v1/chats/{chat.id}/workflow-step", step, token=company.tokens["api"]).status == 200
    assert preview(api, company, "chats", asked)["count"] == 1
    answer = api.post(PREVIEW, {"table": "chats", "filter": {**asked, "value": "wf_x"}}, token=company.tokens["api"])
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/filter/value")


def test_why_one_is_meant(api: Api, company: Company, people: Any, chat: Chat) -> None:
    given = {"any": [{"field": "name", "op": "eq", "value": "bia"}, {"field": "custom.nota", "op": "gt", "value": 9}]}
    asked = {"table": "contacts", "filter": given, "id": people["Bia"]["id"]}
    assert api.post(EXPLAIN, asked, token=company.tokens["api"]).json == {
        "matches": True,
        "leaves": [
            {"pointer": "/filter/any/0", "held": True, "value": "Bia"},
            {"pointer": "/filter/any/1", "held": False, "value": 7},
        ],
    }
    asked = {"table": "chats", "filter": {"field": "situation", "op": "eq", "value": "in_service"}, "id": chat.id}
    assert api.post(EXPLAIN, asked, token=company.tokens["api"]).json["matches"] is True


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"table": "people"}, "/table"),
        ({"table": "contacts", "filter": {"any": []}}, "/filter/any"),
        ({"table": "contacts", "filter": {"all": [{"field": "situation", "op": "set"}]}}, "/filter/all/0/field"),
        ({"table": "chats", "filter": {"field": "situation", "op": "eq", "value": "open"}}, "/filter/value"),
        ({"table": "chats", "filter": {"field": "situation", "op": "eq", "value": "closed"}}, "/filter/value"),
        (
            {"table": "chats", "filter": {"field": "situation", "op": "in", "value": ["queued", "closed"]}},
            "/filter/value/1",
        ),
        ({"table": "contacts", "limit": 101}, "/limit"),
    ],
)
def test_what_is_wrong_is_named(api: Api, company: Company, body: Any, pointer: str) -> None:
    answer = api.post(PREVIEW, body, token=company.admin)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, pointer)


def test_of_another_account_nothing_is_known(api: Api, company: Company, other_company: Company, people: Any) -> None:
    assert preview(api, other_company, "contacts", {})["count"] == 0
    of_group = {"field": "group", "op": "eq", "value": people["vip"]}
    answer = api.post(PREVIEW, {"table": "contacts", "filter": of_group}, token=other_company.admin)
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "not_found")
    asked = {"table": "contacts", "filter": {}, "id": people["Bia"]["id"]}
    assert api.post(EXPLAIN, asked, token=other_company.admin).status == 404


def test_only_admins_choose(api: Api, company: Company) -> None:
    assert api.post(PREVIEW, {"table": "contacts"}, token=company.tokens["agent"]).status == 403


def test_a_count_ends_in_time(api: Api, company: Company, people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recado.services.segments.COUNTED_FOR", timedelta(seconds=-1))
    assert preview(api, company, "contacts", {})["complete"] is False


@pytest.mark.parametrize("table", ["contacts", "chats"])
def test_a_token_is_shown_only_what_it_may_read(
    api: Api, company: Company, services: Container, people: dict[str, Any], table: str
) -> None:
    """The right to see tasks is none to read the contacts whom they mean."""
    token = api_token(services, company, ["tasks:read"])
    refused = api.post(PREVIEW, {"table": table}, token=token)
    assert (refused.status, refused.json["code"]) == (403, "scope_missing")
    assert f"{table}:read" in refused.json["detail"]
    asked = api.post(EXPLAIN, {"table": table, "id": people["Ana"]["id"]}, token=token)
    assert (asked.status, asked.json["code"]) == (403, "scope_missing")
    counted = api.post(PREVIEW, {"table": table, "limit": 0}, token=token)
    assert (counted.status, counted.json["items"]) == (200, [])
    both = api_token(services, company, ["tasks:read", f"{table}:read"])
    assert api.post(PREVIEW, {"table": table}, token=both).status == 200
