"""The description of the API: whole docstrings, refusals, and the rules that types do not tell."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

import recado
from recado.api.bodies import Body
from recado.api.openapi import document
from recado.api.refusals import REFUSALS, Problem, codes_of
from recado.api.resources import routes
from recado.api.routes import Resource
from recado.api.rules import EVERYONE, may
from tests.api.conftest import Api, Company

SOURCE = Path(recado.__file__).parent
COMMON = {"type", "title", "status", "detail", "code", "errors"}
DESCRIBED = document()


def operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIBED["paths"][path][method.lower()]
    return found


def parameter(method: str, path: str, name: str) -> dict[str, Any]:
    [found] = [one for one in operation(method, path)["parameters"] if one["name"] == name]
    return dict(found)


def test_a_docstring_of_several_lines_is_told_whole() -> None:
    for route in routes():
        told = operation(route.method, route.path)
        assert told["description"] == " ".join((route.function.__doc__ or "").split())
        assert told["description"].startswith(told["summary"]) and told["summary"].endswith(".")
        assert told["summary"].count(". ") == 0
    assert operation("GET", "/v1/chats")["summary"] == "Chats that the caller may see, newest first."


def test_every_reference_leads_somewhere() -> None:
    text = msgspec.json.encode(DESCRIBED).decode()
    named = set(re.findall(r'"#/components/(schemas|responses)/([^"]+)"', text))
    assert len(named) > 50
    assert [one for one in named if one[1] not in DESCRIBED["components"][one[0]]] == []


def test_no_description_sends_to_a_file_that_clients_do_not_have() -> None:
    schemas = DESCRIBED["components"]["schemas"].items()
    assert [name for name, schema in schemas if re.search(r"\bdocs/|\.py\b", schema["description"])] == []


def test_rules_of_queries_are_told() -> None:
    assert "366" in parameter("GET", "/v1/reports/agents", "from")["description"]
    assert "today" in parameter("GET", "/v1/reports/channels", "to")["description"]
    assert parameter("GET", "/v1/reports/departments", "limit")["schema"]["default"] == 50
    for name in ("from", "to"):
        assert "a day (YYYY-MM-DD) of UTC" in parameter("GET", "/v1/chats", name)["description"]
    for path in ("/v1/chats", "/v1/contacts/{contact_id}/chats"):
        assert "`compat=huggy` alone" in parameter("GET", path, "situation")["description"]


def test_a_transfer_has_one_goal() -> None:
    body = operation("POST", "/v1/chats/{chat_id}/transfer")["requestBody"]
    assert body["required"] is True
    assert [one["required"] for one in DESCRIBED["components"]["schemas"]["TransferBody"]["oneOf"]] == [
        ["agent_id"],
        ["department_id"],
    ]
    assert not operation("POST", "/v1/chats/{chat_id}/close")["requestBody"]["required"]


def test_receipts_tell_what_they_can_say() -> None:
    candidate = DESCRIBED["components"]["schemas"]["CandidateShape"]["properties"]["outcome"]
    assert {"chosen", "did_not_start", "at_cap", "offline"} <= {
        one for part in candidate["anyOf"] for one in part["enum"]
    }
    shape = DESCRIBED["components"]["schemas"]["ReceiptShape"]
    causes = {one for part in shape["properties"]["cause"]["anyOf"] for one in part["enum"]}
    assert "last_agent" in causes
    assert [one for one in causes if f"`{one}`" not in shape["description"]] == []


# Unknown parameters


@pytest.mark.parametrize("path", ["/v1/users", "/v1/chats", "/v1/account", "/v1/reports/agents", "/v1/openapi.json"])
def test_a_parameter_that_is_not_declared_is_refused(api: Api, company: Company, path: str) -> None:
    answer = api.get(f"{path}?foo=1", token=company.admin)
    assert (answer.status, answer.json["code"]) == (400, "invalid")
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("?foo", "unknown_parameter")]
    assert api.get(path, token=company.admin).status == 200


def test_pages_are_asked_for_where_there_are_pages(api: Api, company: Company) -> None:
    assert api.get("/v1/users?limit=1&after=", token=company.admin).status == 200
    refused = api.get(f"/v1/users/{company.users['agent'].id}?limit=1", token=company.admin)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "?limit")
    refused = api.post("/v1/departments?foo=1", {"name": "Sales"}, token=company.admin)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "?foo")


@pytest.mark.parametrize("body", [{}, {"agent_id": None}, {"agent_id": "us_1", "department_id": "dp_1"}])
def test_one_of_is_exactly_one(body: dict[str, Any]) -> None:
    from recado.api.bodies import parse_body
    from recado.api.chats import TransferBody
    from recado.domain.errors import Invalid

    with pytest.raises(Invalid) as refused:
        parse_body(msgspec.json.encode(body), None, TransferBody)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [
        ("/agent_id", "one_of"),
        ("/department_id", "one_of"),
    ]
    assert parse_body(b'{"agent_id": "us_1", "department_id": null}', None, TransferBody).agent_id == "us_1"


# Refusals


def raised() -> dict[str, set[str]]:
    """Every code that the source raises, with the functions that do: of `code="…"`, of classes of errors, and of
    tables of (code, detail)."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for given in node.keywords:
                    if given.arg == "code" and isinstance(given.value, ast.Constant) and node.func.id in REFUSING:
                        found[given.value.value].add(path.stem)
    return found


