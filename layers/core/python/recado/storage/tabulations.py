"""The tree of tabulations: its nodes, and one item that counts its changes."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from recado.domain.tabulations import Tabulation, Tree
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, guard

TREE_SEEN = guard(
    "tabulation-tree-from-seen-version",
    "two admins hang two tabulations below each other at once, or one deletes what the other hangs something below: a "
    "ring, or leaves without a tree",
)
_TREE = "TREE"
"""Sorts before every id, so that a query reads the count of changes before the nodes: never a newer one."""


class TreeRecord(WorkspaceRecord):
    """TREE: how often the tree changed."""

    version = NumberAttribute()


class TabulationRecord(WorkspaceRecord):
    """TABULATION; in a query also the item TREE, which has only a version."""

    id = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    created_at = TimeAttribute(null=True)
    parent_id = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)


class DynamoTabulations:
    """The port `recado.ports.filing.TabulationStore`."""

    def tree(self, a: str) -> Tree:
        """The whole tree: one strongly consistent query."""
        version, nodes = 0, {}
        for record in TabulationRecord.query(_pk(a), consistent_read=True):
            if record.sk == _TREE:
                version = int(record.version)
            else:
                nodes[record.sk] = record.to(Tabulation)
        return Tree(version, nodes)

    def exists(self, a: str, tabulation_id: str) -> bool:
        """Whether there is such a tabulation; strongly consistent."""
        return tabulation_id != _TREE and TabulationRecord.find(_pk(a), tabulation_id) is not None

    def put(self, a: str, seen: Tree, tabulation: Tabulation) -> bool:
        """Write a tabulation, new or changed, into the tree as it was seen; False when that changed."""
        tx = _changing(a, seen)
        tx.put("tabulation", TabulationRecord.of(tabulation, pk=_pk(a), sk=tabulation.id))
        return tx.committed()

    def delete(self, a: str, seen: Tree, tabulation_id: str) -> bool:
        """Take a tabulation out of the tree as it was seen; False when that changed."""
        tx = _changing(a, seen)
        tx.delete("tabulation", TabulationRecord(_pk(a), tabulation_id))
        return tx.committed()


def _changing(a: str, seen: Tree) -> Transaction:
    tx = Transaction()
    unchanged = TreeRecord.version == seen.version if seen.version else TreeRecord.pk.does_not_exist()
    tx.put("tree", TreeRecord(_pk(a), _TREE, version=seen.version + 1), TREE_SEEN(unchanged))
    return tx


def _pk(a: str) -> str:
    return keys.workspace_pk(a, "TABULATIONS")
