"""Facts of what an account is made of: neither of a contact nor of a chat."""

from __future__ import annotations

from recado.domain.chats import Event
from recado.storage import keys
from recado.storage.event_fields import EventFields, event_fields
from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import Transaction


class WorkspaceEventRecord(EventFields, WorkspaceRecord):
    """EVT of the workspace table, under what it tells of."""


def add_workspace_event(tx: Transaction, a: str, subject_id: str, event: Event) -> None:
    """Put a fact into the transaction of what it tells. Label `event:<event id>`."""
    record = WorkspaceEventRecord.of(
        event, pk=keys.workspace_events_pk(a, subject_id), sk=keys.event_sk(event.id), **event_fields(event)
    )
    tx.put(f"event:{event.id}", record)
