"""Races of looks at departments and of agents who are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.agents import with_connection, with_load
from recado.storage import keys
from recado.storage.agents import AgentRecord, agent_key
from recado.storage.departments import DepartmentRecord, DepartmentStore
from tests.storage.scenarios import scenario
from tests.storage.scenarios.people import A, new_department
from tests.team import ACCOUNT, Team


@scenario("department-is-still-due")
def a_department_is_changed_or_deleted_while_looked_at(clock: Any, ids: Any) -> None:
    departments = DepartmentStore()
    department = new_department(clock, ids, "Second")
    assert departments.create(A, department, False, clock.now())
    clock.move(1)
    found_at = clock.now()
    assert departments.due(found_at, 16).found == [(A, department.id)]
    changed = replace(department, name="Third", version=2)
    soon = found_at + timedelta(seconds=60)
    assert departments.change(A, department, changed, False, soon)
    departments.look_again(A, department.id, found_at, found_at + timedelta(hours=1), None)
    assert departments.due(soon, 16).found == [(A, department.id)], "the new hours would be seen an hour late"
    assert departments.delete(A, changed)
    departments.look_again(A, department.id, found_at, found_at + timedelta(hours=1), None)
    assert DepartmentRecord.count(keys.workspace_pk(A, "DEPARTMENTS")) == 0, "half a department"


@scenario("gone-agent-is-as-seen")
def an_agent_comes_back_as_the_looking_ends(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    user_id = team.join("A", 1)
    assert team.agents.change(ACCOUNT, with_load(team.presence.get(ACCOUNT, user_id)[0], 1))
    team.presence.disconnect(ACCOUNT, user_id)
    seen = team.presence.get(ACCOUNT, user_id)[0]
    assert team.agents.connect(ACCOUNT, with_connection(seen, True), clock.now())
    team.agents.look_for_gone(ACCOUNT, seen, None, 0)
    clock.move(91)
    team.presence.lapse_due(160)
    record = AgentRecord.get(*agent_key(ACCOUNT, user_id), consistent_read=True)
    assert not record.connected, "nobody looked at the lease of who came back"
