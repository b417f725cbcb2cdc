"""POST /v1/chats/{id}/flow, /v1/flows/{id}/executions, and the flow of a channel (PRODUCT F1)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.storage.chat_records import ChatRecord, ThreadRecord, wait_record
from tests.api.conftest import Api, Company

STEPS = {"a": {"type": "delay", "seconds": 60, "next": "b"}, "b": {"type": "queue"}}


@pytest.fixture
def flow_id(api: Api, company: Company) -> str:
    project = api.post("/v1/projects", {"name": "P"}, token=company.admin).json["id"]
    body = {"project_id": project, "name": "Espera", "start": "a", "steps": STEPS}
    made = str(api.post("/v1/flows", body, token=company.admin).json["id"])
    assert api.post(f"/v1/flows/{made}/publish", token=company.admin).status == 200
    return made


@pytest.fixture
def chat(services: Container, company: Company) -> Chat:
    """A chat that waits."""
    a, now = company.a, services.clock.now()
    key = ThreadKey(services.ids.new("ch", a), "x:1")
    chat = Chat(
        services.ids.new("ca", a), services.ids.new("ct", a), key.channel_id, "custom", key, company.department.id,
        "queued", now, 1, queued_at=now,
    )  # fmt: skip
    ThreadRecord.of_thread(a, Thread(key, chat.contact_id, 1, chat.id, now, now, "oi", 1)).save()
    ChatRecord.of_chat(a, chat).save()
    wait_record(a, chat).save()
    return chat


def test_a_flow_is_started_once_and_its_trace_is_told(
    api: Api, services: Container, company: Company, flow_id: str, chat: Chat, clock: Any
) -> None:
    place, body = f"/v1/chats/{chat.id}/flow", {"flow_id": flow_id, "variables": {"nome": "Ana"}}
    key = {"Idempotency-Key": "k1"}
    first = api.post(place, body, token=company.admin, headers=key)
    assert (first.status, first.json["situation"], first.json["agent_id"]) == (200, "automatic", None)
    assert first.json["flow_id"] == flow_id
    assert api.post(place, body, token=company.admin, headers=key).json == first.json
    execution_id = first.json["execution_id"]
    services.flow_engine.look(company.a, execution_id)
    [one] = api.get(f"/v1/flows/{flow_id}/executions", token=company.admin).json["items"]
    assert (one["id"], one["state"], one["waits_for"], one["chat_id"]) == (execution_id, "waiting", "time", chat.id)
    told = api.get(f"/v1/flows/{flow_id}/executions/{execution_id}", token=company.tokens["api"]).json
    assert [(line["step"], line["type"]) for line in told["trace"]] == [("a", "delay")]
    assert (told["variables"], told["started_by"]) == ({"nome": "Ana"}, "user")

    clock.move(1)
    again = api.post(place, body, token=company.admin)
    assert again.json["execution_id"] != execution_id
    listed = api.get(f"/v1/flows/{flow_id}/executions?limit=1", token=company.admin).json
    assert [one["id"] for one in listed["items"]] == [again.json["execution_id"]]
    rest = api.get(f"/v1/flows/{flow_id}/executions?limit=1&after={listed['next']}", token=company.admin).json
    assert [(one["state"], one["reason"]) for one in rest["items"]] == [("aborted", "another_flow")]
    for query, expected in (
        (f"chat_id={chat.id}", 2), ("state=aborted", 1), ("state=failed", 0), (f"chat_id={chat.id[:-1]}f", 0),
    ):  # fmt: skip
        found = api.get(f"/v1/flows/{flow_id}/executions?{query}", token=company.admin).json["items"]
        assert len(found) == expected, query

    closed = api.post(f"/v1/chats/{chat.id}/close", token=company.admin).json
    assert (closed["flow_id"], closed["execution_id"]) == (None, None)
    refused = api.post(place, body, token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "chat_closed")


def test_who_does_not_see_the_chat_sees_no_execution(
    api: Api, company: Company, other_company: Company, flow_id: str, chat: Chat
) -> None:
    place, body = f"/v1/chats/{chat.id}/flow", {"flow_id": flow_id}
    assert api.post(place, body, token=company.tokens["agent"]).status == 404
    assert api.post(place, body, token=other_company.admin).status == 404
    execution_id = api.post(place, body, token=company.admin).json["execution_id"]
    listed = f"/v1/flows/{flow_id}/executions"
    assert api.get(listed, token=company.tokens["agent"]).json["items"] == []
    assert api.get(f"{listed}/{execution_id}", token=company.tokens["agent"]).status == 404
    assert api.get(listed, token=other_company.admin).status == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"flow_id": "fl_1"}, "/flow_id"),
        ({}, "/flow_id"),
        ({"flow_id": None, "variables": {"Nome": 1}}, "/flow_id"),
        ({"variables": {"Nome": 1}}, "/variables/Nome"),
        ({"variables": {"system": 1}}, "/variables/system"),
    ],
)
def test_what_no_flow_begins_with(
    api: Api, company: Company, flow_id: str, chat: Chat, body: dict[str, Any], pointer: str
) -> None:
    given = {"flow_id": flow_id, **body} if "variables" in body and "flow_id" not in body else body
    refused = api.post(f"/v1/chats/{chat.id}/flow", given, token=company.admin)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer)


def test_a_channel_has_a_published_flow_which_stays(
    api: Api, company: Company, other_company: Company, flow_id: str
) -> None:
    made = api.post("/v1/channels", {"type": "online_chat", "name": "Site"}, token=company.admin).json
    place = f"/v1/channels/{made['id']}"
    own = {"settings": {"entry_flow_id": flow_id}}
    assert api.patch(place, own, token=company.admin).json["settings"]["entry_flow_id"] == flow_id
    refused = api.delete(f"/v1/flows/{flow_id}", token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["channel_ids"]) == (409, "flow_in_use", [made["id"]])
    theirs = api.post("/v1/channels", {"type": "online_chat", "name": "Site"}, token=other_company.admin).json["id"]
    refused = api.patch(f"/v1/channels/{theirs}", own, token=other_company.admin)
    assert refused.json["errors"][0]["pointer"] == "/settings/entry_flow_id"
    assert api.patch(place, {"settings": {"entry_flow_id": None}}, token=company.admin).status == 200
    assert api.delete(f"/v1/flows/{flow_id}", token=company.admin).status == 204


def test_a_channel_on_which_nothing_can_be_written_has_no_flow(api: Api, company: Company, flow_id: str) -> None:
    number = {"number": "+551140000000"}
    telephone = {"type": "telephone", "name": "Telefone", "secrets": {"auth_token": "a1" * 16}}
    made = api.post("/v1/channels", {**telephone, "settings": number}, token=company.admin)
    assert made.status == 201, made.text
    own = {"settings": {**number, "entry_flow_id": flow_id}}
    for refused in (
        api.post("/v1/channels", {**telephone, **own}, token=company.admin),
        api.patch(f"/v1/channels/{made.json['id']}", own, token=company.admin),
    ):
        assert refused.status == 400
        assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [
            ("/settings/entry_flow_id", "no_flows")
        ]
    none = {"settings": {"entry_flow_id": None}}
    assert api.patch(f"/v1/channels/{made.json['id']}", none, token=company.admin).status == 200
    project = api.get(f"/v1/flows/{flow_id}", token=company.admin).json["project_id"]
    action = {"type": "run_flow", "project_id": project, "flow_id": flow_id, "channel_id": made.json["id"]}
    task = api.post("/v1/tasks", {"name": "Ligar", "table": "contacts", "action": action}, token=company.admin)
    assert [(one["pointer"], one["code"]) for one in task.json["errors"]] == [("/action/channel_id", "no_flows")]
