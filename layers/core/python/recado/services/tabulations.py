"""The tree of tabulations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.errors import Busy, Conflict, NotFound
from recado.domain.ids import is_id
from recado.domain.tabulations import MAX_TABULATIONS, Tabulation, Tree
from recado.ports.core import Clock, Ids
from recado.ports.filing import TabulationStore
from recado.services.references import References

_TRIES = 5


class TabulationService:
    """Every change is decided from the whole tree as it was read, and written only into that tree. What is deleted
    stays on the chats that were filed under it."""

    def __init__(self, store: TabulationStore, references: References, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._references = references
        self._clock = clock
        self._ids = ids

    def all(self, a: str) -> list[Tabulation]:
        """Every tabulation, oldest first."""
        return list(self._store.tree(a).nodes.values())

    def get(self, a: str, tabulation_id: str) -> Tabulation:
        """Raises NotFound."""
        return _node(self._store.tree(a), tabulation_id)

    def exists(self, a: str, tabulation_id: str) -> bool:
        """Whether there is such a tabulation in the account."""
        return is_id(tabulation_id, "tb", a) and self._store.exists(a, tabulation_id)

    def create(self, a: str, name: str, parent_id: str | None) -> Tabulation:
        """Raises Invalid `/parent_id`, Conflict `too_many_tabulations`."""
        made = Tabulation(self._ids.new("tb", a), name, self._clock.now(), parent_id)
        for _ in range(_TRIES):
            tree = self._store.tree(a)
            if len(tree.nodes) >= MAX_TABULATIONS:
                detail = f"An account has at most {MAX_TABULATIONS} tabulations."
                raise Conflict(detail, code="too_many_tabulations", extra={"limit": MAX_TABULATIONS})
            tree.check(made)
            if self._store.put(a, tree, made):
                return made
        raise Busy("tabulations")

    def change(self, a: str, tabulation_id: str, fields: dict[str, Any]) -> Tabulation:
        """Write the given fields (name, parent_id) over what is there. Raises NotFound, Invalid `/parent_id`."""
        for _ in range(_TRIES):
            tree = self._store.tree(a)
            after = replace(_node(tree, tabulation_id), **fields)
            tree.check(after)
            if self._store.put(a, tree, after):
                return after
        raise Busy(f"tabulation {tabulation_id}")

    def delete(self, a: str, tabulation_id: str) -> None:
        """Raises NotFound, Conflict `tabulation_has_children`, `in_use`."""
        self._references.refuse(a, [tabulation_id], "The tabulation")
        for _ in range(_TRIES):
            tree = self._store.tree(a)
            _node(tree, tabulation_id)
            tree.check_deletion(tabulation_id)
            if self._store.delete(a, tree, tabulation_id):
                return
        raise Busy(f"tabulation {tabulation_id}")


def tabulation_view(tabulation: Tabulation) -> dict[str, Any]:
    """A tabulation in its public shape."""
    return {"id": tabulation.id, "name": tabulation.name, "parent_id": tabulation.parent_id}


def _node(tree: Tree, tabulation_id: str) -> Tabulation:
    node = tree.nodes.get(tabulation_id)
    if node is None:
        raise NotFound("There is no such tabulation.")
    return node
