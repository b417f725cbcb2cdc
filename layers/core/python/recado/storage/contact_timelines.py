"""What lies beside a contact: its own events in the contacts table, its chats and their events through the index
`by_contact`."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from itertools import takewhile

from recado.domain.chats import OPEN_SITUATIONS, Event
from recado.ports.contacts import EventPage
from recado.storage import keys
from recado.storage.chat_records import ByContact, ChatEventRecord, ChatRecord
from recado.storage.contact_records import ContactEventRecord

_LAST = "\U0010ffff"


class ContactTimelines:
    """The port `recado.ports.contacts.Timelines` on DynamoDB."""

    def page(self, a: str, contact_id: str, limit: int, after: str | None) -> EventPage:
        """Events newest first: one query of each kind and one batch get per 100 events of chats."""
        before = keys.event_sk(after) if after else keys.event_sk(_LAST)
        own = ContactEventRecord.query(
            keys.contact_events_pk(a, contact_id),
            ContactEventRecord.sk < before,
            scan_index_forward=False,
            limit=limit + 1,
            page_size=limit + 1,
        )
        # Descending, the index gives the chats' events before the chats.
        of_chats = ChatRecord.by_contact.query(
            keys.index_pk(a, contact_id),
            ByContact.co_sk < before,
            scan_index_forward=False,
            limit=limit + 1,
            page_size=limit + 1,
        )
        chat_events = takewhile(lambda record: record.sk.startswith(keys.event_sk("")), of_chats)
        newest = list(
            merge(
                ((record.sk, None, record) for record in own),
                ((record.sk, record.pk, None) for record in chat_events),
                key=lambda place: place[0],
                reverse=True,
            )
        )
        shown = newest[:limit]
        whole = _by_place(ChatEventRecord.batch_get([(pk, sk) for sk, pk, _ in shown if pk is not None]))
        events = [record.event() if record else whole.get(sk) for sk, _, record in shown]
        following = shown[-1][0].removeprefix(keys.event_sk("")) if len(newest) > limit else None
        return EventPage(tuple(event for event in events if event), following)

    def has_open_chat(self, a: str, contact_id: str) -> bool:
        """Whether one of the contact's chats that the index knows is open; each is read consistently."""
        chats = ChatRecord.by_contact.query(
            keys.index_pk(a, contact_id), ByContact.co_sk.startswith("CHAT#"), scan_index_forward=False
        )
        found = ChatRecord.batch_get([(chat.pk, chat.sk) for chat in chats], consistent_read=True)
        return any(chat.situation in OPEN_SITUATIONS for chat in found)


def _by_place(records: Iterable[ChatEventRecord]) -> dict[str, Event]:
    return {record.sk: record.event() for record in records}
