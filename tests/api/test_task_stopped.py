"""A task whose run is cancelled for what is gone is switched off, and supervisors are told (PRODUCT G1, G5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recado.bootstrap import Container
from tests.api.conftest import Api, Company
from tests.api.test_channel_removal import Mails, ask, remove
from tests.api.test_channel_removal import channel_id as channel_id
from tests.api.test_channel_removal import mails as mails
from tests.api.test_channel_removal import provider as provider

HOURLY = {"mode": "automatic", "every": "hours"}


class Office:
    """A task that names a department, which goes at the moment when nobody looks at what names it."""

    def __init__(self, api: Api, company: Company, services: Container) -> None:
        self.api, self.company, self.services = api, company, services
        self.department = self.post("/v1/departments", {"name": "Vendas"})["id"]

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.api.post(path, body, token=self.company.admin)
        assert answer.status in (200, 201, 202), answer.json
        return answer.json

    def get(self, path: str, role: str = "admin") -> Any:
        return self.api.get(path, token=self.company.tokens[role]).json

    def task(self, **fields: Any) -> str:
        action = {"type": "change_department", "department_id": self.department}
        body = {"name": "Tarefa", "table": "chats", "action": action, "recurrence": HOURLY, **fields}
        return f"/v1/tasks/{self.post('/v1/tasks', body)['id']}"

    def goes(self) -> None:
        path = f"/v1/departments/{self.department}"
        assert self.api.delete(path, token=self.company.admin).status == 204

    def work(self) -> None:
        """Each command comes twice."""
        queue: Any = self.services.task_run_queue
        while queue.sent:
            body = queue.sent.pop(0).body
            for _ in range(2):
                self.services.task_run_work.work(
                    self.company.a, body["task_id"], body["run_id"], body["lane"], body["version"], lambda: True
                )

    def alerts(self, role: str = "admin") -> list[tuple[str, str]]:
        return [(one["type"], one["data"]["reason"]) for one in self.get("/v1/alerts", role)["items"]]


@pytest.fixture
def office(api: Api, company: Company, services: Container, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(api, company, services)
    monkeypatch.setattr(services.references, "refuse", lambda *_: None)
    return made


@pytest.mark.parametrize("named", ["by the action", "by the filter"])
def test_an_automatic_task_is_switched_off(office: Office, clock: Any, named: str) -> None:
    means = {"field": "department", "op": "eq", "value": office.department}
    fields = {} if named == "by the action" else {"action": {"type": "close"}, "filter": {"any": [means]}}
    task = office.task(**fields)
    office.goes()
    clock.at += timedelta(hours=1, seconds=1)
    assert office.services.task_schedule.run_due(160).done == 1
    office.work()
    (run,) = office.get(f"{task}/runs")["items"]
    reason = "department_id_not_found" if named == "by the action" else "filter_value_not_found"
    assert (run["state"], run["reason"]) == ("cancelled", reason)
    after = office.get(task)
    assert (after["enabled"], after["disabled_because"], after["next_run_at"]) == (False, reason, None)
    assert office.alerts() == [("task.run_finished", reason)], "supervisors are told once"
    clock.at += timedelta(hours=2)
    assert office.services.task_schedule.run_due(160).done == 0, "it goes on being cancelled every hour"


@pytest.mark.parametrize("recurrence", [HOURLY, {"mode": "manual"}], ids=["hourly", "by hand"])
def test_a_channel_that_a_filter_names_is_removed(
    office: Office, channel_id: str, mails: Mails, recurrence: Any
) -> None:
    def means(channel: str) -> Any:
        return {"any": [{"field": "channel", "op": "eq", "value": channel}]}

    fields = {"action": {"type": "close"}, "recurrence": recurrence}
    task, other = office.task(**fields, filter=means(channel_id)), office.task(**fields)
    ask(office.api, office.company, channel_id)
    assert remove(office.api, office.company, channel_id, mails.code).status == 204
    office.services.task_upkeep.switch_off(office.company.a, channel_id)
    after = office.get(task)
    assert (after["enabled"], after["disabled_because"], after["next_run_at"]) == (False, "channel_removed", None)
    (alert,) = office.get("/v1/alerts")["items"]
    assert (alert["type"], alert["data"]) == ("task.disabled", after), "supervisors are told once"
    assert office.get(other)["enabled"] is True
    refused = office.api.post(f"{task}/runs", token=office.company.admin)
    assert (refused.status, refused.json["code"]) == (409, "action_not_ready")
    (error,) = refused.json["errors"]
    assert (error["pointer"], error["code"]) == ("/filter/any/0/value", "not_found")
    assert office.get(f"{task}/runs")["items"] == [], "it would be cancelled"


def test_supervisors_of_the_default_department_are_told(office: Office, company: Company) -> None:
    task = office.task()
    office.post(f"{task}/runs")
    office.goes()
    office.work()
    path = f"/v1/departments/{company.department.id}/members/{company.users['agent'].id}"
    for supervises in (False, True):
        assert office.api.put(path, {"supervisor": supervises}, token=company.admin).status == 200
        assert office.alerts("agent") == (office.alerts() if supervises else [])
    assert office.alerts() != []


def test_a_task_that_was_mended_meanwhile_stays_on(office: Office) -> None:
    task = office.task()
    office.post(f"{task}/runs")
    office.goes()
    assert office.api.patch(task, {"action": {"type": "queue"}}, token=office.company.admin).status == 200
    office.work()
    assert office.get(f"{task}/runs")["items"][0]["state"] == "cancelled"
    assert (office.get(task)["enabled"], office.get(task)["disabled_because"]) == (True, None)


def test_who_cancels_a_run_is_not_told_of_it(office: Office) -> None:
    task = office.task()
    run = office.post(f"{task}/runs")["id"]
    office.post(f"{task}/runs/{run}/cancel")
    assert office.alerts() == [] and office.get(task)["enabled"] is True
