"""/v1/chats and messages through the function's handler."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.api.idempotency import KEPT_SECONDS, LEASE_SECONDS
from recado.domain.chats import Author, Chat, Message, Thread, ThreadKey
from recado.ports.reception import ConnectedChannel
from recado.storage.chat_records import ChatRecord, MessageRecord, ThreadRecord
from tests.api.conftest import Api, Company
from tests.lost_answers import LostAnswers


class OneChannel:
    """The directory of channels, with one WhatsApp number."""

    def __init__(self, channel_id: str, department_id: str) -> None:
        self._channel = ConnectedChannel(
            channel_id,
            "whatsapp",
            department_id,
            "active",
            "1",
            {"phone_number_id": "10000000001"},
            {"access_token": ("token",)},
        )

    def latest(self, a: str, channel_id: str) -> ConnectedChannel | None:
        return self.find(a, channel_id)

    def find(self, a: str, channel_id: str, fresh: bool = False) -> ConnectedChannel | None:
        return self._channel if channel_id == self._channel.id else None


@pytest.fixture
def chat(services: Any, company: Company, clock: Any, ids: Any) -> Chat:
    """A chat that the company's agent serves, with one message of the customer."""
    a, now = company.a, clock.now()
    channel_id, contact_id = ids.new("ch", a), ids.new("ct", a)
    services.channel_directory = OneChannel(channel_id, company.department.id)
    key = ThreadKey(channel_id, "+5511987654321")
    made = Chat(
        ids.new("ca", a),
        contact_id,
        channel_id,
        "whatsapp",
        key,
        company.department.id,
        "in_service",
        now,
        1,
        agent_id=company.users["agent"].id,
        queued_at=now,
        assigned_at=now,
    )
    ChatRecord.of_chat(a, made).save()
    ThreadRecord.of_thread(a, Thread(key, contact_id, 1, made.id, now, now, "hi", 1, "+5511987654321")).save()
    said = Message(
        ids.new("ms", a),
        made.id,
        contact_id,
        key,
        1,
        "inbound",
        "text",
        "hi",
        "received",
        Author("contact", contact_id),
        now,
        now,
        provider_id="wamid.in",
    )
    MessageRecord.of_message(a, said).save()
    return made


def test_an_agent_answers_and_reads_it_back(api: Api, company: Company, chat: Chat, services: Any) -> None:
    token = company.tokens["agent"]
    sent = api.post(f"/v1/chats/{chat.id}/messages", {"kind": "text", "text": "olá"}, token=token)
    assert sent.status == 201
    assert (sent.json["status"], sent.json["seq"], sent.json["author"]["type"]) == ("queued", 2, "user")
    command = services.outbound_queue.sent[-1].body
    assert (command["message_id"], command["correlation_id"]) == (sent.json["id"], "request-1")
    page = api.get(f"/v1/chats/{chat.id}/messages?limit=1", token=token).json
    assert ([one["text"] for one in page["items"]], page["next"]) == (["hi"], "1")
    page = api.get(f"/v1/chats/{chat.id}/messages?after={page['next']}", token=token).json
    assert (page["items"], page["next"]) == ([sent.json], None)
    shown = api.get(f"/v1/chats/{chat.id}", token=token).json
    assert shown["started_at"] is not None and shown["unread"] == 0 and shown["window_expires_at"] is not None


def test_the_same_key_sends_once(api: Api, company: Company, chat: Chat) -> None:
    answers = [
        api.post(
            f"/v1/chats/{chat.id}/messages",
            {"text": "x"},
            token=company.tokens["api"],
            headers={"Idempotency-Key": "k"},
        )
        for _ in range(2)
    ]
    assert answers[0].json == answers[1].json
    assert len(api.get(f"/v1/chats/{chat.id}/messages", token=company.tokens["api"]).json["items"]) == 2


@pytest.mark.parametrize("internal", [False, True])
def test_the_same_key_sends_once_though_nobody_heard_of_the_first_time(
    api: Api,
    company: Company,
    chat: Chat,
    clock: Any,
    lost_answers: LostAnswers,
    monkeypatch: pytest.MonkeyPatch,
    internal: bool,
) -> None:
    """Neither the write's answer nor the reading after it arrive; a day later the key is a new one."""

    def post() -> Any:
        body = {"text": "x", "internal": internal}
        headers = {"Idempotency-Key": "k"}
        return api.post(f"/v1/chats/{chat.id}/messages", body, token=company.tokens["api"], headers=headers)

    def fail(*_: Any) -> None:
        raise TimeoutError

    with monkeypatch.context() as broken:
        broken.setattr("recado.storage.outbox.DynamoOutbox.message", fail)
        lost_answers.lose("TransactWriteItems")
        assert post().status == 500
    assert post().status == 409
    clock.move(LEASE_SECONDS)
    answer = post()
    items = api.get(f"/v1/chats/{chat.id}/messages", token=company.tokens["api"]).json["items"]
    assert answer.status == 201 and [one["id"] for one in items[1:]] == [answer.json["id"]]
    assert post().json == answer.json
    clock.move(KEPT_SECONDS)
    later = post()
    assert later.json["id"] != answer.json["id"] if internal else later.json["code"] == "outside_window"


