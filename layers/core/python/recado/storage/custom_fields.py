"""Custom fields of contacts and organizations."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition

from recado.domain.custom_fields import CustomField, Table
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

SLUG_FREE = guard(
    "custom-field-slug-free", "two admins make a field of one slug at once: its type changes under values"
)
FIELD_SEEN = guard("custom-field-from-seen-version", "two admins change a field at once: the options of one are lost")


class CustomFieldRecord(WorkspaceRecord):
    """CUSTOMFIELD."""

    id = UnicodeAttribute()
    table = UnicodeAttribute()
    slug = UnicodeAttribute()
    label = UnicodeAttribute()
    type = UnicodeAttribute()
    created_at = TimeAttribute()
    required = BooleanAttribute()
    options = JSONAttribute(null=True)
    active = BooleanAttribute()
    version = NumberAttribute()

    @classmethod
    def of_field(cls, a: str, field: CustomField) -> CustomFieldRecord:
        """The item of a field."""
        sk = keys.custom_field_sk(field.table, field.slug)
        return cls.of(field, pk=keys.workspace_pk(a, "CUSTOMFIELDS"), sk=sk, options=list(field.options) or None)

    def field(self) -> CustomField:
        """The entity."""
        return self.to(CustomField, options=tuple(self.options or ()), version=int(self.version))


class DynamoCustomFields:
    """The port `recado.ports.groups.CustomFieldStore`."""

    def all(self, a: str, table: Table) -> list[CustomField]:
        """One query, strongly consistent."""
        of_table = CustomFieldRecord.sk.startswith(keys.custom_field_sk(table, ""))
        records = CustomFieldRecord.query(keys.workspace_pk(a, "CUSTOMFIELDS"), of_table, consistent_read=True)
        return sorted((record.field() for record in records), key=lambda field: field.id)

    def create(self, a: str, field: CustomField) -> bool:
        """Write a new field; False when there is one of its slug."""
        return _written(a, field, SLUG_FREE(CustomFieldRecord.pk.does_not_exist()))

    def change(self, a: str, before: CustomField, after: CustomField) -> bool:
        """Write a change of a field as it was read; False when it is no longer so."""
        return _written(a, after, FIELD_SEEN(CustomFieldRecord.version == before.version))


def _written(a: str, field: CustomField, condition: Condition | None) -> bool:
    try:
        CustomFieldRecord.of_field(a, field).save(condition=condition)
    except PutError as error:
        if condition_failed(error):
            return False
        raise
    return True
