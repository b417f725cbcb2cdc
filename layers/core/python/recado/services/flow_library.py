"""Published flows as they run: versions never change, so a process remembers those that it used."""

from __future__ import annotations

from collections import OrderedDict

from recado.domain.flow_definitions import Definition, definition
from recado.domain.ids import is_id
from recado.ports.flows import FlowStore

_REMEMBERED = 50


class FlowLibrary:
    """Flows by the numbers under which they were published."""

    def __init__(self, flows: FlowStore) -> None:
        self._flows = flows
        self._known: OrderedDict[tuple[str, str, int], Definition] = OrderedDict()

    def published(self, a: str, flow_id: str) -> int | None:
        """The number of the version that was published last. None: there is no such flow, or none was."""
        return self._flows.published(a, flow_id) if is_id(flow_id, "fl", a) else None

    def version(self, a: str, flow_id: str, number: int) -> Definition | None:
        """A version's steps."""
        key = (a, flow_id, number)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        found = self._flows.version(a, flow_id, number)
        if found is None:
            return None
        self._known[key] = definition(found.start, found.steps)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return self._known[key]

    def begin_at(self, a: str, flow_id: str) -> tuple[int, str] | None:
        """The version with which a flow begins now, and its first step."""
        newest = self.newest(a, flow_id)
        return None if newest is None else (newest[0], newest[1].start)

    def newest(self, a: str, flow_id: str) -> tuple[int, Definition] | None:
        """The version with which a flow begins now, and its steps."""
        number = self.published(a, flow_id)
        drawn = self.version(a, flow_id, number) if number is not None else None
        return None if number is None or drawn is None else (number, drawn)
