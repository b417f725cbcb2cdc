"""The examples of the demo account, attached to nothing: the flows of examples/flows, and tasks that nobody runs."""

from __future__ import annotations

import json
from pathlib import Path

from recado.bootstrap import Container
from recado.domain.access import Caller
from recado.domain.recurrences import recurrence
from recado.services.tasks import NewTask

FLOWS = Path(__file__).resolve().parents[2] / "examples" / "flows"


def add_flows(product: Container, admin: Caller) -> None:
    """A project with each flow published, and the custom field in which one of them keeps the CPF."""
    a = admin.account
    product.custom_field_service.create(a, "contacts", "cpf", "CPF", "cpf", False, [])
    project = product.project_service.create(a, "Exemplos")
    for file in sorted(FLOWS.glob("*.json")):
        flow = json.loads(file.read_text())
        made = product.flow_service.create(a, project.id, flow["name"], flow["start"], flow["steps"])
        product.flow_service.publish(admin, made.id)


def add_tasks(product: Container, admin: Caller, whatsapp_id: str) -> None:
    """One that runs when somebody says so, on a group without members; one that is switched off, as it would close
    chats of whoever tries something else."""
    a = admin.account
    group = product.group_service.create(a, "group", "Mensalistas")
    [reminder] = [one for one in product.flow_service.all(a, None) if one.name == "Lembrete de pagamento"]
    flow = {"project_id": reminder.project_id, "flow_id": reminder.id, "channel_id": whatsapp_id}
    product.task_service.create(
        admin,
        NewTask(
            "Lembrete de pagamento aos mensalistas",
            "contacts",
            {"type": "run_flow", **flow, "when_in_service": "skip", "when_queued": "skip", "when_automatic": "skip"},
            "Quem é do grupo Mensalistas recebe o lembrete pelo modelo aprovado.",
            filter={"field": "group", "op": "eq", "value": group.id},
        ),
    )
    product.task_service.create(
        admin,
        NewTask(
            "Encerrar conversas paradas há 2 dias",
            "chats",
            {"type": "close"},
            "Conversas em que o cliente não escreve há dois dias são encerradas de manhã.",
            enabled=False,
            recurrence=recurrence({"mode": "automatic", "every": "day", "at": "06:00"}),
            filter={"field": "last_inbound_at", "op": "older_than", "value": {"n": 2, "unit": "days"}},
        ),
    )
