"""Flows that runs of tasks began and that have said nothing yet: a run that is paused or cancelled stops them (PRODUCT
G7)."""

from __future__ import annotations

from typing import Literal, Protocol

from recado.domain.flow_executions import Execution, effect_origin
from recado.domain.task_runs import Run
from recado.ports.idempotency import Attempt
from recado.services.sending import SendingService


class KnownRuns(Protocol):
    """Runs by their ids, strongly consistent."""

    def get(self, a: str, task_id: str, run_id: str) -> Run | None: ...


class FlowStops:
    """Looked at before each step until the first message is written. What was written by then leaves."""

    def __init__(self, runs: KnownRuns, sending: SendingService) -> None:
        self._runs = runs
        self._sending = sending

    def state(self, a: str, one: Execution) -> Literal["paused", "cancelled"] | None:
        """What the run is that stops an execution; None: nothing does."""
        if one.of_run is None or one.first_seq is not None:
            return None
        run = self._runs.get(a, *one.of_run)
        if run is None or run.state not in ("paused", "cancelled"):
            return None
        attempt = Attempt(effect_origin(a, one), again=True)
        if self._sending.written(a, one.chat_id, attempt) is not None:  # whoever wrote it died before that was noted
            return None
        return "paused" if run.state == "paused" else "cancelled"
