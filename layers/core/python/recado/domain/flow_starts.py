"""How a flow begins in a chat. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from recado.domain.chats import OPEN_SITUATIONS, Situation
from recado.domain.errors import FieldError, Invalid
from recado.domain.flow_executions import Execution, OfRun, StartedBy

MAX_GIVEN = 50
MAX_GIVEN_CHARACTERS = 4_096


@dataclass(frozen=True)
class FlowStart:
    """A flow that somebody wants to begin.

    `origin`: the id, of any kind, of what asks: the start is the same one however often it is asked for, and what an
    earlier run began is the answer, whatever became of it since. `situations`: those in which it may begin. `opening`:
    a template that is sent first, as nothing else may be; the flow begins with the answer to it. `instead_of`: an
    execution whose place it takes, if that leads the chat still, in whatever situation. `contact_id`: with whom it
    begins, who has to be there then. `of_run`: the run that wants it."""

    flow_id: str
    started_by: StartedBy
    variables: Mapping[str, Any] = field(default_factory=dict)
    origin: str | None = None
    situations: Collection[Situation] = OPEN_SITUATIONS
    opening: Mapping[str, Any] | None = None
    instead_of: str | None = None
    contact_id: str | None = None
    of_run: OfRun | None = None


@dataclass(frozen=True)
class Beginning:
    """A published flow that is to lead a chat, from its first `step` on, with these variables; after an answer to the
    template `opening` where there is one."""

    execution_id: str
    flow_id: str
    flow_version: int
    step: str
    started_by: StartedBy
    variables: Mapping[str, Any] = field(default_factory=dict)
    opening: Mapping[str, Any] | None = None
    of_run: OfRun | None = None

    def execution(self, chat_id: str, contact_id: str, now: datetime) -> Execution:
        """The execution as it begins."""
        return Execution(
            id=self.execution_id,
            chat_id=chat_id,
            contact_id=contact_id,
            flow_id=self.flow_id,
            flow_version=self.flow_version,
            step=self.step,
            started_at=now,
            started_by=self.started_by,
            variables=dict(self.variables),
            begun_with=self.flow_id,
            moved_at=now,
            opening=self.opening,
            of_run=self.of_run,
        )


def check_variables(given: Mapping[str, Any]) -> None:
    """Raises Invalid with a pointer to each variable that no flow begins with."""
    from recado.domain.flow_definitions import TAKEN_NAMES, VARIABLE  # late: intake begins flows with none

    if len(given) > MAX_GIVEN:
        raise Invalid.field("/variables", "too_many", f"A flow begins with at most {MAX_GIVEN} variables.")
    errors = list[FieldError]()
    for name, value in given.items():
        pointer = f"/variables/{name.replace('~', '~0').replace('/', '~1')[:80]}"
        if not VARIABLE.fullmatch(name):
            detail = "A variable's name has small letters, digits and _, at most 50, a letter first."
            errors.append(FieldError(pointer, "invalid", detail))
        elif name in TAKEN_NAMES:
            errors.append(FieldError(pointer, "reserved", "This name stands for what Recado knows."))
        elif value is not None and not isinstance(value, str | int | float | bool):
            errors.append(FieldError(pointer, "invalid", "A value is a text, a number, true, false or null."))
        elif isinstance(value, str) and (len(value) > MAX_GIVEN_CHARACTERS or "\x00" in value):
            detail = f"A text has at most {MAX_GIVEN_CHARACTERS:,} characters."
            errors.append(FieldError(pointer, "invalid", detail))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
