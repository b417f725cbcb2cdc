"""/v1/departments/{id}/reconciliation: look for what is not as it should be, and put it right."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from recado.api.bodies import Nothing
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.services.reconciler import Look
from recado.services.views import moment

reconciliation = Resource("reconciliation")


class DriftShape(msgspec.Struct):
    """One thing that was not as it should be. `id`: the user of a member, ring or load, the chat of a wait, the
    department of a head. A load is repaired by a second look, five minutes later at the earliest. `unreadable`: an
    item of the kind `found` whose attributes make no sense; nothing is done about it."""

    kind: Literal["member", "ring", "wait", "head", "load", "unreadable"]
    id: str
    found: str | int | None
    expected: str | int | None
    repaired: bool


class ReconciliationShape(msgspec.Struct):
    """What one look saw. `complete` false: its time was over, the next one goes on from there."""

    department_id: str
    began_at: str
    seen: int
    complete: bool
    drifts: list[DriftShape]


@reconciliation.post(
    "/v1/departments/{department_id}/reconciliation",
    may("people:write", *ADMINS),
    body=Nothing,
    answers=ReconciliationShape,
)
def reconcile_department(call: Call, department_id: str) -> Any:
    """Hold a department's members, queue and loads against its agents and chats, and repair what is not right."""
    return _look_view(call.services.reconciler.look(call.caller.account, department_id))


def _look_view(look: Look) -> dict[str, Any]:
    return {
        "department_id": look.department_id,
        "began_at": moment(look.began_at),
        "seen": look.seen,
        "complete": look.complete,
        "drifts": [
            {"kind": one.kind, "id": one.id, "found": one.found, "expected": one.expected, "repaired": one.repaired}
            for one in look.drifts
        ],
    }
