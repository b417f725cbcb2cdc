"""A type of step is done by a worker, known to tasks, and told to who draws: without the first it would be published
and fail in every chat, without the second a task would take a flow that begins with it for another."""

from __future__ import annotations

import re
from typing import Any

from recado.domain.flow_definitions import ENDING, WAITING, fields_of_steps
from recado.domain.task_reach import _IN_PASSING, _SAYING
from recado.services.flow_steps import FlowSteps
from tests.architecture.sources import ROOT

TYPES = set(fields_of_steps())
DONE_APART = {"delay", "goto", "http", "wait_answer"}
"""By `FlowSteps.do` itself."""
SAYS_NOTHING = {"condition", "http", "set_field", "wait_answer"}
"""Steps that say nothing, and behind which a task does not look for the flow's first word: it may depend on them."""


def test_every_type_is_done() -> None:
    nothing: Any = None
    steps = FlowSteps(nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing)
    assert set(steps._doers) | DONE_APART == TYPES


def test_tasks_know_what_each_type_says() -> None:
    assert _SAYING | _IN_PASSING | SAYS_NOTHING | ENDING == TYPES
    assert not (_SAYING & _IN_PASSING or (_SAYING | _IN_PASSING) & SAYS_NOTHING)
    assert WAITING <= TYPES


def test_whoever_draws_is_told_every_field() -> None:
    page = (ROOT / "docs" / "flows.md").read_text()
    (table,) = re.findall(r"^\| type \| fields \|.*\n\|.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    rows = [re.findall(r"`([a-z_?]+)`", row.split("|")[1] + row.split("|")[2]) for row in table.splitlines()]
    told = {kind: set(fields) for kind, *fields in rows}
    assert told == {
        kind: {name if needed else f"{name}?" for name, needed in fields.items()}
        for kind, fields in fields_of_steps().items()
    }
