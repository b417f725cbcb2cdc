"""Workflows: the steps that a company leads its chats through (PRODUCT D5). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from recado.domain.errors import FieldError, Invalid

MAX_STEPS = 100
MAX_WORKFLOWS = 200


@dataclass(frozen=True)
class Step:
    """A step of a workflow. Its id stays the same whatever it is called."""

    id: str
    name: str


@dataclass(frozen=True)
class Workflow:
    """Steps in their order, 1 to 100. `version` moves by one with each change."""

    id: str
    name: str
    steps: tuple[Step, ...]
    created_at: datetime
    version: int = 1


def steps_given(
    given: Sequence[tuple[str | None, str]], before: Sequence[Step], new_id: Callable[[], str]
) -> tuple[Step, ...]:
    """The steps of a request, each an id or None, and a name. Who gives a step's id back keeps it; the others are new.
    Raises Invalid with a pointer to each id that the workflow does not have, or that comes twice."""
    known = {one.id for one in before}
    errors: list[FieldError] = []
    used: set[str] = set()
    for index, (step_id, _) in enumerate(given):
        if step_id is None:
            continue
        if step_id not in known:
            errors.append(FieldError(f"/steps/{index}/id", "not_found", "The workflow has no such step."))
        elif step_id in used:
            errors.append(FieldError(f"/steps/{index}/id", "repeated", "This step is given more than once."))
        used.add(step_id)
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
    return tuple(Step(step_id or new_id(), name) for step_id, name in given)
