"""Ways through flows that run each other (PRODUCT F1)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from recado.domain.errors import Invalid
from recado.domain.flow_definitions import Definition, definition
from recado.domain.flow_ways import check_runs


def runs(flow_id: str, first: str = "goto", steps: int = 2) -> Definition:
    """A flow whose last step runs another."""
    names = [f"s{number}" for number in range(steps)]
    way: dict[str, Any] = {name: {"type": "goto", "step": after} for name, after in pairwise(names)}
    if first == "delay":
        way["s0"] = {"type": "delay", "seconds": 60, "next": "s1"}
    return definition("s0", {**way, names[-1]: {"type": "run_flow", "flow_id": flow_id}})


def wrong(flow_id: str, drawn: Definition, **published: Definition) -> str | None:
    """The pointer of what stands against publishing it."""
    try:
        check_runs(flow_id, drawn, published.get)
    except Invalid as refusal:
        assert [one.code for one in refusal.errors] == ["endless_loop"]
        return refusal.errors[0].pointer
    return None


@pytest.mark.parametrize(
    ("drawn", "published", "pointer"),
    [
        (runs("x"), {}, "/steps/s1/flow_id"),
        (runs("x", "delay"), {}, None),
        (runs("y"), {"y": runs("x")}, "/steps/s1/flow_id"),
        (runs("y"), {"y": runs("z"), "z": runs("x")}, "/steps/s1/flow_id"),
        (runs("y"), {"y": runs("z"), "z": runs("x", "delay")}, None),
        (runs("y"), {"y": runs("z"), "z": runs("gone")}, None),
        (runs("y"), {"x": runs("y"), "y": runs("z"), "z": runs("w")}, None),
        (runs("y"), {"y": runs("z"), "z": runs("y")}, "/steps/s1/flow_id"),
    ],
)
def test_a_way_round_over_flows(drawn: Definition, published: dict[str, Definition], pointer: str | None) -> None:
    """What is published of `x` itself does not count: it is about to be another."""
    assert wrong("x", drawn, **published) == pointer


def test_the_step_that_closes_the_way_is_pointed_at() -> None:
    two = {"type": "condition", "filter": {}, "then": "out", "else": "round"}
    last = {"out": {"type": "run_flow", "flow_id": "y"}, "round": {"type": "run_flow", "flow_id": "z"}}
    drawn = definition("a", {"a": two, **last})
    done = definition("a", {"a": {"type": "close"}})
    for others in (runs("x"), runs("z")):
        assert wrong("x", drawn, y=done, z=others) == "/steps/round/flow_id"


def test_many_long_flows_are_looked_through_at_once() -> None:
    """18,000 steps in a row: some tenths of a second."""
    flows = {f"f{number}": runs(f"f{number + 1}", steps=200) for number in range(90)}
    assert wrong("x", runs("f0"), **flows, f90=definition("a", {"a": {"type": "queue"}})) is None
