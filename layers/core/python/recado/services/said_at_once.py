"""How many messages flows say at once, which a process remembers: it is asked for with every target of a run."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from recado.domain.flow_definitions import Definition
from recado.domain.task_reach import messages_at_once
from recado.ports.core import Clock
from recado.services.flow_library import FlowLibrary

_REMEMBERED = 50
_COUNTED_AGAIN = timedelta(minutes=1)
"""A version never changes; those flows that it goes on with are published anew."""


class _Counted(NamedTuple):
    messages: int
    until: datetime


class SaidAtOnce:
    """By flows and their versions."""

    def __init__(self, library: FlowLibrary, clock: Clock) -> None:
        self._library = library
        self._clock = clock
        self._known: OrderedDict[tuple[str, str, int], _Counted] = OrderedDict()

    def of(self, a: str, flow_id: str, number: int, drawn: Definition) -> int:
        """Of the flow's version `number`, whose steps are `drawn`. Of what is remembered nothing is read."""
        key, now = (a, flow_id, number), self._clock.now()
        known = self._known.get(key)
        if known is None or known.until <= now:

            def other(onward: str) -> Definition | None:
                newest = self._library.newest(a, onward)
                return newest[1] if newest else None

            known = self._known[key] = _Counted(messages_at_once(drawn, other), now + _COUNTED_AGAIN)
        self._known.move_to_end(key)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known.messages
