"""The public shapes of executions of flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado.domain.flow_executions import Execution, TraceLine
from recado.services.views import moment


def execution_view(one: Execution) -> dict[str, Any]:
    """An execution without what it did."""
    return {
        "id": one.id,
        "flow_id": one.begun_with or one.flow_id,
        "in_flow_id": one.flow_id,
        "flow_version": one.flow_version,
        "chat_id": one.chat_id,
        "contact_id": one.contact_id,
        "state": one.state,
        "reason": one.reason or None,
        "step": one.step,
        "waits_for": one.waits_for,
        "due_at": moment(one.due_at),
        "steps_done": one.place,
        "started_by": one.started_by,
        "started_at": moment(one.started_at),
        "ended_at": moment(one.ended_at),
    }


def traced_view(one: Execution, lines: Sequence[TraceLine]) -> dict[str, Any]:
    """An execution with its variables and what it did, in order."""
    trace = [
        {
            "number": line.number,
            "at": moment(line.at),
            "flow_id": line.flow_id,
            "step": line.step,
            "type": line.type,
            "input": line.input,
            "outcome": line.outcome,
        }
        for line in lines
    ]
    return {**execution_view(one), "variables": dict(one.variables), "trace": trace}
