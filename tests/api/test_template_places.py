"""Sending a template whose header shows a place, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.chats import Chat
from recado.domain.templates import MessageTemplate
from recado.storage.templates import DynamoTemplates
from tests.api.conftest import Answered, Api, Company
from tests.api.test_chats import chat as chat

PLACE = {"latitude": -23.5613, "longitude": -46, "name": "Loja", "address": "Av. Paulista 1"}
COMPONENTS = ({"type": "HEADER", "format": "LOCATION"}, {"type": "BODY", "text": "Venha, {{1}}!"})


def send(api: Api, company: Company, chat: Chat, variables: Any) -> Answered:
    body = {"template": {"name": "lugar", "language": "pt_BR", "variables": variables}}
    return api.post(f"/v1/chats/{chat.id}/messages", body, token=company.tokens["agent"])


@pytest.fixture(autouse=True)
def template(company: Company, chat: Chat, clock: Any, ids: Any) -> None:
    made = MessageTemplate(
        ids.new("tm", company.a), chat.channel_id, "lugar", "pt_BR", "UTILITY", COMPONENTS, clock.now(), clock.now(),
        status="APPROVED",
    )  # fmt: skip
    assert DynamoTemplates().create(company.a, made)


def test_a_place_is_given_in_numbers_or_in_texts(api: Api, company: Company, chat: Chat) -> None:
    texts = ["-23.5613", "-46", "Loja", "Av. Paulista 1"]
    for variables in ({"header": PLACE, "body": ["Ana"]}, {"header": texts, "body": ["Ana"]}, [*texts, "Ana"]):
        sent = send(api, company, chat, variables)
        assert (sent.status, sent.json["text"]) == (201, "Loja\nAv. Paulista 1\nVenha, Ana!"), sent.text
        location = sent.json["payload"]["template"]["parts"]["location"]
        assert [value for _, value in location] == texts


@pytest.mark.parametrize(
    ("header", "pointer"),
    [
        ({**PLACE, "latitude": 91}, "/template/variables/header/latitude"),
        ({**PLACE, "latitude": 1e9}, "/template/variables/header/latitude"),
        ({**PLACE, "longitude": "west"}, "/template/variables/header/longitude"),
        ({**PLACE, "longitude": True}, "/template/variables"),
        ({**PLACE, "z/p": "1"}, "/template/variables/header/z~1p"),
        ({**PLACE, "name": "x" * 1025}, "/template/variables"),
        ({name: PLACE[name] for name in ("latitude", "longitude", "name")}, "/template/variables"),
        (["0", "-181", "a", "b"], "/template/variables/header/1"),
        (None, "/template/variables"),
        ({}, "/template/variables"),
        (["0", "0", "a"], "/template/variables"),
        ("Loja", "/template/variables"),
    ],
)
def test_what_is_no_place(api: Api, company: Company, chat: Chat, header: Any, pointer: str) -> None:
    refused = send(api, company, chat, {"header": header, "body": ["Ana"]})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer), refused.text
    assert len(api.get(f"/v1/chats/{chat.id}/messages", token=company.admin).json["items"]) == 1
