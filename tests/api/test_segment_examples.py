"""The two examples of the seed of tasks, as previews, explanations and runs through the API (seed 001, PRODUCT G3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.bootstrap import Container
from recado.domain.chats import Chat, Thread
from recado.storage.chat_records import ChatRecord, ThreadRecord
from tests.api.conftest import Api, Company
from tests.api.test_chats import chat as chat
from tests.api.test_segments import EXPLAIN, names, preview
from tests.api.test_segments import people as people
from tests.api.test_tasks_with_flows import action as action
from tests.api.test_tasks_with_flows import channel as channel


def run(api: Api, company: Company, services: Container, **task: Any) -> tuple[Any, dict[str, str]]:
    """A task's run at its end, and the state of each of its targets."""
    made = api.post("/v1/tasks", {"name": "Tarefa", **task}, token=company.admin)
    assert made.status == 201, made.json
    path = f"/v1/tasks/{made.json['id']}/runs"
    begun = api.post(path, token=company.admin).json
    queue: Any = services.task_run_queue
    while queue.sent:
        body = queue.sent.pop(0).body
        services.task_run_work.work(
            company.a, body["task_id"], body["run_id"], body["lane"], body["version"], lambda: True
        )
    path = f"{path}/{begun['id']}"
    targets = api.get(f"{path}/targets", token=company.admin).json["items"]
    return api.get(path, token=company.admin).json, {one["id"]: one["state"] for one in targets}


def held(api: Api, company: Company, table: str, given: Any, record_id: str) -> tuple[bool, list[bool]]:
    """Whether a record is meant, and which of the conditions held."""
    told = api.post(EXPLAIN, {"table": table, "filter": given, "id": record_id}, token=company.admin).json
    return told["matches"], [one["held"] for one in told["leaves"]]


def test_created_on_a_date_and_of_an_organization(
    api: Api, company: Company, people: Any, services: Container, action: dict[str, Any]
) -> None:
    """Seed 001: E+ of "Criado em" and "Organização" are the contacts made on that date who are of Rotik."""
    on_day = {"field": "created_at", "op": "on", "value": people["day"]}
    of_rotik = {"field": "organization", "op": "eq", "value": people["rotik"]}
    both = {"all": [on_day, of_rotik]}
    found = preview(api, company, "contacts", both)
    assert (found["count"], found["complete"], names(found)) == (1, True, ["Bia"])
    assert found["items"][0] == api.get(f"/v1/contacts/{people['Bia']['id']}", token=company.tokens["api"]).json
    assert held(api, company, "contacts", both, people["Bia"]["id"]) == (True, [True, True])
    assert held(api, company, "contacts", both, people["Caio"]["id"]) == (False, [True, False])
    assert held(api, company, "contacts", both, people["Ana"]["id"]) == (False, [False, True])
    over, targets = run(api, company, services, table="contacts", filter=both, action=action)
    assert (over["state"], over["audience"], list(targets)) == ("done", 1, [people["Bia"]["id"]]), over


def test_created_on_a_date_or_in_a_department(
    api: Api, company: Company, chat: Chat, clock: Any, ids: Any, services: Container
) -> None:
    """Seed 001: OU+ of a date and a department are the chats that were opened then, or are there, or both."""
    support = api.post("/v1/departments", {"name": "Suporte"}, token=company.tokens["api"]).json["id"]
    earlier = chat.opened_at - timedelta(days=3)
    chat = replace(chat, situation="queued", agent_id=None, assigned_at=None)
    ChatRecord.of_chat(company.a, chat).save()
    waiting = replace(chat, opened_at=earlier)
    others = {
        "there": replace(waiting, department_id=support),
        "neither": waiting,
        "closed": replace(waiting, department_id=support, situation="closed", closed_at=clock.now()),
    }
    for number, (name, one) in enumerate(others.items()):
        others[name] = replace(
            one, id=ids.new("ca", company.a), thread=replace(chat.thread, sender=f"+551198765432{number}")
        )
        ChatRecord.of_chat(company.a, others[name]).save()
        thread = Thread(others[name].thread, chat.contact_id, 1, others[name].id, earlier, earlier)
        ThreadRecord.of_thread(company.a, thread).save()
    on_day = {"field": "created_at", "op": "on", "value": f"{chat.opened_at:%F}"}
    there = {"field": "department", "op": "eq", "value": support}
    either = {"any": [on_day, there]}
    found = preview(api, company, "chats", either)
    assert {one["id"] for one in found["items"]} == {chat.id, others["there"].id}
    assert found["count"] == 2
    assert preview(api, company, "chats", {"all": [on_day, there]})["count"] == 0
    assert held(api, company, "chats", either, chat.id) == (True, [True, False])
    assert held(api, company, "chats", either, others["there"].id) == (True, [False, True])
    assert held(api, company, "chats", either, others["neither"].id) == (False, [False, False])
    over, targets = run(api, company, services, table="chats", filter=either, action={"type": "close"})
    assert (over["state"], over["audience"], over["executed"]) == ("done", 2, 2), over
    assert targets == {chat.id: "executed", others["there"].id: "executed"}
    neither = api.get(f"/v1/chats/{others['neither'].id}", token=company.admin).json
    assert neither["situation"] == "queued"
