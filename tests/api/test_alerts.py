"""What supervisors are told of their departments."""

from __future__ import annotations

from typing import Any

from recado.bootstrap import Container
from recado.domain.chats import Author, Event
from recado.storage.alerts import AlertRecord, add_alert
from recado.storage.transaction import Transaction
from tests.api.conftest import Api, Company


def alert(services: Container, company: Company, department_id: str) -> Event:
    services.clock.move(1)  # type: ignore[attr-defined]
    now = services.clock.now()
    event = Event(services.ids.new("ev", company.a), "chat.unattended", now, Author("system"), {"id": "ca_1"})
    tx = Transaction()
    add_alert(tx, company.a, department_id, event)
    tx.commit()
    return event


def told(api: Api, company: Company, role: str, query: str = "") -> Any:
    return api.get(f"/v1/alerts{query}", token=company.tokens[role]).json


def ids(page: Any) -> list[str]:
    return [one["id"] for one in page["items"]]


def join(api: Api, company: Company, role: str, department_id: str, **flags: bool) -> None:
    path = f"/v1/departments/{department_id}/members/{company.users[role].id}"
    assert api.put(path, flags, token=company.admin).status == 200


def test_admins_see_all_others_what_they_supervise(api: Api, company: Company, services: Container) -> None:
    sales = api.post("/v1/departments", {"name": "Sales"}, token=company.admin).json["id"]
    general = company.department.id
    first, second, third = (alert(services, company, one) for one in (general, sales, general))
    assert ids(told(api, company, "admin")) == ids(told(api, company, "api")) == [third.id, second.id, first.id]
    assert ids(told(api, company, "agent")) == []
    join(api, company, "agent", general)
    assert ids(told(api, company, "agent")) == [], "members who do not supervise"
    join(api, company, "agent", sales, supervisor=True)
    assert ids(told(api, company, "agent")) == [second.id]
    join(api, company, "restricted", sales, supervisor=True)
    assert told(api, company, "restricted") == {"items": [], "next": None}


def test_alerts_are_the_events_newest_first_by_pages(api: Api, company: Company, services: Container) -> None:
    sales = api.post("/v1/departments", {"name": "Sales"}, token=company.admin).json["id"]
    events = [alert(services, company, one) for one in (company.department.id, sales) * 3][::-1]
    found, cursor = [], ""
    for _ in range(3):
        page = told(api, company, "admin", f"?limit=2{cursor}")
        found += ids(page)
        cursor = f"&after={page['next']}"
    assert found == [event.id for event in events] and page["next"] is None
    assert told(api, company, "admin")["items"][0] == {
        "id": events[0].id, "type": "chat.unattended", "timestamp": "2026-03-02T12:00:06.000Z",
        "actor": {"type": "system", "id": None}, "data": {"id": "ca_1"},
    }  # fmt: skip


def test_other_accounts_know_nothing_of_it(
    api: Api, company: Company, other_company: Company, services: Container
) -> None:
    alert(services, company, company.department.id)
    assert ids(told(api, other_company, "admin")) == []


def test_an_alert_ends_after_thirty_days(company: Company, services: Container) -> None:
    event = alert(services, company, company.department.id)
    (record,) = AlertRecord.query(f"{company.a}#ALERTS#{company.department.id}")
    assert record.ttl == int(event.at.timestamp()) + 30 * 86_400
