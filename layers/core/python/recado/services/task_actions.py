"""What a task does to one contact or chat (PRODUCT G5, G6): the same services as the API uses, by a caller who is the
run. An act has an id, by which it is done once however often it is repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from recado.domain.access import Caller
from recado.domain.errors import Busy, Conflict, DomainError, Invalid, NotFound
from recado.domain.task_runs import Result, Run, Sent, Target
from recado.services.chat_actions import ChatActions
from recado.services.chat_marks import ChatMarks
from recado.services.flow_starting import LeftAlone
from recado.services.task_flows import TaskFlows
from recado.services.task_meaning import StillMeant

_SKIPPED = frozenset(
    {
        "already_closed", "already_open", "already_queued", "already_transferred", "another_chat_open", "chat_closed",
        "cannot_start", "opted_out", "outside_window", "reopen_not_allowed",
    }
)  # fmt: skip
"""Refusals after which there is nothing to be done again: what is wanted is so already, or the customer may not be
written to. Any other is a failure, which can be taken up again."""
_TRIES = 5


class DoneActs(Protocol):
    """Acts on chats by their ids (storage.chat_moves)."""

    def is_done(self, a: str, act_id: str) -> bool: ...


class TaskActions:
    """One act. What the product refuses is a result; anything else is raised."""

    def __init__(
        self, actions: ChatActions, marks: ChatMarks, flows: TaskFlows, meant: StillMeant, acts: DoneActs
    ) -> None:
        self._actions = actions
        self._marks = marks
        self._flows = flows
        self._meant = meant
        self._acts = acts

    def act(self, a: str, run: Run, target: Target, act_id: str) -> Result:
        """Do what the run's action says. Raises Busy, and what nobody foresaw."""
        for _ in range(_TRIES):
            try:
                return self._act(Caller(a, "admin", token_id=run.id, act_id=act_id), run, target)
            except LeftAlone as left:
                return Result("skipped", str(left.extra["situation"]))
            except DomainError as refusal:
                if refusal.code != "chat_moved":
                    return refused(refusal)
        raise Busy(f"act on {target.id}")

    def _act(self, caller: Caller, run: Run, target: Target) -> Result:
        """Raises Conflict `chat_moved` where somebody moved the chat since it was looked at whether it is meant."""
        a, act_id = caller.account, caller.act_id or ""
        is_flow = run.action["type"] == "run_flow"
        begun = self._flows.begun(a, act_id) if is_flow else None
        if begun is not None:
            return Result("pending", None, Sent(execution_id=begun))
        if run.table == "chats" and run.action["type"] != "reopen":  # no filter of open chats holds of a closed one
            judged = self._meant.chat(a, run, target)
            if judged is None:
                done = not is_flow and self._acts.is_done(a, act_id)
                return Result("executed") if done else Result("skipped", "no_longer_meant")
            caller = replace(caller, judged=judged)
        if is_flow:
            return self._flows.begin(caller, run, target)
        self._on_chat(caller, run.action, target.id)
        return Result("executed")

    def _on_chat(self, caller: Caller, action: Any, chat_id: str) -> None:
        match action["type"]:
            case "transfer":
                self._actions.transfer_to_agent(caller, chat_id, action["agent_id"])
            case "queue":
                self._actions.queue(caller, chat_id)
            case "change_department":
                self._actions.transfer_to_department(caller, chat_id, action["department_id"])
            case "close":
                self._actions.close(caller, chat_id, action.get("tabulation_id"))
            case "reopen":
                self._actions.reopen(caller, chat_id)
            case "workflow_step":
                self._marks.step(caller, chat_id, action["step_id"])
            case "tabulate":
                self._marks.tabulate(caller, chat_id, action["tabulation_id"])
            case unknown:
                raise ValueError(f"there is no action {unknown!r}")


def refused(refusal: DomainError) -> Result:
    """What the product's refusal makes of a target."""
    error = refusal.errors[0] if refusal.errors else None
    if error is not None and error.pointer.startswith("/template"):
        return Result("failed", f"template_{error.code}")
    if isinstance(refusal, NotFound):
        return Result("skipped", "gone")
    if isinstance(refusal, Conflict) and refusal.code in _SKIPPED:
        return Result("skipped", str(refusal.extra.get("reason", refusal.code)))
    if isinstance(refusal, Invalid) and error is not None:
        return Result("failed", f"{error.pointer.rsplit('/', 1)[-1]}_{error.code}")
    return Result("failed", refusal.code)
