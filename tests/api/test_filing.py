"""/v1/workflows, /v1/tabulations, and what is noted on a chat, through the function's handler."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.chats import Chat
from recado.storage.chat_records import ChatRecord
from tests.api.conftest import Api, Company
from tests.api.test_chats import chat as chat

HUGGY = {"automatic": "auto", "queued": "wait_for_chat", "in_service": "in_chat", "closed": "finishing"}


def pointers(answered: Any) -> list[str]:
    return [one["pointer"] for one in answered.json["errors"]]


def test_a_workflow_from_first_to_last(api: Api, company: Company) -> None:
    token = company.admin
    body = {"name": "Venda", "steps": [{"name": "Contato"}, {"name": "Proposta"}]}
    made = api.post("/v1/workflows", body, token=token).json
    first, second = made["steps"]
    assert [one["name"] for one in made["steps"]] == ["Contato", "Proposta"]
    path = f"/v1/workflows/{made['id']}"
    assert api.get(path, token=company.tokens["restricted"]).json == made
    steps = [{"name": "Fechada"}, {"id": second["id"], "name": "Proposta enviada"}]
    changed = api.patch(path, {"steps": steps}, token=token).json
    assert changed["name"] == "Venda" and changed["steps"][1] == {"id": second["id"], "name": "Proposta enviada"}
    assert changed["steps"][0]["id"] not in (first["id"], second["id"])
    assert api.patch(path, {"name": "Vendas"}, token=token).json == {**changed, "name": "Vendas"}
    other = api.post("/v1/workflows", {"name": "Cobrança", "steps": [{"name": "Aviso"}]}, token=token).json
    page = api.get("/v1/workflows?limit=1", token=token).json
    assert [one["id"] for one in page["items"]] == [made["id"]]
    assert api.get(f"/v1/workflows?limit=1&after={page['next']}", token=token).json["items"] == [other]
    assert api.delete(path, token=token).status == 204
    assert (api.get(path, token=token).status, api.delete(path, token=token).status) == (404, 404)


def test_wrong_workflows_change_nothing(api: Api, company: Company) -> None:
    token = company.admin
    made = api.post("/v1/workflows", {"name": "Venda", "steps": [{"name": "Contato"}]}, token=token).json
    step = made["steps"][0]
    for body, pointer in (
        ({"steps": []}, "/steps"),
        ({"steps": [{"name": "x"}] * 101}, "/steps"),
        ({"steps": [{"name": ""}]}, "/steps/0/name"),
        ({"steps": [{"name": "x", "id": "st_none"}]}, "/steps/0/id"),
        ({"steps": [step, step]}, "/steps/1/id"),
        ({"name": None}, "/name"),
    ):
        refused = api.patch(f"/v1/workflows/{made['id']}", body, token=token)
        assert (refused.status, pointers(refused)) == (400, [pointer])
    assert api.get(f"/v1/workflows/{made['id']}", token=token).json == made
    assert api.post("/v1/workflows", {"name": "x", "steps": [step]}, token=token).status == 400
    assert (
        api.post("/v1/workflows", {"name": "x", "steps": [{"name": "y"}]}, token=company.tokens["agent"]).status == 403
    )


def test_a_tree_of_tabulations(api: Api, company: Company, other_company: Company) -> None:
    token = company.admin

    def add(name: str, parent_id: str | None = None) -> Any:
        return api.post("/v1/tabulations", {"name": name, "parent_id": parent_id}, token=token)

    top = add("Venda").json
    below = add("À vista", top["id"]).json
    assert below["parent_id"] == top["id"] and top["parent_id"] is None
    assert api.get("/v1/tabulations", token=company.tokens["agent"]).json["items"] == [top, below]
    page = api.get("/v1/tabulations?limit=1", token=token).json
    assert api.get(f"/v1/tabulations?after={page['next']}", token=token).json["items"] == [below]
    refused = api.delete(f"/v1/tabulations/{top['id']}", token=token)
    assert (refused.status, refused.json["code"]) == (409, "tabulation_has_children")
    refused = api.patch(f"/v1/tabulations/{top['id']}", {"parent_id": below["id"]}, token=token)
    assert (refused.status, pointers(refused), refused.json["errors"][0]["code"]) == (400, ["/parent_id"], "cycle")
    foreign = api.post("/v1/tabulations", {"name": "x"}, token=other_company.admin).json
    assert pointers(add("x", foreign["id"])) == ["/parent_id"]
    moved = api.patch(f"/v1/tabulations/{below['id']}", {"parent_id": None, "name": "Vista"}, token=token).json
    assert moved == {"id": below["id"], "name": "Vista", "parent_id": None}
    assert api.delete(f"/v1/tabulations/{top['id']}", token=token).status == 204
    assert api.get(f"/v1/tabulations/{top['id']}", token=token).status == 404
    assert api.get(f"/v1/tabulations/{below['id']}", token=token).json == moved


def test_a_chat_is_noted_upon(api: Api, company: Company, chat: Chat, services: Any) -> None:
    token = company.admin
    step = api.post("/v1/workflows", {"name": "V", "steps": [{"name": "a"}]}, token=token).json["steps"][0]["id"]
    sale = api.post("/v1/tabulations", {"name": "Venda"}, token=token).json["id"]
    path = f"/v1/chats/{chat.id}"
    assert api.put(f"{path}/workflow-step", {"step_id": step}, token=token).json["workflow_step_id"] == step
    assert api.put(f"{path}/workflow-step", {"step_id": None}, token=token).json["workflow_step_id"] is None
    assert api.put(f"{path}/tabulation", {"tabulation_id": sale}, token=token).json["tabulation_id"] == sale
    assert api.get(path, token=token).json["unread"] == 1
    assert api.post(f"{path}/read", token=token).json["unread"] == 0
    for name, field in (("workflow-step", "step_id"), ("tabulation", "tabulation_id")):
        assert pointers(api.put(f"{path}/{name}", {field: "x"}, token=token)) == [f"/{field}"]
        assert pointers(api.put(f"{path}/{name}", {}, token=token)) == [f"/{field}"]
    assert api.put(f"{path}/feedback", {"rating": 5}, token=token).json["code"] == "chat_open"
    ChatRecord.of_chat(company.a, replace(chat, situation="closed", last_seq=1)).save()
    shown = api.put(f"{path}/feedback", {"rating": 4, "comment": "bom"}, token=company.tokens["api"]).json
    assert shown["feedback"] == {"rating": 4, "comment": "bom"} == api.get(path, token=token).json["feedback"]
    for rating in (0, 6, 4.5, "5", None):
        assert pointers(api.put(f"{path}/feedback", {"rating": rating}, token=token)) == ["/rating"]


def test_the_older_spellings_on_request_alone(api: Api, company: Company, chat: Chat) -> None:
    token = company.tokens["api"]
    contact_id = chat.contact_id
    services_contact = f"/v1/chats?contact_id={contact_id}"
    for ours, theirs in HUGGY.items():
        fields: dict[str, Any] = {"situation": ours, "last_seq": 1 if ours == "closed" else None}
        ChatRecord.of_chat(company.a, replace(chat, **fields)).save()
        assert api.get(f"/v1/chats/{chat.id}", token=token).json["situation"] == ours
        assert api.get(f"/v1/chats/{chat.id}?compat=huggy", token=token).json["situation"] == theirs
        for asked in (ours, theirs):
            items = api.get(f"/v1/chats?compat=huggy&situation={asked}", token=token).json["items"]
            assert [one["situation"] for one in items] == [theirs]
        assert [one["situation"] for one in api.get(services_contact, token=token).json["items"]] == [ours]
        refused = api.get(f"/v1/chats?situation={theirs}", token=token)
        assert (refused.status, pointers(refused)) == (400, ["?situation"])
    for path in ("/v1/chats?compat=zendesk", f"/v1/chats/{chat.id}?compat=", "/v1/chats?compat=Huggy"):
        refused = api.get(path, token=token)
        assert (refused.status, pointers(refused)) == (400, ["?compat"])


@pytest.fixture
def contact(api: Api, company: Company) -> dict[str, Any]:
    made: dict[str, Any] = api.post(
        "/v1/contacts", {"name": "Ana", "mobile": "+5511987654321"}, token=company.admin
    ).json
    return made


def test_a_chat_is_started_once(api: Api, company: Company, contact: dict[str, Any]) -> None:
    token = company.admin
    secrets = {"app_secret": "s" * 32, "verify_token": "v", "access_token": "t"}
    settings = {"phone_number_id": "100000000000001"}
    channel = api.post(
        "/v1/channels", {"type": "whatsapp", "name": "W", "secrets": secrets, "settings": settings}, token=token
    )
    assert channel.status == 201, channel.text
    path, body = f"/v1/contacts/{contact['id']}/chats", {"channel_id": channel.json["id"]}
    made = api.post(path, body, token=token, headers={"Idempotency-Key": "k"})
    assert (made.status, made.json["situation"], made.json["contact_id"]) == (201, "queued", contact["id"])
    again = api.post(path, body, token=token)
    assert (again.status, again.json) == (200, made.json)
    replayed = api.post(path, body, token=token, headers={"Idempotency-Key": "k"})
    assert (replayed.status, replayed.json) == (201, made.json)
    listed = api.get(f"{path}?compat=huggy&situation=wait_for_chat", token=token).json["items"]
    assert [(one["id"], one["situation"]) for one in listed] == [(made.json["id"], "wait_for_chat")]
    assert pointers(api.get(f"{path}?compat=x", token=token)) == ["?compat"]
    assert pointers(api.post(path, {"channel_id": "x"}, token=token)) == ["/channel_id"]
    assert pointers(api.post(path, {}, token=token)) == ["/channel_id"]
    assert api.post(path, body, token=company.tokens["restricted"]).status == 403
    closed = api.post(f"/v1/chats/{made.json['id']}/close", {"feedback": True}, token=token).json
    opened = api.post(f"/v1/chats/{made.json['id']}/reopen", token=token).json
    assert (closed["situation"], opened["situation"]) == ("closed", "queued")
    assert api.post(f"/v1/chats/{made.json['id']}/reopen", token=token).json == opened
    types = [one["type"] for one in api.get(f"/v1/contacts/{contact['id']}/timeline", token=token).json["items"]]
    assert types[:5] == ["chat.queued", "chat.reopened", "chat.closed", "chat.queued", "chat.started"]
