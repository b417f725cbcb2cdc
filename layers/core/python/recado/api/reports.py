"""/v1/reports: volume, waiting, first answer and duration, by agent, department and channel (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from recado.api import cursors
from recado.api.bodies import Annotated, Meta, PublicId, Query
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.errors import Invalid
from recado.domain.reports import TIMES, VOLUMES, total
from recado.services.reports import MAX_DAYS, Row

reports = Resource("reports")

Day = Annotated[
    str,
    Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9:.]{5,20}([Zz]|[+ -][0-9]{2}:[0-9]{2}))?$", max_length=40),
]
_TIMES = "A moment with its zone (RFC 3339) stands for its day in the account's zone"


class ReportQuery(Query, frozen=True):
    """Days are of the account's calendar."""

    since: Annotated[
        Day | None,
        Meta(
            description=f"The first day; by default such that there are 30. There may be {MAX_DAYS} at most. {_TIMES}."
        ),
    ] = msgspec.field(name="from", default=None)
    until: Annotated[
        Day | None,
        Meta(
            description=f"The last day, included; today by default. {_TIMES}, at midnight for the one that just ended."
        ),
    ] = msgspec.field(name="to", default=None)
    limit: Annotated[
        int, Meta(ge=1, le=200, description="How many rows; a page that would grow too large ends before.")
    ] = 50
    after: Annotated[str, Meta(description="`next` of the page before.")] = ""


class AgentQuery(ReportQuery, frozen=True):
    agent_id: Annotated[PublicId | None, Meta(description="Of this agent alone, who may be deleted by now.")] = None


class DepartmentQuery(ReportQuery, frozen=True):
    department_id: Annotated[
        PublicId | None, Meta(description="Of this department alone, which may be deleted by now.")
    ] = None


class ChannelQuery(ReportQuery, frozen=True):
    channel_id: Annotated[PublicId | None, Meta(description="Of this channel alone.")] = None


class TimeShape(msgspec.Struct):
    """How many cases there were, and how long they took on average, in seconds; null when there was none."""

    count: int
    average_s: float | None


class FiguresShape(msgspec.Struct):
    """Each figure counts on the day of what it counts, for the agent, the department and the channel of the chat then.

    `opened`: chats opened, by a customer or by us; `reopened`: closed chats opened again; `assigned`: how often a chat
    came into somebody's hands; `closed`: closes, by whoever; `transferred_out`, `transferred_in`: transfers, where the
    chat left and where it came, overflow not counted; `not_started`: how often whoever was given a chat did not start
    it in time; `answered`: chats that a user answered for the first time since they were opened or reopened.

    Times: `waiting` from the place in the queue to the assignment, of chats that came from the queue; `first_answer`
    from the opening or reopening to the first answer; `duration` from there to the close; `handling` from the last
    assignment to the close, of chats that somebody had."""

    opened: int
    reopened: int
    assigned: int
    closed: int
    transferred_in: int
    transferred_out: int
    not_started: int
    answered: int
    waiting: TimeShape
    first_answer: TimeShape
    duration: TimeShape
    handling: TimeShape


class DayShape(FiguresShape, kw_only=True):
    """One day; those on which nothing was counted are left out."""

    day: str


class RowShape(msgspec.Struct, kw_only=True):
    """Totals and days; those on which nothing was counted are left out. `name` null: deleted."""

    name: str | None
    totals: FiguresShape
    days: list[DayShape]


class AgentRow(RowShape, kw_only=True):
    agent_id: str


class DepartmentRow(RowShape, kw_only=True):
    department_id: str


class ChannelRow(RowShape, kw_only=True):
    channel_id: str


class ReportShape(msgspec.Struct, kw_only=True):
    """A page by id. A page that would grow too large ends before `limit`: `next` tells whether more follows."""

    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    time_zone: str
    next: str | None


class AgentReport(ReportShape, kw_only=True):
    items: list[AgentRow]


class DepartmentReport(ReportShape, kw_only=True):
    items: list[DepartmentRow]


class ChannelReport(ReportShape, kw_only=True):
    items: list[ChannelRow]


@reports.get(
    "/v1/reports/agents", may("people:read", *EVERYONE), query=AgentQuery, answers=AgentReport, problems=("not_found",)
)
def report_agents(call: Call) -> Any:
    """Figures of agents: of all for admins, of those they follow for supervisors, and everybody's own."""
    return _report(call, call.services.report_service.agents, "agent_id")


@reports.get(
    "/v1/reports/departments",
    may("people:read", *EVERYONE),
    query=DepartmentQuery,
    answers=DepartmentReport,
    problems=("not_found",),
)
def report_departments(call: Call) -> Any:
    """Figures of departments: of all for admins, of those they supervise for others."""
    return _report(call, call.services.report_service.departments, "department_id")


@reports.get(
    "/v1/reports/channels",
    may("channels:read", *ADMINS),
    query=ChannelQuery,
    answers=ChannelReport,
    problems=("not_found",),
)
def report_channels(call: Call) -> Any:
    """Figures of channels."""
    return _report(call, call.services.report_service.channels, "channel_id")


def _report(call: Call, rows_of: Callable[..., tuple[list[Row], str | None]], id_name: str) -> dict[str, Any]:
    a, path, asked = call.caller.account, call.route.path, call.query
    period = call.services.report_service.period(a, end_of_query("from", asked.since), end_of_query("to", asked.until))
    after = cursors.decode(asked.after, a, path, str) if asked.after else None
    rows, following = rows_of(call.caller, period, getattr(asked, id_name), asked.limit, after)
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "time_zone": str(period.zone),
        "items": [_row(row, id_name) for row in rows],
        "next": None if following is None else cursors.encode(following, a, path),
    }


def end_of_query(name: str, text: str | None) -> date | datetime | None:
    """The day or the moment of a query parameter, in which a `+` may have come as a blank. Raises Invalid for one that
    does not exist."""
    try:
        if text is None or len(text) == 10:
            return None if text is None else date.fromisoformat(text)
        return datetime.fromisoformat(text.upper().replace(" ", "+"))
    except ValueError:
        raise Invalid.field(f"?{name}", "invalid", "There is no such day or moment.") from None


def _row(row: Row, id_name: str) -> dict[str, Any]:
    days = [{"day": one.day.isoformat(), **_figures(total([one]))} for one in row.days]
    return {id_name: row.id, "name": row.name, "totals": _figures(total(row.days)), "days": days}


def _figures(sums: Mapping[str, int]) -> dict[str, Any]:
    times = {name: _time(sums[f"{name}_n"], sums[f"{name}_s"]) for name in TIMES}
    return {**{name: sums[name] for name in VOLUMES}, **times}


def _time(count: int, seconds: int) -> dict[str, Any]:
    return {"count": count, "average_s": round(seconds / count, 1) if count else None}
