"""/v1/projects and /v1/flows: drawn, changed, published (PRODUCT F1)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.storage.flows import DynamoFlows
from tests.api.conftest import Api, Company
from tests.api.test_files_of_chats import uploaded

STEPS = {
    "a": {
        "type": "ask_choice",
        "text": "Com quem quer falar?",
        "options": [{"label": "Vendas", "next": "b"}, {"label": "Suporte", "next": "c"}],
        "timeout_s": 600,
        "on_timeout": "c",
    },
    "b": {"type": "send_text", "text": "Um momento, {{contact.name}}.", "next": "c"},
    "c": {"type": "queue"},
}


@pytest.fixture
def project(api: Api, company: Company) -> str:
    made = api.post("/v1/projects", {"name": "Atendimento"}, token=company.admin)
    assert made.status == 201
    project_id: str = made.json["id"]
    return project_id


def draw(api: Api, company: Company, project: str, steps: Any = None, **fields: Any) -> Any:
    body = {"project_id": project, "name": "Boas-vindas", "start": "a", "steps": STEPS if steps is None else steps}
    return api.post("/v1/flows", {**body, **fields}, token=company.admin)


def publish(api: Api, company: Company, flow: Any) -> Any:
    return api.post(f"/v1/flows/{flow['id']}/publish", token=company.admin)


def test_a_flow_from_its_drawing_to_its_end(api: Api, company: Company, project: str) -> None:
    made = draw(api, company, project)
    assert made.status == 201
    flow = made.json
    assert (flow["steps"], flow["published_version"]) == (STEPS, None)
    one = f"/v1/flows/{flow['id']}"
    assert api.get(one, token=company.tokens["agent"]).json == flow
    (line,) = api.get(f"/v1/flows?project_id={project}", token=company.admin).json["items"]
    assert line == {name: value for name, value in flow.items() if name != "steps"}
    done = publish(api, company, flow)
    assert (done.status, done.json["published_version"], done.json["unreachable"]) == (200, 1, [])
    assert done.json["window_may_be_closed"] == []
    other = {"a": {"type": "close"}}
    changed = api.patch(one, {"steps": other, "name": "Tchau"}, token=company.admin).json
    assert (changed["steps"], changed["name"], changed["published_version"]) == (other, "Tchau", 1)
    first = DynamoFlows().version(company.a, flow["id"], 1)
    assert first is not None and first.steps == STEPS, "what was published stays as it is"
    assert publish(api, company, flow).json["published_version"] == 2
    refused = api.delete(f"/v1/projects/{project}", token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "project_in_use")
    assert api.delete(one, token=company.admin).status == 204
    assert api.get(one, token=company.admin).status == 404
    assert api.delete(f"/v1/projects/{project}", token=company.admin).status == 204


def test_versions_are_listed_read_and_drawn_on_again(api: Api, company: Company, project: str) -> None:
    flow = draw(api, company, project).json
    one = f"/v1/flows/{flow['id']}"
    assert api.get(f"{one}/versions", token=company.admin).json["items"] == []
    every = [STEPS, {"a": {"type": "close"}}, {"a": {"type": "queue"}}]
    for steps in every:
        api.patch(one, {"steps": steps}, token=company.admin)
        publish(api, company, flow)
    first = api.get(f"{one}/versions?limit=2", token=company.tokens["agent"]).json
    assert [line["version"] for line in first["items"]] == [3, 2]
    rest = api.get(f"{one}/versions?limit=2&after={first['next']}", token=company.admin).json
    assert [(line["version"], line["published_by"]) for line in rest["items"]] == [(1, company.users["admin"].id)]
    assert rest["next"] is None and "steps" not in rest["items"][0]
    old = api.get(f"{one}/versions/1", token=company.admin).json
    assert old == {**rest["items"][0], "steps": STEPS}
    restored = api.patch(one, {"start": old["start"], "steps": old["steps"]}, token=company.admin).json
    assert (restored["steps"], restored["published_version"]) == (STEPS, 3)
    assert publish(api, company, flow).json["published_version"] == 4
    for number in ("0", "5", "x", "1 ", "-1", "٣", "9" * 30):
        assert api.get(f"{one}/versions/{number}", token=company.admin).status == 404, number


def test_nobody_draws_over_what_somebody_else_drew(api: Api, company: Company, project: str) -> None:
    flow = draw(api, company, project).json
    one, other = f"/v1/flows/{flow['id']}", {"a": {"type": "close"}}
    mine = api.patch(one, {"steps": other, "version": flow["version"]}, token=company.admin)
    assert (mine.status, mine.json["version"]) == (200, flow["version"] + 1)
    for body in ({"name": "x", "version": flow["version"]}, {"steps": other, "version": flow["version"]}):
        refused = api.patch(one, body, token=company.admin)
        assert (refused.status, refused.json["code"]) == (409, "flow_changed"), "though it would change nothing"
    publish(api, company, flow)
    assert api.patch(one, {"name": "x", "version": mine.json["version"]}, token=company.admin).status == 409
    assert api.get(one, token=company.admin).json["name"] == flow["name"]
    assert api.patch(one, {"name": "x"}, token=company.admin).status == 200
    assert api.patch(one, {"version": True}, token=company.admin).status == 400


def test_a_project_is_renamed(api: Api, company: Company, project: str) -> None:
    path = f"/v1/projects/{project}"
    assert api.patch(path, {"name": "Vendas"}, token=company.admin).json["name"] == "Vendas"
    assert api.get(path, token=company.tokens["agent"]).json["name"] == "Vendas"
    assert [one["name"] for one in api.get("/v1/projects", token=company.admin).json["items"]] == ["Vendas"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"project_id": "pj_x"}, "/project_id"),
        ({"name": ""}, "/name"),
        ({"steps": []}, "/steps"),
        ({"steps": {"a": {"type": "sing"}}}, "/steps/a/type"),
        ({"steps": {"a": {"type": "send_text", "text": "x"}, "b": {"type": "delay"}}}, "/steps/b/seconds"),
        ({"steps": {f"s{n}": {"type": "send_text", "text": "x" * 4_000} for n in range(30)}}, "/steps"),
    ],
)  # fmt: skip
def test_a_draft_has_its_shape(api: Api, company: Company, project: str, fields: Any, pointer: str) -> None:
    answer = draw(api, company, project, **fields)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, pointer)
    assert api.get("/v1/flows", token=company.admin).json["items"] == []


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        ({"type": "send_text", "text": "x", "next": "z"}, "/next"),
        ({"type": "transfer", "department_id": "dp_x"}, "/department_id"),
        ({"type": "transfer", "agent_id": "us_x"}, "/agent_id"),
        ({"type": "run_flow", "flow_id": "fl_x"}, "/flow_id"),
        ({"type": "workflow_step", "step_id": "st_x"}, "/step_id"),
        ({"type": "tabulate", "tabulation_id": "tb_x"}, "/tabulation_id"),
        ({"type": "send_file", "file_id": "fi_x"}, "/file_id"),
        ({"type": "condition", "filter": {"any": []}}, "/filter/any"),
        ({"type": "condition", "filter": {"field": "custom.none", "op": "set"}}, "/filter/field"),
        ({"type": "condition", "filter": {"field": "var.Nome", "op": "set"}}, "/filter/field"),
        ({"type": "condition", "filter": {"field": "var.n", "op": "gt", "value": "muito"}}, "/filter/value"),
        ({"type": "condition", "filter": {"field": "var.n", "op": "in", "value": [1, "a"]}}, "/filter/value/1"),
    ],
)
def test_a_draft_that_is_not_whole_is_kept_and_not_published(
    api: Api, company: Company, project: str, step: Any, pointer: str
) -> None:
    flow = draw(api, company, project, {"a": step})
    assert flow.status == 201
    answer = publish(api, company, flow.json)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, f"/steps/a{pointer}")


def test_what_steps_name_is_there(api: Api, company: Company, project: str, clock: Any) -> None:
    workflow = api.post("/v1/workflows", {"name": "Venda", "steps": [{"name": "Contato"}]}, token=company.admin).json
    tabulation = api.post("/v1/tabulations", {"name": "Venda"}, token=company.admin).json
    inner = draw(api, company, project).json
    publish(api, company, inner)
    var = {"field": "var.cpf", "op": "set"}
    there = {"field": "chat.department", "op": "eq", "value": company.department.id}
    steps = {
        "a": {"type": "ask", "text": "CPF?", "validate": "cpf", "save_as": "cpf", "next": "b"},
        "b": {"type": "condition", "filter": {"all": [var, there]}, "then": "c", "else": "e"},
        "c": {"type": "send_file", "file_id": uploaded(api, company, clock, by="admin", feature="flow"), "next": "d"},
        "d": {"type": "workflow_step", "step_id": workflow["steps"][0]["id"], "next": "e"},
        "e": {"type": "tabulate", "tabulation_id": tabulation["id"], "next": "f"},
        "f": {"type": "run_flow", "flow_id": inner["id"]},
        "g": {"type": "transfer", "agent_id": company.users["agent"].id},
    }
    answer = publish(api, company, draw(api, company, project, steps).json)
    assert (answer.status, answer.json.get("unreachable")) == (200, ["g"]), answer.json


def test_what_may_find_the_window_closed_is_told(api: Api, company: Company, project: str) -> None:
    steps = {
        "a": {"type": "send_template", "template": {"name": "fatura", "language": "pt_BR"}, "next": "b"},
        "b": {"type": "send_text", "text": "Tudo bem?", "next": "c"},
        "c": {"type": "wait_answer", "next": "d"},
        "d": {"type": "send_text", "text": "Obrigado", "next": "e"},
        "e": {"type": "queue"},
    }
    answer = publish(api, company, draw(api, company, project, steps).json)
    assert (answer.status, answer.json.get("window_may_be_closed")) == (200, ["b"]), answer.json


def test_a_flow_of_another_account_is_not_there(
    api: Api, company: Company, other_company: Company, project: str
) -> None:
    flow = draw(api, company, project).json
    publish(api, company, flow)
    assert api.get(f"/v1/flows/{flow['id']}", token=other_company.admin).status == 404
    assert draw(api, other_company, project).json["errors"][0]["pointer"] == "/project_id"
    theirs = api.post("/v1/projects", {"name": "x"}, token=other_company.admin).json["id"]
    made = draw(api, other_company, theirs, {"a": {"type": "run_flow", "flow_id": flow["id"]}}).json
    assert publish(api, other_company, made).json["errors"][0]["pointer"] == "/steps/a/flow_id"


def test_only_admins_draw(api: Api, services: Container, company: Company, project: str) -> None:
    body = {"project_id": project, "name": "x", "start": "a", "steps": STEPS}
    assert api.post("/v1/flows", body, token=company.tokens["agent"]).status == 403


def test_no_way_leads_round_through_flows_without_waiting(api: Api, company: Company, project: str) -> None:
    """The seed's own loop: it sends, and runs itself; and two flows that run each other. A question between them
    waits."""

    def drawn_again(flow: Any, steps: Any) -> Any:
        api.patch(f"/v1/flows/{flow['id']}", {"steps": steps}, token=company.admin)
        return publish(api, company, flow)

    def runs(flow: Any, first: str = "send_text", **more: Any) -> Any:
        return {
            "a": {"type": first, "text": "Oi", "next": "b", **more},
            "b": {"type": "run_flow", "flow_id": flow["id"]},
        }

    one, other = draw(api, company, project).json, draw(api, company, project).json
    assert [publish(api, company, flow).status for flow in (one, other)] == [200, 200]
    itself = drawn_again(one, runs(one))
    assert (itself.status, [(e["pointer"], e["code"]) for e in itself.json["errors"]]) == (
        400, [("/steps/b/flow_id", "endless_loop")],
    )  # fmt: skip
    assert drawn_again(one, runs(other)).status == 200, "what the other has published leads no further"
    back = drawn_again(other, runs(one))
    assert (back.status, back.json["errors"][0]["pointer"]) == (400, "/steps/b/flow_id")
    assert f"{one['id']}/b" in back.json["detail"]
    assert drawn_again(other, runs(one, "ask", save_as="x")).status == 200
    closed = drawn_again(one, runs(other, "ask", save_as="x", on_error="b"))
    assert closed.status == 200, "the way round waits in the other"
    asks = runs(one, "ask", save_as="x", on_error="b")
    assert drawn_again(other, asks).status == 400, "a question that cannot be put is not waited at"


def test_variables_that_can_never_be_known_are_not_published(api: Api, company: Company, project: str) -> None:
    text = "{{contact.nome}} {{system.fila}} {{contact.name|upper}} {{contact.custom.cpf}}"
    answer = publish(api, company, draw(api, company, project, {"a": {"type": "send_text", "text": text}}).json)
    assert answer.status == 400
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [
        ("/steps/a/text", "malformed_variable"), *[("/steps/a/text", "unknown_variable")] * 3,
    ]  # fmt: skip
    field = {"table": "contacts", "slug": "cpf", "label": "CPF", "type": "cpf"}
    made = api.post("/v1/custom-fields", field, token=company.admin).json
    flow = draw(api, company, project, {"a": {"type": "send_text", "text": "{{ contact.custom.cpf }}"}}).json
    api.patch(f"/v1/custom-fields/{made['id']}", {"active": False}, token=company.admin)
    assert publish(api, company, flow).json["errors"][0]["code"] == "unknown_variable"


def test_variables_that_nothing_saves_are_told(api: Api, company: Company, project: str) -> None:
    """They may be given by whoever starts the flow. What is saved by a flow that leads to it is there."""
    asked = {"type": "condition", "filter": {"field": "var.plan.name", "op": "eq", "value": "x"}, "then": "b"}
    flow = draw(api, company, project, {"a": asked, "b": {"type": "send_text", "text": "{{nome}}"}}).json
    pointers = [{"pointer": "/steps/b/text", "name": "nome"}, {"pointer": "/steps/a/filter/field", "name": "plan.name"}]
    told = publish(api, company, flow).json["unknown_variables"]
    assert sorted(told, key=str) == sorted(pointers, key=str)
    steps = {
        "a": {"type": "ask", "text": "?", "save_as": "nome", "next": "b"},
        "b": {"type": "run_flow", "flow_id": flow["id"]},
    }
    before = publish(api, company, draw(api, company, project, steps).json)
    assert (before.status, before.json["unknown_variables"]) == (200, [])
    assert publish(api, company, flow).json["unknown_variables"] == pointers[1:]
