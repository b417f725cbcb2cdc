"""Tasks: what is done to whom, and when (PRODUCT G1 to G6). Pure.

A task says whom it means (`table`, `filter`), what is done to each of them (`action`) and when it runs by itself
(`recurrence`). What one run does is in `domain.task_runs`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any, Literal

from recado.domain.errors import FieldError, Invalid
from recado.domain.recurrences import Recurrence
from recado.domain.schedules import STEPS, following_run, next_run, skipped_months
from recado.domain.segment_fields import Table
from recado.domain.wall_clock import MINUTES_OF_DAY, moment

MAX_TASKS = 200
MAX_FILTER_CHARACTERS = 100_000
"""Of a filter as JSON in ASCII: with everything else it fits an item of 400 KB."""

ENDED = "ended"
"""Why a task was switched off whose last day is over."""

WhenOpen = Literal["run", "skip"]


@dataclass(frozen=True)
class Task:
    """`action` in its public shape: `type` and the fields of that type. `recurrence` None: it runs when somebody says
    so. `began_at`: when it was switched on, or its recurrence changed last, from which steps of time are counted.
    `zone`: the time zone by which `next_run_at` was reckoned. `last_planned_at`: the occurrence that ran last.
    `version` moves by one with each change."""

    id: str
    name: str
    table: Table
    action: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    began_at: datetime
    objective: str = ""
    enabled: bool = True
    recurrence: Recurrence | None = None
    filter: Any = field(default_factory=dict)
    zone: str = "UTC"
    next_run_at: datetime | None = None
    last_planned_at: datetime | None = None
    last_run_at: datetime | None = None
    disabled_because: str | None = None
    version: int = 1

    @property
    def channel_id(self) -> str | None:
        """The channel that was chosen for its action."""
        found: str | None = self.action.get("channel_id")
        return found


def due_at(task: Task, zone: tzinfo) -> datetime | None:
    """When somebody has to look at it: at its next run, or when the last of its days is over."""
    if not task.enabled or task.recurrence is None:
        return None
    if task.next_run_at is not None or task.recurrence.until is None:
        return task.next_run_at
    return moment(task.recurrence.until, MINUTES_OF_DAY, zone)


def planned(task: Task, zone_name: str, zone: tzinfo, now: datetime) -> Task:
    """The task with its next run as it is reckoned at `now` in a zone: none while it is off or manual."""
    runs = task.enabled and task.recurrence is not None
    at = next_run(task.recurrence, zone, task.began_at, now) if runs and task.recurrence else None
    return replace(task, zone=zone_name, next_run_at=at)


def planned_anew(task: Task, zone_name: str, zone: tzinfo, now: datetime) -> Task:
    """The task by another time zone. A step of minutes or hours that is due stays due: it is the same moment in every
    zone, and the next one is counted from now."""
    after = planned(task, zone_name, zone, now)
    if after.next_run_at is None or task.recurrence is None or task.recurrence.every not in STEPS:
        return after
    is_due = task.next_run_at is not None and task.next_run_at <= now
    return replace(after, next_run_at=task.next_run_at) if is_due else after


def after_run(task: Task, zone: tzinfo, now: datetime) -> Task:
    """The task once its planned run was made: the next one is later than both the plan and now."""
    if task.recurrence is None or task.next_run_at is None:
        return task
    following = following_run(task.recurrence, zone, task.began_at, task.next_run_at, now)
    return replace(
        task, next_run_at=following, last_planned_at=task.next_run_at, last_run_at=now, version=task.version + 1
    )


def switched_off(task: Task, because: str | None, now: datetime) -> Task:
    """The task, which runs no more by itself."""
    return replace(
        task, enabled=False, disabled_because=because, next_run_at=None, updated_at=now, version=task.version + 1
    )


def left_out(task: Task, zone: tzinfo) -> list[str]:
    """The months ("2026-02") between its last run and its next one that do not have its day; up to its last day, where
    no run is left before that."""
    if task.recurrence is None:
        return []
    up_to = task.next_run_at
    if up_to is None and task.recurrence.until is not None and (task.enabled or task.disabled_because == ENDED):
        up_to = moment(task.recurrence.until, 0, zone)
    if up_to is None:
        return []
    since = max(task.last_planned_at or task.began_at, task.began_at)
    return skipped_months(task.recurrence, zone, since, up_to)


def left_out_until(task: Task, zone: tzinfo, planned_at: datetime) -> list[str]:
    """The same up to a run that is made now."""
    return left_out(replace(task, next_run_at=planned_at), zone)


def check_filter_size(given: Any) -> None:
    """Raises Invalid for a filter that is too large to be kept."""
    if len(json.dumps(given)) > MAX_FILTER_CHARACTERS:
        detail = f"A task's filter may have at most {MAX_FILTER_CHARACTERS:,} characters as JSON."
        raise Invalid.field("/filter", "too_large", detail)


def check_action(table: Table, action: Mapping[str, Any]) -> None:
    """Raises Invalid for an action that does not go with its table (PRODUCT G5)."""
    errors = list[FieldError]()
    if action["type"] != "run_flow":
        if table == "contacts":
            detail = "Contacts can only be sent a flow: the other actions are of chats."
            errors.append(FieldError("/action/type", "not_for_contacts", detail))
    elif table == "chats" and action.get("channel_id") is not None:
        detail = "A chat has its channel: none can be chosen here."
        errors.append(FieldError("/action/channel_id", "not_selectable", detail))
    elif table == "contacts" and action.get("channel_id") is None:
        errors.append(FieldError("/action/channel_id", "required", "Say on which channel the contacts are written to."))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def check_ahead(task: Task) -> None:
    """Raises Invalid for an automatic task that is switched on and has no run left."""
    if task.enabled and task.recurrence is not None and task.next_run_at is None:
        detail = "Its last day is over, or has no run left."
        raise Invalid.field("/recurrence/until", "no_run_left", detail)


def end_is_near(task: Task, now: datetime, zone: tzinfo) -> bool:
    """Whether the last day of a task without further runs is over."""
    at = due_at(task, zone)
    return task.next_run_at is None and at is not None and at <= now
