"""GET /v1/reports/billing: who sees it, its rows, what is not known, and its pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from recado.bootstrap import Container
from recado.domain.billing import Entry, difference
from recado.domain.chats import ThreadKey
from recado.domain.ids import make_id
from recado.ports.billing import Charge
from recado.storage.billing import DynamoLedger
from tests.api.conftest import Api, Company, api_token
from tests.api.test_reports import connect

MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_NUMBERS = iter(range(1, 1_000))


def charge(company: Company, channel_id: str, day: int = 2, **fields: Any) -> None:
    """A delivered message in the ledger."""
    message_id = make_id("ms", company.a, MONDAY, f"{next(_NUMBERS):016x}")
    entry = Entry(message_id, channel_id, MONDAY, day=MONDAY.date().replace(day=day), category="marketing")
    entry = replace(entry, **fields)
    assert DynamoLedger().write(
        company.a, Charge(ThreadKey(channel_id, "+5511987654321"), None, entry, None, difference(None, entry))
    )


def test_the_rows_of_a_period(api: Api, services: Container, company: Company) -> None:
    channel = connect(services, company, "Vendas")
    for _ in range(3):
        charge(company, channel.id, billable=True, micros=62_500, source="provider")
    charge(company, channel.id)
    charge(company, channel.id, day=1, category="utility", billable=True, micros=None)
    charge(company, channel.id, day=28)
    report = api.get("/v1/reports/billing?from=2026-03-01&to=2026-03-27", token=company.admin).json
    place = {"channel_id": channel.id, "channel_name": "Vendas"}
    assert report["items"] == [
        {
            "day": "2026-03-01", **place, "category": "utility", "messages": 1, "conversations": 0, "billable": 1,
            "free": 0, "unpriced": 1, "amount_usd": None, "known_usd": 0.0, "provider": 0, "estimate": 1,
        },
        {
            "day": "2026-03-02", **place, "category": "marketing", "messages": 4, "conversations": 0, "billable": 3,
            "free": 1, "unpriced": 0, "amount_usd": 0.1875, "known_usd": 0.1875, "provider": 3, "estimate": 1,
        },
    ]  # fmt: skip
    assert report["totals"] == {
        "messages": 5, "conversations": 0, "billable": 4, "free": 1, "unpriced": 1, "amount_usd": None,
        "known_usd": 0.1875, "provider": 3, "estimate": 2,
    }  # fmt: skip
    assert (report["from"], report["to"], report["time_zone"]) == ("2026-03-01", "2026-03-27", "America/Sao_Paulo")


def test_nothing_was_delivered(api: Api, company: Company) -> None:
    report = api.get("/v1/reports/billing", token=company.admin).json
    assert (report["items"], report["next"], report["totals"]["amount_usd"]) == ([], None, 0.0)


def test_one_channel_and_pages_of_channels(api: Api, services: Container, company: Company) -> None:
    channels = [connect(services, company, name) for name in ("A", "B", "C")]
    for channel in channels:
        charge(company, channel.id)
    only = api.get(f"/v1/reports/billing?channel_id={channels[1].id}", token=company.admin).json
    assert [row["channel_name"] for row in only["items"]] == ["B"]
    names: list[str] = []
    after = ""
    while True:
        page = api.get(f"/v1/reports/billing?limit=2&after={after}", token=company.admin).json
        names += [row["channel_name"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert names == ["A", "B", "C"]


def test_it_is_for_admins_and_of_their_account_alone(
    api: Api, services: Container, company: Company, other_company: Company
) -> None:
    channel = connect(services, company, "Vendas")
    charge(company, channel.id)
    for role in ("agent", "restricted"):
        assert api.get("/v1/reports/billing", token=company.tokens[role]).status == 403
    assert api.get("/v1/reports/billing", token=api_token(services, company, ["contacts:read"])).status == 403
    assert api.get(f"/v1/reports/billing?channel_id={channel.id}", token=other_company.admin).status == 404
    assert api.get("/v1/reports/billing", token=other_company.admin).json["items"] == []


def test_a_period_that_is_none(api: Api, company: Company) -> None:
    for query in ("from=2026-02-30", "from=2026-03-02&to=2026-03-01", "from=2020-01-01&to=2026-01-01"):
        answer = api.get(f"/v1/reports/billing?{query}", token=company.admin)
        assert answer.status == 400
        assert answer.json["errors"][0]["pointer"] == "?from"
