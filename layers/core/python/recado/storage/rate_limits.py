"""How often somebody may do something: one counter a minute, in the account they do it in."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from pynamodb.attributes import NumberAttribute
from pynamodb.exceptions import UpdateError

from recado.storage import keys
from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

_RATE_HOLDS = guard("rate-holds", "many at once each find the count below its limit: all of them pass")


class RateRecord(WorkspaceRecord):
    """RATE: how often within one minute."""

    times = NumberAttribute()


class DynamoRateLimits:
    """The port `recado.ports.widget.RateLimits`."""

    def take(self, a: str, what: str, most: int, now: datetime) -> int | None:
        """One conditional update. `what` may hold what a stranger sent: its digest is the key."""
        minute, second = divmod(int(now.timestamp()), 60)
        record = RateRecord(
            keys.rate_pk(a, sha256(what.encode("utf-8", "surrogatepass")).hexdigest()), f"{minute:010d}"
        )
        ends = now + timedelta(minutes=10)
        below = RateRecord.pk.does_not_exist() | (RateRecord.times < most)
        try:
            record.update(
                [RateRecord.times.add(1), RateRecord.ttl.set(int(ends.timestamp()))], condition=_RATE_HOLDS(below)
            )
        except UpdateError as error:
            if condition_failed(error):
                return 60 - second
            raise
        return None
