"""The chats of channels that are removed: which are open, and closing them (PRODUCT C2); and their tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from recado.domain.channel_removal import LISTED, OpenChats, after_look
from recado.domain.chats import OPEN_SITUATIONS, Chat
from recado.ports.channel_removals import RemovalStore
from recado.ports.chats import ChatFilter, ChatStore
from recado.ports.core import Clock
from recado.ports.sweeps import Swept
from recado.services.system_closing import SystemClosing
from recado.services.task_upkeep import TaskUpkeep

MOST_LOOKED_AT = 10_000
"""Open chats of the account that are looked at before a channel is said to have none: some 4 s."""
LOOKED_AT_ONCE = 1_000
"""The same in one look that closes them."""
CLOSED_AT_ONCE = 40
"""Chats closed in one look, each in a transaction: a page of looks has to end in the reserve of the tick."""
_CHANNELS = 16
_PAGE = 100
_FAILED_AGAIN = timedelta(seconds=60)


class RemovedChannels:
    """Each chat closes in a transaction of its own: whoever dies in the middle has closed some, and the channel stays
    due until none is left."""

    def __init__(
        self, removals: RemovalStore, chats: ChatStore, closing: SystemClosing, tasks: TaskUpkeep, clock: Clock
    ) -> None:
        self._removals = removals
        self._tasks = tasks
        self._chats = chats
        self._closing = closing
        self._clock = clock

    def open_on(self, a: str, channel_id: str) -> OpenChats:
        """The open chats of a channel, as the index knows them, oldest situation first."""
        first: list[Chat] = []
        count = 0
        for seen, (_, chat) in enumerate(self._open_chats(a, None)):
            if seen == MOST_LOOKED_AT:
                return OpenChats(tuple(first), count, more=True)
            if chat.channel_id == channel_id:
                count += 1
                first += [chat] if len(first) < LISTED else []
        return OpenChats(tuple(first), count)

    def close_due(self, limit: int) -> Swept:
        """Look at removed channels whose time has come; done are the chats closed. One that raises is looked at again
        in a minute, the others are done."""
        now = self._clock.now()
        page = self._removals.due(now, min(limit, _CHANNELS))
        failed: dict[str, Exception] = {}
        closed = 0
        for a, channel_id in page.found:
            if closed >= CLOSED_AT_ONCE:
                return Swept(len(page.found), closed, True, failed)
            try:
                closed += self.look(a, channel_id)
            except Exception as error:  # whatever it is, it stops no other channel
                failed[channel_id] = error
                self._put_off(a, channel_id)
        return Swept(len(page.found), closed, page.more or closed > 0, failed)

    def look(self, a: str, channel_id: str) -> int:
        """Close open chats of a removed channel, from where the last look ended; how many. Tasks that name it are
        switched off."""
        closing = self._removals.closing(a, channel_id)
        now = self._clock.now()
        if closing is None or closing.due > now:
            return 0
        self._tasks.switch_off(a, channel_id)
        closed = 0
        place: str | None = None
        for seen, (here, chat) in enumerate(self._open_chats(a, closing.place), start=1):
            if chat.channel_id == channel_id:
                closed += self._closing.close(a, chat.id, "channel_removed")
            if seen == LOOKED_AT_ONCE or closed == CLOSED_AT_ONCE:
                place = here
                break
        left = after_look(closing, place, closed, now)
        if left is None:
            self._removals.end(a, channel_id)
        else:
            self._removals.go_on(a, left)
        return closed

    def _put_off(self, a: str, channel_id: str) -> None:
        with suppress(Exception):  # what failed first is told; the channel stays due
            closing = self._removals.closing(a, channel_id)
            if closing is not None:
                self._removals.go_on(a, replace(closing, due=self._clock.now() + _FAILED_AGAIN))

    def _open_chats(self, a: str, place: str | None) -> Iterator[tuple[str, Chat]]:
        """The open chats of an account from a place on, each with its own: an index's view."""
        begun, _, before = (place or "").partition("#")
        start = OPEN_SITUATIONS.index(begun) if begun in OPEN_SITUATIONS else 0
        for situation in OPEN_SITUATIONS[start:]:
            last: str | None = before if situation == begun and before else None
            while ids := self._chats.ids(a, ChatFilter(situation=situation), last, _PAGE):
                last = ids[-1]
                for chat in self._chats.read(a, ids):
                    if chat.situation != "closed":
                        yield f"{situation}#{chat.id}", chat
