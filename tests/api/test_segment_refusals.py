"""Filters that cannot be read: hostile ones, and those that name what is gone. Each is an error with a pointer, soon,
and never "nobody" (PRODUCT G3, QUALITY S7)."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.channels import Channel
from recado.storage.channels import ChannelRecord
from tests.api.conftest import Api, Company
from tests.api.test_segment_examples import run
from tests.api.test_segments import EXPLAIN, PREVIEW
from tests.api.test_segments import people as people

MOST_S = 1.0
"""Of CPU; the slowest took 0.15 s on two busy cores."""


def leaf(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, **({} if value is None else {"value": value})}


def nested(depth: int, inner: str = "{}") -> str:
    return '{"all":[' * depth + inner + "]}" * depth


def huge(zeros: int) -> str:
    return "1" + "0" * zeros


HOSTILE: dict[str, tuple[str, str]] = {
    "five groups and one": (nested(6), "/filter" + "/all/0" * 5 + "/all"),
    "ten deep": (nested(10), "/filter" + "/all/0" * 5 + "/all"),
    "ten thousand deep": (nested(10_000), ""),
    "lists in lists": ("[" * 100_000, ""),
    "too many conditions": (json.dumps({"any": [leaf("name", "set")] * 251}), "/filter"),
    "too many groups": (json.dumps({"all": [{}] * 100_000}), "/filter"),
    "long lists": (json.dumps({"all": [leaf("name", "in", ["x" * 90] * 500)] * 20}), "/filter"),
    "a list that is too long": (json.dumps(leaf("name", "in", ["x"] * 501)), "/filter/value"),
    "a huge text": (json.dumps(leaf("name", "contains", "x" * 400_000)), "/filter/value"),
    "a huge field": (json.dumps(leaf("n" * 400_000, "set")), "/filter/field"),
    "a huge operator": (json.dumps(leaf("name", "s" * 400_000)), "/filter/op"),
    "a huge key": (json.dumps({"k" * 400_000: 1}), "/filter"),
    "a number": ("1", "/filter"),
    "a list": ("[]", "/filter"),
    "a field that is a number": ('{"field": 1, "op": "set"}', "/filter/field"),
    "a field that is a list": ('{"field": ["name"], "op": "set"}', "/filter/field"),
    "an operator that is an object": ('{"field": "name", "op": {}}', "/filter/op"),
    "a value that is an object": ('{"field": "name", "op": "eq", "value": {}}', "/filter/value"),
    "lists in a list": ('{"field": "name", "op": "in", "value": ["a", [["x"]]]}', "/filter/value/1"),
    "an unknown field": ('{"field": "custom.nada", "op": "set"}', "/filter/field"),
    "a field of Python's": ('{"field": "__class__", "op": "set"}', "/filter/field"),
    "a field twice": ('{"field": "name", "field": "xx", "op": "set"}', "/filter/field"),
    "not a number": ('{"field": "custom.nota", "op": "gt", "value": NaN}', ""),
    "infinite": ('{"field": "custom.nota", "op": "gt", "value": Infinity}', ""),
    "beyond numbers": ('{"field": "custom.nota", "op": "gt", "value": 1e400}', "/filter"),
    "a huge whole number": (f'{{"field": "custom.nota", "op": "gt", "value": {huge(400)}}}', "/filter/value"),
    "one of 5,000 digits": (f'{{"field": "custom.nota", "op": "gt", "value": {huge(5_000)}}}', "/filter"),
    "a huge end": (f'{{"field": "custom.nota", "op": "between", "value": [-{huge(400)}, 1]}}', "/filter/value/0"),
    "huge days": (json.dumps(leaf("created_at", "older_than", {"n": 10**99, "unit": "days"})), "/filter/value/n"),
    "half a day": (json.dumps(leaf("created_at", "within_last", {"n": 0.5, "unit": "days"})), "/filter/value/n"),
    "yes as a number": ('{"field": "custom.nota", "op": "gte", "value": true}', "/filter/value"),
    "a number as a text": ('{"field": "name", "op": "eq", "value": 7}', "/filter/value"),
    "NUL": (r'{"field": "name", "op": "eq", "value": "a\u0000b"}', "/filter/value"),
    "NUL in a field": (r'{"field": "na\u0000me", "op": "eq", "value": "b"}', "/filter/field"),
    "NUL as it is": ('{"field": "name", "op": "eq", "value": "a\0b"}', ""),
    "half a sign": (r'{"field": "name", "op": "eq", "value": "\ud800"}', ""),
    "half a sign in a list": (r'{"field": "group", "op": "in", "value": ["a", "\udfff\ud800"]}', ""),
    "half a sign in a field": (r'{"field": "custom.\ud800", "op": "set"}', ""),
    "a day in other digits": ('{"field": "created_at", "op": "on", "value": "٢٠٢٦-٠١-٠١"}', "/filter/value"),
    "a day of a week": ('{"field": "created_at", "op": "on", "value": "2026-W01-1"}', "/filter/value"),
    "a day behind all days": ('{"field": "created_at", "op": "on", "value": "9999-12-31"}', "/filter/value"),
    "an id of a thousand signs": (json.dumps(leaf("group", "eq", "á" * 1_000)), "/filter/value"),
}  # fmt: skip
"""What is given, and where the error points; nowhere, when it is no JSON."""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_filter_is_refused_quickly(api: Api, company: Company, people: Any, name: str) -> None:
    given, pointer = HOSTILE[name]
    for path, rest in ((PREVIEW, ""), (EXPLAIN, f'"id": "{people["Bia"]["id"]}", ')):
        began = time.process_time()
        answer = api.post(path, f'{{"table": "contacts", {rest}"filter": {given}}}', token=company.admin)
        spent_s = time.process_time() - began
        assert answer.status == 400, answer.json
        if pointer:
            assert answer.json["errors"][0]["pointer"] == pointer, answer.json
        else:
            assert answer.json["code"] == "invalid_json"
        assert spent_s < MOST_S, f"{spent_s:.2f} s"


# -- what is gone -------------------------------------------------------------------------------------------------


@pytest.fixture
def gone(
    api: Api, company: Company, other_company: Company, people: Any, services: Container, clock: Any, ids: Any
) -> Any:
    """Of each field an id that is there, and one that was, or is another account's."""
    token = company.tokens["api"]

    def made(path: str, body: Any, by: str = token) -> Any:
        answer = api.post(path, body, token=by)
        assert answer.status == 201, answer.json
        return answer.json

    def deleted(path: str, one: Any) -> str:
        assert api.delete(f"{path}/{one['id']}", token=token).status in (202, 204)
        return str(one["id"])

    made("/v1/custom-fields", {"slug": "dono", "label": "Dono", "table": "contacts", "type": "agent"})
    user = services.user_service.create(company.a, "Eva", "eva@one.example", "agent", None, "a long password").user
    services.user_service.delete(company.a, user.id)
    kept = made("/v1/workflows", {"name": "Venda", "steps": [{"name": "Novo"}, {"name": "Ganho"}]})
    left = {"steps": [{"id": kept["steps"][0]["id"], "name": "Novo"}]}
    assert api.patch(f"/v1/workflows/{kept['id']}", left, token=token).status == 200
    channels = [ids.new("ch", company.a) for _ in range(2)]
    kept_one, gone = (Channel(one, "whatsapp", one, company.department.id, clock.now(), {}, one) for one in channels)
    for channel in (kept_one, replace(gone, state="removed")):
        ChannelRecord.of_channel(company.a, channel).save()
    workflow = {"name": "x", "steps": [{"name": "y"}]}
    return {
        "contacts": {
            "group": (people["vip"], deleted("/v1/groups", made("/v1/groups", {"name": "Antigos"}))),
            "organization": (people["rotik"], deleted("/v1/organizations", made("/v1/organizations", {"name": "Fim"}))),
            "custom.dono": (company.users["agent"].id, user.id),
        },
        "chats": {
            "department": (
                company.department.id,
                deleted("/v1/departments", made("/v1/departments", {"name": "Fechado"})),
            ),
            "channel": tuple(channels),
            "workflow": (kept["id"], deleted("/v1/workflows", made("/v1/workflows", workflow))),
            "workflow_step": (kept["steps"][0]["id"], kept["steps"][1]["id"]),
        },
        "foreign": {
            "group": made("/v1/groups", {"name": "Deles"}, other_company.admin)["id"],
            "organization": made("/v1/organizations", {"name": "Deles"}, other_company.admin)["id"],
            "custom.dono": other_company.users["agent"].id,
            "department": other_company.department.id,
            "channel": ids.new("ch", other_company.a),
            "workflow": made("/v1/workflows", workflow, other_company.admin)["id"],
            "workflow_step": ids.new("st", other_company.a),
        },
    }


