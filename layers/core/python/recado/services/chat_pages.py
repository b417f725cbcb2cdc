"""What was said in a chat, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from recado.domain.chats import Chat, Message

_PAGE = 50


class SaidInChats(Protocol):
    """Messages of chats, consistently."""

    def messages(self, a: str, chat: Chat, after: int, limit: int) -> list[Message]: ...


def messages_behind(said: SaidInChats, a: str, chat: Chat, after: int) -> Iterator[Message]:
    """The chat's messages behind a seq of its thread, in order; a page is read when somebody comes to it."""
    while True:
        page = said.messages(a, chat, after, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq
