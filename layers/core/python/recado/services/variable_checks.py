"""What those need to know who check the variables of texts (domain.variable_names)."""

from __future__ import annotations

from collections.abc import Sequence

from recado.domain.variable_names import name_custom_fields
from recado.services.custom_fields import CustomFieldService


def slugs_named(fields: CustomFieldService, a: str, texts: Sequence[str]) -> frozenset[str]:
    """The slugs of the active custom fields of contacts; none are read where no text names such a field."""
    named = fields.all(a, "contacts") if name_custom_fields(texts) else []
    return frozenset(one.slug for one in named if one.active)
