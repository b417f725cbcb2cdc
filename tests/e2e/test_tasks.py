"""Tasks on the running product: chats are closed by one, a flow goes out by another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def over(live: Live, path: str) -> dict[str, Any]:
    found: dict[str, Any] = eventually(
        lambda: (run := live.admin.get(path))["state"] in ("done", "cancelled") and run, within_s=120
    )
    return found


def run(live: Live, task: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The task's run at its end, and its targets."""
    made = live.admin.post("/v1/tasks", task, expect=201)
    begun = live.admin.post(f"/v1/tasks/{made['id']}/runs", {}, expect=202)
    path = f"/v1/tasks/{made['id']}/runs/{begun['id']}"
    return over(live, path), live.admin.items(f"{path}/targets")


def test_chats_are_closed_by_a_task(live: Live) -> None:
    chats = [live.writes(Customer(f"Cliente {number}")) for number in range(3)]
    wanted = {"field": "id", "op": "in", "value": [one["id"] for one in chats]}
    done, targets = run(live, {"name": "Fechar", "table": "chats", "filter": wanted, "action": {"type": "close"}})
    assert (done["state"], done["audience"], done["executed"]) == ("done", 3, 3), done
    assert {(one["id"], one["state"]) for one in targets} == {(one["id"], "executed") for one in chats}
    assert [live.chat(one["id"])["situation"] for one in chats] == ["closed"] * 3


def test_a_run_over_nobody_is_done(live: Live) -> None:
    nobody = {"field": "name", "op": "eq", "value": "Ninguém se chama assim"}
    task = {"name": "Ninguém", "table": "contacts", "filter": nobody, "action": flow(live)}
    done, targets = run(live, task)
    assert (done["state"], done["audience"], targets) == ("done", 0, [])


def flow(live: Live) -> dict[str, Any]:
    """An action that writes to contacts on WhatsApp."""
    project = live.admin.post("/v1/projects", {"name": "Tarefas"}, expect=201)["id"]
    steps = {"a": {"type": "send_text", "text": "Lembrete da tarefa", "next": "b"}, "b": {"type": "close"}}
    drawn = {"project_id": project, "name": "Lembrete", "start": "a", "steps": steps}
    flow_id = live.admin.post("/v1/flows", drawn, expect=201)["id"]
    live.admin.post(f"/v1/flows/{flow_id}/publish", {}, expect=200)
    channel_id = live.demo["channels"]["whatsapp"]["id"]
    return {"type": "run_flow", "project_id": project, "flow_id": flow_id, "channel_id": channel_id}


def test_contacts_are_written_to_by_a_flow(live: Live) -> None:
    chats = [live.writes(Customer(f"Contato {number}")) for number in range(2)]
    for chat in chats:
        live.admin.post(f"/v1/chats/{chat['id']}/close", {})
    wanted = {"field": "id", "op": "in", "value": [one["contact_id"] for one in chats]}
    task = {"name": "Lembrar", "table": "contacts", "filter": wanted, "action": flow(live)}
    done, targets = run(live, task)
    assert (done["state"], done["audience"], done["executed"]) == ("done", 2, 2), (done, targets)
    for target in targets:
        [sent] = live.sends_of(target["message_id"])
        assert sent["body"]["text"]["body"] == "Lembrete da tarefa"


def test_a_cancelled_run_writes_to_nobody_more(live: Live) -> None:
    """What was on its way leaves, and nothing else; an agent's message does not wait long behind the run."""

    def contact(number: int) -> None:
        body = {"name": f"Campanha {number}", "mobile": f"+55119{70_000_000 + number}"}
        live.admin.post("/v1/contacts", body, expect=201)

    def written_to() -> list[str]:
        calls = live.providers.items("/calls", channel="whatsapp")
        to = [one["body"].get("to", "") for one in calls if isinstance(one["body"], dict)]
        return [one for one in to if one.startswith("55119700")]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(contact, range(120)))
    reminder = next(one for one in live.admin.items("/v1/flows") if one["name"] == "Lembrete de pagamento")
    action = {**flow(live), "project_id": reminder["project_id"], "flow_id": reminder["id"]}
    meant = {"field": "name", "op": "starts_with", "value": "Campanha"}
    task = {"name": "Campanha", "table": "contacts", "filter": meant, "action": action}
    made, waits = live.admin.post("/v1/tasks", task, expect=201), live.writes(Customer("Quem espera"))
    begun = live.admin.post(f"/v1/tasks/{made['id']}/runs", {}, expect=202)
    path = f"/v1/tasks/{made['id']}/runs/{begun['id']}"
    again = live.admin.post(f"/v1/tasks/{made['id']}/runs", {}, expect=409)
    assert (again["code"], again["run_id"]) == ("task_running", begun["id"])
    eventually(lambda: live.admin.get(path)["executed"] >= 5, within_s=60)
    answer = live.admin.post(f"/v1/chats/{waits['id']}/messages", {"text": "Já vou"}, expect=201)
    told = live.admin.post(f"{path}/cancel", {}, expect=200)
    eventually(lambda: live.status_of(waits["id"], answer["id"])["status"] != "queued")
    sent = eventually(lambda: (seen := written_to()) and not sleep(2) and written_to() == seen and seen)
    assert len(sent) <= told["executed"] + told["waiting"] + 8 < 120, "one of each lane's page may be begun still"
    sleep(5)
    assert written_to() == sent, "a run that was cancelled goes on writing"
    assert len(set(sent)) == len(sent)
