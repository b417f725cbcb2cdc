"""The job of the tick that opens departments at their time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recado.domain.people import Account, Department, OpenHours, User
from recado.services.department_looks import DepartmentLooks
from recado.services.opening_hours import OpeningHours
from recado.services.tick import TickService
from recado.storage.departments import DepartmentStore
from recado.storage.people import AccountStore
from tests.recording import record
from tests.team import Wakes

A = "acctaaaa"
MONDAY_9_TO_18 = (OpenHours(1, 9 * 60, 18 * 60),)
"""In São Paulo: 12:00 to 21:00 UTC. The clock stands at Monday, 2026-03-02, 12:00 UTC."""


class World:
    def __init__(self, clock: Any, ids: Any) -> None:
        self.clock, self.ids = clock, ids
        self.store, self.wakes, self.checked = DepartmentStore(), Wakes(), list[str]()
        self.failing: set[str] = set()
        self.rearmed: list[tuple[str, str]] = []
        self.default = self.made("General")
        admin = User(ids.new("us", A), "Ada", "ada@one.example", "admin", clock.now())
        account = Account(f"ac_{A}", "Company", "team", 5, "pt-BR", "America/Sao_Paulo", clock.now())
        assert AccountStore().create(account, admin, self.default)
        self.looks = DepartmentLooks(
            self.store, OpeningHours(AccountStore(), clock), self.wakes, clock, self.rearm, check=self.check
        )

    def made(self, name: str, **fields: Any) -> Department:
        return Department(self.ids.new("dp", A), name, "department", self.clock.now(), **fields)

    def add(self, **fields: Any) -> Department:
        department = self.made("Sales", **fields)
        assert self.store.create(A, department, False, self.clock.now())
        return department

    def rearm(self, a: str, department: Department, place: str) -> str | None:
        """Three pages: the places are "", "1" and "2"."""
        self.rearmed.append((department.id, place))
        return {"": "1", "1": "2"}.get(place)

    def check(self, a: str, department_id: str) -> None:
        self.checked.append(department_id)
        if department_id in self.failing:
            raise ConnectionError

    def tick(self) -> list[str]:
        """Who was woken by the minute."""
        self.wakes.calls.clear()
        TickService({"departments": self.looks.look_due}).run(lambda: True)
        assert {cause for _, cause in self.wakes.calls} <= {"department_opened"}
        return [department_id for department_id, _ in self.wakes.calls]

    def due_at(self, department: Department) -> timedelta | None:
        """How far ahead the next look is, to the minute."""
        now = self.clock.now()
        for minutes in range(120):
            if (A, department.id) in self.store.due(now + timedelta(minutes=minutes), 160).found:
                return timedelta(minutes=minutes)
        return None


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def test_an_open_department_is_looked_at_every_hour(world: World) -> None:
    assert world.tick() == [world.default.id] == world.checked
    world.clock.move(3599)
    assert world.tick() == []
    world.clock.move(1)
    assert world.tick() == [world.default.id]


def test_one_that_opens_within_the_hour_is_woken_as_it_opens(world: World) -> None:
    sales = world.add(business_hours=(OpenHours(1, 9 * 60 + 20, 18 * 60),))
    assert world.tick() == [world.default.id]
    assert world.checked.count(sales.id) == 1, "checked also while it is closed"
    assert world.due_at(sales) == timedelta(minutes=20)
    world.clock.move(20 * 60 - 1)
    assert world.tick() == []
    world.clock.move(1)
    assert world.tick() == [sales.id]


def test_one_that_opens_later_is_not_woken_before(world: World) -> None:
    world.clock.at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    sales = world.add(business_hours=MONDAY_9_TO_18)
    woken = []
    for _ in range(5 * 60):
        woken += [world.clock.now() for one in world.tick() if one == sales.id]
        world.clock.move(60)
    assert woken == [datetime(2026, 3, 2, hour, 0, tzinfo=UTC) for hour in (12, 13)]


def test_without_distribution_nobody_is_woken(world: World) -> None:
    sales = world.add(distribution_enabled=False)
    assert world.tick() == [world.default.id]
    assert sales.id in world.checked


def test_one_that_raises_is_looked_at_again_and_stops_no_other(world: World) -> None:
    others = [world.add() for _ in range(3)]
    world.failing = {others[0].id}
    swept = world.looks.look_due(160)
    assert (swept.seen, set(swept.failed)) == (4, {others[0].id})
    assert set(world.checked) == {world.default.id, *(one.id for one in others)}
    assert world.looks.look_due(160).seen == 0, "out of the way for now"
    world.clock.move(60)
    world.failing.clear()
    assert world.tick() == [others[0].id], "and not forgotten"


def test_a_look_does_not_move_the_version_and_a_change_brings_the_next(world: World) -> None:
    world.tick()
    seen = world.store.get(A, world.default.id)
    assert seen is not None and seen.version == 1
    after = replace(seen, name="Other", version=2)
    assert world.store.change(A, seen, after, False, world.clock.now() + timedelta(minutes=1))
    assert world.due_at(world.default) == timedelta(minutes=1)
    assert world.store.get(A, world.default.id) == after


def test_a_deleted_department_is_due_no_more(world: World) -> None:
    sales = world.add()
    world.tick()
    assert world.store.delete(A, sales)
    assert world.due_at(sales) is None


def test_what_looks_cost(world: World) -> None:
    world.add(), world.add(business_hours=MONDAY_9_TO_18)
    with record() as calls:
        assert world.looks.look_due(160).seen == 3
    assert calls.operations == {"dynamodb:Query": 16, "dynamodb:BatchGetItem": 4, "dynamodb:UpdateItem": 3}
    assert (calls.wru, calls.index_wru) == (3, {"due": 6})
    assert calls.rru <= 8 + 3 + 1, "the index, the departments, the account's time zone once"


def test_after_a_change_of_timers_the_open_chats_are_gone_through_page_by_page(world: World) -> None:
    department = world.add(rearm_from="")
    for _ in range(5):
        world.looks.look_due(160)
        world.clock.move(60)
    assert [place for one, place in world.rearmed if one == department.id] == ["", "1", "2"]
    stored = world.store.get(A, department.id)
    assert stored is not None and (stored.rearm_from, stored.version) == (None, department.version)


def test_a_failing_look_keeps_the_place_to_go_on_from(world: World) -> None:
    department = world.add(rearm_from="1")
    world.failing.add(department.id)
    assert department.id in world.looks.look_due(160).failed
    stored = world.store.get(A, department.id)
    assert stored is not None and stored.rearm_from == "1"
