"""The report of what messages cost at their providers (J2): per day, channel and category, from counters alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from recado.domain.channels import Channel
from recado.domain.errors import NotFound
from recado.domain.ids import is_id
from recado.ports.billing import BillingCounts
from recado.ports.channels import ChannelStore
from recado.services.reports import Period

_MOST_ROWS_OF_A_PAGE = 4_000


@dataclass(frozen=True)
class BillingRow:
    """The figures (domain.billing.FIGURES) of a channel's day and category."""

    day: date
    channel: Channel
    category: str
    figures: Mapping[str, int]


class BillingReport:
    """One query for each channel; removed ones keep their figures."""

    def __init__(self, counts: BillingCounts, channels: ChannelStore) -> None:
        self._counts = counts
        self._channels = channels

    def rows(
        self, a: str, period: Period, only: str | None, limit: int, after: str | None
    ) -> tuple[list[BillingRow], str | None]:
        """The rows of some channels by id, each channel's by day and category, and the id of the last one when more
        follow. NotFound for an unknown `only`."""
        if only is not None:
            channel = self._channels.get(a, only) if is_id(only, "ch", a) else None
            if channel is None:
                raise NotFound("There is no such thing.")
            return self._of(a, period, channel), None
        page = self._channels.page(a, limit + 1, after)
        rows: list[BillingRow] = []
        read = 0
        for channel in page[:limit]:
            rows += self._of(a, period, channel)
            read += 1
            if len(rows) >= _MOST_ROWS_OF_A_PAGE:
                break
        return rows, page[read - 1].id if read < len(page) else None

    def _of(self, a: str, period: Period, channel: Channel) -> list[BillingRow]:
        found = self._counts.days(a, channel.id, period.first, period.last)
        return [BillingRow(day, channel, category, found[day, category]) for day, category in sorted(found)]
