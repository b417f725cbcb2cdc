"""Chats that flows opened and in which no customer wrote: they are closed, and no agent gets them (PRODUCT G5, G6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Protocol

from recado.domain.chat_moves import ChatMove, close
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.empty_chats import WhyEmpty, customer_wrote_at, may_be_empty, why_empty
from recado.services.chat_pages import SaidInChats, messages_behind


class Conversations(SaidInChats, Protocol):
    """Threads and what was said in chats, consistently."""

    def thread(self, a: str, key: ThreadKey) -> Thread | None: ...


@dataclass(frozen=True)
class EmptyChat:
    """The close of such a chat, which holds as long as its thread stands where it stood. `spoke_at`: when its flow
    wrote first; None: it has said nothing yet."""

    move: ChatMove
    why: WhyEmpty
    spoke_at: datetime | None


class EmptyChats:
    """Reads the thread before its messages: a customer who writes between the two moves the thread, and keeps the
    chat."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def look(self, a: str, chat: Chat, now: datetime) -> EmptyChat | None:
        """How a chat is closed in which no customer wrote; None: it is for people, or closed."""
        if not may_be_empty(chat):
            return None
        thread = self._conversations.thread(a, chat.thread)
        messages = messages_behind(self._conversations, a, chat, 0)
        first = next(messages, None)
        why = why_empty(chat, chain([first] if first else [], messages))
        move = close(chat, thread, now) if thread is not None and why is not None else None
        if move is None or why is None:
            return None
        return EmptyChat(move, why, first.created_at if first else None)

    def customer_wrote_at(self, a: str, chat: Chat) -> datetime | None:
        """When the customer wrote first in the chat."""
        return customer_wrote_at(messages_behind(self._conversations, a, chat, 0))
