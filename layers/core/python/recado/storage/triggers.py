"""Triggers of the online chat."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from recado.domain.triggers import Trigger
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

TRIGGER_SEEN = guard(
    "trigger-from-seen-version",
    "a trigger is changed while it is deleted or changed: it comes back, or half of each is lost",
)


class TriggerRecord(WorkspaceRecord):
    """TRIGGER."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    type = UnicodeAttribute()
    parts = JSONAttribute()
    file_id = UnicodeAttribute(null=True)
    enabled = BooleanAttribute()
    created_at = TimeAttribute()
    updated_at = TimeAttribute()
    version = NumberAttribute()

    @classmethod
    def of_trigger(cls, a: str, trigger: Trigger) -> TriggerRecord:
        """The item of a trigger."""
        return cls.of(trigger, pk=_pk(a), sk=trigger.id, parts=trigger.parts())

    def trigger(self) -> Trigger:
        """The entity."""
        return Trigger.of_parts(
            self.parts, id=self.id, name=self.name, channel_id=self.channel_id, type=self.type,
            file_id=self.file_id, enabled=self.enabled, created_at=self.created_at, updated_at=self.updated_at,
            version=int(self.version),
        )  # fmt: skip


class DynamoTriggers:
    """The port `recado.ports.triggers.TriggerStore`."""

    def get(self, a: str, trigger_id: str) -> Trigger | None:
        """One get."""
        found = TriggerRecord.find(_pk(a), trigger_id)
        return None if found is None else found.trigger()

    def all(self, a: str) -> list[Trigger]:
        """One query, eventually consistent."""
        return [record.trigger() for record in TriggerRecord.query(_pk(a))]

    def create(self, a: str, trigger: Trigger) -> None:
        """One put."""
        TriggerRecord.of_trigger(a, trigger).save()

    def change(self, a: str, before: Trigger, after: Trigger) -> bool:
        """Write a change of a trigger as it was read."""
        try:
            TriggerRecord.of_trigger(a, after).save(condition=TRIGGER_SEEN(TriggerRecord.version == before.version))
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def delete(self, a: str, trigger_id: str) -> None:
        """One delete, whatever was changed of it meanwhile."""
        TriggerRecord(_pk(a), trigger_id).delete()


def _pk(a: str) -> str:
    return keys.workspace_pk(a, "TRIGGERS")
