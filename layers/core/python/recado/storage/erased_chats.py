"""Chats of a contact that is erased, with their events."""

from __future__ import annotations

from collections.abc import Sequence

from recado.domain.chats import Chat, Event
from recado.ports.contact_erasures import Page
from recado.storage import keys
from recado.storage.alerts import AlertRecord
from recado.storage.chat_records import ByContact, ChatEventRecord, ChatRecord, ServedRecord
from recado.storage.contact_erasures import commit_page
from recado.storage.tables import read_together
from recado.storage.transaction import Transaction, guard

CHAT_GOES = guard(
    "chat-goes-as-it-was-closed",
    "a chat is opened again while it is erased: it would stay in a queue, or count for an agent, and not be there",
)


class DynamoErasedChats:
    """The port `recado.ports.contact_erasures.ErasedChats`."""

    def ids(self, a: str, contact_id: str, before: str | None, limit: int) -> list[str]:
        """1 query of the index."""
        prefix, last = "CHAT#", f"CHAT#{before}" if before else "CHAT#~"
        found = ChatRecord.by_contact.query(
            keys.index_pk(a, contact_id),
            ByContact.co_sk.between(prefix, last),
            scan_index_forward=False,
            limit=limit + 1,
        )
        return [chat_id for one in found if (chat_id := one.pk.rpartition("#")[2]) != before][:limit]

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """1 RRU."""
        found = ChatRecord.find(keys.chat_pk(a, chat_id), "CHAT")
        return None if found is None else found.chat()

    def events(self, a: str, chat_id: str, limit: int) -> list[Event]:
        """1 query."""
        found = ChatEventRecord.query(
            keys.chat_pk(a, chat_id),
            ChatEventRecord.sk.startswith(keys.event_sk("")),
            consistent_read=True,
            limit=limit,
            page_size=limit,
        )
        return [record.event() for record in found]

    def strays(self, a: str, contact_id: str, after: str | None, limit: int) -> tuple[list[Event], str | None]:
        """1 query of the index, 1 batch get."""
        places = _places_of_events(a, contact_id, after, limit)
        if not places:
            return [], None
        read = read_together([(ChatEventRecord, pk, sk) for pk, sk in places])
        events = [one.event() for one in read.values() if isinstance(one, ChatEventRecord)]
        return events, places[-1][1].removeprefix(keys.event_sk(""))

    def erase_events(self, a: str, page: Page, events: Sequence[Event]) -> None:
        """2 WRU for each KB of each, and the index."""
        tx = Transaction()
        for event in events:
            if event.chat_id is not None:
                tx.delete(f"event:{event.id}", ChatEventRecord(keys.chat_pk(a, event.chat_id), keys.event_sk(event.id)))
            department_id = event.data.get("from", {}).get("department_id") if _is_alert(event) else None
            if department_id:
                tx.delete(f"alert:{event.id}", AlertRecord(keys.alerts_pk(a, department_id), event.id))
        commit_page(tx, a, page)

    def erase_chat(self, a: str, page: Page, chat: Chat) -> None:
        """CHAT, and SERVED of at most 50 users."""
        tx = Transaction()
        record = ChatRecord(keys.chat_pk(a, chat.id), "CHAT")
        tx.delete("chat", record, CHAT_GOES(ChatRecord.version == chat.version))
        for user_id in dict.fromkeys((*chat.served_by, *([chat.agent_id] if chat.agent_id else ()))):
            tx.delete(f"served:{user_id}", ServedRecord(keys.served_pk(a, user_id), chat.id))
        commit_page(tx, a, page)


def _places_of_events(a: str, contact_id: str, after: str | None, limit: int) -> list[tuple[str, str]]:
    first = keys.event_sk(after + "~" if after else "")
    found = ChatRecord.by_contact.query(
        keys.index_pk(a, contact_id), ByContact.co_sk.between(first, keys.event_sk("~")), limit=limit
    )
    return [(one.pk, one.sk) for one in found]


def _is_alert(event: Event) -> bool:
    return event.type == "chat.unattended"