REFUSING = {"Conflict", "Forbidden", "Invalid", "NotFound", "TooMany", "Unauthenticated", "Unprocessable"}


def test_every_code_that_is_raised_is_explained() -> None:
    codes = raised()
    assert {"chat_taken", "chat_moved", "reopen_not_allowed", "wrong_credentials"} <= set(codes)
    of_the_widget = {code for code, files in codes.items() if all(one.startswith("widget_") for one in files)}
    assert sorted(set(codes) - set(REFUSALS) - of_the_widget) == [], "recado/api/refusals.py does not explain them"
    doors = (SOURCE.parents[3] / "docs" / "online-chat.md").read_text()
    assert [code for code in sorted(of_the_widget) if f"`{code}`" not in doors] == [], "docs/online-chat.md"


def test_every_code_of_chats_and_messages_is_named_by_a_route_of_theirs() -> None:
    theirs = {"chat_actions", "chat_commits", "chat_marks", "chat_starting", "chat_moves", "sending", "message_changes"}
    named = {code for route in routes() if route.tag in ("chats", "messages") for code in route.problems}
    of_chats = {code for code, files in raised().items() if files & theirs}
    assert len(of_chats) > 12
    assert sorted(of_chats - named) == []


def test_every_explained_code_is_named_somewhere() -> None:
    told = {code for route in routes() for code in codes_of(route)}
    assert sorted(set(REFUSALS) - told) == []


def test_the_further_fields_of_a_problem_are_those_of_the_codes() -> None:
    fields = {one.name for one in msgspec.structs.fields(Problem)} - COMMON
    assert {member for refusal in REFUSALS.values() for member in refusal.members} == fields


def test_refusals_are_told_by_status_with_their_fields() -> None:
    told = operation("POST", "/v1/chats/{chat_id}/assume")["responses"]
    assert {"200", "401", "403", "404", "409", "500", "503"} <= told.keys() and "default" not in told
    assert "`chat_taken` (situation, agent_id, department_id, version, moved_by)" in told["409"]["description"]
    codes = told["409"]["content"]["application/problem+json"]["schema"]["properties"]["code"]["enum"]
    assert {"chat_taken", "agent_at_cap", "no_user", "idempotency_in_progress"} <= set(codes)
    assert told["401"] == {"$ref": "#/components/responses/unauthenticated_or_session_expired"}


def test_a_route_names_only_codes_that_are_explained() -> None:
    class Nothing(Body, frozen=True):
        pass

    with pytest.raises(ValueError, match="shelf_full"):
        Resource("shelves").post("/v1/shelves", may("files:write", *EVERYONE), body=Nothing, problems=("shelf_full",))
