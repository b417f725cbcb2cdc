"""A field of contacts is in each place that names fields one by one: left out of one it would be lost in a merge,
absent from exports, or unknown to flows, and nothing else would tell."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from recado.api.contacts import ContactFields, ContactShape
from recado.domain.contact_columns import COLUMNS, TEXTS
from recado.domain.contact_imports import _STATE
from recado.domain.contact_merging import merged
from recado.domain.contacts import Contact
from recado.domain.flow_definitions import FIELD
from recado.services.views import contact_view
from recado.storage.contact_records import ContactRecord
from recado.storage.exported_contacts import _SHOWN
from tests.architecture.sources import ROOT

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
WRITTEN = {field.name for field in msgspec.structs.fields(ContactFields)}
REFERENCES = {"organization_id": "organization", "group_ids": "groups", "principal_id": "principal_id"}
"""Columns of what points elsewhere."""
NO_COLUMN = {"custom_fields", "photo_file_id"}
"""Custom fields have a column each."""
NOT_OF_FLOWS = {"group_ids", "custom_fields", "principal_id", "photo_file_id"}
VALUES: dict[str, Any] = {
    "group_ids": ("gr_1",),
    "custom_fields": {"nota": 7},
    "mobile": "+5511987654321",
    "phone": "+551133334444",
}
KEPT_APART = {"principal_id"}
"""Who somebody is linked to does not pass to the contact they are merged into."""

each = pytest.mark.parametrize("name", sorted(WRITTEN))


def contact(contact_id: str = "ct_1", **values: Any) -> Contact:
    return Contact(contact_id, NOON, NOON, **values)


def value(name: str) -> Any:
    return VALUES.get(name, "x")


@each
def test_it_is_stored_and_shown(name: str) -> None:
    full = contact(**{name: value(name)})
    stored = ContactRecord.of_contact("abcdefgh", full).contact()
    assert getattr(stored, name) == value(name)
    shown = contact_view(full, {})[name]
    assert shown == (list(value(name)) if isinstance(value(name), tuple) else value(name))
    assert name in {field.name for field in msgspec.structs.fields(ContactShape)}


@each
def test_a_merge_keeps_it(name: str) -> None:
    after = merged(contact(), contact("ct_2", **{name: value(name)}), NOON)
    assert getattr(after, name) == (None if name in KEPT_APART else value(name))


def test_exports_have_it() -> None:
    assert {*TEXTS, *REFERENCES} == WRITTEN - NO_COLUMN
    assert set(COLUMNS) == {"id", *TEXTS, *REFERENCES.values()}
    assert set(_SHOWN) >= WRITTEN - {"photo_file_id"}
    assert f"`{','.join(COLUMNS)}`" in (ROOT / "docs" / "contact-exports.md").read_text()


def test_undoing_an_import_gives_it_back_and_sees_who_changed_it() -> None:
    assert set(_STATE) >= WRITTEN - {"custom_fields"}


def test_flows_may_write_it() -> None:
    assert {name for name in WRITTEN if FIELD.fullmatch(name)} == WRITTEN - NOT_OF_FLOWS


def test_whatever_a_contact_has_is_stored() -> None:
    assert {field.name for field in fields(Contact)} <= set(ContactRecord.get_attributes())
