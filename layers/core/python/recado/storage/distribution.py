"""What a distribution decision reads: the queue with its head, and the order of members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from recado.domain.chats import Chat, Event, Thread, ThreadKey
from recado.domain.distribution import Seat
from recado.domain.people import Agent
from recado.storage import keys
from recado.storage.agents import MemberRecord, RingRecord, agent_in, agent_items
from recado.storage.chat_records import ChatEventRecord, HeadRecord, ThreadRecord, WaitRecord, wait_record
from recado.storage.tables import Record, read_together
from recado.storage.transaction import Transaction, guard

_R = TypeVar("_R", bound=Record)

TOLD_ONCE = guard("waiting-is-told-once", "two looks find nobody for the same chats at once: both would tell it")

_LAST = "~"
"""Sorts after every place."""
_NEXT = " "
"""Sorts before every character of a place: a place with it is the least text after that place."""


class _HeadOrWait(WaitRecord):
    """Either item of a queue's partition: HEAD sorts before WAIT, so one query reads both."""

    cursor = UnicodeAttribute(null=True)
    turn = NumberAttribute(null=True)


class DistributionStore:
    """Consistent reads only: nothing is decided from an index."""

    def queue(self, a: str, department_id: str, limit: int) -> tuple[int, str | None, list[Chat]]:
        """(turns so far, place of the last turn, up to `limit` waiting chats, oldest first)."""
        turn, cursor, waiting = 0, None, []
        for record in _page(_HeadOrWait, keys.queue_pk(a, department_id), limit + 1):
            if record.sk == "HEAD":
                turn, cursor = int(record.turn or 0), record.cursor
            else:
                waiting.append(record.chat())
        return turn, cursor, waiting[:limit]

    def read(
        self, a: str, user_ids: Iterable[str], chats: Sequence[Chat]
    ) -> tuple[dict[str, tuple[Agent, datetime | None]], dict[ThreadKey, Thread]]:
        """Agents with the ends of their leases, and the threads of chats, in one call for 100 items."""
        agents = {user_id: keys.agent_pk(a, user_id) for user_id in user_ids}
        threads = {chat.thread: keys.thread_pk(a, chat.thread) for chat in chats}
        wanted = [one for pk in agents.values() for one in agent_items(pk)]
        found = read_together([*wanted, *((ThreadRecord, pk, "THREAD") for pk in threads.values())])
        known = {user_id: agent for user_id, pk in agents.items() if (agent := agent_in(found, pk)) is not None}
        read = ((key, found.get((pk, "THREAD"))) for key, pk in threads.items())
        return known, {key: record.thread() for key, record in read if isinstance(record, ThreadRecord)}

    def untold(self, a: str, department_id: str, limit: int) -> tuple[str | None, list[Chat]]:
        """(the place in the queue up to which chats were told why they wait, the next `limit` after it)."""
        pk = keys.queue_pk(a, department_id)
        head = HeadRecord.find(pk, "HEAD")
        told = head.told if head else None
        after = WaitRecord.sk > (told or "WAIT#")
        return told, [record.chat() for record in _page(WaitRecord, pk, limit, after)]

    def tell(self, a: str, department_id: str, seen: str | None, last: Chat, events: Sequence[Event]) -> bool:
        """Write the facts of chats that wait, `last` the youngest; False when somebody else told meanwhile."""
        tx = Transaction()
        place = wait_record(a, last).sk
        unmoved = HeadRecord.told.does_not_exist() if seen is None else HeadRecord.told == seen
        head = HeadRecord(keys.queue_pk(a, department_id), "HEAD")
        tx.update("head", head, [HeadRecord.told.set(place)], TOLD_ONCE(unmoved))
        for event in events:
            tx.put(f"event:{event.id}", ChatEventRecord.of_event(a, event))
        return tx.committed()

    def anybody(self, a: str, department_id: str) -> bool:
        """Whether somebody there can be given a chat, as far as the ring tells."""
        return bool(self.ring_between(a, department_id, "", _LAST, 1))

    def members_after(self, a: str, department_id: str, cursor: str | None, limit: int) -> list[Seat]:
        """Members whose place is after the cursor (from the start without one), in order."""
        after = MemberRecord.sk > cursor if cursor else None
        return [_seat(record) for record in _page(MemberRecord, keys.members_pk(a, department_id), limit, after)]

    def members_up_to(self, a: str, department_id: str, cursor: str, limit: int) -> list[Seat]:
        """Members from the start up to and with the cursor's place, in order."""
        return [
            _seat(record)
            for record in _page(MemberRecord, keys.members_pk(a, department_id), limit, MemberRecord.sk <= cursor)
        ]

    def ring_between(self, a: str, department_id: str, after: str, up_to: str, limit: int) -> list[Seat]:
        """The first `limit` eligible members after a place, up to and with another."""
        if after >= up_to:
            return []  # DynamoDB refuses a range that ends before it begins
        between = RingRecord.sk.between(after + _NEXT, up_to)
        ring = _page(RingRecord, keys.ring_pk(a, department_id), limit, between)
        return [Seat(int(record.position), record.user_id, True) for record in ring]

    def count_between(self, a: str, department_id: str, after: str, up_to: str) -> int:
        """How many members stand after a place, up to and with another."""
        if after >= up_to:
            return 0
        condition = MemberRecord.sk.between(after + _NEXT, up_to)
        return int(MemberRecord.count(keys.members_pk(a, department_id), condition, consistent_read=True))


def _seat(record: MemberRecord) -> Seat:
    return Seat(int(record.position), record.user_id, bool(record.eligible))


def _page(model: type[_R], pk: str, limit: int, condition: Condition | None = None) -> Iterator[_R]:
    """At most `limit` items in one consistent query."""
    return islice(model.query(pk, condition, consistent_read=True, limit=limit), limit)
