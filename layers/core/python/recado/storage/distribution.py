"""What a distribution decision reads: the queue with its head, and the order of members."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from recado.domain.chats import Chat
from recado.domain.distribution import Seat
from recado.storage import keys
from recado.storage.agents import MemberRecord, RingRecord
from recado.storage.chat_records import WaitRecord
from recado.storage.tables import Record

_R = TypeVar("_R", bound=Record)

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
                turn, cursor = int(record.turn), record.cursor
            else:
                waiting.append(record.chat())
        return turn, cursor, waiting[:limit]

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
        between = RingRecord.sk.between(after + _NEXT, up_to)
        ring = _page(RingRecord, keys.ring_pk(a, department_id), limit, between)
        return [Seat(int(record.position), record.user_id, True) for record in ring]

    def count_between(self, a: str, department_id: str, after: str, up_to: str) -> int:
        """How many members stand after a place, up to and with another."""
        condition = MemberRecord.sk.between(after + _NEXT, up_to)
        return int(MemberRecord.count(keys.members_pk(a, department_id), condition, consistent_read=True))


def _seat(record: MemberRecord) -> Seat:
    return Seat(int(record.position), record.user_id, bool(record.eligible))


def _page(model: type[_R], pk: str, limit: int, condition: Condition | None = None) -> Iterator[_R]:
    """At most `limit` items in one consistent query."""
    return islice(model.query(pk, condition, consistent_read=True, limit=limit), limit)
