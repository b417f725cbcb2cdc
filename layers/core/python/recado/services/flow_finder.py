"""Things that published flows name: those stay."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from recado.domain.flow_uses import named_in
from recado.ports.flows import FlowStore


class FlowFinder:
    """The port `recado.services.references.Finder`: flows by the version that runs, as `flow_ids`."""

    def __init__(self, flows: FlowStore) -> None:
        self._flows = flows

    def naming(self, a: str, names: Collection[str]) -> Mapping[str, list[str]]:
        """Reads the steps of all that are published."""
        every = self._flows.all_published(a)
        found = {flow.id for flow, version in every if not named_in(version.steps).isdisjoint(names)}
        return {"flow_ids": sorted(found - set(names))}
