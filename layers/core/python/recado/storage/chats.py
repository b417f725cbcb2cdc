"""Reading chats: lists by the four indexes, their items and threads, messages, receipts (docs/data-model.md D1, D6,
E7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from typing import Any

from recado.domain.chats import SITUATIONS, Chat, Event, Message, Situation, Thread, ThreadKey
from recado.ports.chats import ChatFilter
from recado.storage import keys
from recado.storage.chat_records import ChatEventRecord, ChatRecord, MessageRecord, ServedRecord, ThreadRecord

LOOK_BACK = 2_000
"""How many messages back an answered one is looked for."""
_LAST = "~"
"""Greater than anything in an id."""


class DynamoChats:
    """The store of chats (ports.chats.ChatStore)."""

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """1 RRU."""
        found = ChatRecord.find(keys.chat_pk(a, chat_id), "CHAT")
        return None if found is None else found.chat()

    def thread(self, a: str, key: ThreadKey) -> Thread | None:
        """1 RRU."""
        found = ThreadRecord.find(keys.thread_pk(a, key), "THREAD")
        return None if found is None else found.thread()

    def ids(self, a: str, wanted: ChatFilter, before: str | None, limit: int) -> list[str]:
        """One query for each situation, merged, and one for the chats that somebody served before others; a contact's
        chats lie together and need one."""
        oldest = _from_id(a, wanted.opened_from)
        newest = _to_id(a, wanted.opened_to)
        if before is not None and before < newest:
            newest = before
        streams = [_newest_first(*source, oldest, newest, limit + 1) for source in _sources(a, wanted)]
        found = (chat_id for chat_id, _ in groupby(merge(*streams, reverse=True)) if chat_id != before)
        return list(islice(found, limit))

    def read(self, a: str, chat_ids: Sequence[str]) -> list[Chat]:
        """Eventually consistent, as the lists are from which the ids come."""
        if not chat_ids:
            return []
        wanted = [(keys.chat_pk(a, chat_id), "CHAT") for chat_id in chat_ids]
        found = {record.id: record.chat() for record in ChatRecord.batch_get(wanted)}
        return [found[chat_id] for chat_id in chat_ids if chat_id in found]

    def threads(self, a: str, thread_keys: Sequence[ThreadKey]) -> Mapping[ThreadKey, Thread]:
        """Eventually consistent."""
        wanted = [(keys.thread_pk(a, key), "THREAD") for key in dict.fromkeys(thread_keys)]
        if not wanted:
            return {}
        return {thread.key: thread for thread in (record.thread() for record in ThreadRecord.batch_get(wanted))}

    def messages(self, a: str, chat: Chat, after: int, limit: int) -> list[Message]:
        """One query of the thread, from the chat's first message to its last. Between them a chat that was opened
        again may have another's."""
        first = keys.message_sk(max(after + 1, chat.first_seq))
        last = keys.message_sk(chat.last_seq) if chat.last_seq is not None else keys.message_sk(0)[:4] + _LAST
        if first > last:
            return []
        records = MessageRecord.query(
            keys.thread_pk(a, chat.thread),
            MessageRecord.sk.between(first, last),
            MessageRecord.chat_id == chat.id,
            consistent_read=True,
            limit=limit,
            page_size=max(limit, 50),
        )
        return [record.message() for record in records]

    def find_message(self, a: str, thread: ThreadKey, message_id: str) -> Message | None:
        """Backwards from the newest, at most LOOK_BACK messages."""
        records = MessageRecord.query(
            keys.thread_pk(a, thread),
            MessageRecord.sk.startswith("MSG#"),
            consistent_read=True,
            scan_index_forward=False,
            page_size=100,
            limit=LOOK_BACK,
        )
        return next((record.message() for record in records if record.id == message_id), None)

    def events(self, a: str, chat_id: str, event_types: Sequence[str], after: str | None, limit: int) -> list[Event]:
        """One query of the chat's facts."""
        records = ChatEventRecord.query(
            keys.chat_pk(a, chat_id),
            ChatEventRecord.sk.between(keys.event_sk(after + _LAST if after else ""), keys.event_sk(_LAST)),
            ChatEventRecord.type.is_in(*event_types),
            consistent_read=True,
            limit=limit,
        )
        return [record.event() for record in records]

    def last_event(self, a: str, chat_id: str, event_type: str) -> Event | None:
        """One query of the chat's facts, newest first."""
        records = ChatEventRecord.query(
            keys.chat_pk(a, chat_id),
            ChatEventRecord.sk.startswith(keys.event_sk("")),
            ChatEventRecord.type == event_type,
            consistent_read=True,
            scan_index_forward=False,
            page_size=10,
            limit=1,
        )
        return next((record.event() for record in records), None)


def _sources(a: str, wanted: ChatFilter) -> list[tuple[Any, Any, str, str]]:
    """The index or kind of item, its sort key, partition and the prefix before the chat's id, of each query that the
    filter needs."""
    if wanted.contact_ids:
        return [(ChatRecord.by_contact, ChatRecord.co_sk, keys.index_pk(a, one), "CHAT#") for one in wanted.contact_ids]
    situations: tuple[Situation, ...] = (wanted.situation,) if wanted.situation else SITUATIONS
    served_by, agent_id = wanted.served_by, wanted.agent_id or wanted.served_by
    served = [(ServedRecord, ServedRecord.sk, keys.served_pk(a, served_by), "")] if served_by else []
    if served_by and served_by != agent_id:
        return served
    if agent_id:
        pk = keys.index_pk(a, agent_id)
        return [*served, *((ChatRecord.by_agent, ChatRecord.ag_sk, pk, f"{one}#") for one in situations)]
    if wanted.department_id:
        pk = keys.index_pk(a, wanted.department_id)
        return [(ChatRecord.by_department, ChatRecord.de_sk, pk, f"{one}#") for one in situations]
    return [(ChatRecord.by_situation, ChatRecord.si_sk, keys.index_pk(a, one), "") for one in situations]


def _newest_first(index: Any, sort: Any, pk: str, prefix: str, oldest: str, newest: str, limit: int) -> Iterator[str]:
    """Ids of one partition, both bounds included."""
    if oldest > newest:
        return
    bounds = sort.between(prefix + oldest, prefix + newest)
    for record in index.query(pk, bounds, scan_index_forward=False, limit=limit):
        yield record.sk if isinstance(record, ServedRecord) else record.pk.rpartition("#")[2]


def _from_id(a: str, at: datetime | None) -> str:
    return _stem(a, at) if at else f"ca_{a}_"


def _to_id(a: str, at: datetime | None) -> str:
    return (_stem(a, at) if at else f"ca_{a}_") + _LAST


def _stem(a: str, at: datetime) -> str:
    """How ids of chats begin that were opened in this millisecond (domain.ids)."""
    return f"ca_{a}_{max(0, int(at.timestamp() * 1000)):011x}"
