"""Flows as runs of tasks begin them (PRODUCT G5, G6)."""

from __future__ import annotations

from recado.domain.access import Caller
from recado.domain.errors import Conflict
from recado.domain.task_runs import Result, Run


class TaskFlows:
    """Nothing leads a chat through a flow yet: a task with a flow cannot be made."""

    def begin(self, caller: Caller, run: Run, target_id: str, situations: tuple[str, ...]) -> str:
        """Raises Conflict."""
        raise Conflict("Flows cannot be run yet.", code="channel_unusable")

    def result(self, a: str, execution_id: str) -> Result:
        """No flow was begun."""
        return Result("failed", "flow_gone")
