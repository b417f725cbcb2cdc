"""What groups, organizations and custom fields need of storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recado.domain.custom_fields import CustomField, Table
from recado.domain.groups import Group, GroupKind
from recado.ports.sweeps import DuePage


class NameTaken(Exception):
    """Another of the kind has this name; nothing was written."""


@dataclass(frozen=True)
class GroupPage:
    """A page by name; `next` is the key of its last name, None at the end."""

    items: tuple[Group, ...]
    next: str | None


class GroupsById(Protocol):
    """Groups and organizations, found by their ids."""

    def get_many(self, a: str, kind: GroupKind, group_ids: Sequence[str]) -> dict[str, Group]:
        """Those of these (at most 100) that exist, by id."""
        ...


class GroupStore(Protocol):
    """Groups and organizations of an account."""

    def get(self, a: str, kind: GroupKind, group_id: str) -> Group | None:
        """One, strongly consistent."""
        ...

    def get_many(self, a: str, kind: GroupKind, group_ids: Sequence[str]) -> dict[str, Group]:
        """Those of these (at most 100) that exist, by id."""
        ...

    def by_names(self, a: str, kind: GroupKind, names: Sequence[str]) -> dict[str, str]:
        """The ids of those that have one of these names (keys of `domain.groups.name_key`), by key."""
        ...

    def page(self, a: str, kind: GroupKind, prefix: str, limit: int, after: str | None) -> GroupPage:
        """In the order of their names, those whose name begins with a key."""
        ...

    def create(self, a: str, group: Group) -> None:
        """Raises NameTaken."""
        ...

    def change(self, a: str, before: Group, after: Group) -> bool:
        """Write a change of a group as it was read; False when it is no longer so. Raises NameTaken."""
        ...

    def delete(self, a: str, group: Group, now: datetime) -> bool:
        """Delete it as it was read, and note that its contacts have to leave it; False when it is no longer so."""
        ...

    def deleted(self, now: datetime, limit: int) -> DuePage:
        """Deleted groups whose contacts have to leave."""
        ...

    def kind_of_deleted(self, a: str, group_id: str) -> GroupKind | None:
        """Of which kind a deleted group was; None when nothing has to be done any more."""
        ...

    def member_ids(self, a: str, kind: GroupKind, group_id: str, limit: int) -> list[str]:
        """So many of its contacts."""
        ...

    def forget_member(self, a: str, kind: GroupKind, group_id: str, contact_id: str) -> None:
        """Take out who is no contact any more."""
        ...

    def forget_deleted(self, a: str, group_id: str) -> None:
        """Nobody is left in a deleted group."""
        ...

    def look_again_at(self, a: str, group_id: str, when: datetime) -> None:
        """Put a deleted group that could not be emptied to a later time."""
        ...


class CustomFieldStore(Protocol):
    """Custom fields of an account."""

    def all(self, a: str, table: Table) -> list[CustomField]:
        """Every field of a table, deactivated ones too, oldest first."""
        ...

    def create(self, a: str, field: CustomField) -> bool:
        """False when the table has a field of this slug."""
        ...

    def change(self, a: str, before: CustomField, after: CustomField) -> bool:
        """False when it is no longer as it was read."""
        ...
