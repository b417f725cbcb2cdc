"""Closing a chat that nobody asked to be closed."""

from __future__ import annotations

from recado.domain.chat_moves import close
from recado.domain.errors import Busy
from recado.domain.events import MovedBecause
from recado.ports.chats import ChatStore
from recado.ports.core import Clock
from recado.services.system_moves import SystemMoves

_TRIES = 5


class SystemClosing:
    """Level-triggered: each try reads the chat again."""

    def __init__(self, chats: ChatStore, moves: SystemMoves, clock: Clock) -> None:
        self._chats = chats
        self._moves = moves
        self._clock = clock

    def close(self, a: str, chat_id: str, cause: MovedBecause) -> bool:
        """Whether it was closed here. Somebody may close it first. Raises Busy."""
        for _ in range(_TRIES):
            chat = self._chats.chat(a, chat_id)
            thread = self._chats.thread(a, chat.thread) if chat else None
            move = close(chat, thread, self._clock.now()) if chat and thread else None
            if move is None:
                return False
            if self._moves.commit(a, move, None, cause) is not None:
                return True
        raise Busy(f"closing {chat_id}")
