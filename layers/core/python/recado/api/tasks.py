"""/v1/tasks: what is done to whom, and when; and the runs of each."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import UNSET, Body, LongText, Maybe, Meta, PublicId, Query, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.domain.recurrences import Recurrence, recurrence
from recado.domain.segment_fields import Table
from recado.domain.task_runs import RunState, TargetState, Trigger
from recado.domain.tasks import WhenOpen
from recado.services.tasks import NewTask, task_view

tasks = Resource("tasks")

_READ, _WRITE = may("tasks:read", *ADMINS), may("tasks:write", *ADMINS)
_OF_A_RUN = "/v1/tasks/{task_id}/runs/{run_id}"
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]


class RecurrenceBody(Body, frozen=True):
    """`manual`: it runs when somebody says so. `automatic`: `every` n `minutes` or `hours`, counted from `at`; or every
    `day`, on `weekdays` (1, Monday, to 7), on the `month_day` `day`, at `at`. `until`: its last day. All by the
    account's zone. A month without the day is left out, which the task tells as `skipped_months`."""

    mode: Literal["manual", "automatic"] = "manual"
    every: Literal["minutes", "hours", "day", "weekdays", "month_day"] | None = None
    n: int | None = None
    weekdays: Annotated[list[int], Meta(max_length=31)] | None = None
    day: int | None = None
    at: ClockTime | None = None
    until: date | None = None


class FallbackTemplate(Body, frozen=True):
    """A template as a message has it; its variables may name `{{contact.name}}` and the like."""

    name: Annotated[str, Meta(min_length=1, max_length=512)]
    language: Annotated[str, Meta(min_length=1, max_length=20)]
    variables: list[Annotated[str, Meta(max_length=1024)]] | dict[str, Annotated[str, Meta(max_length=1024)]] = (
        msgspec.field(default_factory=list)
    )


class RunFlow(Body, frozen=True, tag_field="type", tag="run_flow"):
    """`channel_id` of contacts only: chats have theirs. `when_…`: what is done with who has such an open chat; whoever
    has none gets the flow. `template_fallback` is sent first to whom nothing else may be written now; the flow goes on
    with their answer."""

    project_id: PublicId
    flow_id: PublicId
    channel_id: PublicId | None = None
    when_in_service: WhenOpen = "skip"
    when_queued: WhenOpen = "skip"
    when_automatic: WhenOpen = "skip"
    template_fallback: FallbackTemplate | None = None


class TransferChat(Body, frozen=True, tag_field="type", tag="transfer"):
    agent_id: PublicId


class QueueChat(Body, frozen=True, tag_field="type", tag="queue"):
    pass


class ChangeDepartment(Body, frozen=True, tag_field="type", tag="change_department"):
    department_id: PublicId


class CloseChat(Body, frozen=True, tag_field="type", tag="close"):
    tabulation_id: PublicId | None = None


class ReopenChat(Body, frozen=True, tag_field="type", tag="reopen"):
    pass


class MoveToStep(Body, frozen=True, tag_field="type", tag="workflow_step"):
    step_id: PublicId


class TabulateChat(Body, frozen=True, tag_field="type", tag="tabulate"):
    tabulation_id: PublicId


Action = RunFlow | TransferChat | QueueChat | ChangeDepartment | CloseChat | ReopenChat | MoveToStep | TabulateChat


class NewTaskBody(Body, frozen=True):
    """`filter`: `{"all": […]}` (E+), `{"any": […]}` (OU+) or `{"field", "op", "value"}`; without one, everybody. Chats
    are those that are queued, automatic or in service."""

    name: Text
    table: Table
    action: Action
    objective: LongText = ""
    enabled: bool = True
    recurrence: RecurrenceBody = RecurrenceBody()
    filter: Any = None


class TaskPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    table: Table | Maybe = UNSET
    action: Action | Maybe = UNSET
    objective: LongText | Maybe = UNSET
    enabled: bool | Maybe = UNSET
    recurrence: RecurrenceBody | Maybe = UNSET
    filter: Any = UNSET


