"""The public shape of contacts, wherever it is told: values of deactivated custom fields are hidden (H3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recado.domain.contacts import Contact
from recado.services.custom_fields import RememberedFields
from recado.services.views import contact_view


class ContactShapes:
    """Asks for the account's fields once for all contacts of a page, and only when one has values."""

    def __init__(self, fields: RememberedFields) -> None:
        self._fields = fields

    def of(self, a: str, contact: Contact, channels: Mapping[str, bool]) -> dict[str, Any]:
        """As `contact_view`."""
        (view,) = self.each(a, [(contact, channels)])
        return view

    def each(self, a: str, contacts: Sequence[tuple[Contact, Mapping[str, bool]]]) -> list[dict[str, Any]]:
        """As `contact_view`, of each."""
        values = self._fields.shown(a, "contacts", [contact.custom_fields for contact, _ in contacts])
        views = [contact_view(contact, channels) for contact, channels in contacts]
        return [{**view, "custom_fields": own} for view, own in zip(views, values, strict=True)]
