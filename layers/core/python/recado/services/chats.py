"""Reading chats: the one gate that decides who sees them, lists, messages, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from recado.domain.access import Caller, can_note_chat, can_see_chat
from recado.domain.chats import Chat, Message, Thread
from recado.domain.errors import Forbidden, NotFound
from recado.domain.ids import is_id
from recado.ports.chats import ChatFilter, ChatStore, DepartmentList
from recado.ports.outbox import Adapters
from recado.services.chat_shapes import ChatShapes

READ_AHEAD = 5
"""How many times its limit a page reads at most in search of visible chats; then it ends short, and its cursor goes on
from there."""


class ChatService:
    """Chats as callers see them."""

    def __init__(self, store: ChatStore, departments: DepartmentList, adapters: Adapters) -> None:
        self._store = store
        self._departments = departments
        self._shapes = ChatShapes(store, adapters)

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
        return self.shape(chat, self._store.thread(caller.account, chat.thread))

    def shape(self, chat: Chat, thread: Thread | None) -> dict[str, Any]:
        """The public shape of a chat and its thread, as given."""
        return self._shapes.shape(chat, thread)

    def page(
        self, caller: Caller, wanted: ChatFilter, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Chats in their public shape, newest first, and the id to go on from. A page can be short, even empty, before
        the end: what the caller may not see was read and left out."""
        found, following = self.chats(caller, wanted, limit, after)
        return self.views(caller.account, found), following

    def chats(
        self,
        caller: Caller,
        wanted: ChatFilter,
        limit: int,
        after: str | None,
    ) -> tuple[list[Chat], str | None]:
        """As `page`, the chats themselves."""
        a = caller.account
        if caller.role == "restricted":
            wanted = replace(wanted, served_by=caller.user_id)
        found: list[Chat] = []
        for _ in range(READ_AHEAD):
            ids = self._store.ids(a, wanted, after, limit + 1)
            for chat in self.matching(caller, wanted, ids[:limit]):
                found.append(chat)
                if len(found) == limit:
                    return found, chat.id if chat.id != ids[-1] else None
            if len(ids) <= limit:
                return found, None
            after = ids[limit - 1]
        return found, after

    def matching(self, caller: Caller, wanted: ChatFilter, chat_ids: Sequence[str]) -> list[Chat]:
        """Those of the chats that the filter wants and the caller may see, in their order; as the lists, eventually
        consistent."""
        chats = [
            chat
            for chat in self._store.read(caller.account, chat_ids)
            if _matches(chat, wanted) and _opened_within(chat, wanted)
        ]
        return self._visible_of(caller, chats)

    def messages(self, caller: Caller, chat_id: str, limit: int, after: int | None) -> tuple[list[Message], int | None]:
        """The chat's messages by seq, and the seq to go on from."""
        chat = self.visible(caller, chat_id)
        found = self._store.messages(caller.account, chat, after or 0, limit + 1)
        return found[:limit], found[limit - 1].seq if len(found) > limit else None

    def message(self, caller: Caller, chat_id: str, message_id: str) -> Message:
        """One message of a chat, read consistently. NotFound as `visible`, and for a message of another chat."""
        return self._message(caller, self.visible(caller, chat_id), message_id)

    def note(self, caller: Caller, chat_id: str, message_id: str) -> Message:
        """As `message`, to be changed: for who may write notes in the chat. 403 for who only sees it."""
        chat = self.visible(caller, chat_id)
        found = self._message(caller, chat, message_id)
        if not can_note_chat(caller, chat):
            raise Forbidden("Only who may write notes in this chat changes them.", code="not_your_chat")
        return found

    def _message(self, caller: Caller, chat: Chat, message_id: str) -> Message:
        found = self._store.find_message(caller.account, chat.thread, message_id)
        if found is None or found.chat_id != chat.id:
            raise NotFound("There is no such message.")
        return found

    def seen(self, caller: Caller, chat_ids: Sequence[str]) -> Mapping[str, Chat]:
        """Those of the chats that the caller may see, by id; as the lists, eventually consistent."""
        return {chat.id: chat for chat in self._visible_of(caller, self._store.read(caller.account, chat_ids))}

    def assignments(
        self, caller: Caller, chat_id: str, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The receipts of what distribution decided of the chat, oldest first, those that nobody could be given it
        among them; and the event to go on from."""
        self.visible(caller, chat_id)
        found = self._store.events(caller.account, chat_id, ("chat.assigned", "chat.waiting"), after, limit + 1)
        receipts = [dict(event.data["receipt"]) for event in found[:limit] if event.data.get("receipt")]
        return receipts, found[limit - 1].id if len(found) > limit else None

    def _visible_of(self, caller: Caller, chats: Sequence[Chat]) -> list[Chat]:
        if caller.role == "admin" or not chats:
            return list(chats)
        modes = {one.id: one.access for one in self._departments.all(caller.account)}
        # A department that is gone leaves its chats to the people who served them and to admins.
        return [chat for chat in chats if can_see_chat(caller, chat, modes.get(chat.department_id, "agent"))]

    def views_of(self, caller: Caller, chat_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The public shapes of those of the chats that the caller may see, in their order."""
        return self.views(caller.account, self.matching(caller, ChatFilter(), chat_ids))

    def views(self, a: str, chats: Sequence[Chat]) -> list[dict[str, Any]]:
        """The public shapes of chats that the caller may see."""
        threads = self._store.threads(a, [chat.thread for chat in chats])
        return [self.shape(chat, threads.get(chat.thread)) for chat in chats]


def _opened_within(chat: Chat, wanted: ChatFilter) -> bool:
    since, until = wanted.opened_from, wanted.opened_to
    return (since is None or chat.opened_at >= since) and (until is None or chat.opened_at <= until)


def _matches(chat: Chat, wanted: ChatFilter) -> bool:
    """What the index did not decide, and what changed since it was written."""
    if wanted.served_by is not None and wanted.served_by not in (chat.agent_id, *chat.served_by):
        return False
    if wanted.contact_ids and chat.contact_id not in wanted.contact_ids:
        return False
    return all(
        asked is None or has == asked
        for asked, has in (
            (wanted.situation, chat.situation),
            (wanted.department_id, chat.department_id),
            (wanted.agent_id, chat.agent_id),
            (wanted.channel_id, chat.channel_id),
        )
    )