class TaskShape(msgspec.Struct):
    """`next_run_at`: when it runs by itself next; null: it does not. `skipped_months`: those before that, or before its
    last day when no run is left, without its day. `disabled_because`: why it was switched off when nobody did:
    `ended`, `channel_removed`, or the `reason` of a run that was cancelled because something that the task names is
    gone."""

    id: str
    name: str
    objective: str
    enabled: bool
    recurrence: dict[str, Any]
    table: Table
    filter: Any
    action: dict[str, Any]
    next_run_at: str | None
    skipped_months: list[str]
    last_run_at: str | None
    disabled_because: str | None
    created_at: str
    updated_at: str


class NewRun(Body, frozen=True):
    """`overlap`: it begins although a run of the task is not over, and may write to the same customers once more."""

    overlap: bool = False


class TaskRunShape(msgspec.Struct):
    """`audience`: how many it means, null while they are being found (`frozen` so far). When it is `done`, `executed`,
    `skipped`, `failed` and `unknown` make up the audience. `waiting`: those of whose messages it is not known yet
    whether they went out. `passes`: 1, and one for each retry. `reason`: why it was cancelled when nobody did."""

    id: str
    task_id: str
    state: RunState
    trigger: Trigger
    audience: int | None
    frozen: int
    executed: int
    skipped: int
    failed: int
    unknown: int
    waiting: int
    passes: int
    reason: str | None
    action: dict[str, Any]
    planned_at: str | None
    skipped_months: list[str]
    created_at: str
    started_at: str | None
    finished_at: str | None


class TargetShape(msgspec.Struct):
    """`id`: of the contact or chat. `reason` of one that was skipped, failed or is unknown."""

    id: str
    state: TargetState
    reason: str | None
    message_id: str | None
    acted_at: str | None


class ProblemShape(msgspec.Struct):
    pointer: str
    code: str
    detail: str


class ForecastShape(msgspec.Struct):
    """Of the `audience`, how many can be written to freely, only by a template, not at all; and why (`reasons`).
    `acted_on`: how many of them a run would act on, by the same rules; `left_out`: the others, by the reason that their
    targets would have, also those whose open chat is left alone. `complete` false: the time was up, and these are the
    figures of those that were looked at. `problems`: why a run would not even begin, with pointers into the task."""

    audience: int
    free: int
    template: int
    unreachable: int
    complete: bool
    reasons: dict[str, int]
    acted_on: int
    left_out: dict[str, int]
    problems: list[ProblemShape]


class TargetQuery(Query, frozen=True):
    state: Annotated[TargetState | None, Meta(description="Those in this state.")] = None


@tasks.get("/v1/tasks", _READ, paged=str, answers=TaskShape)
def list_tasks(call: Call) -> Any:
    """All tasks, oldest first."""
    every = call.services.task_service.all(call.caller.account)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([task_view(one) for one in page], page[-1].id if len(rest) > len(page) else None)


@tasks.post("/v1/tasks", _WRITE, body=NewTaskBody, answers=TaskShape, status=201, problems=("too_many_tasks",))
def create_task(call: Call) -> Any:
    """Create a task. All that its action names has to be there."""
    body = call.body
    new = NewTask(
        body.name, body.table, _action(body.action), body.objective, body.enabled, _recurrence(body.recurrence),
        body.filter,
    )  # fmt: skip
    return task_view(call.services.task_service.create(call.caller, new, call.attempt))


@tasks.get("/v1/tasks/{task_id}", _READ, answers=TaskShape)
def get_task(call: Call, task_id: str) -> Any:
    """One task."""
    return task_view(call.services.task_service.get(call.caller.account, task_id))


@tasks.patch("/v1/tasks/{task_id}", _WRITE, body=TaskPatch, answers=TaskShape)
def change_task(call: Call, task_id: str) -> Any:
    """Change a task. Runs that have begun go on as they began."""
    fields = changes(call.body)
    if "action" in fields:
        fields["action"] = _action(fields["action"])
    if "recurrence" in fields:
        fields["recurrence"] = _recurrence(fields["recurrence"])
    return task_view(call.services.task_service.change(call.caller.account, task_id, fields))


