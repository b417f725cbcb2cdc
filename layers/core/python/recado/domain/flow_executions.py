"""A flow at work in a chat: what is kept of it from step to step, and the trace of what it did (PRODUCT F1). Pure.

A chat names the execution that leads it, and it is the only one: whatever takes the chat out of its hands, or gives it
to another, ends it in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from recado.domain.chats import Message
from recado.domain.ids import make_id, moment_of

State = Literal["running", "waiting", "finished", "failed", "aborted"]
STATES: tuple[State, ...] = ("running", "waiting", "finished", "failed", "aborted")
Awaited = Literal["answer", "time", "opening"]
StartedBy = Literal["entry", "user", "task", "trigger"]

MAX_TRACED = 200
"""Steps of an execution whose trace is kept: the last ones."""
MAX_TRACE_TEXT = 500
KEPT_FOR = timedelta(days=90)
"""An execution that is over, and its trace."""
RUN_CANCELLED = "run_cancelled"
"""Why an execution was broken off that a run of a task began, and whose run was cancelled before it said anything."""
CUSTOMER_WROTE_FIRST = "customer_wrote_first"
"""The same, whose customer wrote before it said anything: that is for people."""
LOOKED_AGAIN = timedelta(seconds=60)
"""After this long without a step the command that drives an execution counts as lost."""


class OfRun(NamedTuple):
    """The run of a task that began it."""

    task_id: str
    run_id: str


@dataclass(frozen=True)
class Execution:
    """A flow at work in a chat. `place` counts the steps that were done; `version` moves by one with each write.

    `waits_for`: what it stands still for at its step, and `due_at` until when at most. `tries`: answers to the present
    question that were not understood. `steps`: those since the customer wrote last, `unanswered`: messages. `reason`:
    why it ended. `started_by`: `entry` is the channel's own flow. `begun_with`: the flow that it began with; `flow_id`
    is the one that it is in now. `heard`: up to which message of the thread the customer was heard; None until the
    first question was put or an answer waited for: what they wrote before a question answers nothing. `claimed`: the
    place of a step that may have been done, though nobody heard of it. `moved_at`: when it came to this place."""

    id: str
    chat_id: str
    contact_id: str
    flow_id: str
    flow_version: int
    step: str | None
    started_at: datetime
    started_by: str
    state: State = "running"
    variables: Mapping[str, Any] = field(default_factory=dict)
    place: int = 0
    version: int = 1
    waits_for: Awaited | None = None
    due_at: datetime | None = None
    tries: int = 0
    steps: int = 0
    reason: str = ""
    ended_at: datetime | None = None
    begun_with: str = ""
    heard: int | None = None
    claimed: int | None = None
    moved_at: datetime | None = None
    opening: Mapping[str, Any] | None = None
    """A template that is sent before the first step, as nothing else may be; the flow begins with the answer to it."""
    first_seq: int | None = None
    """Where its first message lies in the thread."""
    said: str = ""
    """What the customer was heard to say last."""
    asked: int | None = None
    """The place at which its last question with options was put first; None: there was none, or it was put before
    buttons named their question."""
    unreached: int | None = None
    """Its last message whose failure was seen to, by its place in the thread."""
    answers: int = 0
    """Answers that were heard since `answers_since`, when the first of them was written."""
    answers_since: datetime | None = None
    unanswered: int = 0
    of_run: OfRun | None = None
    """The run that may stop it as long as it has said nothing."""
    begun_behind: int | None = None
    """The thread's last message when it began in a chat that was open; None: it opened its chat, or is older than
    this was noted."""

    @property
    def look_at(self) -> datetime | None:
        """When somebody has to look at it: what it waits for is over, or its command was lost. None: nothing happens
        before the customer writes."""
        if is_over(self):
            return None
        if self.state == "running":
            return (self.moved_at or self.started_at) + LOOKED_AGAIN
        return self.due_at


@dataclass(frozen=True)
class TraceLine:
    """What was done: the step, what went into it, and what became of it. `number`: the version of the execution that
    it was decided from."""

    number: int
    at: datetime
    flow_id: str
    step: str
    type: str
    input: str
    outcome: str


@dataclass(frozen=True)
class Ending:
    """How the execution of a chat ends with a move of that chat. `seen`: the execution as it was read, where that
    decided it; `line`: of its last step."""

    state: State
    reason: str
    seen: Execution | None = None
    line: TraceLine | None = None


def ended(one: Execution, state: State, now: datetime, reason: str) -> Execution:
    """The execution at its end."""
    return replace(one, state=state, step=None, waits_for=None, due_at=None, reason=reason, ended_at=now)


def is_over(one: Execution) -> bool:
    """Whether nothing more comes of it."""
    return one.state in ("finished", "failed", "aborted")


def hears(one: Execution, message: Message) -> bool:
    """Whether a message is the customer's, for this execution to hear."""
    return message.direction == "inbound" and message.heard_by == one.id


def traced(one: Execution, step: str, step_type: str, given: str, outcome: str, now: datetime) -> TraceLine:
    """The line of the step at which an execution stood."""
    return TraceLine(one.version, now, one.flow_id, step, step_type, _short(given), _short(outcome))


def execution_id(a: str, origin: str) -> str:
    """The id of the execution that something asks for, by an id of its own: the same one however often it asks."""
    return _derived("fx", a, moment_of(origin), f"execution of {origin}")


def effect_origin(a: str, one: Execution) -> str:
    """An id of kind `rq` for what is done at the execution's place: ids made of it are the same however often it is
    tried."""
    return _derived("rq", a, one.moved_at or one.started_at, f"{one.id} {one.place}")


def _derived(kind: str, a: str, at: datetime, what: str) -> str:
    return make_id(kind, a, at, sha256(what.encode()).hexdigest()[:16])


def _short(text: str) -> str:
    return text if len(text) <= MAX_TRACE_TEXT else text[: MAX_TRACE_TEXT - 1] + "…"
