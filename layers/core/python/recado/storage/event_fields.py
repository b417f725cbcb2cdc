"""What every item that holds an event has in common."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from recado.domain.chats import Author, Event
from recado.storage.tables import Record, TimeAttribute


class EventFields(Record):
    """The fields of an event, beside the keys under which it lies."""

    id = UnicodeAttribute()
    type = UnicodeAttribute()
    at = TimeAttribute()
    actor_type = UnicodeAttribute()
    actor_id = UnicodeAttribute(null=True)
    data = JSONAttribute()
    contact_id = UnicodeAttribute(null=True)
    chat_id = UnicodeAttribute(null=True)

    def event(self) -> Event:
        """The entity."""
        return self.to(Event, actor=Author(self.actor_type, self.actor_id))  # type: ignore[arg-type]


def event_fields(event: Event) -> dict[str, Any]:
    """What the item spells otherwise than the entity."""
    return {"actor_type": event.actor.type, "actor_id": event.actor.id, "data": dict(event.data)}