@tasks.delete("/v1/tasks/{task_id}", _WRITE, problems=("task_running",))
def delete_task(call: Call, task_id: str) -> None:
    """Delete a task of which no run is going on."""
    call.services.task_service.delete(call.caller.account, task_id)


@tasks.post("/v1/tasks/{task_id}/forecast", _READ, answers=ForecastShape)
def forecast_task(call: Call, task_id: str) -> Any:
    """What a run would meet if it began now; nothing is done."""
    return asdict(call.services.task_forecast.of(call.caller, task_id))


@tasks.post(
    "/v1/tasks/{task_id}/runs",
    _WRITE,
    body=NewRun,
    answers=TaskRunShape,
    status=202,
    problems=("action_not_ready", "task_running", "too_many_runs"),
)
def run_task(call: Call, task_id: str) -> Any:
    """Run a task now, also one that is switched off."""
    return call.services.task_run_service.start(call.caller, task_id, call.attempt, call.body.overlap)


@tasks.get("/v1/tasks/{task_id}/runs", _READ, paged=str, answers=TaskRunShape)
def list_task_runs(call: Call, task_id: str) -> Any:
    """The runs of a task in the last 180 days, newest first."""
    page, following = call.services.task_run_service.page(call.caller, task_id, call.limit, call.after)
    return call.list(page, following)


@tasks.get(_OF_A_RUN, _READ, answers=TaskRunShape)
def get_task_run(call: Call, task_id: str, run_id: str) -> Any:
    """How far a run is."""
    return call.services.task_run_service.get(call.caller, task_id, run_id)


@tasks.get(_OF_A_RUN + "/targets", _READ, query=TargetQuery, paged=tuple[int, str | None], answers=TargetShape)
def list_task_targets(call: Call, task_id: str, run_id: str) -> Any:
    """Whom a run means, and what became of each. A page of one state may be short before the end: go on while there is
    a cursor."""
    service = call.services.task_run_service
    page, following = service.targets(call.caller, task_id, run_id, call.query.state, call.limit, call.after)
    return call.list(page, following)


@tasks.post(_OF_A_RUN + "/pause", _WRITE, answers=TaskRunShape, problems=("run_is_over",))
def pause_task_run(call: Call, task_id: str, run_id: str) -> Any:
    """Let a run stand still, and its flows that have said nothing yet. `waiting`: so many are on their way at most."""
    return call.services.task_run_service.pause(call.caller, task_id, run_id)


@tasks.post(_OF_A_RUN + "/resume", _WRITE, answers=TaskRunShape, problems=("action_not_ready", "run_is_over"))
def resume_task_run(call: Call, task_id: str, run_id: str) -> Any:
    """Let a run go on where it stood."""
    return call.services.task_run_service.resume(call.caller, task_id, run_id)


@tasks.post(_OF_A_RUN + "/cancel", _WRITE, answers=TaskRunShape, problems=("run_is_over",))
def cancel_task_run(call: Call, task_id: str, run_id: str) -> Any:
    """End a run where it is: whom it did not reach stays `pending`, and flows that have said nothing yet end.
    `waiting`: so many are on their way at most."""
    return call.services.task_run_service.cancel(call.caller, task_id, run_id)


@tasks.post(
    _OF_A_RUN + "/retry",
    _WRITE,
    answers=TaskRunShape,
    status=202,
    problems=("run_not_over", "run_cancelled", "nothing_to_retry", "action_not_ready", "task_running", "too_many_runs"),
)
def retry_task_run(call: Call, task_id: str, run_id: str) -> Any:
    """Try those that failed in a run that is done once more."""
    return call.services.task_run_service.retry(call.caller, task_id, run_id)


def _action(body: Action) -> dict[str, Any]:
    """The action in its public shape, without what is null."""
    given: dict[str, Any] = msgspec.to_builtins(body)
    return {name: value for name, value in given.items() if value is not None}


def _recurrence(body: RecurrenceBody) -> Recurrence | None:
    return recurrence({name: getattr(body, name) for name in body.__struct_fields__})
