"""Chats by when they have to be looked at (docs/data-model.md D4, E6)."""

from __future__ import annotations

from datetime import datetime

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from recado.domain.chats import Chat
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.chat_records import ChatRecord
from recado.storage.chats import DynamoChats
from recado.storage.due import due_page
from recado.storage.transaction import condition_failed, guard

TIMER_OF_SEEN = guard(
    "chat-timer-is-set-on-seen-version",
    "a chat moves while its timer is put off: the timer of the new situation would be overwritten",
)
CHAT_DUE = guard(
    "chat-is-there-to-look-at", "a chat loses its timer while the sweep puts it off: it would be looked at for ever"
)


class DynamoChatTimers(DynamoChats):
    """The store of chats' timers (services.chat_timers.ChatTimerStore)."""

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries."""
        return due_page("CHAT", ChatRecord, now, limit)

    def arm(self, a: str, chat: Chat, due_at: datetime | None) -> bool:
        """1 WRU and the index; the chat's version stays: for everybody else nothing changed."""
        actions: list[Action] = [ChatRecord.due_at.remove(), ChatRecord.due_pk.remove(), ChatRecord.due_sk.remove()]
        if due_at is not None:
            actions = [
                ChatRecord.due_at.set(due_at),
                ChatRecord.due_pk.set(keys.due_pk("CHAT", chat.id)),
                ChatRecord.due_sk.set(keys.stamp(due_at)),
            ]
        record = ChatRecord(keys.chat_pk(a, chat.id), "CHAT")
        try:
            record.update(actions, condition=TIMER_OF_SEEN(ChatRecord.version == chat.version))
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def look_again_at(self, a: str, chat_id: str, when: datetime) -> None:
        """Moves the place in the index only; the chat's own next state puts it right."""
        try:
            ChatRecord(keys.chat_pk(a, chat_id), "CHAT").update(
                [ChatRecord.due_sk.set(keys.stamp(when))], condition=CHAT_DUE(ChatRecord.due_sk.exists())
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise
