"""Custom fields: what an account adds to its contacts and organizations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from recado.domain.contact_search import fold
from recado.domain.custom_fields import CHOICES, MAX_FIELDS, CustomField, FieldType, Table, shown
from recado.domain.errors import Conflict, FieldError, Invalid, NotFound
from recado.ports.core import Clock, Ids
from recado.ports.groups import CustomFieldStore
from recado.services.references import References
from recado.services.views import moment

_KEPT = timedelta(seconds=10)
_MOST_ACCOUNTS = 1000


class CustomFieldService:
    """A field's slug, table and type are what they were made as; everything else changes."""

    def __init__(self, store: CustomFieldStore, references: References, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._references = references
        self._clock = clock
        self._ids = ids

    def all(self, a: str, table: Table | None) -> list[CustomField]:
        """The fields of a table, of both without one; deactivated ones too, oldest first."""
        tables: tuple[Table, ...] = (table,) if table else ("contacts", "organizations")
        return sorted((one for name in tables for one in self._store.all(a, name)), key=lambda field: field.id)

    def get(self, a: str, field_id: str) -> CustomField:
        """Raises NotFound."""
        found = next((field for field in self.all(a, None) if field.id == field_id), None)
        if found is None:
            raise NotFound("There is no such field.")
        return found

    def create(
        self, a: str, table: Table, slug: str, label: str, field_type: FieldType, required: bool, options: Sequence[str]
    ) -> CustomField:
        """A new field. Raises Invalid, Conflict `slug_taken`, `too_many_fields`."""
        if len(self._store.all(a, table)) >= MAX_FIELDS:
            detail = f"A table has at most {MAX_FIELDS} fields of your own, deactivated ones too."
            raise Conflict(detail, code="too_many_fields", extra={"limit": MAX_FIELDS})
        field = CustomField(
            self._ids.new("cf", a), table, slug, label.strip(), field_type, self._clock.now(), required,
            _options(field_type, options),
        )  # fmt: skip
        if not self._store.create(a, field):
            raise Conflict("The table has a field of this slug already.", code="slug_taken")
        return field

    def change(self, a: str, field_id: str, changes: Mapping[str, Any]) -> CustomField:
        """Another label, other options, needed or not, active or not. What contacts hold of options that go stays.
        Raises NotFound, Invalid, Conflict `in_use` when it is deactivated and named, `field_changed` when somebody else
        changes it at this moment."""
        before = self.get(a, field_id)
        fields = dict(changes)
        if "options" in fields:
            fields["options"] = _options(before.type, fields["options"])
        if "label" in fields:
            fields["label"] = fields["label"].strip()
        after = replace(before, **fields)
        if after == before:
            return before
        if before.active and not after.active and before.table == "contacts":
            self._references.refuse(a, [f"custom.{before.slug}"], "The field")
        after = replace(after, version=before.version + 1)
        if not self._store.change(a, before, after):
            raise Conflict("Somebody else changed the field at this moment. Read it again.", code="field_changed")
        return after


class RememberedFields:
    """The fields of a table as writing and showing contacts needs them: at most ten seconds old, but never older than
    now where that would refuse or hide something."""

    def __init__(self, store: CustomFieldStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, Table], tuple[datetime, Sequence[CustomField]]] = {}

    def checked(
        self, a: str, table: Table, check: Callable[[Sequence[CustomField]], tuple[dict[str, Any], list[FieldError]]]
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """What `check` makes of the fields, deactivated ones too. What the remembered ones refuse is checked against
        those that there are: one may have been made or changed a moment ago."""
        remembered = self._remembered(a, table)
        if remembered is not None:
            values, errors = check(remembered)
            if not errors:
                return values, errors
        return check(self._read(a, table))

    def shown(self, a: str, table: Table, many: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Values as they are shown: without those of deactivated fields. Before one is hidden its field is read anew,
        once for all of them: it may be active again."""
        if not any(many):
            return [{} for _ in many]
        remembered = self._remembered(a, table)
        if remembered is not None:
            views = [shown(remembered, values) for values in many]
            if all(len(view) == len(values) for view, values in zip(views, many, strict=True)):
                return views
        fields = self._read(a, table)
        return [shown(fields, values) for values in many]

    def _remembered(self, a: str, table: Table) -> Sequence[CustomField] | None:
        read_at, fields = self._known.get((a, table), (None, ()))
        fresh = read_at is not None and timedelta(0) <= self._clock.now() - read_at < _KEPT
        return fields if fresh else None

    def _read(self, a: str, table: Table) -> Sequence[CustomField]:
        fields = self._store.all(a, table)
        if len(self._known) >= _MOST_ACCOUNTS:
            self._known.clear()
        self._known[a, table] = self._clock.now(), fields
        return fields


def custom_field_view(field: CustomField) -> dict[str, Any]:
    """A field in its public shape."""
    return {
        "id": field.id,
        "slug": field.slug,
        "label": field.label,
        "table": field.table,
        "type": field.type,
        "required": field.required,
        "options": list(field.options),
        "active": field.active,
        "created_at": moment(field.created_at),
    }


def _options(field_type: FieldType, options: Sequence[str]) -> tuple[str, ...]:
    """Options as they are kept: without blanks around them. A list needs some, no other field has any. Imports and
    filters find them without case and accents, so no two are one by these."""
    kept = tuple(option.strip() for option in options)
    if field_type not in CHOICES:
        if kept:
            raise Invalid.field("/options", "no_choice", "Only a list has options.")
        return ()
    if not kept:
        raise Invalid.field("/options", "required", "A list needs options.")
    folded = [fold(option) for option in kept]
    for index, option in enumerate(folded):
        if option in folded[:index]:
            detail = "This option is given more than once: case and accents make no other one."
            raise Invalid.field(f"/options/{index}", "repeated", detail)
    return kept
