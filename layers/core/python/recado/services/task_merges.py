"""Contacts that were merged while a run means several of them: they are one customer now, who is acted on once (PRODUCT
G7, H8)."""

from __future__ import annotations

from typing import Protocol

from recado.domain.contacts import Contact
from recado.domain.errors import Conflict
from recado.domain.flow_executions import Execution, execution_id
from recado.domain.task_runs import Run, Target, act_id, act_id_of_kept, may_have_heard
from recado.ports.task_runs import RunStore, TargetStore


class BegunExecutions(Protocol):
    """Executions by their ids, strongly consistent."""

    def get(self, a: str, execution_id: str) -> Execution | None: ...


class MergedTargets:
    """Each decides by what the others of its run have done by then: a target that was written down tells it, and one
    whose page is still worked on by the execution that its act began."""

    def __init__(self, runs: RunStore, targets: TargetStore, executions: BegunExecutions) -> None:
        self._runs = runs
        self._targets = targets
        self._executions = executions

    def act_id(self, a: str, run: Run, target: Target, contact: Contact, own: str) -> str:
        """The id of the act on a contact as whom the target is known now; `own`: that of the target. Raises Conflict
        `cannot_start` (`merged`) when the customer has their turn, or had it, as another of the run's targets."""
        if contact.id == target.id and not contact.merged_ids:
            return own
        others = [one for one in (contact.id, *contact.merged_ids) if one != target.id]
        if any(self._has_turn(a, run, contact, other) for other in others):
            detail = "The customer is another of the run's targets since a merge."
            raise Conflict(detail, code="cannot_start", extra={"reason": "merged"})
        return own if contact.id == target.id else act_id_of_kept(run, contact.id)

    def _has_turn(self, a: str, run: Run, contact: Contact, other: str) -> bool:
        found = self._targets.get(a, run.id, other)
        if found is None:
            return False
        target, owner = found
        if other == contact.id or may_have_heard(target):
            return True
        lane = self._runs.lane(a, run.id, owner.lane)
        begun = execution_id(a, act_id(run, lane, other)) if lane is not None else None
        if begun is not None and self._executions.get(a, begun) is not None:
            return True
        later = self._targets.get(a, run.id, other)  # its page may have been written down since: the act's id went then
        return later is not None and may_have_heard(later[0])
