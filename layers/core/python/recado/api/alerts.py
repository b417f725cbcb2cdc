"""/v1/alerts: what supervisors have to know of their departments."""

from __future__ import annotations

from typing import Any

import msgspec

from recado.api.events import ActorShape
from recado.api.routes import Call, Resource
from recado.api.rules import EVERYONE, may
from recado.services.views import event_view

alerts = Resource("alerts")


class AlertShape(msgspec.Struct):
    """An event that the supervisors of a department are told. Kept for 30 days.

    `task.disabled`, of the default department: a task was switched off because a channel that it names was removed;
    `data` is the task.

    `task.run_finished`, of the default department: a run of a task was cancelled by itself; `data` is the run, with its
    `reason`.

    `chat.unattended`: everybody who could be given a chat had it and nobody started. `data` is the chat as it is then,
    with `not_started_by`, the ids of the agents who had it and did not start it, in that order, and `from` {agent_id,
    department_id}: where it was; `agent_id` is null, and the department is the one whose supervisors are told. It may
    wait elsewhere by then (`data.department_id`)."""

    id: str
    type: str
    timestamp: str
    actor: ActorShape
    data: dict[str, Any]


@alerts.get("/v1/alerts", may("chats:read", *EVERYONE), paged=str, answers=AlertShape)
def list_alerts(call: Call) -> Any:
    """Alerts, newest first: of all departments for admins, for others of those they supervise."""
    page, following = call.services.alert_service.page(call.caller, call.limit, call.after)
    return call.list([event_view(one) for one in page], following)