def test_lists_filters_and_their_refusals(api: Api, company: Company, chat: Chat, other_company: Company) -> None:
    token = company.tokens["api"]
    day = "2026-03-02"
    for query in (
        "",
        "?situation=in_service",
        f"?agent_id={chat.agent_id}&department_id={chat.department_id}",
        f"?contact_id={chat.contact_id}",
        f"?from={day}&to={day}",
        "?from=2026-03-02T12:00:00Z&to=2026-03-02T12:00:00Z",
        "?from=2026-03-02T13:00:00%2B01:00",
    ):
        assert [one["id"] for one in api.get(f"/v1/chats{query}", token=token).json["items"]] == [chat.id], query
    assert api.get("/v1/chats?situation=closed", token=token).json == {"items": [], "next": None}
    assert api.get("/v1/chats?from=2026-03-03", token=token).json["items"] == []
    for query, pointer in (
        ("situation=open", "?situation"),
        ("agent_id=nobody", "?agent_id"),
        (f"department_id={other_company.department.id}", "?department_id"),
        ("channel_id=1", "?channel_id"),
        ("contact_id=", "?contact_id"),
        ("from=yesterday", "?from"),
        ("to=2026-03-02T12:00:00", "?to"),
        ("q=" + "x" * 201, "?q"),
        ("limit=0", "?limit"),
        ("after=zzz", "?after"),
    ):
        refused = api.get(f"/v1/chats?{query}", token=token)
        assert refused.status == 400, query
        assert [one["pointer"] for one in refused.json["errors"]] == [pointer]


def test_others_find_nothing(api: Api, company: Company, chat: Chat, other_company: Company) -> None:
    for token in (company.tokens["restricted"], other_company.admin, other_company.tokens["api"]):
        assert api.get(f"/v1/chats/{chat.id}", token=token).status == 404
        assert api.get(f"/v1/chats/{chat.id}/messages", token=token).status == 404
        assert api.post(f"/v1/chats/{chat.id}/messages", {"text": "x"}, token=token).status == 404
        assert api.post(f"/v1/chats/{chat.id}/close", {}, token=token).status == 404
        assert api.get("/v1/chats", token=token).json["items"] == []


def test_outside_the_window_it_says_until_when(api: Api, company: Company, chat: Chat, clock: Any) -> None:
    token = company.tokens["api"]
    for seconds, may in ((86_399, "free"), (1, "template_only")):
        clock.move(seconds)
        assert api.get(f"/v1/chats/{chat.id}", token=token).json["may_send"] == may
    assert [one["may_send"] for one in api.get("/v1/chats", token=token).json["items"]] == ["template_only"]
    refused = api.post(f"/v1/chats/{chat.id}/messages", {"text": "late"}, token=token)
    assert (refused.status, refused.json["code"]) == (409, "outside_window")
    assert (refused.json["window_expires_at"], refused.json["templates"]) == ("2026-03-03T12:00:00.000Z", [])
    template = {"template": {"name": "hello", "language": "pt_BR", "variables": {"name": "Ana"}}}
    missing = api.post(f"/v1/chats/{chat.id}/messages", template, token=token)
    assert (missing.status, missing.json["errors"][0]["pointer"]) == (404, "/template/name")


def test_a_closed_chat_takes_no_message(api: Api, company: Company, chat: Chat) -> None:
    ChatRecord.of_chat(company.a, replace(chat, situation="closed", last_seq=1)).save()
    refused = api.post(f"/v1/chats/{chat.id}/messages", {"text": "x"}, token=company.tokens["api"])
    assert (refused.status, refused.json["code"]) == (409, "chat_closed")


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"text": 5}, 400, "/text"),
        ({"text": "x" * 5000}, 400, "/text"),
        ({"text": "   "}, 400, "/text"),
        ({"text": "x", "nonsense": 1}, 400, "/nonsense"),
        ({"text": "a\x00b"}, 400, "/text"),
        ({"kind": "order"}, 400, "/kind"),
        ({"template": {"name": "x"}}, 400, "/template/language"),
        ({"kind": "image", "file_id": "fi"}, 404, "/file_id"),
        ({"text": "x", "reply_to": "ms"}, 404, "/reply_to"),
    ],
)
def test_wrong_bodies(api: Api, company: Company, chat: Chat, body: Any, status: int, pointer: str) -> None:
    refused = api.post(f"/v1/chats/{chat.id}/messages", body, token=company.tokens["api"])
    assert (refused.status, [one["pointer"] for one in refused.json["errors"]]) == (status, [pointer])


def test_closing_twice_answers_the_chat(api: Api, company: Company, chat: Chat, services: Any) -> None:
    if services.agents.get(company.a, company.users["agent"].id) is not None:
        ChatRecord.of_chat(company.a, replace(chat, situation="automatic", agent_id=None)).save()
    for _ in range(2):
        closed = api.post(f"/v1/chats/{chat.id}/close", {}, token=company.tokens["api"])
        assert (closed.status, closed.json["situation"]) == (200, "closed")


