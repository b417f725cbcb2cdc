"""Tasks that begin flows, through the API: what they name (PRODUCT G5), their forecast, and a channel that goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.channels import Channel
from recado.domain.templates import MessageTemplate
from recado.storage import keys
from recado.storage.channels import ChannelRecord
from recado.storage.templates import DynamoTemplates
from tests.api.conftest import Api, Company

STEPS = {"a": {"type": "send_text", "text": "Olá", "next": "b"}, "b": {"type": "close"}}


@pytest.fixture
def channel(services: Container, company: Company, ids: Any, clock: Any) -> Channel:
    made = Channel(ids.new("ch", company.a), "whatsapp", "WhatsApp", company.department.id, clock.now(), {}, "1000")
    ChannelRecord.of_channel(company.a, made).save()
    return made


@pytest.fixture
def action(api: Api, company: Company, channel: Channel) -> dict[str, Any]:
    project = api.post("/v1/projects", {"name": "Campanhas"}, token=company.admin).json["id"]
    drawn = {"project_id": project, "name": "Lembrete", "start": "a", "steps": STEPS}
    flow = api.post("/v1/flows", drawn, token=company.admin).json["id"]
    assert api.post(f"/v1/flows/{flow}/publish", token=company.admin).status == 200
    return {"type": "run_flow", "project_id": project, "flow_id": flow, "channel_id": channel.id}


def make(api: Api, company: Company, table: str, action: Any) -> Any:
    return api.post("/v1/tasks", {"name": "Lembrar", "table": table, "action": action}, token=company.admin)


def wrong(answer: Any) -> list[tuple[str, str]]:
    assert answer.status == 400, answer.json
    return [(one["pointer"], one["code"]) for one in answer.json["errors"]]


def test_what_a_flow_of_a_task_names(api: Api, company: Company, other_company: Company, action: Any) -> None:
    made = make(api, company, "contacts", action)
    assert made.status == 201
    skip = dict.fromkeys(("when_in_service", "when_queued", "when_automatic"), "skip")
    assert made.json["action"] == {**action, **skip}
    assert wrong(make(api, company, "chats", action)) == [("/action/channel_id", "not_selectable")]
    without = {name: value for name, value in action.items() if name != "channel_id"}
    assert make(api, company, "chats", without).status == 201
    assert wrong(make(api, company, "contacts", without)) == [("/action/channel_id", "required")]
    for name, value in (("project_id", "pj_1"), ("flow_id", "fl_1"), ("channel_id", "ch_1")):
        assert wrong(make(api, company, "contacts", {**action, name: value})) == [(f"/action/{name}", "not_found")]
    assert wrong(make(api, company, "contacts", {**action, "when_queued": "wait"})) == [
        ("/action/when_queued", "invalid")
    ]
    template = {"name": "volta", "language": "pt_BR"}
    assert wrong(make(api, company, "contacts", {**action, "template_fallback": template})) == [
        ("/action/template_fallback/name", "not_found")
    ]
    assert make(api, other_company, "contacts", action).status == 400, "another account's flow"


def test_a_run_whose_template_cannot_be_sent_is_refused(
    api: Api, company: Company, services: Container, channel: Channel, ids: Any, clock: Any, action: Any
) -> None:
    body, now = ({"type": "BODY", "text": "Olá!"},), clock.now()
    made = MessageTemplate(
        ids.new("tm", company.a), channel.id, "volta", "pt_BR", "UTILITY", body, now, now, status="APPROVED"
    )
    assert DynamoTemplates().create(company.a, made)
    fallback = {"name": "volta", "language": "pt_BR", "variables": []}
    task = make(api, company, "contacts", {**action, "template_fallback": fallback}).json
    assert DynamoTemplates().change(company.a, made, replace(made, status="PAUSED", version=made.version + 1), None)
    refused = api.post(f"/v1/tasks/{task['id']}/runs", token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "action_not_ready")
    (problem,) = refused.json["errors"]
    assert (problem["pointer"], problem["code"]) == ("/action/template_fallback/name", "template_not_approved")
    forecast = api.post(f"/v1/tasks/{task['id']}/forecast", token=company.admin)
    assert forecast.json["problems"] == [problem]


def test_a_forecast(api: Api, company: Company, action: Any) -> None:
    for contact in ({"name": "Ana", "mobile": "+5511987654321"}, {"name": "Sem telefone"}):
        assert api.post("/v1/contacts", contact, token=company.admin).status == 201
    task = make(api, company, "contacts", action).json
    answer = api.post(f"/v1/tasks/{task['id']}/forecast", token=company.admin)
    assert (answer.status, answer.json) == (
        200,
        {
            "audience": 2, "free": 0, "template": 1, "unreachable": 1, "complete": True,
            "reasons": {"no_address": 1, "outside_window": 1}, "problems": [],
            "acted_on": 0, "left_out": {"no_address": 1, "outside_window": 1},
        },
    )  # fmt: skip


def test_a_channel_that_is_removed_switches_its_tasks_off(
    api: Api, company: Company, services: Container, channel: Channel, action: Any
) -> None:
    daily = {"mode": "automatic", "every": "day", "at": "09:00"}
    body = {"name": "Lembrar", "table": "contacts", "action": action, "recurrence": daily}
    task = api.post("/v1/tasks", body, token=company.admin).json
    assert task["next_run_at"] is not None
    record = ChannelRecord.find(keys.workspace_pk(company.a, "CHANNELS"), channel.id)
    assert record is not None
    ChannelRecord.of_channel(company.a, replace(record.channel(), state="removed")).save()
    for _ in range(2):
        services.task_upkeep.switch_off(company.a, channel.id)
    after = api.get(f"/v1/tasks/{task['id']}", token=company.admin).json
    assert (after["enabled"], after["disabled_because"], after["next_run_at"]) == (False, "channel_removed", None)
    (alert,) = api.get("/v1/alerts", token=company.admin).json["items"]
    assert (alert["type"], alert["data"]) == ("task.disabled", after), "supervisors are told once"
    again = api.patch(f"/v1/tasks/{task['id']}", {"enabled": True}, token=company.admin)
    assert wrong(again) == [("/action/channel_id", "not_found")]
