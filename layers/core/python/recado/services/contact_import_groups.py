"""Groups and organizations as the rows of an import name them: found by their names, made where there are none."""

from __future__ import annotations

from collections.abc import Sequence

from recado.domain.errors import Busy, Conflict, FieldError, Invalid
from recado.domain.groups import MAX_GROUPS_OF_CONTACT, Group, GroupKind, name_key
from recado.ports.core import Clock, Ids
from recado.ports.groups import GroupStore
from recado.services.groups import GroupService

_TRIES = 5
_MOST = 10_000
_MAX_NAME = 200
_POINTERS: dict[GroupKind, str] = {"group": "/group_ids", "organization": "/organization_id"}
_PREFIXES: dict[GroupKind, str] = {"group": "gr", "organization": "og"}


class ContactImportGroups:
    """Remembers what it found for as long as one worker goes on; `forget` when that may be wrong. A trial makes
    nothing: what would be made has an id for the trial alone."""

    def __init__(self, groups: GroupStore, service: GroupService, clock: Clock, ids: Ids, trial: bool) -> None:
        self._groups = groups
        self._service = service
        self._clock = clock
        self._ids = ids
        self._trial = trial
        self._known: dict[tuple[GroupKind, str], str] = {}
        self._found: set[str] = set()

    def forget(self) -> None:
        """Ask anew."""
        if not self._trial:
            self._known.clear()
            self._found.clear()

    def ids_of(self, a: str, kind: GroupKind, names: Sequence[str]) -> list[str]:
        """The ids of these names, in their order. Raises Invalid."""
        by_key = {name_key(name): name for name in names}
        if kind == "group" and len(by_key) > MAX_GROUPS_OF_CONTACT:
            detail = f"A contact is in {MAX_GROUPS_OF_CONTACT} groups at most."
            raise Invalid.field("/group_ids", "too_many", detail)
        for name in by_key.values():
            if len(name) > _MAX_NAME or not name.isprintable():
                detail = f"The name of a {kind} is one line of at most {_MAX_NAME} characters."
                raise Invalid.field(_POINTERS[kind], "invalid_name", detail)
        unknown = [key for key in by_key if (kind, key) not in self._known]
        if unknown:
            if len(self._known) > _MOST and not self._trial:
                self.forget()
            for key, found in self._groups.by_names(a, kind, unknown).items():
                self._remember(kind, key, found)
        return [self._known.get((kind, key)) or self._made(a, kind, key, name) for key, name in by_key.items()]

    def get_many(self, a: str, kind: GroupKind, group_ids: Sequence[str]) -> dict[str, Group]:
        """As the store, but for those that were just found by their names: writing checks that they are there."""
        now = self._clock.now()
        known = {one: Group(one, kind, "", now, now) for one in group_ids if one in self._found}
        others = [one for one in group_ids if one not in known]
        return {**known, **(self._groups.get_many(a, kind, others) if others else {})}

    def _made(self, a: str, kind: GroupKind, key: str, name: str) -> str:
        if self._trial:
            return self._remember(kind, key, self._ids.new(_PREFIXES[kind], a))
        for _ in range(_TRIES):
            try:
                return self._remember(kind, key, self._service.create(a, kind, name).id)
            except Conflict:  # another lane was faster
                if found := self._groups.by_names(a, kind, [key]).get(key):
                    return self._remember(kind, key, found)
            except Invalid as refused:
                detail = f"There is no {kind} “{name}”, and it cannot be made: {refused.errors[0].detail}"
                raise Invalid(detail, errors=[FieldError(_POINTERS[kind], "not_found", detail)]) from None
        raise Busy(f"creation of a {kind}")

    def _remember(self, kind: GroupKind, key: str, group_id: str) -> str:
        self._known[kind, key] = group_id
        self._found.add(group_id)
        return group_id
