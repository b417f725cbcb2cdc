"""Slots of seconds and lines of messages that wait for their channel's speed (docs/data-model.md G9)."""

from __future__ import annotations

from datetime import timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.ports.speeds import LinePlace
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

_KEPT_S = 600
_LINE_DAYS = 7
FRESH_SECOND = guard(
    "slots-before-now-are-over",
    "two workers begin a second at once: the later one would give the slots of the first again",
)
SLOTS_LEFT = guard(
    "slots-of-a-second-are-limited",
    "many workers take slots of one second at once: together more than the provider takes",
)


class SpeedRecord(WorkspaceRecord):
    """SPEED: how many slots of a second are given, or over."""

    taken = NumberAttribute(null=True)


class DynamoSpeeds:
    """The port `recado.ports.speeds.SpeedStore`."""

    def lease(self, a: str, bucket: str, second: int, first: int, wanted: int, limit: int) -> int | None:
        """One conditional update; a second one where slots after `first` are given already. A lost answer costs slots,
        never gives one twice."""
        if first + wanted <= limit:
            fresh = FRESH_SECOND(SpeedRecord.taken.does_not_exist() | (SpeedRecord.taken <= first))
            if self._moved(a, bucket, second, SpeedRecord.taken.set(first + wanted), fresh) is not None:
                return first
        room = SLOTS_LEFT((SpeedRecord.taken > first) & (SpeedRecord.taken <= limit - wanted))
        taken = self._moved(a, bucket, second, SpeedRecord.taken.add(wanted), room)
        return None if taken is None else taken - wanted

    def _moved(self, a: str, bucket: str, second: int, action: Action, condition: Condition | None) -> int | None:
        record = SpeedRecord(keys.speed_pk(a, bucket), keys.speed_sk(second))
        try:
            record.update([action, SpeedRecord.ttl.set(second + _KEPT_S)], condition=condition)
        except UpdateError as error:
            if condition_failed(error):
                return None
            raise
        return int(record.taken or 0)


class LineRecord(WorkspaceRecord):
    """LINE: a message that waits; its sort key is its place."""

    channel_id = UnicodeAttribute()
    line = UnicodeAttribute()
    written_at = TimeAttribute()
    message_id = UnicodeAttribute()


class DynamoLines:
    """The port `recado.ports.speeds.LineStore`. Nothing here is decided upon: whether a message is sent, its OUT
    says."""

    def join(self, a: str, place: LinePlace) -> None:
        """1 WRU."""
        ttl = int((place.written_at + timedelta(days=_LINE_DAYS)).timestamp())
        LineRecord.of(place, pk=keys.line_pk(a, place.channel_id, place.line), sk=_sk(place), ttl=ttl).save()

    def head(self, a: str, channel_id: str, line: str) -> LinePlace | None:
        """1 query, 1 RRU."""
        found = LineRecord.query(keys.line_pk(a, channel_id, line), limit=1, consistent_read=True)
        for one in found:
            return LinePlace(one.channel_id, one.line, one.written_at, one.message_id)
        return None

    def leave(self, a: str, place: LinePlace) -> None:
        """1 WRU."""
        LineRecord(keys.line_pk(a, place.channel_id, place.line), _sk(place)).delete()


def _sk(place: LinePlace) -> str:
    return f"{keys.stamp(place.written_at)}#{place.message_id}"
