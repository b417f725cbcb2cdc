"""Reading what was said backwards, thread by thread (docs/data-model.md D6)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from recado.domain.chats import Message, ThreadKey
from recado.domain.contacts import Contact
from recado.ports.message_search import Stretch
from recado.storage import keys
from recado.storage.chat_records import AliasRecord, ByContact, ChatRecord, MessageRecord, ThreadRecord

MAX_THREADS = 60
NEWEST_CHATS = 100
MAX_CHARACTERS = 1_000_000
_AFTER_ALL = 9_999_999_999


class DynamoMessageSearch:
    """The port `recado.ports.message_search.SaidMessages` on DynamoDB. All reads are eventually consistent."""

    def threads(self, a: str, contact: Contact) -> Sequence[ThreadKey]:
        """The threads of the contact's identities, also of second ids, and those of its newest hundred chats; at most
        60. 1 query for each id that leads to the contact, and 3 batch gets."""
        named = [ThreadKey(one.channel_id, one.key) for one in contact.identities]
        chats = chain.from_iterable(
            ChatRecord.by_contact.query(
                keys.index_pk(a, one),
                ByContact.co_sk.startswith("CHAT#"),
                scan_index_forward=False,
                limit=NEWEST_CHATS,
                page_size=NEWEST_CHATS,
            )
            for one in (contact.id, *contact.merged_ids)
        )
        places = [(chat.pk, chat.sk) for chat in chats]
        found = [record.chat().thread for record in ChatRecord.batch_get(places)] if places else []
        if named:
            own = ThreadRecord.batch_get([(keys.thread_pk(a, key), "THREAD") for key in named])
            found += [record.thread().key for record in own]
            channels = {keys.alias_pk(a, key): key.channel_id for key in named}
            aliases = AliasRecord.batch_get([(pk, "ALIAS") for pk in channels])
            found += [ThreadKey(channels[record.pk], record.sender) for record in aliases]
        return sorted(dict.fromkeys(found), key=lambda key: (key.channel_id, key.sender))[:MAX_THREADS]

    def back(self, a: str, thread: ThreadKey, below: int | None, first: int, limit: int) -> Stretch:
        """1 query, of which only what is used is read: a page of DynamoDB holds a megabyte."""
        newest = _AFTER_ALL if below is None else below - 1
        if newest < first:
            return Stretch((), False)
        records = MessageRecord.query(
            keys.thread_pk(a, thread),
            MessageRecord.sk.between(keys.message_sk(first), keys.message_sk(newest)),
            scan_index_forward=False,
            limit=limit,
            page_size=limit,
        )
        found: list[Message] = []
        characters = 0
        for record in records:
            found.append(record.message())
            characters += len(found[-1].text) + len(str(found[-1].payload))
            if characters > MAX_CHARACTERS:
                return Stretch(found, found[-1].seq > first)
        return Stretch(found, len(found) == limit and found[-1].seq > first)
