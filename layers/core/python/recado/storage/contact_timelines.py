"""What lies beside a contact: its own events in the contacts table, its chats and their events through the index
`by_contact`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import takewhile

from recado.domain.chats import OPEN_SITUATIONS, Event
from recado.ports.contacts import EventPage
from recado.storage import keys
from recado.storage.chat_records import ByContact, ChatEventRecord, ChatRecord
from recado.storage.contact_records import ContactEventRecord

_LAST = "\U0010ffff"
_LOOKED_AT = 50
"""Events of a contact among which a comment is looked for."""


class ContactTimelines:
    """The ports `recado.ports.contacts.Timelines` and `Comments` on DynamoDB."""

    def page(self, a: str, contact_ids: Sequence[str], limit: int, after: str | None) -> EventPage:
        """Events newest first: for each id one query of each kind, and one batch get per 100 events of chats."""
        before = keys.event_sk(after) if after else keys.event_sk(_LAST)
        streams = [stream for one in contact_ids for stream in _streams(a, one, before, limit + 1)]
        newest = list(merge(*streams, key=lambda place: place[0], reverse=True))
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

    def has_comment(self, a: str, contact_id: str) -> bool:
        """One query, strongly consistent: 1 RRU for each 4 KB of the last events."""
        own = ContactEventRecord.query(
            keys.contact_events_pk(a, contact_id),
            ContactEventRecord.sk.startswith(keys.event_sk("")),
            scan_index_forward=False,
            consistent_read=True,
            limit=_LOOKED_AT,
            page_size=_LOOKED_AT,
            attributes_to_get=["type"],
        )
        return any(one.type == "contact.commented" for one in own)


_Place = tuple[str, str | None, ContactEventRecord | None]
"""The sort key of an event; of a chat's, its partition; of the contact's own, the item."""


def _streams(a: str, contact_id: str, before: str, most: int) -> tuple[Iterator[_Place], Iterator[_Place]]:
    """Events of a contact and of its chats, each newest first."""
    own = ContactEventRecord.query(
        keys.contact_events_pk(a, contact_id),
        ContactEventRecord.sk < before,
        scan_index_forward=False,
        limit=most,
        page_size=most,
    )
    of_chats = ChatRecord.by_contact.query(
        keys.index_pk(a, contact_id), ByContact.co_sk < before, scan_index_forward=False, limit=most, page_size=most
    )
    # Descending, the index gives the chats' events before the chats.
    chat_events = takewhile(lambda record: record.sk.startswith(keys.event_sk("")), of_chats)
    return ((one.sk, None, one) for one in own), ((one.sk, one.pk, None) for one in chat_events)


def _by_place(records: Iterable[ChatEventRecord]) -> dict[str, Event]:
    return {record.sk: record.event() for record in records}
