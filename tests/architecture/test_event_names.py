"""Every event that the code writes, and every cause, is named in domain/events.py and explained in docs/events.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import recado
from recado.domain.events import EVENT_TYPES, AssignedBecause, LookBecause, MovedBecause

SOURCE = Path(recado.__file__).parent
PAGE = (SOURCE.parents[3] / "docs" / "events.md").read_text()
NAME = re.compile(
    r"(chat|contact|message|workflow|flow|user|department|channel|file|voice|call|task|template)\.[a-z_]+"
)
NO_FACTS = {"message.outbound", "voice.ogg"}
"""What looks like one: a name of a channel's wire, a name of a file."""
MOVES = {"commit", "_commit", "_onward", "queued_event"}
LOOKS = {"wake", "DepartmentStirred", "look", "_change", "_write"}


def literals() -> Iterator[tuple[Path, ast.Constant]]:
    for path in SOURCE.rglob("*.py"):
        if path.stem == "events" and path.parent.name == "domain":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node


def told_by(functions: set[str]) -> set[str]:
    """Texts that look like causes, given to one of the functions."""
    found = set()
    for path in set((SOURCE / "services").glob("*.py")) - {SOURCE / "services" / "message_changes.py"}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in functions:
                    found |= {one.value for one in node.args if isinstance(one, ast.Constant)}
    return {one for one in found if isinstance(one, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", one)}


def test_every_event_that_is_written_is_in_the_registry() -> None:
    written = {node.value for _, node in literals() if NAME.fullmatch(node.value)} - NO_FACTS
    assert len(written) > 15
    assert written == set(EVENT_TYPES)


def test_every_cause_is_in_the_registry() -> None:
    moved, looked = told_by(MOVES), told_by(LOOKS)
    assert {"agent_gone", "customer_idle", "not_started"} <= moved and "slot_freed" in looked
    assert moved - {*get_args(MovedBecause), "unattended"} == set(), "a new cycle is told as chat.unattended"
    assert (looked | moved) - set(get_args(LookBecause)) - {
        "customer_idle",
        "channel_removed",
        "nobody_reached",
    } == set()


def test_every_event_has_its_line() -> None:
    lines = set(re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.M))
    assert set(EVENT_TYPES) == {one for one in lines if "." in one}


def test_every_cause_is_explained() -> None:
    causes = {*get_args(MovedBecause), *_flat(AssignedBecause)}
    assert len(causes) > 15
    assert [one for one in sorted(causes) if f"`{one}`" not in PAGE] == []


def _flat(union: object) -> set[str]:
    return {one for part in get_args(union) for one in (get_args(part) or (part,))}
