"""/v1/tasks: made, changed, scheduled; who may do what (PRODUCT G1 to G5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.tasks import MAX_TASKS
from tests.api.conftest import Api, Company, api_token

CLOSE = {"type": "close"}
DAILY = {"mode": "automatic", "every": "day", "at": "09:00"}


def make(api: Api, company: Company, **fields: Any) -> Any:
    body = {"name": "Fechar parados", "table": "chats", "action": CLOSE, **fields}
    return api.post("/v1/tasks", body, token=company.admin)


def made(api: Api, company: Company, **fields: Any) -> Any:
    answer = make(api, company, **fields)
    assert answer.status == 201, answer.json
    return answer.json


def tick(services: Container) -> int:
    swept = services.task_schedule.run_due(160)
    assert not swept.failed
    return swept.done


def runs(api: Api, company: Company, task: Any) -> Any:
    return api.get(f"/v1/tasks/{task['id']}/runs", token=company.admin).json["items"]


def cancel_all(api: Api, company: Company, task: Any) -> None:
    for run in runs(api, company, task):
        over = api.post(f"/v1/tasks/{task['id']}/runs/{run['id']}/cancel", token=company.admin)
        assert (over.status, over.json["state"]) == (200, "cancelled")


def wrong(answer: Any) -> list[tuple[str, str]]:
    assert answer.status == 400, answer.json
    return [(one["pointer"], one["code"]) for one in answer.json["errors"]]


def test_a_task_from_its_making_to_its_end(api: Api, company: Company) -> None:
    task = made(api, company, objective="Ninguém espera", filter={"field": "situation", "op": "eq", "value": "queued"})
    one = f"/v1/tasks/{task['id']}"
    assert (task["enabled"], task["recurrence"], task["next_run_at"]) == (True, {"mode": "manual"}, None)
    assert api.get(one, token=company.admin).json == task
    assert api.get("/v1/tasks", token=company.admin).json["items"] == [task]
    changed = api.patch(one, {"name": "Outra", "recurrence": DAILY, "filter": None}, token=company.admin).json
    assert (changed["name"], changed["filter"], changed["objective"]) == ("Outra", {}, "Ninguém espera")
    assert changed["recurrence"] == {**DAILY, "until": None}
    assert changed["next_run_at"] == "2026-03-03T12:00:00.000Z", "nine in the morning in São Paulo, tomorrow"
    off = api.patch(one, {"enabled": False}, token=company.admin).json
    assert (off["enabled"], off["next_run_at"], off["disabled_because"]) == (False, None, None)
    assert api.delete(one, token=company.admin).status == 204
    assert api.get(one, token=company.admin).status == 404


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": ""}, [("/name", "invalid")]),
        ({"table": "people"}, [("/table", "invalid")]),
        ({"action": {"type": "explode"}}, [("/action/type", "invalid")]),
        ({"action": {"type": "transfer"}}, [("/action/agent_id", "required")]),
        ({"action": {"type": "transfer", "agent_id": "us_1"}}, [("/action/agent_id", "not_found")]),
        ({"action": {"type": "change_department", "department_id": "dp_1"}}, [("/action/department_id", "not_found")]),
        ({"action": {"type": "workflow_step", "step_id": "st_1"}}, [("/action/step_id", "not_found")]),
        ({"action": {"type": "tabulate", "tabulation_id": "tb_1"}}, [("/action/tabulation_id", "not_found")]),
        ({"table": "contacts"}, [("/action/type", "not_for_contacts")]),
        ({"filter": {"any": []}}, [("/filter/any", "empty_any")]),
        ({"filter": {"all": [{"field": "name", "op": "set"}]}}, [("/filter/all/0/field", "unknown_field")]),
        ({"filter": {"field": "situation", "op": "eq", "value": "closed"}}, [("/filter/value", "invalid")]),
        ({"recurrence": {"mode": "automatic"}}, [("/recurrence/every", "required")]),
        ({"recurrence": {**DAILY, "at": "25:00"}}, [("/recurrence/at", "invalid")]),
        ({"recurrence": {"mode": "manual", "at": "09:00"}}, [("/recurrence/at", "not_when_manual")]),
        ({"recurrence": {**DAILY, "until": "2026-03-01"}}, [("/recurrence/until", "no_run_left")]),
        ({"recurrence": {**DAILY, "until": "2026-03-02"}}, [("/recurrence/until", "no_run_left")]),  # it is nine now
        ({"recurrence": {**DAILY, "until": "2026-02-30"}}, [("/recurrence/until", "invalid")]),
        ({"surprise": 1}, [("/surprise", "unknown_field")]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_named(api: Api, company: Company, fields: Any, errors: Any) -> None:
    answer = make(api, company, **fields)
    assert wrong(answer) == errors
    assert api.get("/v1/tasks", token=company.admin).json["items"] == []


def test_a_filter_that_is_too_large(api: Api, company: Company) -> None:
    long = {"field": "id", "op": "in", "value": ["x" * 400] * 300}
    assert wrong(make(api, company, filter=long)) == [("/filter", "too_large")]


def test_only_admins_and_their_tokens(api: Api, company: Company, other_company: Company, services: Container) -> None:
    task = made(api, company)
    for role in ("agent", "restricted"):
        assert api.get("/v1/tasks", token=company.tokens[role]).status == 403
    reads = api_token(services, company, frozenset({"tasks:read"}))
    assert api.get("/v1/tasks", token=reads).status == 200
    assert api.post(f"/v1/tasks/{task['id']}/runs", token=reads).status == 403
    assert api.get(f"/v1/tasks/{task['id']}", token=other_company.admin).status == 404
    assert api.post(f"/v1/tasks/{task['id']}/runs", token=other_company.admin).status == 404


def test_an_account_has_so_many_tasks(api: Api, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recado.services.tasks.MAX_TASKS", 2)
    made(api, company)
    made(api, company)
    assert MAX_TASKS == 200 and make(api, company).json["code"] == "too_many_tasks"


def test_a_task_comes_due_once(api: Api, company: Company, services: Container, clock: Any) -> None:
    task = made(api, company, recurrence={"mode": "automatic", "every": "minutes", "n": 30})
    assert tick(services) == 0
    clock.at = datetime(2026, 3, 2, 12, 30, 5, tzinfo=UTC)
    assert tick(services) == 1
    assert tick(services) == 0
    [run] = runs(api, company, task)
    assert (run["trigger"], run["planned_at"], run["state"]) == ("schedule", "2026-03-02T12:30:00.000Z", "freezing")
    cancel_all(api, company, task)
    clock.at += timedelta(hours=5)
    assert tick(services) == 1, "what was missed runs once"
    now = api.get(f"/v1/tasks/{task['id']}", token=company.admin).json
    assert (len(runs(api, company, task)), now["next_run_at"]) == (2, "2026-03-02T18:00:00.000Z")


def test_the_clock_is_put_back(api: Api, company: Company, services: Container, clock: Any) -> None:
    task = made(api, company, recurrence={"mode": "automatic", "every": "hours"})
    clock.at += timedelta(hours=1, seconds=1)
    assert tick(services) == 1
    cancel_all(api, company, task)
    clock.at -= timedelta(minutes=30)
    one = f"/v1/tasks/{task['id']}"
    for enabled in (False, True):
        api.patch(one, {"enabled": enabled}, token=company.admin)
    clock.at += timedelta(hours=1)
    tick(services)
    assert len(runs(api, company, task)) == 1, "the same hour ran twice"
    assert api.get(one, token=company.admin).json["next_run_at"] == "2026-03-02T14:00:00.000Z"


def test_a_last_day_switches_off(api: Api, company: Company, services: Container, clock: Any) -> None:
    task = made(api, company, recurrence={**DAILY, "at": "20:00", "until": "2026-03-02"})
    assert task["next_run_at"] == "2026-03-02T23:00:00.000Z"
    clock.at = datetime(2026, 3, 2, 23, 0, 1, tzinfo=UTC)
    assert tick(services) == 1
    one = f"/v1/tasks/{task['id']}"
    after = api.get(one, token=company.admin).json
    assert (after["enabled"], after["next_run_at"]) == (True, None), "the day goes on until midnight in São Paulo"
    clock.at = datetime(2026, 3, 3, 3, 0, 0, tzinfo=UTC)
    assert tick(services) == 1
    after = api.get(one, token=company.admin).json
    assert (after["enabled"], after["disabled_because"], len(runs(api, company, task))) == (False, "ended", 1)


def test_months_without_the_day_are_told(api: Api, company: Company, services: Container, clock: Any) -> None:
    clock.at = datetime(2026, 1, 31, 13, 0, tzinfo=UTC)
    monthly = {"mode": "automatic", "every": "month_day", "day": 31, "at": "09:00"}
    task = made(api, company, recurrence=monthly)
    assert (task["next_run_at"], task["skipped_months"]) == ("2026-03-31T12:00:00.000Z", ["2026-02"])
    clock.at = datetime(2026, 3, 31, 12, 0, 1, tzinfo=UTC)
    tick(services)
    [run] = runs(api, company, task)
    assert run["skipped_months"] == ["2026-02"]
    after = api.get(f"/v1/tasks/{task['id']}", token=company.admin).json
    assert (after["next_run_at"], after["skipped_months"]) == ("2026-05-31T12:00:00.000Z", ["2026-04"])


def test_months_without_the_day_are_told_up_to_the_last_day(
    api: Api, company: Company, services: Container, clock: Any
) -> None:
    """No run is left before it: what lies between is told all the same, and stays told at the end."""
    clock.at = datetime(2026, 1, 30, 13, 0, tzinfo=UTC)
    monthly = {"mode": "automatic", "every": "month_day", "day": 31, "at": "09:00", "until": "2026-03-30"}
    task = made(api, company, recurrence=monthly)
    assert (task["next_run_at"], task["skipped_months"]) == ("2026-01-31T12:00:00.000Z", [])
    clock.at = datetime(2026, 1, 31, 12, 0, 1, tzinfo=UTC)
    assert tick(services) == 1
    one = f"/v1/tasks/{task['id']}"
    after = api.get(one, token=company.admin).json
    assert (after["enabled"], after["next_run_at"], after["skipped_months"]) == (True, None, ["2026-02"])
    clock.at = datetime(2026, 3, 31, 3, 0, 1, tzinfo=UTC)
    assert tick(services) == 1
    after = api.get(one, token=company.admin).json
    assert (after["disabled_because"], after["skipped_months"]) == ("ended", ["2026-02"])


def test_another_time_zone_of_the_account(api: Api, company: Company, services: Container, clock: Any) -> None:
    task = made(api, company, recurrence=DAILY)
    assert api.patch("/v1/account", {"time_zone": "America/New_York"}, token=company.admin).status == 200
    one = f"/v1/tasks/{task['id']}"
    assert api.get(one, token=company.admin).json["next_run_at"] == "2026-03-02T14:00:00.000Z"
    # Whoever changed it back died before the tasks were reckoned anew.
    services.accounts.change(company.a, "Company", "pt-BR", "America/Sao_Paulo")
    clock.at = datetime(2026, 3, 2, 14, 0, 1, tzinfo=UTC)
    assert tick(services) == 1
    assert api.get(one, token=company.admin).json["next_run_at"] == "2026-03-03T12:00:00.000Z"
    assert runs(api, company, task) == [], "it runs at nine by the clock of the account"


def test_runs_by_hand(api: Api, company: Company, services: Container) -> None:
    task = made(api, company, enabled=False)
    path = f"/v1/tasks/{task['id']}/runs"
    first = api.post(path, token=company.admin, headers={"Idempotency-Key": "k1"})
    assert (first.status, first.json["state"], first.json["trigger"]) == (202, "freezing", "manual")
    assert api.post(path, token=company.admin, headers={"Idempotency-Key": "k1"}).json == first.json
    assert len(services.task_run_queue.sent) == 4  # type: ignore[attr-defined]
    again = api.post(path, token=company.admin)
    assert (again.status, again.json["code"], again.json["run_id"]) == (409, "task_running", first.json["id"])
    for _ in range(2):
        assert api.post(path, {"overlap": True}, token=company.admin).status == 202
    refused = api.post(path, {"overlap": True}, token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "too_many_runs")
    unknown = api.post(path, {"overlap": "yes"}, token=company.admin)
    assert (unknown.status, unknown.json["errors"][0]["pointer"]) == (400, "/overlap")
    blocked = api.delete(f"/v1/tasks/{task['id']}", token=company.admin)
    assert (blocked.status, blocked.json["code"]) == (409, "task_running")
    cancel_all(api, company, task)
    assert api.delete(f"/v1/tasks/{task['id']}", token=company.admin).status == 204


@pytest.mark.parametrize("first", ["by hand", "by the schedule"])
def test_of_two_that_begin_a_run_at_once_one_does(
    api: Api, company: Company, services: Container, clock: Any, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Both saw that no run goes on: whose task has moved meanwhile looks again."""
    task = made(api, company, recurrence={"mode": "automatic", "every": "hours"})
    path, looked = f"/v1/tasks/{task['id']}/runs", services.task_beginnings.refusal
    clock.at += timedelta(hours=1, seconds=1)

    def is_overtaken(*given: Any) -> Any:
        seen = looked(*given)
        monkeypatch.setattr(services.task_beginnings, "refusal", looked)
        if first == "by hand":
            assert tick(services) == 1
        else:
            assert api.post(path, token=company.admin).status == 202
        return seen

    monkeypatch.setattr(services.task_beginnings, "refusal", is_overtaken)
    if first == "by hand":
        assert api.post(path, token=company.admin).json["code"] == "task_running"
    else:
        assert tick(services) == 0
    assert len(runs(api, company, task)) == 1, "each customer is written to twice"


