"""Reading the order of members: any circle of them against a plain list, with a store that refuses what DynamoDB
refuses."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from recado.domain.agents import place
from recado.domain.distribution import Seat
from recado.services.member_order import MemberOrder


class Members:
    """The store's reads on a list. A range that ends before it begins is an error, as in DynamoDB."""

    def __init__(self, seats: list[Seat]) -> None:
        self._seats = seats

    def members_after(self, a: str, department_id: str, cursor: str | None, limit: int) -> list[Seat]:
        return [one for one in self._seats if cursor is None or one.place > cursor][:limit]

    def members_up_to(self, a: str, department_id: str, cursor: str, limit: int) -> list[Seat]:
        return [one for one in self._seats if one.place <= cursor][:limit]

    def ring_between(self, a: str, department_id: str, after: str, up_to: str, limit: int) -> list[Seat]:
        assert after < up_to, "DynamoDB refuses a range that ends before it begins"
        return [one for one in self._seats if one.eligible and after < one.place <= up_to][:limit]

    def count_between(self, a: str, department_id: str, after: str, up_to: str) -> int:
        assert after <= up_to
        return sum(after < one.place <= up_to for one in self._seats)


@given(
    count=st.integers(1, 75),
    eligible=st.sets(st.integers(0, 74), max_size=6),
    excluded=st.sets(st.integers(0, 74), max_size=4),
    cursor=st.one_of(st.none(), st.integers(0, 80)),
    wanted=st.integers(1, 12),
)
@example(count=28, eligible=set(), excluded=set(), cursor=25, wanted=1)
@example(count=28, eligible=set(), excluded=set(), cursor=26, wanted=1)
@example(count=30, eligible={27, 28, 29}, excluded={27, 28, 29}, cursor=28, wanted=1)
@example(count=60, eligible={55}, excluded=set(), cursor=3, wanted=5)
@example(count=60, eligible={2}, excluded={2}, cursor=30, wanted=1)
@example(count=60, eligible={2, 40}, excluded={2, 40}, cursor=50, wanted=1)
def test_the_next_who_is_free_is_found_wherever_they_stand(
    count: int, eligible: set[int], excluded: set[int], cursor: int | None, wanted: int
) -> None:
    seats = [Seat(number, f"us{number:02d}", number in eligible) for number in range(count)]
    names = frozenset(f"us{number:02d}" for number in excluded)
    last = None if cursor is None else place(cursor, f"us{cursor:02d}")
    order = MemberOrder(Members(seats)).read("a", "dp", last, wanted, names)  # type: ignore[arg-type]
    circle = [one for one in seats if last is None or one.place > last]
    circle += [one for one in seats if last is not None and one.place <= last]

    free = [one for one in circle if one.eligible and one.user_id not in names]
    able = [one for one in circle if one.eligible]
    if order.whole:
        assert list(order.seats) == circle
    if free:
        found = [one for one in order.seats if one.eligible and one.user_id not in names]
        assert found[0] == free[0]
        before = list(order.seats).index(free[0])
        if order.skipped:
            assert before + order.skipped == circle.index(free[0]), "who stands between is listed or counted"
        else:
            assert list(order.seats)[:before] == circle[:before]
    elif able:
        assert order.whole or order.nobody_else
        assert next(one for one in order.seats if one.eligible) == able[0]
    else:
        assert not any(one.eligible for one in order.seats)
        assert len(order.seats) + order.skipped == count, "all are listed or counted"
