"""Counters of the reports: an item for each agent, department or channel and day, moved by ADD alone, in the
transaction that feeds the facts they count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pynamodb.attributes import NumberAttribute

from recado.domain.reports import FIGURES, Counter, DayFigures, Figures, Kind
from recado.storage import keys
from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import Transaction


class CountRecord(WorkspaceRecord):
    """COUNT: the figures of one day; those that were never counted are missing."""

    opened = NumberAttribute(null=True)
    reopened = NumberAttribute(null=True)
    assigned = NumberAttribute(null=True)
    closed = NumberAttribute(null=True)
    transferred_in = NumberAttribute(null=True)
    transferred_out = NumberAttribute(null=True)
    not_started = NumberAttribute(null=True)
    answered = NumberAttribute(null=True)
    waiting_s = NumberAttribute(null=True)
    waiting_n = NumberAttribute(null=True)
    first_answer_s = NumberAttribute(null=True)
    first_answer_n = NumberAttribute(null=True)
    duration_s = NumberAttribute(null=True)
    duration_n = NumberAttribute(null=True)
    handling_s = NumberAttribute(null=True)
    handling_n = NumberAttribute(null=True)

    def day(self) -> DayFigures:
        """The day with its figures."""
        named = {name: getattr(self, name) for name in FIGURES}
        return DayFigures(
            date.fromisoformat(self.sk), {name: int(value) for name, value in named.items() if value is not None}
        )


class DynamoCounters:
    """Counters as they are read (ports.reports.CounterStore)."""

    def days(self, a: str, kind: Kind, entity_id: str, first: date, last: date) -> list[DayFigures]:
        """1 query, eventually consistent: 0.05 RRU a day at most."""
        between = CountRecord.sk.between(first.isoformat(), last.isoformat())
        return [record.day() for record in CountRecord.query(keys.count_pk(a, kind, entity_id), between)]


def add_counts(tx: Transaction, a: str, counts: Mapping[Counter, Figures]) -> None:
    """One operation, 2 WRU, for each counter. Nothing is conditional: what keeps a fact from counting twice is its
    claim in the same transaction."""
    for counter, figures in counts.items():
        record = CountRecord(keys.count_pk(a, counter.kind, counter.id), counter.day.isoformat())
        actions = [getattr(CountRecord, name).add(amount) for name, amount in figures.items()]
        tx.update(f"count {counter.kind} {counter.id} {counter.day}", record, actions)
