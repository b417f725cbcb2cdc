"""What tasks and triggers name is not deleted: 409 with their ids (PRODUCT G1, G5)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.channels import Channel
from recado.domain.templates import MessageTemplate
from recado.storage.templates import DynamoTemplates
from tests.api.conftest import Api, Company
from tests.api.test_references import made as made
from tests.api.test_tasks_with_flows import action as action
from tests.api.test_tasks_with_flows import channel as channel
from tests.api.test_tasks_with_flows import make
from tests.api.test_triggers import body
from tests.api.test_triggers import site as site

ACTS = {
    "departments": lambda one: {"type": "change_department", "department_id": one["id"]},
    "workflows": lambda one: {"type": "workflow_step", "step_id": one["steps"][0]["id"]},
    "tabulations": lambda one: {"type": "close", "tabulation_id": one["id"]},
    "users": lambda one: {"type": "transfer", "agent_id": one["id"]},
}
MEANS = {
    "departments": lambda one: {"field": "department", "op": "eq", "value": one["id"]},
    "workflows": lambda one: {"any": [{"field": "workflow", "op": "in", "value": [one["id"]]}]},
}


def task(api: Api, company: Company, **fields: Any) -> str:
    body = {"name": "Tarefa", "table": "chats", "action": {"type": "close"}, **fields}
    answer = api.post("/v1/tasks", body, token=company.admin)
    assert answer.status == 201, answer.json
    return str(answer.json["id"])


def stays(api: Api, company: Company, path: str, code: str = "in_use", **users: list[str]) -> None:
    refused = api.delete(path, token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, code), refused.json
    assert {name: refused.json.get(name) for name in users} == users
    assert api.get(path, token=company.admin).status == 200


@pytest.mark.parametrize("kind", sorted(ACTS))
@pytest.mark.parametrize("enabled", [True, False])
def test_what_an_action_names_stays(api: Api, company: Company, made: dict[str, Any], kind: str, enabled: bool) -> None:
    named, path = made[kind], f"/v1/{kind}/{made[kind]['id']}"
    task_id = task(api, company, action=ACTS[kind](named), enabled=enabled)
    stays(api, company, path, task_ids=[task_id])
    assert api.delete(f"/v1/tasks/{task_id}", token=company.admin).status == 204
    assert api.delete(path, token=company.admin).status == 204


@pytest.mark.parametrize("kind", sorted(MEANS))
def test_what_a_filter_names_stays(api: Api, company: Company, made: dict[str, Any], kind: str) -> None:
    task_id = task(api, company, filter={"all": [MEANS[kind](made[kind])]})
    stays(api, company, f"/v1/{kind}/{made[kind]['id']}", task_ids=[task_id])


@pytest.mark.parametrize(("kind", "field"), [("groups", "group"), ("organizations", "organization")])
def test_a_group_that_a_task_means_stays(
    api: Api, company: Company, action: dict[str, Any], kind: str, field: str
) -> None:
    one = api.post(f"/v1/{kind}", {"name": "Pendentes"}, token=company.admin).json["id"]
    filter = {"field": field, "op": "eq", "value": one}
    task_id = task(api, company, table="contacts", action=action, filter=filter)
    stays(api, company, f"/v1/{kind}/{one}", task_ids=[task_id])
    api.patch(f"/v1/tasks/{task_id}", {"filter": {}}, token=company.admin)
    assert api.delete(f"/v1/{kind}/{one}", token=company.admin).status == 204


def test_the_flow_of_a_task_stays_where_it_is(api: Api, company: Company, action: dict[str, Any], site: str) -> None:
    flow = f"/v1/flows/{action['flow_id']}"
    tasks = [make(api, company, "contacts", action).json["id"]]
    says = body(site, action={"type": "start_flow", "text": "Oi", "flow_id": action["flow_id"]})
    triggers = [api.post("/v1/triggers", says, token=company.admin).json["id"]]
    stays(api, company, flow, "flow_in_use", task_ids=tasks, trigger_ids=triggers)
    stays(api, company, f"/v1/projects/{action['project_id']}", "project_in_use")
    other = api.post("/v1/projects", {"name": "Outro"}, token=company.admin).json["id"]
    moved = api.patch(flow, {"project_id": other}, token=company.admin)
    assert (moved.status, moved.json["code"], moved.json["task_ids"]) == (409, "flow_in_use", tasks)
    api.delete(f"/v1/tasks/{tasks[0]}", token=company.admin)
    assert api.patch(flow, {"project_id": other}, token=company.admin).status == 200
    stays(api, company, flow, "flow_in_use", trigger_ids=triggers)
    api.delete(f"/v1/triggers/{triggers[0]}", token=company.admin)
    assert api.delete(flow, token=company.admin).status == 204


def test_the_template_of_a_task_stays(
    api: Api, company: Company, services: Container, channel: Channel, ids: Any, clock: Any, action: Any
) -> None:
    words, now = ({"type": "BODY", "text": "Olá!"},), clock.now()
    one, other = (
        MessageTemplate(ids.new("tm", company.a), channel.id, name, "pt_BR", "UTILITY", words, now, now,
                        status=status, submission="refused")
        for name, status in (("volta", "APPROVED"), ("outra", "REJECTED"))
    )  # fmt: skip
    assert DynamoTemplates().create(company.a, one) and DynamoTemplates().create(company.a, other)
    fallback = {"name": "volta", "language": "pt_BR", "variables": []}
    task_id = task(api, company, table="contacts", action={**action, "template_fallback": fallback})
    stays(api, company, f"/v1/templates/{one.id}", task_ids=[task_id])
    assert api.delete(f"/v1/templates/{other.id}", token=company.admin).status == 204


def test_what_tasks_of_others_name_is_their_own(
    api: Api, company: Company, other_company: Company, made: dict[str, Any]
) -> None:
    assert api.post("/v1/tasks", {"name": "X", "table": "chats", "action": {"type": "queue"}},
                    token=other_company.admin).status == 201  # fmt: skip
    assert api.delete(f"/v1/departments/{made['departments']['id']}", token=company.admin).status == 204
