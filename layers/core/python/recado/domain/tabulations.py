"""Tabulations: the tree of outcomes that a chat is filed under (PRODUCT D5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from recado.domain.errors import Conflict, Invalid

MAX_DEPTH = 5
MAX_TABULATIONS = 2_000


@dataclass(frozen=True)
class Tabulation:
    """A place in the tree; `parent_id` None: at the top."""

    id: str
    name: str
    created_at: datetime
    parent_id: str | None = None


@dataclass(frozen=True)
class Tree:
    """All tabulations of an account, by id. `version` moves by one with each change of any of them: a place is decided
    from the whole tree."""

    version: int
    nodes: Mapping[str, Tabulation]

    def children(self, tabulation_id: str) -> list[Tabulation]:
        """Those right below it."""
        return [one for one in self.nodes.values() if one.parent_id == tabulation_id]

    def check(self, tabulation: Tabulation) -> None:
        """Refuse a place that the tree does not have. Raises Invalid with the pointer `/parent_id`: `not_found`,
        `cycle` or `too_deep`."""
        if tabulation.parent_id is None:
            return
        if tabulation.parent_id not in self.nodes:
            raise Invalid.field("/parent_id", "not_found", "There is no such tabulation.")
        above = self._line_above(tabulation)
        if tabulation.id in above:
            raise Invalid.field("/parent_id", "cycle", "A tabulation cannot lie below itself.")
        if len(above) + self._height(tabulation.id) > MAX_DEPTH:
            raise Invalid.field("/parent_id", "too_deep", f"The tree has at most {MAX_DEPTH} levels.")

    def check_deletion(self, tabulation_id: str) -> None:
        """Refuse to delete what others lie below. Raises Conflict `tabulation_has_children`."""
        children = self.children(tabulation_id)
        if children:
            raise Conflict(
                "Delete or move what lies below it first.",
                code="tabulation_has_children",
                extra={"children": len(children)},
            )

    def _line_above(self, tabulation: Tabulation) -> list[str]:
        """The ids above it, the nearest first; it ends where it meets the tabulation itself."""
        above: list[str] = []
        at = tabulation.parent_id
        while at is not None and at not in above:
            above.append(at)
            at = self.nodes[at].parent_id if at != tabulation.id and at in self.nodes else None
        return above

    def _height(self, tabulation_id: str) -> int:
        """Levels of what hangs on it, itself included."""
        return 1 + max((self._height(one.id) for one in self.children(tabulation_id)), default=0)
