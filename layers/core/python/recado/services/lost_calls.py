"""Calls whose end nobody told: their provider lost it, or the number's status callback leads elsewhere. Without an end
they would be under way for ever."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from recado.domain.calls import open_until
from recado.ports.calls import CallStore, DueCalls
from recado.ports.core import Clock
from recado.ports.sweeps import Swept

_FAILED_AGAIN = timedelta(minutes=1)


class LostCalls:
    """Ends them when the longest time that a call can last is over. What is told later stands all the same: a
    recording, how long it was."""

    def __init__(self, calls: CallStore, due: DueCalls, clock: Clock) -> None:
        self._calls = calls
        self._due = due
        self._clock = clock

    def end_due(self, limit: int) -> Swept:
        """A page of calls. Who loses the race to a request of the call leaves it: it is due again if that was not its
        end. One that breaks is put off, so that it stands before no other."""
        now = self._clock.now()
        page = self._due.due(now, limit)
        done = 0
        failed: dict[str, Exception] = {}
        for a, place in page.found:
            channel_id, call_id = place.split("#", 1)
            try:
                done += self._end(a, channel_id, call_id, now)
            except Exception as error:  # whatever it is, it stops no other
                failed[place] = error
                with suppress(Exception):  # what failed first is told; the call stays due
                    self._due.look_again_at(a, channel_id, call_id, now + _FAILED_AGAIN)
        return Swept(len(page.found), done, page.more, failed)

    def _end(self, a: str, channel_id: str, call_id: str, now: datetime) -> bool:
        call = self._calls.get(a, channel_id, call_id)
        until = open_until(call) if call else None
        if call is None or until is None or until > now:
            return False
        return self._calls.write(a, call, replace(call, ended_at=now, version=call.version + 1))
