"""Groups and organizations of contacts (PRODUCT H10). A contact is in any of some groups and in one organization at
most; an organization has custom fields of its own.

No two of a kind have the same name, whatever its case and accents: people and CSV files name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from recado.domain.contact_search import fold

GroupKind = Literal["group", "organization"]
MAX_GROUPS_OF_CONTACT = 10


@dataclass(frozen=True)
class Group:
    """A group, or an organization by its `kind`, which alone has custom fields. `version` moves by one with each
    change."""

    id: str
    kind: GroupKind
    name: str
    created_at: datetime
    updated_at: datetime
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


def name_key(name: str) -> str:
    """What no two of a kind may have in common, and by which they are listed."""
    return " ".join(fold(name).split())
