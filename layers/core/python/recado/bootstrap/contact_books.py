"""What contacts are sorted and described by: groups, organizations, custom fields."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.people import People

if TYPE_CHECKING:
    from recado.services.contact_references import ContactReferences
    from recado.services.contact_shapes import ContactShapes
    from recado.services.custom_fields import CustomFieldService, RememberedFields
    from recado.services.groups import GroupService


class ContactBooks(People):
    """What contacts are sorted and described by: groups, organizations, custom fields."""

    @cached_property
    def custom_field_service(self) -> CustomFieldService:
        """Custom fields as admins make them."""
        from recado.services.custom_fields import CustomFieldService
        from recado.storage.custom_fields import DynamoCustomFields

        return CustomFieldService(DynamoCustomFields(), self.references, self.clock, self.ids)

    @cached_property
    def remembered_fields(self) -> RememberedFields:
        """Custom fields as contacts and organizations need them."""
        from recado.services.custom_fields import RememberedFields
        from recado.storage.custom_fields import DynamoCustomFields

        return RememberedFields(DynamoCustomFields(), self.clock)

    @cached_property
    def contact_shapes(self) -> ContactShapes:
        """Contacts as they are told."""
        from recado.services.contact_shapes import ContactShapes

        return ContactShapes(self.remembered_fields)

    @cached_property
    def contact_references(self) -> ContactReferences:
        """What contacts point at."""
        from recado.services.contact_references import ContactReferences
        from recado.storage.files import DynamoFiles
        from recado.storage.groups import DynamoGroups

        return ContactReferences(DynamoGroups(), self.remembered_fields, self.users, DynamoFiles())

    @cached_property
    def group_service(self) -> GroupService:
        """Groups and organizations."""
        from recado.services.groups import GroupService
        from recado.storage.groups import DynamoGroups

        return GroupService(
            DynamoGroups(),
            self.remembered_fields,
            self.contact_references,
            self.references,
            self.accounts,
            self.clock,
            self.ids,
        )
