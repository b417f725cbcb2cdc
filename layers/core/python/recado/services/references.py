"""What still names a thing that is to be deleted: it is told by its ids, and the thing stays.

One look for all: whoever keeps names of things has a finder, and whoever deletes one asks `References`. A name that is
given while the thing is deleted is met when it is used, as a step of a flow that is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from recado.domain.errors import Conflict


class Finder(Protocol):
    """Something that keeps names of things."""

    def naming(self, a: str, names: Collection[str]) -> Mapping[str, list[str]]:
        """What names one of these, as {member of the problem: ids}. A name is an id, or `custom.<slug>` of a contact's
        field."""
        ...


class References:
    """Asks all finders."""

    def __init__(self, *finders: Finder) -> None:
        self._finders = finders

    def naming(self, a: str, names: Collection[str]) -> dict[str, list[str]]:
        """What names one of these; empty: nothing does."""
        found = [one.naming(a, names) for one in self._finders] if names else []
        return {member: ids for each in found for member, ids in each.items() if ids}

    def refuse(self, a: str, names: Collection[str], what: str) -> None:
        """Raises Conflict `in_use` where something names one of these. `what`: the thing, for a sentence."""
        using = self.naming(a, names)
        if using:
            raise Conflict(f"{what} is named by what is listed here: change that first.", code="in_use", extra=using)
