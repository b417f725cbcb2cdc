"""/v1/reports/billing: what delivered messages cost at the channels' providers (docs/billing.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from recado.api import cursors
from recado.api.bodies import Annotated, Meta
from recado.api.reports import ChannelQuery, ReportShape, end_of_query
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.domain.billing import FIGURES
from recado.services.billing_report import BillingRow

billing_report = Resource("billing_report")


class CostShape(msgspec.Struct, kw_only=True):
    """`messages`: delivered ones, each once; `billable` + `free` are they. `conversations`: those opened, under rules
    that charge by conversation; a message in an open one is free. `amount_usd`: US dollars, null when the price of a
    billable one is not known (`unpriced` of them); `known_usd` is the sum of what is. `provider` and `estimate`: of how
    many messages the provider told what they cost, and of how many the rules alone say so."""

    messages: int
    conversations: int
    billable: int
    free: int
    unpriced: int
    amount_usd: float | None
    known_usd: float
    provider: int
    estimate: int


class BillingRowShape(CostShape, kw_only=True):
    """A day of the account's calendar, by the delivery; rows without messages are left out."""

    day: str
    channel_id: str
    channel_name: str
    category: str


class BillingReportShape(ReportShape, kw_only=True):
    """`totals` are of the items of this page, `limit` counts channels."""

    items: list[BillingRowShape]
    totals: CostShape


class BillingQuery(ChannelQuery, frozen=True):
    limit: Annotated[
        int, Meta(ge=1, le=200, description="Of how many channels; a page that would grow too large ends before.")
    ] = 50


@billing_report.get(
    "/v1/reports/billing",
    may("channels:read", *ADMINS),
    query=BillingQuery,
    answers=BillingReportShape,
    problems=("not_found",),
)
def report_billing(call: Call) -> Any:
    """What messages cost, by day, channel and category."""
    a, path, asked = call.caller.account, call.route.path, call.query
    period = call.services.report_service.period(a, end_of_query("from", asked.since), end_of_query("to", asked.until))
    after = cursors.decode(asked.after, a, path, str) if asked.after else None
    rows, following = call.services.billing_report.rows(a, period, asked.channel_id, asked.limit, after)
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "time_zone": str(period.zone),
        "items": [_row(row) for row in rows],
        "totals": _cost(_summed(row.figures for row in rows)),
        "next": None if following is None else cursors.encode(following, a, path),
    }


def _row(row: BillingRow) -> dict[str, Any]:
    place = {"day": row.day.isoformat(), "channel_id": row.channel.id, "channel_name": row.channel.name}
    return {**place, "category": row.category, **_cost(row.figures)}


def _summed(figures: Iterable[Mapping[str, int]]) -> dict[str, int]:
    every = list(figures)
    return {name: sum(one[name] for one in every) for name in FIGURES}


def _cost(figures: Mapping[str, int]) -> dict[str, Any]:
    known = round(figures["micros"] / 1_000_000, 6)
    return {
        "messages": figures["messages"],
        "conversations": figures["conversations"],
        "billable": figures["billable"],
        "free": figures["messages"] - figures["billable"],
        "unpriced": figures["unpriced"],
        "amount_usd": None if figures["unpriced"] else known,
        "known_usd": known,
        "provider": figures["by_provider"],
        "estimate": figures["messages"] - figures["by_provider"],
    }
