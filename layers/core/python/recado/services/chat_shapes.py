"""The public shape of a chat with what its thread knows: the one that is answered, and that facts carry."""

from __future__ import annotations

from typing import Any, Protocol

from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.windows import window_expires_at
from recado.ports.outbox import Adapters
from recado.services.views import chat_view


class ThreadReads(Protocol):
    """Consistent reads of threads."""

    def thread(self, a: str, key: ThreadKey) -> Thread | None: ...


class ChatShapes:
    """Composes a chat with its thread and the window of its channel."""

    def __init__(self, threads: ThreadReads, adapters: Adapters) -> None:
        self._threads = threads
        self._adapters = adapters

    def of(self, a: str, chat: Chat, thread: Thread | None = None) -> dict[str, Any]:
        """The chat's shape; a thread that is not given is read."""
        return self.shape(chat, thread or self._threads.thread(a, chat.thread))

    def shape(self, chat: Chat, thread: Thread | None) -> dict[str, Any]:
        """The chat's shape with a thread as it was read."""
        rule = self._adapters(chat.channel_type).window
        return chat_view(chat, thread, window_expires_at(rule, thread.last_inbound_at if thread else None))
