"""GET /v1/events: pages by seq, from the oldest kept, for admins and tokens with the scope."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from tests.api.conftest import Api, Company, api_token


def fill(services: Container, company: Company, count: int) -> list[dict[str, Any]]:
    events = [
        {
            "id": f"ev_{company.a}_{n:027x}",
            "type": "chat.queued",
            "timestamp": "2026-03-02T12:00:00.000Z",
            "actor": {"type": "system", "id": None},
            "data": {"id": f"ca_{company.a}_{n:027x}"},
        }
        for n in range(1, count + 1)
    ]
    services.feed.feed(company.a, events)
    return events


def test_a_new_account_has_an_empty_feed(api: Api, company: Company) -> None:
    answer = api.get("/v1/events", token=company.admin)
    assert (answer.status, answer.json) == (200, {"items": [], "next": None})


def test_events_come_in_order_page_by_page(api: Api, services: Container, company: Company) -> None:
    events = fill(services, company, 5)
    first = api.get("/v1/events?limit=2", token=company.tokens["api"]).json
    assert first["items"] == [{**event, "seq": seq} for seq, event in enumerate(events[:2], 1)]
    assert first["next"] == "2"
    rest = api.get(f"/v1/events?after={first['next']}", token=company.admin).json
    assert [item["seq"] for item in rest["items"]] == [3, 4, 5]
    assert rest["next"] is None
    assert api.get("/v1/events?after=5", token=company.admin).json == {"items": [], "next": None}
    assert len(api.get("/v1/events?after=", token=company.admin).json["items"]) == 5


def test_another_account_sees_nothing_of_it(
    api: Api, services: Container, company: Company, other_company: Company
) -> None:
    fill(services, company, 1)
    assert api.get("/v1/events", token=other_company.admin).json["items"] == []


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=1.5", "limit=0", "limit=201", "limit=x"])
def test_wrong_places_and_limits_are_refused_by_name(api: Api, company: Company, query: str) -> None:
    answer = api.get(f"/v1/events?{query}", token=company.admin)
    assert answer.status == 400
    assert answer.json["errors"][0]["pointer"] == "?" + query.partition("=")[0]


def test_who_may_read_it(api: Api, services: Container, company: Company) -> None:
    assert api.get("/v1/events", token=company.tokens["agent"]).status == 403
    assert api.get("/v1/events", token=company.tokens["restricted"]).status == 403
    assert api.get("/v1/events", token=api_token(services, company, ["contacts:read"])).status == 403
    assert api.get("/v1/events", token=api_token(services, company, ["integration:read"])).status == 200
