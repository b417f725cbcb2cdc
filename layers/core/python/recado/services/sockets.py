"""Pages that wait for news on a socket, and the hint that there are some. A hint that gets lost costs time and nothing
else: pages go on asking, only less often."""

from __future__ import annotations

from datetime import datetime

from recado.domain.chats import ThreadKey
from recado.domain.errors import Busy, TooMany
from recado.domain.sockets import LIFE, closed, hint, is_opening, listener_of, opened
from recado.ports.core import Clock
from recado.ports.sockets import HintJournal, SocketLine, SocketStore

_TRIES = 5


class SocketService:
    """Opens and closes sockets, and says on them that there is news."""

    def __init__(self, store: SocketStore, line: SocketLine, clock: Clock, journal: HintJournal) -> None:
        self._store = store
        self._line = line
        self._clock = clock
        self._journal = journal

    def open(self, a: str, listener: str, connection_id: str, mark: str, ticket_ends_at: datetime) -> None:
        """A connection of the listener, opened with the ticket of this mark. Raises TooMany for a ticket that was
        used before or one too many, Busy after lost races."""
        now = self._clock.now()
        for _ in range(_TRIES):
            after = opened(self._store.get(a, listener), connection_id, mark, ticket_ends_at, now)
            if after is None:
                raise TooMany("This ticket was used, or too many were. Begin another session for another one.")
            if self._store.write(a, after):
                self._store.note_owner(connection_id, a, listener, now + LIFE)
                return
        raise Busy(f"sockets of {a}")

    def close(self, connection_id: str) -> None:
        """A connection that ended. What is not known is nothing; what stays is found gone by the next hint."""
        owner = self._store.owner(connection_id)
        if owner is not None:
            self._drop(*owner, connection_id)
            self._store.forget_owner(connection_id)

    def tell(self, a: str, thread: ThreadKey, seq: int) -> None:
        """Say to the pages of a visitor that there is a message of this seq. Never raises: the message is there, and
        is found without this too."""
        try:
            self._tell(a, listener_of(thread), seq)
        except Exception as error:  # whatever it is: a hint is not worth a send that fails
            self._journal.lost(thread.channel_id, error)

    def _tell(self, a: str, listener: str, seq: int) -> None:
        sockets, now = self._store.get(a, listener), self._clock.now()
        live = [one for one, since in sockets.open.items() if since + LIFE > now]
        gone = [one for one in live if not self._line.post(one, hint(seq)) and not is_opening(sockets, one, now)]
        if gone:
            self._drop(a, listener, *gone)
            for connection_id in gone:
                self._store.forget_owner(connection_id)

    def _drop(self, a: str, listener: str, *connection_ids: str) -> None:
        for _ in range(_TRIES):
            after = closed(self._store.get(a, listener), *connection_ids)
            if after is None or self._store.write(a, after):
                return
