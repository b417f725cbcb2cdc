"""The doors of the online chat, by the widget function's own handler: what visitors write and what their page reads."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Message
from recado.services.sending import NewMessage
from recado.storage.chat_records import ChatRecord, MessageRecord, ThreadRecord
from recado.storage.tables import ChatsRecord
from tests.handlers.stack import Stack
from tests.widget_site import Page, Site


@pytest.fixture
def site(stack: Stack) -> Site:
    return Site(stack)


def all_of(record: type[ChatsRecord], sk: str) -> list[Any]:
    return [one for one in record.scan() if one.sk.startswith(sk)]


def answer(site: Site, chat_id: str, text: str, **more: Any) -> Message:
    """The company writes; its outbound worker does what it has to."""
    admin = Caller(site.a, "admin", user_id=site.signed.admin.id)
    sent = site.stack.container.sending_service.send(admin, chat_id, NewMessage(text=text, **more))
    assert site.stack.work("outbound", "outbound") == []
    return sent


# -- writing


def test_a_first_message_opens_a_chat_and_wakes_the_distribution(site: Site) -> None:
    said = site.page().say("c-1")
    assert said.status == 201, said
    message = said.json
    assert (message["kind"], message["text"], message["direction"], message["status"], message["seq"]) == (
        "text", "Olá!", "inbound", "received", 1,
    )  # fmt: skip
    assert message["payload"] == {"client_id": "c-1"}
    [woken] = site.stack.bodies("distribution")
    assert woken["department_id"] == site.signed.department.id
    chat = site.stack.container.chats.chat(site.a, message["chat_id"])
    assert chat is not None and (chat.situation, chat.channel_type) == ("queued", "online_chat")
    assert chat.contact_id == message["contact_id"]


def test_a_message_is_recorded_once_by_its_client_id(site: Site) -> None:
    page = site.page()
    first, again = page.say("c-1"), page.say("c-1")
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    other = page.say("c-1", "Outra coisa")
    assert (other.status, other.code) == (409, "client_id_reused")
    assert len(all_of(MessageRecord, "MSG#")) == 1
    assert site.page().say("c-1", "De outra pessoa").status == 201


def test_messages_at_once_open_one_chat(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a first message's decision and its transaction, two others of the same visitor are recorded."""
    page, threads = site.page(), site.stack.container.intake._threads
    write, inner = threads.take_in, iter(["c-2", "c-3"])

    def overtaken(*given: Any) -> Any:
        for client_id in inner:
            assert page.say(client_id, client_id).status == 201
        return write(*given)

    monkeypatch.setattr(threads, "take_in", overtaken)
    assert page.say("c-1").status == 201
    assert len(all_of(ChatRecord, "CHAT")) == 1
    assert sorted(one.seq for one in all_of(MessageRecord, "MSG#")) == [1, 2, 3]
    assert {one.chat_id for one in all_of(MessageRecord, "MSG#")} == {all_of(ChatRecord, "CHAT")[0].id}


def test_a_message_that_loses_every_race_is_told_to_come_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = site.stack.container.intake._threads
    monkeypatch.setattr(
        threads, "take_in", lambda *_: __import__("recado.ports.inbound").ports.inbound.LostRace(frozenset())
    )
    said = site.page().say("c-1")
    assert (said.status, said.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/client_id"),
        ({"client_id": ""}, "/client_id"),
        ({"client_id": "c 1"}, "/client_id"),
        ({"client_id": "c#1"}, "/client_id"),
        ({"client_id": "c-1\n"}, "/client_id"),
        ({"client_id": "c" * 129}, "/client_id"),
        ({"client_id": "c-1"}, "/text"),
        ({"client_id": "c-1", "text": " \n"}, "/text"),
        ({"client_id": "c-1", "text": "a" * 4097}, "/text"),
        ({"client_id": "c-1", "text": "a\x00b"}, "/text"),
        ({"client_id": "c-1", "text": 5}, "/text"),
        ({"client_id": "c-1", "text": "a", "kind": "order"}, "/kind"),
        ({"client_id": "c-1", "text": "a", "kind": "system"}, "/kind"),
        ({"client_id": "c-1", "text": "a", "kind": "image"}, "/file_id"),
        ({"client_id": "c-1", "text": "a", "internal": True}, "/internal"),
    ],
)
def test_what_is_no_message_is_refused_with_its_field(site: Site, body: dict[str, Any], pointer: str) -> None:
    page = site.page()
    refused = site.call("POST", "/widget/messages", body, page.token)
    assert refused.status == 400, refused
    assert [one["pointer"] for one in refused.json["errors"]] == [pointer]
    assert all_of(ThreadRecord, "THREAD") == []


@pytest.mark.parametrize("raw", [b'{"client_id": "c", "text": "\\ud800"}', b'{"a": "\xff"}', b"{", b"[" * 5000])
def test_a_body_that_cannot_be_read_is_refused(site: Site, raw: bytes) -> None:
    refused = site.call("POST", "/widget/messages", token=site.page().token, raw=raw)
    assert refused.status == 400, refused


def test_a_text_of_4096_characters_is_taken(site: Site) -> None:
    said = site.page().say("c-1", "💙" * 4096)
    assert (said.status, said.json["text"]) == (201, "💙" * 4096)


