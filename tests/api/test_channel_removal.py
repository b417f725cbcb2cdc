"""Removing a channel by the API (PRODUCT C2): the code, its tries and its life, open chats, and what is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.agents import with_load
from recado.domain.channel_removal import MAX_CODES
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.ports.system_mail import MailNotSent
from recado.storage.channel_removals import ClosingRecord
from recado.storage.chat_records import ChatRecord, ThreadRecord, wait_record
from tests.api.conftest import Answered, Api, Company
from tests.api.test_channels import WHATSAPP


@dataclass
class Mails:
    """Remembers the mails; `broken` takes none."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    broken: bool = False

    def send(self, to: str, subject: str, text: str) -> None:
        if self.broken:
            raise MailNotSent("no")
        self.sent.append((to, subject, text))

    @property
    def code(self) -> str:
        """The code of the newest."""
        found = re.search(r"\b\d{6}\b", self.sent[-1][2])
        assert found
        return found[0]


@dataclass
class Provider:
    """Has its webhooks set and taken away."""

    gone: list[str] = field(default_factory=list)

    def register(self, channel: Any, secrets: Any) -> None:
        return None

    def deregister(self, channel: Any, secrets: Any) -> None:
        self.gone.append(secrets["app_secret"][0])


@pytest.fixture
def mails(services: Container) -> Mails:
    services.system_mail = Mails()
    return services.system_mail


@pytest.fixture
def provider(services: Container) -> Iterator[Provider]:
    services.provider_registration = Provider()  # type: ignore[assignment]
    yield services.provider_registration  # type: ignore[misc]


@pytest.fixture
def channel_id(api: Api, company: Company, mails: Mails, provider: Provider) -> str:
    return str(api.post("/v1/channels", WHATSAPP, token=company.admin).json["id"])


def ask(api: Api, company: Company, channel_id: str) -> Answered:
    return api.post(f"/v1/channels/{channel_id}/removal", token=company.admin)


def remove(api: Api, company: Company, channel_id: str, code: str | None, more: str = "") -> Answered:
    query = ("" if code is None else f"code={code}") + more
    return api.call("DELETE", f"/v1/channels/{channel_id}?{query}", token=company.admin)


def a_chat(services: Container, company: Company, channel_id: str, number: int, agent: str | None = None) -> Chat:
    """A chat that waits, or is served by an agent, whose load counts it."""
    a, now = company.a, services.clock.now()
    key = ThreadKey(channel_id, f"+55119{number:08d}")
    chat = Chat(
        services.ids.new("ca", a), services.ids.new("ct", a), channel_id, "whatsapp", key, company.department.id,
        "queued", now, 1, queued_at=now,
    )  # fmt: skip
    if agent:
        chat = replace(chat, situation="in_service", agent_id=agent, assigned_at=now)
        found = services.agents.get(a, agent)
        assert found and services.agents.change(a, with_load(found[0], 1))
    else:
        wait_record(a, chat).save()
    ChatRecord.of_chat(a, chat).save()
    ThreadRecord.of_thread(a, Thread(key, chat.contact_id, 1, chat.id, now, now, "hi", 1)).save()
    return chat


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_channel_is_removed_for_good(
    api: Api, company: Company, channel_id: str, mails: Mails, provider: Provider, services: Container
) -> None:
    asked = ask(api, company, channel_id)
    assert asked.status == 202, asked.text
    assert (asked.json["sent_to"], asked.json["open_chats"]) == (
        "admin@one.example", {"count": 0, "ids": [], "complete": True},
    )  # fmt: skip
    assert mails.code not in asked.text
    assert remove(api, company, channel_id, mails.code).status == 204
    seen = api.get(f"/v1/channels/{channel_id}", token=company.admin).json
    assert (seen["state"], seen["problems"]) == ("removed", [])
    assert channel_id in {one["id"] for one in api.get("/v1/channels", token=company.admin).json["items"]}
    assert services.channels.secrets(company.a, channel_id) == {}
    assert provider.gone == ["a1" * 16]
    assert remove(api, company, channel_id, None).status == 204, "nothing is left to do"
    for answer in (
        ask(api, company, channel_id),
        api.patch(f"/v1/channels/{channel_id}", {"state": "active"}, token=company.admin),
    ):
        assert (answer.status, answer.json["code"]) == (409, "channel_removed")
    again = api.post("/v1/channels", WHATSAPP, token=company.admin)
    assert again.status == 201, "its address is free"
    assert services.channels.by_address(company.a, "whatsapp", "106540352242922") == again.json["id"]


def test_wrong_codes_are_counted_and_the_right_one_comes_too_late(
    api: Api, company: Company, channel_id: str, mails: Mails
) -> None:
    ask(api, company, channel_id)
    for left in (4, 3, 2, 1, 0):
        answer = remove(api, company, channel_id, wrong(mails.code))
        assert (answer.status, answer.json["code"], answer.json["tries_left"]) == (400, "wrong_code", left)
        assert answer.json["errors"][0]["pointer"] == "?code"
    answer = remove(api, company, channel_id, mails.code)
    assert (answer.status, answer.json["code"]) == (409, "code_expired")
    ask(api, company, channel_id)
    assert remove(api, company, channel_id, mails.code).status == 204


@pytest.mark.parametrize(
    ("code", "told"), [(None, "required"), ("", "invalid"), ("12345", "invalid"), ("１２３４５６", "invalid")]
)
def test_what_is_no_code_costs_no_try(
    api: Api, company: Company, channel_id: str, mails: Mails, code: str | None, told: str
) -> None:
    ask(api, company, channel_id)
    answer = remove(api, company, channel_id, code)
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, told), answer.text
    assert remove(api, company, channel_id, wrong(mails.code)).json["tries_left"] == 4


