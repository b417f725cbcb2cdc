"""An action that a task may have is done by its run, looked up before, and told: one that is only taken by the API
would break a run at its first target."""

from __future__ import annotations

import re
from typing import Any, get_args
from unittest.mock import MagicMock

import msgspec
import pytest

from recado.api.tasks import Action
from recado.services.task_actions import TaskActions
from recado.services.task_references import KnownActionReferences
from tests.architecture.sources import ROOT

STRUCTS = {one.__struct_config__.tag: one for one in get_args(Action)}
FIELDS = {
    kind: {field.name: field.required for field in msgspec.structs.fields(struct)} for kind, struct in STRUCTS.items()
}
on_a_chat = pytest.mark.parametrize("kind", sorted(FIELDS.keys() - {"run_flow"}))


def given(kind: str) -> dict[str, Any]:
    return {"type": kind, **dict.fromkeys(FIELDS[kind], "x")}


@on_a_chat
def test_it_is_done(kind: str) -> None:
    """By one call, which gets all that it names."""
    services = MagicMock()
    actions = TaskActions(services.actions, services.marks, services.flows, services.meant, services.acts)
    actions._on_chat(MagicMock(), given(kind), "ca_1")
    (call,) = services.method_calls
    assert call.args[1:] == ("ca_1", *["x"] * len(FIELDS[kind]))


@on_a_chat
def test_what_it_names_is_looked_up(kind: str) -> None:
    tabulations = MagicMock()
    tabulations.exists.return_value = False
    nothing: Any = None
    references = KnownActionReferences(nothing, nothing, nothing, nothing, nothing, nothing, tabulations, nothing)
    errors = references.errors("abcdefgh", "chats", given(kind))
    named = {name for name in FIELDS[kind] if name.endswith("_id")}
    assert {error.pointer for error in errors} == {f"/action/{name}" for name in named}


def test_whoever_makes_a_task_is_told_of_each() -> None:
    page = (ROOT / "docs" / "tasks.md").read_text()
    rows = "".join(re.findall(r"^\| (?:chats|contacts) \| (.+) \|$", page, re.MULTILINE))
    told = {kind: fields for kind, fields in re.findall(r"`(\w+)`(?: \{([^}]*)\})?", rows) if kind in STRUCTS}
    assert set(told) == set(STRUCTS)
    for kind in STRUCTS.keys() - {"run_flow"}:
        wanted = ", ".join(name if needed else f"{name}?" for name, needed in FIELDS[kind].items())
        assert told[kind] == wanted, kind
