"""What a contact points at: its organization, groups, custom fields and photo. Each has to be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recado.domain import custom_fields
from recado.domain.contact_rules import e164_of
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField, Table
from recado.domain.errors import FieldError
from recado.domain.groups import GroupKind
from recado.domain.ids import is_id
from recado.ports.files import FileStore
from recado.ports.groups import GroupsById
from recado.ports.people import UserStore
from recado.services.custom_fields import RememberedFields

_NOT_THERE = "There is no such thing in this account."


class ContactReferences:
    """Answers the values as a contact holds them, and an error with a pointer for each that is wrong."""

    def __init__(self, groups: GroupsById, fields: RememberedFields, users: UserStore, files: FileStore) -> None:
        self._groups = groups
        self._fields = fields
        self._users = users
        self._files = files

    def checked(
        self, a: str, given: Mapping[str, Any], before: Contact | None, region: str
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """The references among the given fields. What the contact had before is not asked for again; without a contact,
        one is made and required fields are missed."""
        values: dict[str, Any] = {}
        errors: list[FieldError] = []
        if "organization_id" in given:
            organization_id = given["organization_id"] or None
            values["organization_id"] = organization_id
            if organization_id and not (before and before.organization_id == organization_id):
                errors += self._missed(a, "organization", {"/organization_id": organization_id})
        if "group_ids" in given:
            group_ids = tuple(dict.fromkeys(given["group_ids"] or ()))
            values["group_ids"] = group_ids
            known = before.group_ids if before else ()
            places = {f"/group_ids/{at}": one for at, one in enumerate(given["group_ids"] or ()) if one not in known}
            errors += self._missed(a, "group", places)
        if "photo_file_id" in given:
            values["photo_file_id"] = given["photo_file_id"] or None
            if values["photo_file_id"] and not self._is_photo(a, values["photo_file_id"]):
                errors.append(FieldError("/photo_file_id", "not_found", "There is no such photo, or not yet."))
        if "custom_fields" in given or before is None:
            old = before.custom_fields if before else None
            kept, wrong = self.field_values(a, "contacts", given.get("custom_fields") or {}, old, region)
            values["custom_fields"] = kept
            errors += wrong
        return values, errors

    def field_values(
        self, a: str, table: Table, given: Mapping[str, Any], before: Mapping[str, Any] | None, region: str
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """Values of custom fields as they are kept; an agent has to be a user of the account. Before: None where the
        whole is made, then required fields are missed."""

        def check(fields: Sequence[CustomField]) -> tuple[dict[str, Any], list[FieldError]]:
            values, errors = self._field_values(a, fields, given, before or {}, region)
            if before is None:
                errors += custom_fields.missing(fields, values, given if errors else ())
            return values, errors

        return self._fields.checked(a, table, check)

    def _field_values(
        self, a: str, fields: Sequence[CustomField], given: Mapping[str, Any], old: Mapping[str, Any], region: str
    ) -> tuple[dict[str, Any], list[FieldError]]:
        if not given:
            return dict(old), []
        values, errors = custom_fields.checked(fields, given, old, lambda number: e164_of(number, region))
        agents = {field.slug for field in fields if field.type == "agent"}
        for slug in agents & given.keys():
            user_id = values.get(slug)
            if user_id is None or old.get(slug) == user_id:
                continue
            if not is_id(user_id, "us", a) or self._users.get(a, user_id) is None:
                errors.append(FieldError(f"/custom_fields/{slug}", "not_found", "There is no such user."))
        return values, errors

    def _missed(self, a: str, kind: GroupKind, places: Mapping[str, str]) -> list[FieldError]:
        """An error for each place that names none of the account."""
        prefix = "og" if kind == "organization" else "gr"
        own = [one for one in places.values() if is_id(one, prefix, a)]
        found = self._groups.get_many(a, kind, own) if own else {}
        return [FieldError(place, "not_found", _NOT_THERE) for place, one in places.items() if one not in found]

    def _is_photo(self, a: str, file_id: str) -> bool:
        file = self._files.get(a, file_id) if is_id(file_id, "fi", a) else None
        return file is not None and file.state == "accepted" and file.feature == "photo"
