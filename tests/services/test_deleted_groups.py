"""Emptying deleted groups, a bounded page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from recado.domain.groups import GroupKind
from recado.ports.sweeps import DuePage
from recado.services.groups import DeletedGroups

A = "acct0001"


class Groups:
    """Deleted groups and who is still in them."""

    def __init__(self, members: Iterable[int]) -> None:
        self.left = {f"gr_{number}": [f"ct_{number}_{one}" for one in range(of)] for number, of in enumerate(members)}
        self.queries = 0

    def deleted(self, now: datetime, limit: int) -> DuePage:
        found = [(A, one) for one in self.left][:limit]
        return DuePage(found, len(found) == limit)

    def kind_of_deleted(self, a: str, group_id: str) -> GroupKind | None:
        return "group" if group_id in self.left else None

    def member_ids(self, a: str, kind: GroupKind, group_id: str, limit: int) -> list[str]:
        self.queries += 1
        return self.left[group_id][:limit]

    def forget_deleted(self, a: str, group_id: str) -> None:
        assert not self.left.pop(group_id), "somebody is still in it"

    def leave(self, a: str, contact_id: str, kind: GroupKind, group_id: str) -> bool:
        self.left[group_id].remove(contact_id)
        return True


def test_many_large_groups_do_not_outlast_the_tick(clock: Any) -> None:
    """A page of 4 s for each of a hundred and sixty groups is killed, minute after minute, and with it all other
    jobs."""
    groups = Groups([450] * 40)
    sweep = DeletedGroups(groups, groups, clock)  # type: ignore[arg-type]
    pages = 0
    more = True
    while more:
        groups.queries = 0
        page = sweep.empty_due(160)
        more, pages = page.more, pages + 1
        assert page.done <= 200 and groups.queries <= 16
        assert pages < 200
    assert not groups.left, "and none is forgotten"


def test_a_page_looks_at_few_groups_that_are_empty(clock: Any) -> None:
    groups = Groups([0] * 40)
    page = DeletedGroups(groups, groups, clock).empty_due(160)  # type: ignore[arg-type]
    assert (page.seen, page.more, groups.queries) == (16, True, 16)
