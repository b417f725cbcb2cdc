"""Segments: how many records a filter means, some of them, and why one record is meant or not (PRODUCT G3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from recado.domain.access import Caller
from recado.domain.contact_rules import e164_of, region_of
from recado.domain.custom_fields import CustomField
from recado.domain.errors import NotFound
from recado.domain.ids import is_id
from recado.domain.segment_bounds import bounds_of
from recado.domain.segment_fields import Field, FlowFields, Table, Thing, fields_of
from recado.domain.segment_matching import Matcher
from recado.domain.segment_operands import Moment
from recado.domain.segment_saved import asked_as
from recado.domain.segments import Ask, Group, as_it_is, parse
from recado.ports.core import Clock
from recado.ports.people import AccountStore
from recado.ports.segments import Pages, SegmentReads
from recado.services.custom_fields import CustomFieldService
from recado.services.segment_references import SegmentReferences

COUNTED_FOR = timedelta(seconds=18)
"""How long a preview counts: what calls it waits 29 s at most."""
_THREADS = 16


class SampleViews(Protocol):
    """Records in their public shape."""

    def views_of(self, caller: Caller, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those that exist and the caller may see, in their order."""
        ...


@dataclass(frozen=True)
class Preview:
    """`complete`: all of the table was counted; else `count` are those that were found in time."""

    count: int
    items: list[dict[str, Any]]
    complete: bool


class SegmentService:
    """The one reading of filters, for previews, tasks and lists."""

    def __init__(
        self,
        reads: SegmentReads,
        fields: CustomFieldService,
        references: SegmentReferences,
        accounts: AccountStore,
        views: dict[Table, SampleViews],
        clock: Clock,
    ) -> None:
        self._reads = reads
        self._fields = fields
        self._references = references
        self._accounts = accounts
        self._views = views
        self._clock = clock

    def tree(self, a: str, table: Table, given: Any, pointer: str = "/filter", at: datetime | None = None) -> Group:
        """The tree of a filter, as it reads `at` a moment, now without one. Raises Invalid with a pointer to each wrong
        node."""
        custom: list[CustomField] = self._fields.all(a, "contacts") if table == "contacts" else []
        return self._read(a, given, fields_of(table, custom), self._moment(a, at), pointer)

    def flow_tree(self, a: str, given: Any, saved: Mapping[str, Any], pointer: str) -> Group:
        """The tree of a flow's condition; `saved`: what the flow saved. Raises Invalid."""
        fields = FlowFields(self._fields.all(a, "contacts"))
        return self._read(
            a, given, fields, self._moment(a), pointer, lambda known, op, value: asked_as(known, op, value, saved)
        )

    def preview(self, caller: Caller, table: Table, given: Any, limit: int) -> Preview:
        """How many records a filter means, and the newest of them. Raises Invalid."""
        a = caller.account
        tree = self.tree(a, table, given)
        matcher, until = Matcher(tree), self._clock.now() + COUNTED_FOR
        read = self._reads.contacts if table == "contacts" else self._reads.chats

        def count(pages: Pages) -> tuple[int, list[str], bool]:
            found, sample = 0, list[str]()
            for page in pages():
                matching = matcher.select(page)
                found += len(matching)
                sample += [one["id"]["S"] for one in matching[: limit - len(sample)]]
                if self._clock.now() > until:
                    return found, sample, False
            return found, sample, True

        with ThreadPoolExecutor(_THREADS) as threads:
            parts = list(threads.map(count, read(a, bounds_of(tree))))
        newest = sorted((one for _, sample, _ in parts for one in sample), reverse=True)[:limit]
        items = self._views[table].views_of(caller, newest)
        return Preview(sum(found for found, _, _ in parts), items, all(ended for _, _, ended in parts))

    def explain(self, caller: Caller, table: Table, given: Any, record_id: str) -> dict[str, Any]:
        """What each condition makes of one record. Raises Invalid, NotFound."""
        a = caller.account
        matcher = Matcher(self.tree(a, table, given))
        kind, read = ("ct", self._reads.contact) if table == "contacts" else ("ca", self._reads.chat)
        record = read(a, record_id) if is_id(record_id, kind, a) else None
        if record is None:
            raise NotFound("There is no such record.")
        leaves = [{"pointer": one.pointer, "held": one.held, "value": one.value} for one in matcher.leaves(record)]
        return {"matches": matcher.matches(record), "leaves": leaves}

    def _read(
        self, a: str, given: Any, fields: Mapping[str, Field], at: Moment, pointer: str, ask: Ask = as_it_is
    ) -> Group:
        """Read twice where it names things by ids: they are looked up when it is known to be right but for them."""
        names = set[tuple[Thing, str]]()
        tree = parse(given, fields, at, self._references.noted(fields, names), pointer, ask)
        return parse(given, fields, at, self._references.known(a, fields, names), pointer, ask) if names else tree

    def _moment(self, a: str, at: datetime | None = None) -> Moment:
        account = self._accounts.get(a)
        region = region_of(account.locale if account else "")
        zone = ZoneInfo(account.time_zone if account else "UTC")
        return Moment(at or self._clock.now(), zone, lambda text: e164_of(text, region))