def test_a_run_that_is_paused_resumed_cancelled(api: Api, company: Company) -> None:
    task = made(api, company)
    path = f"/v1/tasks/{task['id']}/runs"
    run = f"{path}/{api.post(path, token=company.admin).json['id']}"
    for _ in range(2):
        assert api.post(f"{run}/pause", token=company.admin).json["state"] == "paused"
    assert api.post(f"{run}/retry", token=company.admin).json["code"] == "run_not_over"
    for _ in range(2):
        assert api.post(f"{run}/resume", token=company.admin).json["state"] == "freezing"
    for _ in range(2):
        assert api.post(f"{run}/cancel", token=company.admin).json["state"] == "cancelled"
    assert api.post(f"{run}/pause", token=company.admin).json["code"] == "run_is_over"
    assert api.post(f"{run}/retry", token=company.admin).json["code"] == "run_cancelled"
    assert api.get(f"{run}/targets", token=company.admin).json == {"items": [], "next": None}


def test_an_occurrence_waits_while_a_run_is_not_over_and_runs_once(
    api: Api, company: Company, services: Container, clock: Any
) -> None:
    task = made(api, company, recurrence={"mode": "automatic", "every": "hours"})
    path = f"/v1/tasks/{task['id']}/runs"
    held = [api.post(path, {"overlap": True}, token=company.admin).json["id"] for _ in range(2)]
    clock.at += timedelta(hours=1, seconds=1)
    assert tick(services) == 0 and len(runs(api, company, task)) == 2
    api.post(f"{path}/{held[0]}/cancel", token=company.admin)
    clock.at += timedelta(minutes=1)
    assert tick(services) == 0 and len(runs(api, company, task)) == 2
    api.post(f"{path}/{held[1]}/pause", token=company.admin)
    clock.at += timedelta(hours=2)
    assert tick(services) == 0 and len(runs(api, company, task)) == 2, "a paused run is not over"
    api.post(f"{path}/{held[1]}/cancel", token=company.admin)
    clock.at += timedelta(minutes=1)
    assert tick(services) == 1
    clock.at += timedelta(minutes=1)
    assert tick(services) == 0, "it was due once"
    planned = [run["planned_at"] for run in runs(api, company, task) if run["trigger"] == "schedule"]
    assert planned == ["2026-03-02T13:00:00.000Z"]
