"""Contacts over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.chats import Author, Chat, Event, ThreadKey
from recado.storage.chat_records import ChatEventRecord, ChatRecord
from tests.api.conftest import Answered, Api, Company, api_token

Call = Callable[..., Answered]


@pytest.fixture
def add(api: Api, company: Company) -> Call:
    """Adds a contact as the agent."""
    return lambda **fields: api.post("/v1/contacts", fields, token=company.tokens["agent"])


def chat_of(services: Container, company: Company, contact_id: str, situation: str, of: str = "any") -> Chat:
    """A chat of the contact with one event, written as the intake does."""
    at, a = services.clock.now(), company.a
    thread = ThreadKey(services.ids.new("ch", a), "x")
    chat = Chat(
        services.ids.new("ca", a),
        contact_id,
        thread.channel_id,
        of,
        thread,
        company.department.id,
        situation,
        at,
        1,  # type: ignore[arg-type]
    )
    ChatRecord.of_chat(a, chat).save()
    event = Event(services.ids.new("ev", a), "chat.started", at, Author("system"), {"id": chat.id}, contact_id, chat.id)
    ChatEventRecord.of_event(a, event).save()
    return chat


def test_a_contact_s_life(api: Api, company: Company, add: Call) -> None:
    made = add(
        name=" Ana Souza ",
        mobile="11 98765-4321",
        email="Ana@x.co",
        birthday="1990-01-31",
        custom_fields={},
        group_ids=[],
    )
    assert made.status == 201
    contact = made.json
    assert (contact["name"], contact["mobile"], contact["group_ids"], contact["principal_id"]) == (
        "Ana Souza",
        "+5511987654321",
        [],
        None,
    )
    path = f"/v1/contacts/{contact['id']}"
    assert api.get(path, token=company.admin).json == contact
    changed = api.patch(path, {"mobile": None, "city": "Recife"}, token=company.tokens["api"]).json
    assert changed == contact | {"mobile": None, "city": "Recife", "updated_at": changed["updated_at"]}
    assert api.delete(path, token=company.admin).status == 204
    for answered in (
        api.get(path, token=company.admin),
        api.patch(path, {}, token=company.admin),
        api.delete(path, token=company.admin),
    ):
        assert answered.status == 404
    assert add(mobile="+55 11 98765-4321", email="ana@X.co").status == 201


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/name", "required"),
        ({"name": "  "}, "/name", "required"),
        ({"name": "A", "mobile": "123"}, "/mobile", "invalid_phone"),
        ({"name": "A", "email": "x"}, "/email", "invalid_email"),
        ({"name": "A", "birthday": "31/01/1990"}, "/birthday", "invalid_date"),
        ({"name": "A", "organization_id": "og_x"}, "/organization_id", "not_found"),
        ({"name": "A", "group_ids": ["gr_x"]}, "/group_ids/0", "not_found"),
        ({"name": "A", "custom_fields": {"size": 1}}, "/custom_fields/size", "not_found"),
    ],
)
def test_wrong_fields_are_pointed_at(add: Call, body: dict[str, Any], pointer: str, code: str) -> None:
    refused = add(**body)
    assert refused.status == 400
    assert [(error["pointer"], error["code"]) for error in refused.json["errors"]] == [(pointer, code)]


def test_unknown_fields_and_wrong_types_are_refused(add: Call) -> None:
    assert [
        add(**body).status
        for body in ({"name": "A", "nick": "B"}, {"name": 1}, {"name": "a\u0000b"}, {"name": "x" * 1001})
    ] == [400] * 4


def test_two_forms_of_a_number_are_one_contact(add: Call) -> None:
    ana, bruno = add(mobile="+5511987654321").json, add(email="b@x.co").json
    again = add(name="Again", phone="+55 11 8765-4321", email="B@x.co")
    assert (again.status, again.json["code"]) == (409, "contact_exists")
    assert again.json["contact_ids"] == [ana["id"], bruno["id"]]
    assert [error["pointer"] for error in again.json["errors"]] == ["/phone", "/email"]


def test_a_number_of_another_contact_cannot_be_taken_by_an_edit(api: Api, company: Company, add: Call) -> None:
    ana, bruno = add(mobile="+5511987654321").json, add(name="Bruno").json
    refused = api.patch(f"/v1/contacts/{bruno['id']}", {"mobile": "+5511987654321"}, token=company.admin)
    assert (refused.status, refused.json["contact_ids"]) == (409, [ana["id"]])


def test_lists_and_searches(api: Api, company: Company, add: Call) -> None:
    ids = [
        add(name=name, mobile=f"11 98765-432{number}").json["id"]
        for number, name in enumerate(["Ana Souza", "João Souza", "Bia"])
    ]

    def listed(query: str) -> list[str]:
        answered = api.get(f"/v1/contacts?{query}", token=company.tokens["agent"])
        assert answered.status == 200
        return [contact["id"] for contact in answered.json["items"]]

    assert listed("") == ids[::-1]
    assert listed("q=JOAO") == [ids[1]]
    assert listed("q=souza%20an") == [ids[0]]
    assert listed("q=4322") == [ids[2]]
    assert listed(f"q={ids[2]}") == [ids[2]]
    assert listed("q=nobody") == listed("q=!!") == []
    first = api.get("/v1/contacts?limit=2", token=company.admin).json
    assert listed(f"limit=2&after={first['next']}") == [ids[0]]
    assert api.get("/v1/contacts?after=nonsense", token=company.admin).json["errors"][0]["pointer"] == "?after"
    found = api.get("/v1/contacts?q=souza&limit=1", token=company.admin).json
    assert api.get(f"/v1/contacts?q=bia&after={found['next']}", token=company.admin).status == 400
    assert api.get(f"/v1/contacts?after={found['next']}", token=company.admin).status == 400
    assert api.get(f"/v1/contacts?q={'x' * 201}", token=company.admin).status == 400


def test_who_may(api: Api, services: Container, company: Company, other_company: Company, add: Call) -> None:
    path = f"/v1/contacts/{add(name='Ana').json['id']}"
    for method, one in (
        ("GET", "/v1/contacts"),
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("GET", path + "/timeline"),
    ):
        assert api.call(method, one, token=company.tokens["restricted"]).status == 403
    assert api.post(path + "/comments", {"text": "x"}, token=company.tokens["restricted"]).status == 403
    assert api.get(path, token=other_company.admin).status == 404
    assert api.get("/v1/contacts?q=ana", token=other_company.admin).json == {"items": [], "next": None}
    reader = api_token(services, company, ("contacts:read",))
    assert (api.get(path, token=reader).status, api.delete(path, token=reader).status) == (200, 403)


def test_channels_by_which_a_conversation_can_be_started(
    api: Api, services: Container, company: Company, add: Call
) -> None:
    settings = {"whatsapp": {"phone_number_id": "1234567890"}, "custom": {}}
    secrets = {"whatsapp": {"app_secret": "s" * 32, "verify_token": "v"}, "custom": {"secret": "whsec_" + "QUFB" * 10}}
    for channel_type in settings:
        services.channel_service.create(
            company.a, channel_type, "C", None, settings[channel_type], secrets[channel_type]
        )
    services.contact_service._channels._known.clear()
    assert add(name="Ana").json["channels"] == {"whatsapp": False, "custom": False}
    assert add(phone="+5511987654321").json["channels"] == {"whatsapp": True, "custom": False}


def test_a_contact_with_an_open_chat_stays(api: Api, services: Container, company: Company, add: Call) -> None:
    contact = add(name="Ana").json
    chat_of(services, company, contact["id"], "closed")
    chat = chat_of(services, company, contact["id"], "queued")
    refused = api.delete(f"/v1/contacts/{contact['id']}", token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "contact_has_open_chat")
    ChatRecord(f"{company.a}#CHAT#{chat.id}", "CHAT").delete()
    assert api.delete(f"/v1/contacts/{contact['id']}", token=company.admin).status == 204


def test_the_timeline_and_comments(api: Api, services: Container, company: Company, add: Call, clock: Any) -> None:
    contact = add(name="Ana").json
    path = f"/v1/contacts/{contact['id']}"
    for moves, step in (
        (1, lambda: api.patch(path, {"name": "Ana Souza"}, token=company.admin)),
        (1, lambda: api.patch(path, {"name": "Ana Souza"}, token=company.admin)),
        (1, lambda: chat_of(services, company, contact["id"], "queued")),
        (1, lambda: api.post(path + "/comments", {"text": "VIP"}, token=company.tokens["agent"])),
    ):
        clock.move(moves)
        step()

    def entries(token: str) -> list[Any]:
        items: list[Any] = []
        after = ""
        while True:
            page = api.get(f"{path}/timeline?limit=1{after}", token=token).json
            items += page["items"]
            if page["next"] is None:
                return items
            after = f"&after={page['next']}"

    told = entries(company.admin)
    assert [entry["type"] for entry in told] == [
        "contact.commented",
        "chat.started",
        "contact.updated",
        "contact.created",
    ]
    assert (told[0]["data"]["text"], told[0]["actor"]) == ("VIP", {"type": "user", "id": company.users["agent"].id})
    assert told[-1]["data"] == contact
    assert told[-2]["data"]["name"] == "Ana Souza"
    # The agent is no member of the chat's department, so the chat does not exist for them.
    assert [entry["type"] for entry in entries(company.tokens["agent"])] == [
        "contact.commented",
        "contact.updated",
        "contact.created",
    ]
    assert api.post(path + "/comments", {"text": " \n"}, token=company.admin).status == 400
    unknown = path[:-4] + "ffff"
    assert api.get(unknown + "/timeline", token=company.admin).status == 404
    assert api.post(unknown + "/comments", {"text": "x"}, token=company.admin).status == 404
