"""/v1/whatsapp-buttons: made, changed, deleted; which channels have them; the contact's attribution."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.buttons import Visit
from tests.api.conftest import Api, Company
from tests.api.test_reports import connect

PATH = "/v1/whatsapp-buttons"
SECRETS = {"app_secret": "app-secret", "verify_token": "verify-token"}
HOSTILE = '"><script>alert(1)</script>'


def channel_of(services: Container, company: Company, **settings: str) -> str:
    given = {"phone_number_id": "100000000000001", **settings}
    return services.channel_service.create(company.a, "whatsapp", "Vendas", None, given, SECRETS).id


@pytest.fixture
def channel(services: Container, company: Company) -> str:
    return channel_of(services, company, display_phone_number="+55 11 4000-0000")


def wanted(channel: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "cta", "channel_id": channel, "text": "Olá!", "label": "Fale conosco", **fields}


def test_a_button_from_its_making_to_its_end(api: Api, services: Container, company: Company, channel: str) -> None:
    made = api.post(PATH, wanted(channel), token=company.admin)
    assert made.status == 201
    button = made.json
    assert button["url"].endswith(f"/t/{button['code']}")
    assert f'href="{button["url"]}"' in button["snippet"]
    one = f"{PATH}/{button['id']}"
    assert api.get(one, token=company.tokens["agent"]).json == button
    assert api.get(PATH, token=company.tokens["agent"]).json == {"items": [button], "next": None}
    changed = api.patch(one, {"kind": "floating", "label": HOSTILE}, token=company.admin).json
    assert (changed["code"], changed["text"], changed["label"]) == (button["code"], "Olá!", HOSTILE)
    assert "<script>alert" not in changed["snippet"]
    visit = Visit("GET", {}, {})
    assert services.clicks.follow(button["code"], visit).status == 302
    assert api.delete(one, token=company.admin).status == 204
    assert api.get(one, token=company.admin).status == 404
    assert services.clicks.follow(button["code"], visit).status == 404


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "popup"}, "/kind"),
        ({"label": " "}, "/label"),
        ({"label": "x" * 61}, "/label"),
        ({"text": "x" * 1001}, "/text"),
        ({"channel_id": "ch_x"}, "/channel_id"),
    ],
)
def test_what_is_wrong_is_named(api: Api, company: Company, channel: str, fields: dict[str, Any], pointer: str) -> None:
    answer = api.post(PATH, wanted(channel, **fields), token=company.admin)
    assert answer.status == 400
    assert answer.json["errors"][0]["pointer"] == pointer


def test_the_channel_needs_a_link_into_itself(api: Api, services: Container, company: Company, channel: str) -> None:
    custom = connect(services, company, "Loja").id
    silent = services.channel_service.create(
        company.a, "whatsapp", "Sem número", None, {"phone_number_id": "100000000000002"}, SECRETS
    ).id
    button = api.post(PATH, wanted(channel), token=company.admin).json
    for channel_id, code in ((custom, "no_buttons"), (silent, "number_missing")):
        for answer in (
            api.post(PATH, wanted(channel_id), token=company.admin),
            api.patch(f"{PATH}/{button['id']}", {"channel_id": channel_id}, token=company.admin),
        ):
            assert answer.status == 400
            assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("/channel_id", code)]


def test_a_number_that_is_none_is_refused(api: Api, company: Company) -> None:
    body = {"type": "whatsapp", "name": "V", "secrets": SECRETS}
    number = {"phone_number_id": "100000000000003"}
    for settings, name in (
        ({"display_phone_number": "call us"}, "display_phone_number"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
    ):
        answer = api.post("/v1/channels", {**body, "settings": {**number, **settings}}, token=company.admin)
        assert answer.status == 400
        assert answer.json["errors"][0]["pointer"] == f"/settings/{name}"


def test_only_admins_make_them_and_nobody_sees_anothers(
    api: Api, company: Company, other_company: Company, channel: str
) -> None:
    for role in ("agent", "restricted"):
        assert api.post(PATH, wanted(channel), token=company.tokens[role]).status == 403
    button = api.post(PATH, wanted(channel), token=company.admin).json
    assert api.get(f"{PATH}/{button['id']}", token=other_company.admin).status == 404
    assert api.get(PATH, token=other_company.admin).json["items"] == []
    answer = api.post(PATH, wanted(channel), token=other_company.admin)
    assert answer.json["errors"][0]["code"] == "not_found"


def test_there_is_an_end_to_them(api: Api, company: Company, channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recado.services.buttons.MAX_BUTTONS", 1)
    assert api.post(PATH, wanted(channel), token=company.admin).status == 201
    answer = api.post(PATH, wanted(channel), token=company.admin)
    assert (answer.status, answer.json["code"]) == (409, "too_many_buttons")
