"""/v1/triggers: made, changed, deleted, held to what a page can show (PRODUCT F3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.triggers import MAX_TRIGGERS
from recado.storage.triggers import DynamoTriggers
from tests.api.conftest import Api, Company
from tests.api.test_files_of_chats import uploaded

PATH = "/v1/triggers"


@pytest.fixture
def site(services: Container, company: Company) -> str:
    settings = {"allowed_origins": ["https://loja.example"]}
    return services.channel_service.create(
        company.a, "online_chat", "Site", company.department.id, settings, {}
    ).id  # fmt: skip


def body(site: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "Oferta",
        "channel_id": site,
        "type": "popup",
        "appearance": {"title": "Precisa de ajuda?", "text": "Fale com a gente", "button": "Conversar"},
        "action": {"type": "open_chat", "text": "Quero saber da oferta"},
        **fields,
    }


def test_a_trigger_from_its_making_to_its_end(api: Api, company: Company, site: str) -> None:
    conditions = {
        "pages": [{"match": "starts_with", "value": "/produtos"}], "after_s": 20, "scroll_percent": 50,
        "min_visits": 2, "max_visits": 5,
    }  # fmt: skip
    made = api.post(PATH, body(site, conditions=conditions), token=company.admin)
    assert made.status == 201, made.json
    trigger = made.json
    assert trigger["conditions"] == conditions
    assert trigger["appearance"]["position"] == "bottom_right"
    action = {"type": "open_chat", "text": "Quero saber da oferta", "url": None, "flow_id": None}
    assert trigger["action"] == action
    one = f"{PATH}/{trigger['id']}"
    assert api.get(one, token=company.tokens["agent"]).json == trigger
    link = {"action": {"type": "open_link", "url": "/ofertas?x=1#y"}, "enabled": False, "type": "bubble"}
    changed = api.patch(one, link, token=company.admin).json
    assert (changed["action"]["url"], changed["enabled"], changed["type"]) == ("/ofertas?x=1#y", False, "bubble")
    assert changed["conditions"] == conditions, "what was not given stays"
    other = api.post(PATH, body(site, name="Outra"), token=company.admin).json
    listed = api.get(f"{PATH}?channel_id={site}&limit=1", token=company.admin).json
    assert [one["id"] for one in listed["items"]] == [trigger["id"]]
    rest = api.get(f"{PATH}?limit=1&after={listed['next']}", token=company.admin).json
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([other["id"]], None)
    assert api.delete(one, token=company.admin).status == 204
    assert api.get(one, token=company.admin).status == 404


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"type": "modal"}, "/type"),
        ({"channel_id": "ch_x"}, "/channel_id"),
        ({"appearance": {}}, "/appearance/text"),
        ({"appearance": {"title": "x" * 81}}, "/appearance/title"),
        ({"appearance": {"text": "x" * 501}}, "/appearance/text"),
        ({"appearance": {"text": "x", "background": "red;}"}}, "/appearance/background"),
        ({"appearance": {"text": "x", "colour": "#fff"}}, "/appearance/colour"),
        ({"appearance": {"text": "x", "position": "top"}}, "/appearance/position"),
        ({"type": "banner", "appearance": {"text": "x", "position": "bottom_left"}}, "/appearance/position"),
        ({"conditions": {"after_s": -1}}, "/conditions/after_s"),
        ({"conditions": {"after_s": 3_601}}, "/conditions/after_s"),
        ({"conditions": {"scroll_percent": 101}}, "/conditions/scroll_percent"),
        ({"conditions": {"min_visits": 0}}, "/conditions/min_visits"),
        ({"conditions": {"min_visits": 3, "max_visits": 2}}, "/conditions/max_visits"),
        ({"conditions": {"pages": [{"match": "is", "value": "/a"}, {"match": "is", "value": "a"}]}},
         "/conditions/pages/1/value"),
        ({"conditions": {"pages": [{"match": "regex", "value": "/a"}]}}, "/conditions/pages/0/match"),
        ({"conditions": {"pages": [{"match": "is", "value": "/a"}] * 21}}, "/conditions/pages"),
        ({"action": {"type": "sing"}}, "/action/type"),
        ({"action": {"type": "open_link"}}, "/action/url"),
        ({"action": {"type": "open_link", "url": "javascript:alert(1)"}}, "/action/url"),
        ({"action": {"type": "open_link", "url": "//evil.example"}}, "/action/url"),
        ({"action": {"type": "open_link", "url": "/\\evil.example"}}, "/action/url"),
        ({"action": {"type": "open_link", "url": "https://shop.example@evil.example/"}}, "/action/url"),
        ({"action": {"type": "open_link", "url": "https://x", "text": "a"}}, "/action/text"),
        ({"action": {"type": "open_chat", "url": "https://x"}}, "/action/url"),
        ({"action": {"type": "open_chat", "text": "x" * 1_001}}, "/action/text"),
        ({"action": {"type": "open_chat", "flow_id": "fl_x"}}, "/action/flow_id"),
        ({"action": {"type": "start_flow", "flow_id": "fl_x"}}, "/action/text"),
        ({"action": {"type": "start_flow", "text": "Oi"}}, "/action/flow_id"),
        ({"action": {"type": "start_flow", "text": "Oi", "flow_id": "fl_x"}}, "/action/flow_id"),
    ],
)  # fmt: skip
def test_what_no_page_can_show_is_refused(api: Api, company: Company, site: str, fields: Any, pointer: str) -> None:
    refused = api.post(PATH, body(site, **fields), token=company.admin)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer)
    assert api.get(PATH, token=company.admin).json["items"] == []


def test_it_is_of_an_online_chat_that_is_there(
    api: Api, services: Container, company: Company, other_company: Company, site: str
) -> None:
    secrets = {"secret": "whsec_" + "A" * 32}
    other = services.channel_service.create(company.a, "custom", "ERP", company.department.id, {}, secrets).id
    for channel_id, code in ((other, "wrong_type"), (f"ch_{other_company.a}_" + "0" * 27, "not_found")):
        refused = api.post(PATH, body(channel_id), token=company.admin)
        assert (refused.status, refused.json["errors"][0]["code"]) == (400, code)
    made = api.post(PATH, body(site), token=company.admin).json
    assert api.patch(f"{PATH}/{made['id']}", {"channel_id": other}, token=company.admin).status == 400
    assert api.get(f"{PATH}/{made['id']}", token=other_company.admin).status == 404


def test_its_image_was_uploaded_for_triggers(api: Api, company: Company, site: str, clock: Any) -> None:
    def made(file_id: str) -> Any:
        return api.post(PATH, body(site, appearance={}, file_id=file_id), token=company.admin)

    refused = made(uploaded(api, company, clock, by="admin", feature="shortcut"))
    assert (refused.status, refused.json["errors"][0]["code"]) == (400, "wrong_feature")
    given = {"feature": "trigger", "name": "a.png", "content_type": "image/png", "size": 5}
    pending = api.post("/v1/files", given, token=company.admin).json["file_id"]
    assert (made(pending).status, made(pending).json["code"]) == (409, "file_not_accepted")
    assert made("fi_x").status == 404
    assert made(uploaded(api, company, clock, by="admin", feature="trigger")).status == 201


def test_there_are_so_many_and_no_more(api: Api, services: Container, company: Company, site: str) -> None:
    first = api.post(PATH, body(site), token=company.admin).json
    seen = services.trigger_service.get(company.a, first["id"])
    for number in range(MAX_TRIGGERS - 1):
        DynamoTriggers().create(company.a, replace(seen, id=f"{seen.id[:-3]}x{number:02d}"))
    refused = api.post(PATH, body(site), token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["limit"]) == (409, "too_many_triggers", MAX_TRIGGERS)


def test_only_admins_make_them(api: Api, company: Company, site: str) -> None:
    assert api.post(PATH, body(site), token=company.tokens["agent"]).status == 403