def test_a_body_too_large_and_another_type(site: Site) -> None:
    page = site.page()
    large = site.call("POST", "/widget/messages", token=page.token, raw=b'{"a": "' + b"a" * 64_000 + b'"}')
    assert (large.status, large.code) == (413, "too_large")
    other = site.call("POST", "/widget/messages", {}, page.token, headers={"content-type": "text/plain"})
    assert other.status == 415


def test_who_writes_too_often_waits(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recado.services.widget_messages.MESSAGES_A_MINUTE", 2)
    monkeypatch.setattr("recado.services.widget_sessions.SESSIONS_A_MINUTE", 2)
    page, other = site.page(), site.page()
    assert [page.say(f"c-{number}").status for number in range(3)] == [201, 201, 429]
    limited = page.say("c-9")
    assert (limited.code, limited.headers["Retry-After"]) == ("too_many_requests", "60")
    assert other.say("c-1").status == 201
    assert site.open().status == 429
    site.stack.container.clock.move(60)  # type: ignore[attr-defined]
    assert page.say("c-9").status == 201
    assert site.open().status == 201


# -- reading


def chat_with(site: Site) -> tuple[Page, str]:
    page = site.page()
    return page, page.say("c-1").json["chat_id"]


def test_a_visitor_reads_their_own_thread_without_notes(site: Site) -> None:
    page, chat_id = chat_with(site)
    sent = answer(site, chat_id, "Bom dia! 😀")
    answer(site, chat_id, "É cliente antiga", internal=True)
    page.say("c-2", "Oi")
    told = page.read().json
    assert [(one["seq"], one["direction"], one["text"]) for one in told["items"]] == [
        (1, "inbound", "Olá!"), (2, "outbound", "Bom dia! 😀"), (4, "inbound", "Oi"),
    ]  # fmt: skip
    assert (told["next"], told["cursor"]) == (None, "4")
    assert told["items"][1]["author"] == {"type": "user", "id": None, "name": "Diana"}
    assert told["items"][1]["id"] == sent.id
    assert "antiga" not in str(told)
    assert page.read("4").json == {"items": [], "next": None, "cursor": "4"}
    assert site.page().read().json["items"] == []


def test_what_was_told_is_delivered_and_what_was_seen_is_read(site: Site) -> None:
    page, chat_id = chat_with(site)
    first = answer(site, chat_id, "Um")
    assert status(site, first) == "sent"
    assert [one["status"] for one in page.read().json["items"]] == ["received", "delivered"]
    assert status(site, first) == "delivered"
    second = answer(site, chat_id, "Dois")
    assert [one["status"] for one in page.read("2", read_until=2).json["items"]] == ["delivered"]
    assert (status(site, first), status(site, second)) == ("read", "delivered")
    page.read("3", read_until=99)
    assert status(site, second) == "delivered"
    page.read("3", read_until=3)
    assert status(site, second) == "read"


def test_a_message_is_told_before_its_worker_was_there(site: Site) -> None:
    page, chat_id = chat_with(site)
    admin = Caller(site.a, "admin", user_id=site.signed.admin.id)
    sent = site.stack.container.sending_service.send(admin, chat_id, NewMessage(text="Já"))
    assert [one["status"] for one in page.read("1").json["items"]] == ["delivered"]
    assert site.stack.work("outbound", "outbound") == []
    assert status(site, sent) == "delivered"


def test_pages_have_neither_gaps_nor_doubles(site: Site) -> None:
    page, chat_id = chat_with(site)
    for number in range(2, 8):
        answer(site, chat_id, str(number), internal=number == 4)
    seen, after = [], ""
    while True:
        told = page.read(after, limit=2).json
        seen += [one["seq"] for one in told["items"]]
        after = told["cursor"]
        if told["next"] is None:
            break
        assert told["next"] == after
    assert seen == [1, 2, 3, 5, 6, 7]


def test_a_message_that_shows_later_than_the_next_one_is_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, chat_id = chat_with(site)
    answer(site, chat_id, "Dois")
    answer(site, chat_id, "Três")
    reader = site.stack.container.widget_messages._messages
    read = reader._read
    views = iter([lambda found: [one for one in found if one.seq != 2], lambda found: found])
    monkeypatch.setattr(reader, "_read", lambda *given: next(views)(read(*given)))
    assert [one["seq"] for one in page.read("1").json["items"]] == [2, 3]


@pytest.mark.parametrize("query", [{"after": "x"}, {"limit": "0"}, {"limit": "101"}, {"read_until": "-1"}])
def test_a_query_that_is_none_is_refused(site: Site, query: dict[str, str]) -> None:
    refused = site.call("GET", "/widget/messages", token=site.page().token, query=query)
    assert refused.status == 400
    assert [one["pointer"] for one in refused.json["errors"]] == [f"?{next(iter(query))}"]


def test_the_texts_that_a_message_had_before_are_not_told(site: Site) -> None:
    page, chat_id = chat_with(site)
    sent = answer(site, chat_id, "Senha 123")
    threads = site.stack.container.intake._threads
    before = site.stack.container.chats.find_message(site.a, sent.thread, sent.id)
    assert before is not None
    from recado.domain.message_changes import with_revocation

    after = with_revocation(before, site.stack.container.clock.now())
    assert after is not None and threads.change(site.a, before, after)
    [told] = page.read("1").json["items"]
    assert (told["text"], set(told["payload"])) == ("", {"revoked_at"})


def status(site: Site, message: Message) -> str:
    found = site.stack.container.chats.find_message(site.a, message.thread, message.id)
    assert found is not None
    return found.status
