"""/v1/shortcuts: made, changed, deleted, filled for a chat (PRODUCT F4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.chats import Chat
from recado.storage.chat_records import ChatRecord, wait_record
from tests.api.conftest import Api, Company
from tests.api.test_chats import chat as chat
from tests.api.test_files_of_chats import uploaded

PATH = "/v1/shortcuts"


def test_a_shortcut_from_its_making_to_its_end(api: Api, company: Company) -> None:
    made = api.post(PATH, {"slug": "ola", "text": "Olá, {{contact.name}}!"}, token=company.admin)
    assert made.status == 201
    one = f"{PATH}/{made.json['id']}"
    assert api.get(one, token=company.tokens["agent"]).json == made.json
    other = api.post(PATH, {"slug": "pix", "text": "Chave"}, token=company.admin).json
    assert [one["slug"] for one in api.get(PATH, token=company.tokens["agent"]).json["items"]] == ["ola", "pix"]
    assert [one["slug"] for one in api.get(PATH + "?q=/P", token=company.admin).json["items"]] == ["pix"]
    changed = api.patch(one, {"slug": "oi", "text": "Oi"}, token=company.admin).json
    assert (changed["id"], changed["slug"], changed["text"]) == (made.json["id"], "oi", "Oi")
    assert api.patch(f"{PATH}/{other['id']}", {"slug": "ola"}, token=company.admin).status == 200
    assert api.delete(one, token=company.admin).status == 204
    assert api.get(one, token=company.admin).status == 404
    assert api.post(PATH, {"slug": "oi", "text": "de novo"}, token=company.admin).status == 201


def test_pages_by_slug(api: Api, company: Company) -> None:
    for slug in ("c", "a", "b"):
        api.post(PATH, {"slug": slug, "text": slug}, token=company.admin)
    first = api.get(PATH + "?limit=2", token=company.admin).json
    rest = api.get(f"{PATH}?limit=2&after={first['next']}", token=company.admin).json
    assert [one["slug"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"slug": "Olá"}, "/slug"),
        ({"slug": "-a"}, "/slug"),
        ({"slug": "a" * 51}, "/slug"),
        ({"slug": "a b"}, "/slug"),
        ({"text": ""}, "/text"),
        ({"text": "x" * 4_097}, "/text"),
        ({"file": "x"}, "/file"),
    ],
)
def test_what_is_wrong_is_named(api: Api, company: Company, fields: dict[str, Any], pointer: str) -> None:
    answer = api.post(PATH, {"slug": "ola", "text": "x", **fields}, token=company.admin)
    assert answer.status == 400
    assert answer.json["errors"][0]["pointer"] == pointer
    assert pointer != "/slug" or "small letters without accents" in answer.json["errors"][0]["detail"]
    assert api.get(PATH, token=company.admin).json["items"] == []


def test_a_slug_is_there_once(api: Api, company: Company) -> None:
    api.post(PATH, {"slug": "ola", "text": "x"}, token=company.admin)
    other = api.post(PATH, {"slug": "oi", "text": "x"}, token=company.admin).json
    assert api.post(PATH, {"slug": "ola", "text": "y"}, token=company.admin).json["code"] == "slug_taken"
    assert api.patch(f"{PATH}/{other['id']}", {"slug": "ola"}, token=company.admin).json["code"] == "slug_taken"


def test_only_admins_make_them(api: Api, company: Company) -> None:
    assert api.post(PATH, {"slug": "ola", "text": "x"}, token=company.tokens["agent"]).status == 403


def test_its_file_was_uploaded_for_shortcuts(api: Api, company: Company, clock: Any) -> None:
    def made(file_id: str) -> Any:
        return api.post(PATH, {"slug": "ola", "file_id": file_id}, token=company.admin)

    other = made(uploaded(api, company, clock, by="admin"))
    assert (other.status, other.json["errors"][0]["code"]) == (400, "wrong_feature")
    given = {"feature": "shortcut", "name": "a.pdf", "content_type": "application/pdf", "size": 5}
    pending = made(api.post("/v1/files", given, token=company.admin).json["file_id"])
    assert (pending.status, pending.json["code"]) == (409, "file_not_accepted")
    assert made("fi_x").status == 404
    assert made(uploaded(api, company, clock, by="admin", feature="shortcut")).status == 201


def test_it_fills_the_composer_and_sends_nothing(api: Api, services: Container, company: Company, chat: Chat) -> None:
    text = "{{system.greeting}}, {{contact.name}}! {{system.agent}}, {{system.department}}, {{ system . company }} "
    text += "{{contact.city}}."
    shortcut = api.post(PATH, {"slug": "ola", "text": text}, token=company.admin).json
    path = f"{PATH}/{shortcut['id']}/fill"
    filled = api.post(path, {"chat_id": chat.id}, token=company.tokens["agent"])
    assert filled.json == {"text": "Bom dia, ! Agent User, Geral, Company one .", "file_id": None}
    assert len(api.get(f"/v1/chats/{chat.id}/messages", token=company.admin).json["items"]) == 1
    assert api.post(path, {"chat_id": chat.id}, token=company.tokens["restricted"]).status == 404


@pytest.mark.parametrize(("locale", "day"), [("pt-BR", "02/03/2026"), ("en-US", "Mar 2, 2026")])
def test_values_are_written_as_the_account_does(
    api: Api, services: Container, company: Company, chat: Chat, locale: str, day: str
) -> None:
    services.accounts.change(company.a, "Ipê", locale, "UTC")
    made = api.post(PATH, {"slug": "dia", "text": "{{system.date}}"}, token=company.admin).json
    filled = api.post(f"{PATH}/{made['id']}/fill", {"chat_id": chat.id}, token=company.admin)
    assert filled.json["text"] == day


def test_a_customer_is_told_their_place_in_the_queue(
    api: Api, services: Container, company: Company, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [replace(chat, id=f"{chat.id[:-1]}{end}", situation="queued", agent_id=None) for end in "abc"]
    for number, one in enumerate(waiting):
        at = chat.opened_at + timedelta(minutes=number)
        ChatRecord.of_chat(company.a, replace(one, queued_at=at)).save()
        wait_record(company.a, replace(one, queued_at=at)).save()
    made = api.post(PATH, {"slug": "fila", "text": "{{system.queue_position}}"}, token=company.admin).json
    for place, one in enumerate(waiting, 1):
        filled = api.post(f"{PATH}/{made['id']}/fill", {"chat_id": one.id}, token=company.admin)
        assert filled.json["text"] == str(place)
    monkeypatch.setattr("recado.services.variables.MOST_WAITING", 2)
    told = [api.post(f"{PATH}/{made['id']}/fill", {"chat_id": one.id}, token=company.admin) for one in waiting]
    assert [one.json["text"] for one in told] == ["1", "2", "2+"], "what is not counted is told so"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{contact.nome}}", "unknown_variable"),
        ("{{nome}}", "unknown_variable"),
        ("{{contact.custom.none}}", "unknown_variable"),
        ("{{contact.name|upper}}", "malformed_variable"),
    ],
)
def test_variables_are_spelled_as_they_are(api: Api, company: Company, text: str, code: str) -> None:
    answer = api.post(PATH, {"slug": "ola", "text": text}, token=company.admin)
    assert (answer.status, [(e["pointer"], e["code"]) for e in answer.json["errors"]]) == (400, [("/text", code)])
    made = api.post(PATH, {"slug": "ola", "text": "Oi"}, token=company.admin).json
    assert api.patch(f"{PATH}/{made['id']}", {"text": text}, token=company.admin).status == 400
    assert api.get(f"{PATH}/{made['id']}", token=company.admin).json["text"] == "Oi"
