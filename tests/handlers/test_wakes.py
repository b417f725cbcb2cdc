"""What makes a look at a department happen, by the fast way and by the streams when the fast way is lost."""

from __future__ import annotations

from typing import Any

from recado.domain.people import Department
from recado.storage.departments import DepartmentStore
from tests.handlers.stack import Stack
from tests.team import ACCOUNT, Team


def disabled_department_with_a_waiting_chat(clock: Any, ids: Any) -> tuple[Team, Department, Any]:
    team = Team(clock, ids)
    department = Department(
        str(ids.new("dp", ACCOUNT)), "Manual", "department", clock.now(), distribution_enabled=False
    )
    DepartmentStore().create(ACCOUNT, department, True, department.created_at)
    team.department, team.departments.all[department.id] = department.id, department
    team.join("A", 1)
    (chat,) = team.arrive()
    return team, department, chat


def test_turning_distribution_on_serves_who_waits(stack: Stack, clock: Any, ids: Any) -> None:
    team, department, chat = disabled_department_with_a_waiting_chat(clock, ids)
    stack.invoke("events", {"Records": stack.stream_records()})
    stack.work("distribution", "distribution")
    assert team.owner(chat) == "-"
    stack.container.department_service.change(ACCOUNT, department.id, None, {"distribution": {"enabled": True}})
    stack.work("distribution", "distribution")
    assert team.owner(chat) == "A"


def test_the_stream_asks_too_when_the_wake_was_lost(stack: Stack, clock: Any, ids: Any) -> None:
    team, department, chat = disabled_department_with_a_waiting_chat(clock, ids)
    stack.stream_records()
    stack.container.department_service.change(ACCOUNT, department.id, None, {"distribution": {"enabled": True}})
    for record in stack.receive("distribution"):
        stack.delete("distribution", record)
    stack.invoke("events", {"Records": stack.stream_records()})
    stack.work("distribution", "distribution")
    assert team.owner(chat) == "A"


def test_a_look_that_changes_nothing_stirs_nobody(stack: Stack, clock: Any, ids: Any) -> None:
    _, department, _ = disabled_department_with_a_waiting_chat(clock, ids)
    stack.stream_records()
    clock.move(60)
    found_at = clock.now()
    DepartmentStore().look_again(ACCOUNT, department.id, found_at, found_at, None)
    records = stack.stream_records()
    assert len(records) == 1
    stack.invoke("events", {"Records": records})
    assert stack.receive("distribution") == []
