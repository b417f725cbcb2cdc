"""ALERT: what supervisors of a department have to know, told once with the fact itself."""

from __future__ import annotations

from datetime import timedelta

from recado.domain.chats import Event
from recado.storage import keys
from recado.storage.event_fields import EventFields, event_fields
from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import Transaction

KEPT = timedelta(days=30)


class AlertRecord(EventFields, WorkspaceRecord):
    """ALERT: a copy of an event under a department. Ends by `ttl`."""


def add_alert(tx: Transaction, a: str, department_id: str, event: Event) -> None:
    """Tell the supervisors of a department an event, in the transaction that writes it: one put of a new item. Label
    `alert:<department id>:<event id>`."""
    record = AlertRecord.of(
        event,
        pk=keys.alerts_pk(a, department_id),
        sk=event.id,
        ttl=int((event.at + KEPT).timestamp()),
        **event_fields(event),
    )
    tx.put(f"alert:{department_id}:{event.id}", record)


class AlertStore:
    """The alerts of departments (port: recado/ports/alerts.py)."""

    def newest(self, a: str, department_id: str, limit: int, before: str | None) -> list[Event]:
        """At most `limit` alerts of a department, newest first, older than the id `before`. ½ RRU for each 4 KB."""
        below = AlertRecord.sk < before if before else None
        found = AlertRecord.query(
            keys.alerts_pk(a, department_id), below, scan_index_forward=False, limit=limit, page_size=limit
        )
        return [record.event() for record in found]
