"""GET /v1/departments/{id}/distribution: the next in turn, and why others are not (PRODUCT E7)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.people import LEASE_SECONDS
from recado.services import department_turns
from recado.storage.chat_records import ChatRecord, ThreadRecord, wait_record
from tests.api.conftest import Api, Company


def path(company: Company) -> str:
    return f"/v1/departments/{company.department.id}/distribution"


def wait(services: Container, company: Company, count: int) -> list[Chat]:
    chats = []
    for _ in range(count):
        services.clock.move(1)  # type: ignore[attr-defined]
        now, chat_id = services.clock.now(), services.ids.new("ca", company.a)
        contact_id = services.ids.new("ct", company.a)
        key = ThreadKey(f"ch_{company.a}_1", chat_id[-8:])
        chat = Chat(
            chat_id, contact_id, key.channel_id, "custom", key, company.department.id, "queued", now, 1, queued_at=now
        )
        ThreadRecord.of_thread(company.a, Thread(key, contact_id, 1, open_chat_id=chat_id)).save()
        ChatRecord.of_chat(company.a, chat).save()
        wait_record(company.a, chat).save()
        chats.append(chat)
    return chats


def join(api: Api, company: Company, role: str, **fields: Any) -> str:
    user_id = company.users[role].id
    member = f"/v1/departments/{company.department.id}/members/{user_id}"
    assert api.put(member, fields, token=company.admin).status == 200
    return user_id


def available(api: Api, company: Company, user_id: str) -> None:
    body = {"status": "available"}
    assert api.put(f"/v1/users/{user_id}/presence", body, token=company.admin).status == 200


def test_an_empty_department(api: Api, company: Company) -> None:
    assert api.get(path(company), token=company.admin).json == {
        "enabled": True, "open": True, "opens_at": None, "next_agent_id": None, "turn": 0, "last_agent_id": None,
        "waiting": 0, "waiting_more": False, "oldest_waiting_at": None, "members": [],
    }  # fmt: skip


def test_turns_as_they_stand(api: Api, company: Company, services: Container) -> None:
    agent, admin = join(api, company, "agent", position=2), join(api, company, "admin", position=1)
    boss = join(api, company, "restricted", agent=False, supervisor=True, position=3)
    for user_id in (agent, admin):
        available(api, company, user_id)
    assert api.get(path(company), token=company.admin).json["next_agent_id"] == admin
    wait(services, company, 1)
    services.distribution.look(company.a, company.department.id, "queued")
    first, *_ = wait(services, company, 2)
    shown = api.get(path(company), token=company.tokens["agent"]).json
    assert (shown["turn"], shown["last_agent_id"], shown["next_agent_id"]) == (1, admin, agent)
    assert (shown["waiting"], shown["waiting_more"]) == (2, False)
    assert shown["oldest_waiting_at"] == first.queued_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert [(one["user_id"], one["outcome"], one["load"]) for one in shown["members"]] == [
        (admin, "eligible", 1), (agent, "eligible", 0), (boss, "supervisor_only", 0),
    ]  # fmt: skip
    services.presence.set_cap(company.a, admin, 1)
    services.presence.set_presence(company.a, agent, "paused", "almoço")
    shown = api.get(path(company), token=company.admin).json
    assert shown["next_agent_id"] is None
    assert shown["members"][0] == {
        "user_id": admin, "name": "Ada Admin", "position": 1, "outcome": "at_cap", "presence": "available",
        "pause_reason": None, "connected": True, "load": 1, "cap": 1,
    }  # fmt: skip
    assert (shown["members"][1]["outcome"], shown["members"][1]["pause_reason"]) == ("paused", "almoço")


def test_when_it_is_closed(api: Api, company: Company) -> None:
    """The clock stands at 2026-03-02 (a Monday), 12:00 UTC: 09:00 in São Paulo."""
    hours = [{"day": 1, "from": "10:00", "to": "18:00"}]
    api.patch(f"/v1/departments/{company.department.id}", {"business_hours": hours}, token=company.admin)
    shown = api.get(path(company), token=company.admin).json
    assert (shown["open"], shown["opens_at"]) == (False, "2026-03-02T13:00:00.000Z")


@pytest.mark.parametrize(
    "change",
    [{"business_hours": [{"day": 1, "from": "10:00", "to": "18:00"}]}, {"distribution": {"enabled": False}}],
)
def test_nobody_is_next_while_nothing_is_given_out(api: Api, company: Company, change: dict[str, Any]) -> None:
    agent = join(api, company, "agent")
    available(api, company, agent)
    assert api.get(path(company), token=company.admin).json["next_agent_id"] == agent
    api.patch(f"/v1/departments/{company.department.id}", change, token=company.admin)
    shown = api.get(path(company), token=company.admin).json
    assert (shown["next_agent_id"], shown["members"][0]["outcome"]) == (None, "eligible")


def test_who_sent_no_heartbeat_is_not_there(api: Api, company: Company, services: Container) -> None:
    """Also before the minute has found it."""
    gone, there = join(api, company, "agent", position=1), join(api, company, "admin", position=2)
    for user_id in (gone, there):
        available(api, company, user_id)
    services.clock.move(LEASE_SECONDS - 1)  # type: ignore[attr-defined]
    services.presence.renew(company.a, there)
    assert api.get(path(company), token=company.admin).json["next_agent_id"] == gone
    services.clock.move(1)  # type: ignore[attr-defined]
    shown = api.get(path(company), token=company.admin).json
    assert shown["next_agent_id"] == there
    assert [(one["outcome"], one["connected"]) for one in shown["members"]] == [("offline", False), ("eligible", True)]
    wait(services, company, 1)
    services.distribution.look(company.a, company.department.id, "queued")
    assert api.get(path(company), token=company.admin).json["last_agent_id"] == there


def test_the_next_is_the_one_after_the_last_turn_also_round_the_end(
    api: Api, company: Company, services: Container
) -> None:
    first, second = join(api, company, "agent", position=1), join(api, company, "admin", position=2)
    for user_id in (first, second):
        available(api, company, user_id)
    for _ in range(5):
        expected = api.get(path(company), token=company.admin).json["next_agent_id"]
        wait(services, company, 1)
        services.distribution.look(company.a, company.department.id, "queued")
        assert api.get(path(company), token=company.admin).json["last_agent_id"] == expected


def test_only_so_many_are_counted(
    api: Api, company: Company, services: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(department_turns, "COUNTED", 3)
    wait(services, company, 3)
    shown = api.get(path(company), token=company.admin).json
    assert (shown["waiting"], shown["waiting_more"]) == (3, False)
    wait(services, company, 2)
    shown = api.get(path(company), token=company.admin).json
    assert (shown["waiting"], shown["waiting_more"]) == (3, True)


def test_who_is_no_member_is_told_of_no_department(api: Api, company: Company) -> None:
    assert api.get(path(company), token=company.tokens["agent"]).status == 404
    join(api, company, "agent", agent=False, supervisor=True)
    assert api.get(path(company), token=company.tokens["agent"]).status == 200
    join(api, company, "restricted")
    assert api.get(path(company), token=company.tokens["restricted"]).status == 404