def test_who_names_what_is_gone_gets_an_error(api: Api, company: Company, gone: Any) -> None:
    for table in ("contacts", "chats"):
        for field, (there, left) in gone[table].items():
            for missing in (left, gone["foreign"][field], "x"):
                for op in ("eq", "ne"):
                    given = {"all": [leaf(field, "set"), {"any": [leaf(field, op, missing)]}]}
                    refused(api, company, table, given, "/filter/all/1/any/0/value")
                for op in ("in", "not_in"):
                    refused(api, company, table, leaf(field, op, [there, missing]), "/filter/value/1")
            body = {"table": table, "filter": leaf(field, "in", [there, f" {there} "])}
            assert api.post(PREVIEW, body, token=company.admin).status == 200


def refused(api: Api, company: Company, table: str, given: Any, pointer: str) -> None:
    answer = api.post(PREVIEW, {"table": table, "filter": given}, token=company.admin)
    assert answer.status == 400, given
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [(pointer, "not_found")]


def test_a_task_that_names_what_is_gone_is_not_made(api: Api, company: Company, gone: Any) -> None:
    task = {"name": "x", "table": "chats", "filter": leaf("department", "eq", gone["chats"]["department"][1])}
    answer = api.post("/v1/tasks", {**task, "action": {"type": "close"}}, token=company.admin)
    [error] = answer.json["errors"]
    assert (answer.status, error["pointer"], error["detail"]) == (400, "/filter/value", "There is no such department.")


