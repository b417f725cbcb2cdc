"""What published flows name is not deleted: 409 with the flows (PRODUCT F1)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.chats import Chat
from tests.api.conftest import Api, Company
from tests.api.test_flow_executions import chat as chat
from tests.api.test_flow_executions import flow_id as flow_id
from tests.api.test_flows import draw, publish
from tests.api.test_flows import project as project


@pytest.fixture
def made(api: Api, company: Company) -> dict[str, Any]:
    """Things by the paths under which they are deleted, each with what a step or a filter says of it."""

    def post(path: str, body: Any) -> Any:
        answer = api.post(f"/v1/{path}", body, token=company.admin)
        assert answer.status == 201, answer.json
        return answer.json

    workflow = post("workflows", {"name": "Venda", "steps": [{"name": "Contato"}, {"name": "Proposta"}]})
    user = {"name": "Zé", "email": "ze@ipe.example", "role": "agent", "password": "correct horse 7"}
    return {
        "departments": post("departments", {"name": "Vendas"}),
        "workflows": workflow,
        "tabulations": post("tabulations", {"name": "Perda"}),
        "users": post("users", user),
    }


STEPS = {
    "departments": lambda one: {"type": "queue", "department_id": one["id"]},
    "workflows": lambda one: {"type": "workflow_step", "step_id": one["steps"][1]["id"]},
    "tabulations": lambda one: {"type": "close", "tabulation_id": one["id"]},
    "users": lambda one: {"type": "transfer", "agent_id": one["id"]},
}


def asks(field: str, value: str) -> dict[str, Any]:
    return {"type": "condition", "filter": {"any": [{"field": field, "op": "in", "value": [value]}]}}


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_what_a_published_flow_names_stays(
    api: Api, company: Company, project: str, made: dict[str, Any], kind: str
) -> None:
    one = made[kind]
    flow = draw(api, company, project, {"a": STEPS[kind](one)}).json
    path = f"/v1/{kind}/{one['id']}"
    assert publish(api, company, flow).status == 200
    refused = api.delete(path, token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["flow_ids"]) == (409, "in_use", [flow["id"]])
    assert api.get(path, token=company.admin).status == 200
    api.patch(f"/v1/flows/{flow['id']}", {"steps": {"a": {"type": "queue"}}}, token=company.admin)
    assert api.delete(path, token=company.admin).status == 409, "a draft changes nothing of what runs"
    publish(api, company, flow)
    assert api.delete(path, token=company.admin).status == 204


def test_what_a_filter_names_stays(api: Api, company: Company, project: str, made: dict[str, Any]) -> None:
    for kind, field in (("departments", "chat.department"), ("workflows", "chat.workflow")):
        flow = draw(api, company, project, {"a": asks(field, made[kind]["id"])}).json
        assert publish(api, company, flow).status == 200
        refused = api.delete(f"/v1/{kind}/{made[kind]['id']}", token=company.admin)
        assert (refused.status, refused.json["flow_ids"]) == (409, [flow["id"]])


def test_a_step_of_a_workflow_that_is_named_stays(
    api: Api, company: Company, project: str, made: dict[str, Any]
) -> None:
    workflow = made["workflows"]
    publish(api, company, draw(api, company, project, {"a": STEPS["workflows"](workflow)}).json)
    first, second = workflow["steps"]
    path = f"/v1/workflows/{workflow['id']}"
    assert api.patch(path, {"steps": [first]}, token=company.admin).json["code"] == "in_use"
    assert api.patch(path, {"steps": [second]}, token=company.admin).status == 200
    assert api.patch(path, {"name": "Vendas"}, token=company.admin).status == 200


@pytest.mark.parametrize(
    "step",
    [
        {"type": "set_field", "field": "custom.cpf", "value": "x"},
        {"type": "send_text", "text": "{{ contact.custom.cpf }}"},
        {"type": "condition", "filter": {"field": "custom.cpf", "op": "set"}},
    ],
)
def test_a_field_that_a_flow_names_stays_active(api: Api, company: Company, project: str, step: Any) -> None:
    body = {"table": "contacts", "slug": "cpf", "label": "CPF", "type": "cpf"}
    path = f"/v1/custom-fields/{api.post('/v1/custom-fields', body, token=company.admin).json['id']}"
    flow = draw(api, company, project, {"a": step}).json
    assert publish(api, company, flow).status == 200
    refused = api.patch(path, {"active": False}, token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["flow_ids"]) == (409, "in_use", [flow["id"]])
    assert api.patch(path, {"label": "C.P.F."}, token=company.admin).json["active"] is True
    api.delete(f"/v1/flows/{flow['id']}", token=company.admin)
    assert api.patch(path, {"active": False}, token=company.admin).status == 200


def test_a_flow_that_another_runs_stays(api: Api, company: Company, project: str) -> None:
    inner = draw(api, company, project, {"a": {"type": "ask", "text": "?", "save_as": "x", "next": "b"},
                                         "b": {"type": "queue"}}).json  # fmt: skip
    publish(api, company, inner)
    runs = {"a": {"type": "run_flow", "flow_id": inner["id"]}}
    outer = draw(api, company, project, runs).json
    publish(api, company, outer)
    refused = api.delete(f"/v1/flows/{inner['id']}", token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["flow_ids"]) == (409, "flow_in_use", [outer["id"]])
    assert api.delete(f"/v1/flows/{outer['id']}", token=company.admin).status == 204
    asks_first = {"a": {"type": "ask", "text": "?", "save_as": "x", "next": "b"},
                  "b": {"type": "run_flow", "flow_id": inner["id"]}}  # fmt: skip
    api.patch(f"/v1/flows/{inner['id']}", {"steps": asks_first}, token=company.admin)
    publish(api, company, inner)
    assert api.delete(f"/v1/flows/{inner['id']}", token=company.admin).status == 204, "it may run itself"


def test_a_flow_at_work_stays(api: Api, company: Company, flow_id: str, chat: Chat) -> None:
    begun = api.post(f"/v1/chats/{chat.id}/flow", {"flow_id": flow_id}, token=company.admin)
    assert begun.json["situation"] == "automatic"
    refused = api.delete(f"/v1/flows/{flow_id}", token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["executions"]) == (409, "flow_in_use", 1)
    assert api.post(f"/v1/chats/{chat.id}/queue", token=company.admin).status == 200
    assert api.delete(f"/v1/flows/{flow_id}", token=company.admin).status == 204
