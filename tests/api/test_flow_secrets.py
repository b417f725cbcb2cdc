"""/v1/flow-secrets: written, never read; named in HTTP steps, and put in when a request goes out (PRODUCT F1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.flow_definitions import Step, definition
from recado.domain.flow_progress import act
from recado.ports.flow_http import FlowRequestFailed, FlowResponse
from recado.services.flow_requests import FlowRequesting, part_of_address
from tests.api.conftest import Api, Company

KEY = "canary-sk_live_52#9 ="
HTTP = {
    "type": "http",
    "method": "POST",
    "url": "https://erp.example/{{cpf}}?key={{secret.erp_key}}",
    "headers": {"Authorization": "Bearer {{secret.erp_key}}"},
    "body": '{"cpf": "{{cpf}}", "key": "{{secret.erp_key}}"}',
    "save_as": "found",
}


def put(api: Api, company: Company, name: str = "erp_key", value: Any = KEY, role: str = "admin") -> Any:
    return api.call("PUT", f"/v1/flow-secrets/{name}", {"value": value}, token=company.tokens[role])


def test_a_secret_is_written_and_never_read(api: Api, company: Company, other_company: Company) -> None:
    made = put(api, company)
    assert (made.status, set(made.json)) == (200, {"name", "updated_at"})
    put(api, company, "outro", "x")
    listed = api.get("/v1/flow-secrets?limit=1", token=company.admin)
    assert [one["name"] for one in listed.json["items"]] == ["erp_key"]
    rest = api.get(f"/v1/flow-secrets?limit=1&after={listed.json['next']}", token=company.admin)
    assert ([one["name"] for one in rest.json["items"]], rest.json["next"]) == (["outro"], None)
    assert KEY not in json.dumps([made.json, listed.json])
    assert api.get("/v1/flow-secrets", token=other_company.admin).json["items"] == []
    assert api.delete("/v1/flow-secrets/erp_key", token=other_company.admin).status == 404
    assert api.delete("/v1/flow-secrets/erp_key", token=company.admin).status == 204
    assert api.delete("/v1/flow-secrets/erp_key", token=company.admin).status == 404


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("Erp", KEY, "/name"),
        ("x" * 51, KEY, "/name"),
        ("a", "", "/value"),
        ("a", " x", "/value"),
        ("a", "x\r\nHost: y", "/value"),
        ("a", "x\n", "/value"),
        ("a", "é", "/value"),
        ("a", "x" * 2_001, "/value"),
        ("a", 1, "/value"),
    ],
)
def test_a_wrong_secret(api: Api, company: Company, name: str, value: Any, pointer: str) -> None:
    refused = put(api, company, name, value)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer)
    assert str(value) not in refused.text if isinstance(value, str) and len(value) > 3 else True
    assert api.get("/v1/flow-secrets", token=company.admin).json["items"] == []


def test_only_admins_write_and_list_them(api: Api, company: Company) -> None:
    assert put(api, company, role="agent").status == 403
    assert api.get("/v1/flow-secrets", token=company.tokens["agent"]).status == 403


def test_a_flow_is_published_once_its_secrets_are_there(api: Api, company: Company) -> None:
    project = api.post("/v1/projects", {"name": "ERP"}, token=company.admin).json["id"]
    body = {"project_id": project, "name": "ERP", "start": "a", "steps": {"a": HTTP}}
    flow = api.post("/v1/flows", body, token=company.admin).json
    refused = api.post(f"/v1/flows/{flow['id']}/publish", token=company.admin)
    pointers = {error["pointer"] for error in refused.json["errors"]}
    assert (refused.status, pointers) == (400, {f"/steps/a{at}" for at in ("/url", "/headers/Authorization", "/body")})
    put(api, company)
    assert api.post(f"/v1/flows/{flow['id']}/publish", token=company.admin).status == 200


class Requests:
    """The way out, which keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> FlowResponse:
        self.asked.append((method, url, dict(headers), body))
        return FlowResponse(200, {"ok": True})


@pytest.fixture
def step() -> Step:
    return definition("a", {"a": HTTP}).steps["a"]


def test_a_secret_goes_out_and_is_seen_nowhere_else(
    api: Api, company: Company, services: Container, step: Step
) -> None:
    put(api, company)
    requests = Requests()
    doing = FlowRequesting(requests, services.flow_secrets)
    values = {"cpf": '{{secret.erp_key}}"'}  # as a customer may write
    assert doing.ask(company.a, step, values, {"Idempotency-Key": "x"}).value == {"ok": True}
    (method, url, headers, body) = requests.asked[0]
    assert (method, headers) == ("POST", {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "x"})
    assert url == f"https://erp.example/%7B%7Bsecret.erp_key%7D%7D%22?key={part_of_address(KEY)}"
    assert json.loads(body) == {"cpf": '{{secret.erp_key}}"', "key": KEY}
    assert KEY not in str(act(step, values, part_of_address)), "what a trace shows"


def test_no_request_goes_out_without_its_secret(company: Company, services: Container, step: Step) -> None:
    requests = Requests()
    with pytest.raises(FlowRequestFailed, match="secret_missing"):
        FlowRequesting(requests, services.flow_secrets).ask(company.a, step, {}, {})
    assert requests.asked == []