@pytest.mark.parametrize(("seconds", "status"), [(599, 204), (600, 204), (601, 409)])
def test_a_code_lives_ten_minutes(
    api: Api, company: Company, channel_id: str, mails: Mails, clock: Any, seconds: int, status: int
) -> None:
    ask(api, company, channel_id)
    clock.move(seconds)
    assert remove(api, company, channel_id, mails.code).status == status


def test_a_new_code_takes_the_place_of_the_old_and_there_are_few(
    api: Api, company: Company, channel_id: str, mails: Mails, clock: Any
) -> None:
    ask(api, company, channel_id)
    old = mails.code
    for _ in range(MAX_CODES - 1):
        assert ask(api, company, channel_id).status == 202
    refused = ask(api, company, channel_id)
    assert (refused.status, refused.json["code"], refused.json["retry_after_s"]) == (429, "too_many_codes", 3600)
    assert remove(api, company, channel_id, old).json["code"] == "wrong_code"
    clock.move(3600)
    assert ask(api, company, channel_id).status == 202


def test_open_chats_keep_it_unless_forced(
    api: Api, company: Company, channel_id: str, mails: Mails, services: Container, clock: Any
) -> None:
    other = api.post(
        "/v1/channels", {**WHATSAPP, "settings": {"phone_number_id": "106540352242999"}}, token=company.admin
    ).json["id"]
    agent = company.users["agent"].id
    served = a_chat(services, company, channel_id, 1, agent)
    waiting = [a_chat(services, company, channel_id, number) for number in range(2, 5)]
    elsewhere = a_chat(services, company, other, 9)
    asked = ask(api, company, channel_id)
    assert asked.json["open_chats"]["count"] == 4
    refused = remove(api, company, channel_id, mails.code)
    assert (refused.status, refused.json["code"]) == (409, "channel_has_open_chats")
    assert set(refused.json["open_chats"]["ids"]) == {served.id, *(one.id for one in waiting)}
    assert remove(api, company, channel_id, mails.code, "&force=true").status == 204
    for chat in (served, *waiting):
        seen = api.get(f"/v1/chats/{chat.id}", token=company.admin).json
        assert seen["situation"] == "closed"
        closed = services.chats.last_event(company.a, chat.id, "chat.closed")
        assert closed and closed.data["cause"] == "channel_removed"
    assert api.get(f"/v1/chats/{elsewhere.id}", token=company.admin).json["situation"] == "queued"
    found = services.agents.get(company.a, agent)
    assert found and found[0].load == 0
    refused = api.post(f"/v1/chats/{served.id}/reopen", token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["channel_state"]) == (409, "channel_unusable", "removed")


def test_who_dies_after_the_removal_leaves_the_chats_to_the_sweep(
    api: Api, company: Company, channel_id: str, mails: Mails, services: Container, clock: Any, monkeypatch: Any
) -> None:
    chats = [a_chat(services, company, channel_id, number) for number in range(3)]
    ask(api, company, channel_id)
    with monkeypatch.context() as patch:
        patch.setattr(services.removed_channels, "look", lambda a, channel_id: 1 / 0)
        assert remove(api, company, channel_id, mails.code, "&force=true").status == 204
    assert {services.chats.chat(company.a, one.id).situation for one in chats} == {"queued"}  # type: ignore[union-attr]
    assert services.removed_channels.close_due(160).done == 3
    late = a_chat(services, company, channel_id, 7)  # by somebody who read the channel before
    clock.move(60)
    assert services.removed_channels.close_due(160).done == 1
    assert services.chats.chat(company.a, late.id).situation == "closed"  # type: ignore[union-attr]
    for _ in range(4):
        clock.move(60)
        assert services.removed_channels.close_due(160).done == 0
    assert ClosingRecord.count(f"{company.a}#REMOVED") == 0, "nobody looks for ever"


def test_a_mail_that_is_not_sent_is_told(api: Api, company: Company, channel_id: str, mails: Mails) -> None:
    mails.broken = True
    answer = ask(api, company, channel_id)
    assert (answer.status, answer.json["code"]) == (502, "mail_not_sent")


def test_two_admins_at_once_remove_it_once(
    api: Api, company: Company, channel_id: str, mails: Mails, services: Container, monkeypatch: Any
) -> None:
    """The second reads the channel before the first has removed it."""
    ask(api, company, channel_id)
    store = services.channels
    known, secrets = store.get(company.a, channel_id), store.secrets
    first = services.channel_removal

    def while_first_removes(a: str, one: str) -> Any:
        monkeypatch.setattr(store, "secrets", secrets)
        from recado.domain.access import Caller

        first.remove(Caller(a, "admin", user_id=company.users["admin"].id), one, mails.code, True)
        return secrets(a, one)

    monkeypatch.setattr(store, "secrets", while_first_removes)
    assert known and remove(api, company, channel_id, mails.code).status == 204
    from recado.storage.workspace_events import WorkspaceEventRecord

    assert [one.type for one in WorkspaceEventRecord.query(f"{company.a}#X#{channel_id}")] == ["channel.removed"]


def test_telegram_is_told_to_send_no_more() -> None:
    from recado.channels.registry import adapter

    request = adapter("telegram", {}).deregistration("https://one.example/webhooks/x", {"bot_token": ("1:a",)})
    assert request is not None and request.url.endswith("/bot1:a/deleteWebhook")
    assert adapter("telegram", {}).deregistration("https://one.example", {}) is None
    assert adapter("custom", {}).deregistration("https://one.example", {}) is None
