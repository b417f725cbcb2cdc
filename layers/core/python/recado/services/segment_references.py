"""What filters name by ids: groups, organizations, departments, channels, agents, workflows and their steps. A
condition that names what is gone cannot be evaluated, which is an error (PRODUCT G3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from recado.domain.ids import is_id
from recado.domain.segment_fields import Field, Thing
from recado.domain.segment_operands import Named
from recado.services.workflows import WorkflowService

_PREFIXES: Mapping[Thing, str] = {
    "group": "gr",
    "organization": "og",
    "department": "dp",
    "channel": "ch",
    "agent": "us",
}

_Name = tuple[Thing, str]


class Existing(Protocol):
    """Things by their ids (ports.segments)."""

    def existing(self, a: str, named: Collection[_Name]) -> set[_Name]: ...


class SegmentReferences:
    """Looks up at once all that a filter names."""

    def __init__(self, reads: Existing, workflows: WorkflowService) -> None:
        self._reads = reads
        self._workflows = workflows

    def noted(self, fields: Mapping[str, Field], names: set[_Name]) -> Named:
        """Takes every id of anything, and adds it to `names`."""

        def note(thing: Thing) -> Callable[[str], Collection[str]]:
            def of(one: str) -> Collection[str]:
                names.add((thing, one))
                return (one,)

            return of

        return {name: note(one.names) for name, one in fields.items() if one.names is not None}

    def known(self, a: str, fields: Mapping[str, Field], names: Iterable[_Name]) -> Named:
        """Which ids each of these names stands for: itself where it is there, a workflow for its steps."""
        ids = self._ids(a, set(names))

        def look_up(thing: Thing) -> Callable[[str], Collection[str] | None]:
            return lambda one: ids.get((thing, one))

        return {name: look_up(one.names) for name, one in fields.items() if one.names is not None}

    def _ids(self, a: str, names: set[_Name]) -> Mapping[_Name, Collection[str]]:
        ids: dict[_Name, Collection[str]] = {}
        if any(thing in ("workflow", "workflow_step") for thing, _ in names):
            for workflow in self._workflows.all(a):
                steps = [step.id for step in workflow.steps]
                ids["workflow", workflow.id] = steps
                ids |= {("workflow_step", one): (one,) for one in steps}
        named = {(thing, one) for thing, one in names if thing in _PREFIXES and is_id(one, _PREFIXES[thing], a)}
        return ids | {(thing, one): (one,) for thing, one in self._reads.existing(a, named)} if named else ids
