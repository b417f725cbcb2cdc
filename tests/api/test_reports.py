"""GET /v1/reports/…: who sees whose figures, the period, the pages, and what becomes of what was deleted."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.agents import AgentChange
from recado.domain.channels import Channel
from recado.domain.chats import Author
from recado.domain.people import Membership
from recado.domain.reports import VOLUMES
from recado.services import reports
from tests.api.conftest import PASSWORD, Api, Company, api_token
from tests.chat_histories import assigned, chat_of, closed, told

MONDAY = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
NO_TIME = {"count": 0, "average_s": None}
NOTHING = {**dict.fromkeys(VOLUMES, 0), **dict.fromkeys(("waiting", "first_answer", "duration", "handling"), NO_TIME)}


def serve(
    services: Container, company: Company, agent: str, at: datetime = MONDAY, waits: int = 60, **places: str
) -> None:
    """A chat that waited, was answered after 10 s more and closed after 100 s more."""
    number = int(at.timestamp()) + waits
    chat = chat_of(number, at, places.get("department", company.department.id), places.get("channel", "ch_1"))
    had = assigned(chat, agent, moved(at, waits))
    ended = closed(had, moved(at, waits + 100))
    events = [
        told(1, "chat.started", chat, at),
        told(2, "chat.assigned", had, moved(at, waits)),
        told(3, "chat.answered", had, moved(at, waits + 10), Author("user", agent), first_answer_s=waits + 10.2),
        told(4, "chat.closed", ended, moved(at, waits + 100)),
    ]
    named = [{**event, "id": f"{event['id']}-{agent}-{number}"} for event in events]
    services.feed.feed(company.a, named)


def moved(at: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(at.timestamp() + seconds, UTC)


def join(services: Container, company: Company, name: str, department: str | None = None) -> str:
    """A further agent, of a department where one is named."""
    user = services.user_service.create(company.a, name, f"{name}@one.example", "agent", None, PASSWORD).user
    if department:
        services.presence.set_membership(company.a, user.id, department, Membership(1, True, False))
    return user.id


def connect(services: Container, company: Company, name: str) -> Channel:
    secret = "whsec_" + b64encode(b"\x01" * 32).decode()
    settings = {"callback_url": "https://shop.example/recado"}
    return services.channel_service.create(company.a, "custom", name, None, settings, {"secret": secret})


def ids(answer: Any, name: str = "agent_id") -> list[str]:
    assert answer.status == 200, answer.text
    return [item[name] for item in answer.json["items"]]


def test_the_figures_of_an_agent_by_day_and_in_total(api: Api, services: Container, company: Company) -> None:
    agent = company.users["agent"]
    serve(services, company, agent.id)
    serve(services, company, agent.id, datetime(2026, 3, 1, 2, 30, tzinfo=UTC), waits=31)  # 28 February in São Paulo
    report = api.get(f"/v1/reports/agents?agent_id={agent.id}", token=company.admin).json
    assert (report["from"], report["to"], report["time_zone"]) == ("2026-02-01", "2026-03-02", "America/Sao_Paulo")
    [item] = report["items"]
    assert (item["agent_id"], item["name"]) == (agent.id, agent.name)
    assert item["totals"] == {
        **NOTHING, "assigned": 2, "answered": 2, "closed": 2,
        "waiting": {"count": 2, "average_s": 45.5}, "first_answer": {"count": 2, "average_s": 55.5},
        "duration": {"count": 2, "average_s": 145.5}, "handling": {"count": 2, "average_s": 100.0},
    }  # fmt: skip
    assert [(day["day"], day["assigned"], day["waiting"]["average_s"]) for day in item["days"]] == [
        ("2026-02-28", 1, 31.0),
        ("2026-03-02", 1, 60.0),
    ]


def test_departments_and_channels_have_theirs(api: Api, services: Container, company: Company) -> None:
    serve(services, company, company.users["agent"].id)
    [item] = api.get("/v1/reports/departments", token=company.admin).json["items"]
    assert (item["department_id"], item["name"]) == (company.department.id, company.department.name)
    assert (item["totals"]["opened"], item["totals"]["closed"]) == (1, 1)
    channel = connect(services, company, "Loja")
    serve(services, company, company.users["agent"].id, waits=20, channel=channel.id)
    [item] = api.get("/v1/reports/channels", token=company.admin).json["items"]
    assert (item["channel_id"], item["name"]) == (channel.id, "Loja")
    assert item["totals"]["waiting"] == {"count": 1, "average_s": 20.0}


def test_who_did_nothing_has_zeros(api: Api, company: Company) -> None:
    [item] = api.get(f"/v1/reports/agents?agent_id={company.users['agent'].id}", token=company.admin).json["items"]
    assert (item["totals"], item["days"]) == (NOTHING, [])


def test_only_days_of_the_period_count_the_first_and_the_last_included(
    api: Api, services: Container, company: Company
) -> None:
    agent = company.users["agent"].id
    for day in range(1, 6):
        serve(services, company, agent, datetime(2026, 3, day, 12, 0, tzinfo=UTC))
    asked = f"/v1/reports/agents?agent_id={agent}"
    for period, expected in (
        ("&from=2026-03-02&to=2026-03-04", ["02", "03", "04"]),
        ("&from=2026-03-05&to=2026-03-05", ["05"]),
        ("&to=2026-03-03", ["01", "02", "03"]),
        ("&from=2026-03-01", ["01", "02"]),  # today is the 2nd
    ):
        [item] = api.get(asked + period, token=company.admin).json["items"]
        assert [day["day"][-2:] for day in item["days"]] == expected
        assert item["totals"]["closed"] == len(expected)


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ("from=2026-03-02T00:00:00-03:00&to=2026-03-03T00:00:00-03:00", ("2026-03-02", "2026-03-02")),
        ("from=2026-03-02T02:59:59Z&to=2026-03-03T03:00:00.001z", ("2026-03-01", "2026-03-03")),
        ("from=2026-03-02T00:00:00%2B09:00&to=2026-03-02T13:00:00 09:00", ("2026-03-01", "2026-03-02")),
        ("from=2026-03-01&to=2026-03-02T03:00:00Z", ("2026-03-01", "2026-03-01")),
    ],
)
def test_moments_stand_for_their_days_in_the_accounts_zone(
    api: Api, services: Container, company: Company, asked: str, days: tuple[str, str]
) -> None:
    assert str(services.report_service.period(company.a, None, None).zone) == "America/Sao_Paulo"
    for report in ("agents", "billing"):
        told = api.get(f"/v1/reports/{report}?{asked.replace(' ', '%20')}", token=company.admin).json
        assert (told["from"], told["to"]) == days


WRONG = (
    ("from=x", "?from"), ("from=2026-02-30", "?from"), ("from=20260301", "?from"), ("from=2026-W09-1", "?from"),
    ("from=", "?from"), ("to=x", "?to"), ("to=2026-13-01", "?to"), ("to=2026-03-01T00:00:00", "?to"),
    ("to=2026-03-01T25:00:00Z", "?to"), ("from=2026-03-01T10:00:00%2B99:00", "?from"),
    ("to=0001-01-01T00:00:00Z", "?to"),
    ("from=2026-03-03&to=2026-03-02", "?from"), ("from=2026-03-03", "?from"),
    ("from=2025-03-01&to=2026-03-02", "?from"), ("from=0001-01-01", "?from"),
    ("from=2026-03-01&from=2026-03-02", "?from"), ("limit=0", "?limit"), ("limit=201", "?limit"), ("after=x", "?after"),
)  # fmt: skip


@pytest.mark.parametrize("report", ["agents", "departments", "channels"])
def test_wrong_periods_and_pages_are_refused_by_name(api: Api, company: Company, report: str) -> None:
    for query, pointer in WRONG:
        answer = api.get(f"/v1/reports/{report}?{query}", token=company.admin)
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, pointer), query


def test_the_longest_and_the_shortest_periods(api: Api, company: Company) -> None:
    for query in ("from=2025-03-02&to=2026-03-02", "to=0001-01-02", "from=2026-03-02&to=2026-03-02"):
        assert api.get(f"/v1/reports/agents?{query}", token=company.admin).status == 200, query


def test_pages_follow_each_other(
    api: Api, services: Container, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = sorted([*(user.id for user in company.users.values()), join(services, company, "x")])
    serve(services, company, everybody[0])

    def walk(limit: int) -> list[list[str]]:
        pages: list[list[str]] = []
        after = ""
        while True:
            answer = api.get(f"/v1/reports/agents?limit={limit}&after={after}", token=company.admin)
            pages.append(ids(answer))
            after = answer.json["next"]
            if after is None:
                return pages

    assert walk(3) == [everybody[:3], everybody[3:]]
    assert walk(2) == [everybody[:2], everybody[2:]]
    assert walk(4) == [everybody]
    monkeypatch.setattr(reports, "_MOST_DAYS_OF_A_PAGE", 1)
    assert walk(4) == [everybody[:1], everybody[1:]]  # a page of very many days ends early
    departments = [company.department.id, *(add_department(api, company, f"D{n}") for n in range(2))]
    first = api.get("/v1/reports/departments?limit=2", token=company.admin)
    rest = api.get(f"/v1/reports/departments?limit=2&after={first.json['next']}", token=company.admin)
    assert [*ids(first, "department_id"), *ids(rest, "department_id")] == sorted(departments)
    assert rest.json["next"] is None


def add_department(api: Api, company: Company, name: str) -> str:
    made = api.post("/v1/departments", {"name": name}, token=company.admin)
    assert made.status == 201, made.text
    return str(made.json["id"])


def supervise(services: Container, company: Company, departments: Sequence[str]) -> None:
    for one in departments:
        services.presence.set_membership(company.a, company.users["agent"].id, one, Membership(9, False, True))


def test_a_supervisor_sees_the_members_of_their_departments_and_themselves(
    api: Api, services: Container, company: Company
) -> None:
    sales, support = (add_department(api, company, name) for name in ("Vendas", "Suporte"))
    seller, helper = join(services, company, "seller", sales), join(services, company, "helper", support)
    both = join(services, company, "both", sales)
    services.presence.set_membership(company.a, both, support, Membership(2, True, False))
    supervise(services, company, [sales])
    own, token = company.users["agent"].id, company.tokens["agent"]
    assert ids(api.get("/v1/reports/agents", token=token)) == sorted([own, seller, both])
    assert ids(api.get("/v1/reports/departments", token=token), "department_id") == [sales]
    for path in (f"agents?agent_id={helper}", f"departments?department_id={support}"):
        assert api.get(f"/v1/reports/{path}", token=token).status == 404
    assert ids(api.get(f"/v1/reports/agents?agent_id={seller}", token=token)) == [seller]
    assert ids(api.get(f"/v1/reports/departments?department_id={sales}", token=token), "department_id") == [sales]
    page = api.get("/v1/reports/agents?limit=2", token=token)
    assert ids(page) == sorted([own, seller, both])[:2]
    rest = api.get(f"/v1/reports/agents?limit=2&after={page.json['next']}", token=token)
    assert (ids(rest), rest.json["next"]) == (sorted([own, seller, both])[2:], None)


def test_a_plain_member_sees_nobody_but_themselves(api: Api, services: Container, company: Company) -> None:
    colleague = join(services, company, "colleague", company.department.id)
    for role in ("agent", "restricted"):
        user, token = company.users[role], company.tokens[role]
        services.presence.set_membership(company.a, user.id, company.department.id, Membership(3, True, False))
        serve(services, company, user.id)
        answer = api.get("/v1/reports/agents", token=token)
        assert ids(answer) == ids(api.get(f"/v1/reports/agents?agent_id={user.id}", token=token)) == [user.id]
        assert answer.json["items"][0]["totals"]["closed"] == 1
        assert api.get(f"/v1/reports/agents?agent_id={colleague}", token=token).status == 404
        assert ids(api.get("/v1/reports/departments", token=token), "department_id") == []
        path = f"/v1/reports/departments?department_id={company.department.id}"
        assert api.get(path, token=token).status == 404
        assert api.get("/v1/reports/channels", token=token).status == 403


def test_a_restricted_user_supervises_nothing_and_follows_nobody(
    api: Api, services: Container, company: Company
) -> None:
    colleague = join(services, company, "colleague", company.department.id)
    restricted = company.users["restricted"].id
    services.presence.set_membership(company.a, restricted, company.department.id, Membership(3, False, True))
    link(services, company, restricted, colleague)
    token = company.tokens["restricted"]
    assert ids(api.get("/v1/reports/agents", token=token)) == [restricted]
    assert ids(api.get("/v1/reports/departments", token=token), "department_id") == []


def test_who_is_linked_to_single_users_follows_those(api: Api, services: Container, company: Company) -> None:
    colleague, own = join(services, company, "colleague", company.department.id), company.users["agent"].id
    link(services, company, own, colleague)
    token = company.tokens["agent"]
    assert ids(api.get("/v1/reports/agents", token=token)) == sorted([own, colleague])
    assert ids(api.get(f"/v1/reports/agents?agent_id={colleague}", token=token)) == [colleague]
    assert ids(api.get("/v1/reports/departments", token=token), "department_id") == []


def test_links_to_users_who_were_deleted_end_no_page(api: Api, services: Container, company: Company) -> None:
    linked = [join(services, company, f"linked{n}") for n in range(2)]
    link(services, company, company.users["agent"].id, *linked)
    services.user_service.delete(company.a, linked[0])
    pages, after = [], ""
    while after is not None:
        answer = api.get(f"/v1/reports/agents?limit=1&after={after}", token=company.tokens["agent"])
        pages.append(ids(answer))
        after = answer.json["next"]
    assert pages == [[company.users["agent"].id], [linked[1]]]


def link(services: Container, company: Company, supervisor: str, *users: str) -> None:
    """The supervisor follows single users from now on."""
    agent = services.presence.get(company.a, supervisor)[0]
    after = replace(agent, supervised=frozenset(users), version=agent.version + 1)
    assert services.agents.change(company.a, AgentChange(agent, after))


def test_what_was_deleted_keeps_its_figures_under_its_id(api: Api, services: Container, company: Company) -> None:
    leaver, idle = join(services, company, "leaver"), join(services, company, "idle")
    serve(services, company, leaver)
    for one in (leaver, idle):
        services.user_service.delete(company.a, one)
    assert leaver not in ids(api.get("/v1/reports/agents", token=company.admin))
    [item] = api.get(f"/v1/reports/agents?agent_id={leaver}", token=company.admin).json["items"]
    assert (item["name"], item["totals"]["closed"]) == (None, 1)
    assert api.get(f"/v1/reports/agents?agent_id={idle}", token=company.admin).status == 404
    assert api.get(f"/v1/reports/agents?agent_id={leaver}", token=company.tokens["agent"]).status == 404
    gone = add_department(api, company, "Gone")
    serve(services, company, company.users["agent"].id, waits=5, department=gone)
    services.department_service.delete(company.a, gone)
    [item] = api.get(f"/v1/reports/departments?department_id={gone}", token=company.admin).json["items"]
    assert (item["name"], item["totals"]["opened"]) == (None, 1)


def test_another_accounts_figures_are_nowhere(
    api: Api, services: Container, company: Company, other_company: Company
) -> None:
    serve(services, company, company.users["agent"].id)
    for report, name, one in (
        ("agents", "agent_id", company.users["agent"].id),
        ("departments", "department_id", company.department.id),
        ("channels", "channel_id", connect(services, company, "Loja").id),
    ):
        for wrong in (one, "x", "", one + "0", "%00"):
            answer = api.get(f"/v1/reports/{report}?{name}={wrong}", token=other_company.admin)
            assert answer.status == 404, (report, wrong)
    assert company.users["agent"].id not in ids(api.get("/v1/reports/agents", token=other_company.admin))


def test_tokens_need_the_scope_of_what_the_report_is_about(api: Api, services: Container, company: Company) -> None:
    people, channels = (api_token(services, company, [scope]) for scope in ("people:read", "channels:read"))
    for path, allowed, refused in (
        ("agents", people, channels),
        ("departments", people, channels),
        ("channels", channels, people),
    ):
        assert api.get(f"/v1/reports/{path}", token=allowed).status == 200
        assert api.get(f"/v1/reports/{path}", token=refused).status == 403


def test_what_is_no_report_is_nowhere(api: Api, company: Company) -> None:
    for path in ("nothing", "agents/x", ""):
        assert api.get(f"/v1/reports/{path}", token=company.admin).status == 404
