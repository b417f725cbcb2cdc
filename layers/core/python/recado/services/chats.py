"""Reading chats: the one gate that decides who sees them, lists, messages, receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from recado.domain.access import Caller, can_see_chat
from recado.domain.chats import Chat, Message, Thread
from recado.domain.errors import NotFound
from recado.domain.ids import is_id
from recado.domain.windows import window_expires_at
from recado.ports.chats import ChatFilter, ChatStore, DepartmentList
from recado.ports.outbox import Adapters
from recado.services.views import chat_view

READ_AHEAD = 5
"""How many times its limit a page reads at most in search of visible chats; then it ends short, and its cursor goes on
from there."""


class ChatService:
    """Chats as callers see them."""

    def __init__(self, store: ChatStore, departments: DepartmentList, adapters: Adapters) -> None:
        self._store = store
        self._departments = departments
        self._adapters = adapters

    def visible(self, caller: Caller, chat_id: str) -> Chat:
        """The chat, read consistently. NotFound when it is unknown, foreign or not for this caller."""
        a = caller.account
        chat = self._store.chat(a, chat_id) if is_id(chat_id, "ca", a) else None
        if chat is None or not self._visible_of(caller, [chat]):
            raise NotFound("There is no such chat.")
        return chat

    def get(self, caller: Caller, chat_id: str) -> dict[str, Any]:
        """One chat in its public shape."""
        return self.view(caller, self.visible(caller, chat_id))

    def view(self, caller: Caller, chat: Chat) -> dict[str, Any]:
        """The public shape of a chat that the caller may see."""
        return self._view(chat, self._store.thread(caller.account, chat.thread))

    def page(
        self, caller: Caller, wanted: ChatFilter, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Chats in their public shape, newest first, and the id to go on from. A page can be short, even empty, before
        the end: what the caller may not see was read and left out."""
        a = caller.account
        if caller.role == "restricted":
            if wanted.agent_id not in (None, caller.user_id):
                return [], None
            wanted = replace(wanted, agent_id=caller.user_id)
        found: list[Chat] = []
        for _ in range(READ_AHEAD):
            ids = self._store.ids(a, wanted, after, limit + 1)
            chats = [chat for chat in self._store.read(a, ids[:limit]) if _matches(chat, wanted)]
            for chat in self._visible_of(caller, chats):
                found.append(chat)
                if len(found) == limit:
                    return self._views(a, found), chat.id if chat.id != ids[-1] else None
            if len(ids) <= limit:
                return self._views(a, found), None
            after = ids[limit - 1]
        return self._views(a, found), after

    def messages(self, caller: Caller, chat_id: str, limit: int, after: int | None) -> tuple[list[Message], int | None]:
        """The chat's messages by seq, and the seq to go on from."""
        chat = self.visible(caller, chat_id)
        found = self._store.messages(caller.account, chat, after or 0, limit + 1)
        return found[:limit], found[limit - 1].seq if len(found) > limit else None

    def assignments(
        self, caller: Caller, chat_id: str, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The receipts of the chat's assignments, oldest first, and the event to go on from."""
        self.visible(caller, chat_id)
        found = self._store.events(caller.account, chat_id, "chat.assigned", after, limit + 1)
        receipts = [dict(event.data["receipt"]) for event in found[:limit] if event.data.get("receipt")]
        return receipts, found[limit - 1].id if len(found) > limit else None

    def _visible_of(self, caller: Caller, chats: Sequence[Chat]) -> list[Chat]:
        if caller.role == "admin" or not chats:
            return list(chats)
        modes = {one.id: one.access for one in self._departments.all(caller.account)}
        # A department that is gone leaves its chats to the people who served them and to admins.
        return [chat for chat in chats if can_see_chat(caller, chat, modes.get(chat.department_id, "agent"))]

    def _views(self, a: str, chats: Sequence[Chat]) -> list[dict[str, Any]]:
        threads = self._store.threads(a, [chat.thread for chat in chats])
        return [self._view(chat, threads.get(chat.thread)) for chat in chats]

    def _view(self, chat: Chat, thread: Thread | None) -> dict[str, Any]:
        return chat_view(chat, thread, self._window(chat, thread))

    def _window(self, chat: Chat, thread: Thread | None) -> datetime | None:
        return window_expires_at(self._adapters(chat.channel_type).window, thread.last_inbound_at if thread else None)


def _matches(chat: Chat, wanted: ChatFilter) -> bool:
    """What the index did not decide, and what changed since it was written."""
    return all(
        asked is None or has == asked
        for asked, has in (
            (wanted.situation, chat.situation),
            (wanted.department_id, chat.department_id),
            (wanted.agent_id, chat.agent_id),
            (wanted.channel_id, chat.channel_id),
            (wanted.contact_id, chat.contact_id),
        )
    )
