"""Reading the order of members from the last turn on, only as far as a decision needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recado.domain.distribution import LISTED, Order, Seat
from recado.ports.agents import DistributionStore

_PAGE = LISTED + 1
_END = "~"
"""Sorts after every place."""


class MemberOrder:
    """Members in circular order, from consistent reads."""

    def __init__(self, store: DistributionStore) -> None:
        self._store = store

    def read(self, a: str, department_id: str, cursor: str | None, wanted: int, excluded: frozenset[str]) -> Order:
        """Members after the last turn, until `wanted` free ones: eligible, and not `excluded` from the oldest chat. One
        at least, or nobody else is in the whole circle."""
        page = _PAGE + len(excluded)
        seats = self._store.members_after(a, department_id, cursor, page)
        at_end = len(seats) < page
        if _free(seats, excluded) >= wanted or (not at_end and _free(seats, excluded)):
            return Order(_up_to(seats, wanted, excluded), whole=False)
        if not at_end:
            return self._far(a, department_id, seats, cursor, excluded)
        if cursor is None:
            return Order(seats, whole=True)
        first = self._store.members_up_to(a, department_id, cursor, page)
        whole = len(first) < page or first[-1].place >= cursor
        together = [*seats, *first]
        if whole or _free(together, excluded):
            return Order(together, whole)
        return self._far(a, department_id, together, cursor, excluded)

    def _far(
        self, a: str, department_id: str, seats: list[Seat], cursor: str | None, excluded: frozenset[str]
    ) -> Order:
        """Nobody near is free: find the next who is by the ring, and count who stands between. If there is none, the
        next who is eligible at all."""
        last = seats[-1].place
        wrapped = cursor is not None and last <= cursor
        stretches = [(last, cursor or _END)] if wrapped or cursor is None else [(last, _END), ("", cursor)]
        skipped = 0
        again: Order | None = None
        for after, up_to in stretches:
            for seat in self._store.ring_between(a, department_id, after, up_to, len(excluded) + 1):
                between = skipped + self._store.count_between(a, department_id, after, seat.place) - 1
                order = Order([*seats, seat], whole=False, skipped=between)
                if seat.user_id not in excluded:
                    return order
                again = again or replace(order, nobody_else=True)
            skipped += self._store.count_between(a, department_id, after, up_to)
        near = Order(seats, whole=False, skipped=skipped, nobody_else=True)
        return near if any(seat.eligible for seat in seats) else again or near


def _free(seats: Sequence[Seat], excluded: frozenset[str]) -> int:
    return sum(seat.eligible and seat.user_id not in excluded for seat in seats)


def _up_to(seats: Sequence[Seat], wanted: int, excluded: frozenset[str]) -> list[Seat]:
    """The seats up to the `wanted`-th free one: nobody further is looked at."""
    result: list[Seat] = []
    for seat in seats:
        result.append(seat)
        wanted -= _free([seat], excluded)
        if wanted == 0:
            break
    return result