def test_a_task_whose_filter_names_what_has_gone_since_is_switched_off(
    api: Api, company: Company, services: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was named at the moment when it went."""
    monkeypatch.setattr(services.references, "refuse", lambda *_: None)
    token = company.admin
    department = api.post("/v1/departments", {"name": "Fechado"}, token=token).json["id"]
    task = {"name": "x", "table": "chats", "filter": leaf("department", "eq", department), "action": {"type": "close"}}
    one = f"/v1/tasks/{api.post('/v1/tasks', task, token=token).json['id']}"
    assert api.delete(f"/v1/departments/{department}", token=token).status == 204
    for fields in ({"name": "y"}, {"enabled": False}):
        assert api.patch(one, fields, token=token).status == 200, fields
    for fields in ({"enabled": True}, {"filter": {"all": [task["filter"]]}}):
        answer = api.patch(one, fields, token=token)
        assert (answer.status, answer.json["errors"][0]["code"]) == (400, "not_found"), fields


def test_a_run_whose_filter_names_what_has_gone_since_acts_on_nobody(
    api: Api, company: Company, services: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = api.post("/v1/workflows", {"name": "x", "steps": [{"name": "y"}]}, token=company.admin).json
    task = {"table": "chats", "filter": leaf("workflow", "ne", workflow["id"]), "action": {"type": "close"}}
    start = services.task_run_service.start
    monkeypatch.setattr(services.references, "refuse", lambda *_: None)

    def after_it_is_gone(*given: Any, **more: Any) -> Any:
        begun = start(*given, **more)
        assert api.delete(f"/v1/workflows/{workflow['id']}", token=company.admin).status == 204
        return begun

    monkeypatch.setattr(services.task_run_service, "start", after_it_is_gone)
    over, targets = run(api, company, services, **task)
    assert (over["state"], over["reason"], targets) == ("cancelled", "filter_value_not_found", {}), over


def test_a_field_that_was_deactivated_is_unknown(api: Api, company: Company, people: Any) -> None:
    given = leaf("custom.nota", "not_set")
    [field] = api.get("/v1/custom-fields?table=contacts", token=company.admin).json["items"]
    assert api.patch(f"/v1/custom-fields/{field['id']}", {"active": False}, token=company.admin).status == 200
    answer = api.post(PREVIEW, {"table": "contacts", "filter": given}, token=company.admin)
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "unknown_field")