def test_a_transfer_names_one_aim(api: Api, company: Company, chat: Chat) -> None:
    for body in ({}, {"agent_id": chat.agent_id, "department_id": chat.department_id}):
        refused = api.post(f"/v1/chats/{chat.id}/transfer", body, token=company.tokens["api"])
        assert (refused.status, refused.json["errors"][0]["code"]) == (400, "one_of")


def test_no_assignments_yet(api: Api, company: Company, chat: Chat) -> None:
    assert api.get(f"/v1/chats/{chat.id}/assignments", token=company.tokens["agent"]).json == {
        "items": [],
        "next": None,
    }


def test_a_note_is_edited_read_and_deleted(api: Api, company: Company, chat: Chat) -> None:
    token = company.tokens["agent"]
    path = f"/v1/chats/{chat.id}/messages"
    note = api.post(path, {"text": "careful", "internal": True}, token=token).json
    edited = api.patch(f"{path}/{note['id']}", {"text": "all is well"}, token=token)
    assert (edited.status, edited.json["text"], edited.json["payload"]["history"][0]["text"]) == (
        200,
        "all is well",
        "careful",
    )
    assert api.get(f"{path}/{note['id']}", token=token).json == edited.json
    for body, pointer in (({}, "/text"), ({"text": " "}, "/text"), ({"text": "x", "kind": "text"}, "/kind")):
        refused = api.patch(f"{path}/{note['id']}", body, token=token)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer)
    assert api.delete(f"{path}/{note['id']}", token=token).status == 204
    assert api.get(f"{path}/{note['id']}", token=token).json["text"] == ""
    said = api.get(path, token=token).json["items"][0]["id"]
    for answer, code in (
        (api.patch(f"{path}/{said}", {"text": "x"}, token=token), "cannot_edit"),
        (api.delete(f"{path}/{said}", token=token), "cannot_delete"),
    ):
        assert (answer.status, answer.json["code"]) == (409, code)
    assert api.get(f"{path}/{note['id']}", token=company.tokens["restricted"]).status == 404


def test_a_reaction_needs_its_message_and_one_emoji(api: Api, company: Company, chat: Chat) -> None:
    token, path = company.tokens["agent"], f"/v1/chats/{chat.id}/messages"
    said = api.get(path, token=token).json["items"][0]["id"]
    sent = api.post(path, {"kind": "reaction", "text": "👍", "reply_to": said}, token=token)
    assert (sent.status, sent.json["kind"], sent.json["reply_to"]) == (201, "reaction", said)
    for body, pointer in (
        ({"kind": "reaction", "text": "👍"}, "/reply_to"),
        ({"kind": "reaction", "text": "fine", "reply_to": said}, "/text"),
    ):
        refused = api.post(path, body, token=token)
        assert (refused.status, [one["pointer"] for one in refused.json["errors"]]) == (400, [pointer])


def test_what_was_said_is_found(api: Api, company: Company, services: Any, chat: Chat, other_company: Company) -> None:
    """By a contact's name, a chat's id and a part of a text; by nobody who may not see it."""
    token = company.admin
    person = api.post("/v1/contacts", {"name": "Zoé Álvares"}, token=token).json["id"]
    ChatRecord.of_chat(company.a, replace(chat, contact_id=person)).save()
    said = services.chats.messages(company.a, chat, 0, 1)[0]
    MessageRecord.of_message(company.a, replace(said, contact_id=person, text="Quero um orçamento")).save()
    note = api.post(f"/v1/chats/{chat.id}/messages", {"text": "ORÇAMENTO feito", "internal": True}, token=token).json
    found = [chat.id]
    for query, expected in (
        ("q=zoe", found),
        ("q=zoe&situation=closed", []),
        ("q=zoe&channel_id=" + chat.channel_id, found),
        ("q=ninguem", []),
        ("q=" + chat.id, found),
        (f"q=ORCAMENTO&contact_id={person}", found),
        (f"q=pedido&contact_id={person}", []),
        ("q=%20", found),
    ):
        answer = api.get(f"/v1/chats?{query}", token=token)
        assert (answer.status, [one["id"] for one in answer.json["items"]]) == (200, expected), query
    assert api.get("/v1/chats?q=zoe", token=company.tokens["restricted"]).json["items"] == []
    assert api.get("/v1/chats?q=zoe", token=other_company.admin).json["items"] == []
    path = f"/v1/contacts/{person}/messages"
    first = api.get(f"{path}?q=orcamento&limit=1", token=token).json
    assert first["items"] == [note] and first["next"]
    rest = api.get(f"{path}?q=orcamento&limit=1&after={first['next']}", token=token).json
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([said.id], None)
    assert len(api.get(path, token=company.tokens["agent"]).json["items"]) == 2
    assert api.get(path, token=company.tokens["restricted"]).status == 403
    assert api.get(path, token=other_company.admin).status == 404
    assert api.get(f"{path}?after=zzz", token=token).status == 400
