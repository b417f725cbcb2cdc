"""The tree of tabulations: whatever is asked of it, it stays a tree of at most five levels."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.errors import Conflict, Invalid
from recado.domain.tabulations import MAX_DEPTH, Tabulation, Tree

AT = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = [f"tb_{number}" for number in range(9)]


def depth(tree: Tree, name: str) -> int:
    """Levels from the top down to it; fails on a ring."""
    levels, at = 1, tree.nodes[name].parent_id
    while at is not None:
        levels += 1
        assert levels <= len(tree.nodes), "a ring"
        at = tree.nodes[at].parent_id
    return levels


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([None, *NAMES])), max_size=40))
def test_no_sequence_of_changes_makes_a_ring_or_goes_too_deep(moves: list[tuple[str, str | None]]) -> None:
    tree = Tree(0, {})
    for name, parent in moves:
        wanted = Tabulation(name, name, AT, parent)
        try:
            tree.check(wanted)
        except Invalid as refusal:
            assert [one.pointer for one in refusal.errors] == ["/parent_id"]
            continue
        tree = Tree(tree.version + 1, {**tree.nodes, name: wanted})
        assert max(depth(tree, one) for one in tree.nodes) <= MAX_DEPTH


def line(length: int) -> Tree:
    nodes = {NAMES[0]: Tabulation(NAMES[0], "top", AT)}
    for above, below in pairwise(NAMES[:length]):
        nodes[below] = Tabulation(below, below, AT, above)
    return Tree(1, nodes)


def code_of(tree: Tree, tabulation: Tabulation) -> str:
    with pytest.raises(Invalid) as refused:
        tree.check(tabulation)
    return refused.value.errors[0].code


def test_what_is_refused_and_why() -> None:
    tree = line(MAX_DEPTH)
    assert code_of(tree, Tabulation("tb_new", "x", AT, NAMES[MAX_DEPTH - 1])) == "too_deep"
    assert code_of(tree, Tabulation("tb_new", "x", AT, "tb_none")) == "not_found"
    assert code_of(tree, replace(tree.nodes[NAMES[0]], parent_id=NAMES[3])) == "cycle"
    assert code_of(tree, replace(tree.nodes[NAMES[0]], parent_id=NAMES[0])) == "cycle"
    tree.check(Tabulation("tb_new", "x", AT, NAMES[MAX_DEPTH - 2]))
    other = Tree(2, {**tree.nodes, "tb_top": Tabulation("tb_top", "x", AT)})
    assert code_of(other, replace(tree.nodes[NAMES[0]], parent_id="tb_top")) == "too_deep", "with all that hangs on it"


def test_only_leaves_are_deleted() -> None:
    tree = line(2)
    with pytest.raises(Conflict) as refused:
        tree.check_deletion(NAMES[0])
    assert (refused.value.code, refused.value.extra["children"]) == ("tabulation_has_children", 1)
    tree.check_deletion(NAMES[1])
