"""What pages of a site are told to show by themselves (PRODUCT F3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.triggers import Action, Appearance, Conditions, PageRule, Trigger
from recado.services.widget_triggers import KEPT
from recado.storage.files import DynamoFiles
from recado.storage.flows import DynamoFlows
from recado.storage.triggers import TriggerRecord
from tests.handlers.stack import Stack
from tests.recording import record
from tests.widget_site import Page, Site


@pytest.fixture
def site(stack: Stack) -> Site:
    return Site(stack)


def admin(site: Site) -> Caller:
    return Caller(site.a, "admin", user_id=site.signed.admin.id)


def make(site: Site, **fields: Any) -> Trigger:
    given = {
        "name": "Segredo interno", "channel_id": site.channel.id, "type": "popup",
        "appearance": Appearance(text="Precisa de ajuda?"), "conditions": Conditions((PageRule("is", "/"),), 5),
        "action": Action("open_chat", "Oi"), **fields,
    }  # fmt: skip
    return site.stack.container.trigger_service.create(admin(site), given)


def shown(site: Site, token: str) -> Any:
    heard = site.call("GET", "/widget/triggers", token=token)
    assert heard.status == 200, heard
    return heard.json["items"]


def test_a_page_gets_the_enabled_ones_of_its_channel(stack: Stack, site: Site) -> None:
    token = site.page().token
    made = make(site)
    make(site, enabled=False)
    other = stack.container.channel_service.create(
        site.a, "online_chat", "Blog", site.signed.department.id, {"allowed_origins": ["https://blog.example"]}, {}
    )
    make(site, channel_id=other.id)
    [one] = shown(site, token)
    assert one == {
        "id": made.id,
        "type": "popup",
        "appearance": {
            "title": "", "text": "Precisa de ajuda?", "button": "", "position": "bottom_right", "background": None,
            "color": None,
        },
        "conditions": {
            "pages": [{"match": "is", "value": "/"}], "after_s": 5, "scroll_percent": 0, "min_visits": 1,
            "max_visits": None,
        },
        "action": {"type": "open_chat", "text": "Oi", "url": None},
        "image_url": None,
    }  # fmt: skip


def test_an_image_comes_by_a_link(stack: Stack, site: Site) -> None:
    files = stack.container.file_service
    file, _ = files.announce(admin(site), "trigger", None, "oferta.png", "image/png", 10)
    assert DynamoFiles().accept(site.a, file, "e" * 32, None, stack.container.clock.now())
    make(site, file_id=file.id)
    [one] = shown(site, site.page().token)
    assert "/files/" in one["image_url"]


def test_it_is_cheap_and_seconds_old(stack: Stack, site: Site) -> None:
    make(site)
    token = site.page().token
    shown(site, token)
    with record() as calls:
        shown(site, token)
    assert calls.operations == {}
    TriggerRecord(f"{site.a}#TRIGGERS", stack.container.trigger_service.all(site.a, None)[0].id).delete()
    stack.container.clock.move(KEPT / timedelta(seconds=1))  # type: ignore[attr-defined]
    with record() as calls:
        assert shown(site, token) == []
    assert calls.operations == {"dynamodb:Query": 1}


def test_only_pages_of_the_site_with_a_session(site: Site) -> None:
    token = site.page().token
    assert site.call("GET", "/widget/triggers").status == 401
    foreign = site.call("GET", "/widget/triggers", token=token, origin="https://evil.example")
    assert (foreign.status, "Access-Control-Allow-Origin" in foreign.headers) == (403, False)
    assert site.call("POST", "/widget/triggers", {}, token=token).status == 405


# -- clicks that start a flow


def flow(site: Site, text: str) -> str:
    """A published flow that says something and asks; its id."""
    product = site.stack.container
    project = product.project_service.create(site.a, text)
    steps = {"a": {"type": "ask", "text": text, "save_as": "x"}}
    made = product.flow_service.create(site.a, project.id, text, "a", steps)
    return product.flow_service.publish(admin(site), made.id).flow.id


def click(site: Site, page: Page, trigger: Trigger, client_id: str = "c-1") -> Chat:
    """The chat in which the visitor said it."""
    said = page.say(client_id, "Quero a oferta", trigger_id=trigger.id)
    assert said.status in (200, 201), said
    assert said.json["text"] == "Quero a oferta"
    chat = site.stack.container.chats.chat(site.a, said.json["chat_id"])
    assert chat is not None
    return chat


@pytest.fixture
def offer(site: Site) -> Trigger:
    return make(site, action=Action("start_flow", "Quero a oferta", flow_id=flow(site, "Oferta")))


def test_a_click_opens_a_chat_that_its_flow_leads(site: Site, offer: Trigger) -> None:
    page = site.page()
    [one] = shown(site, page.token)
    assert one["action"] == {"type": "start_flow", "text": "Quero a oferta", "url": None}, "no flow's id goes out"
    chat = click(site, page, offer)
    assert (chat.situation, chat.flow_id) == ("automatic", offer.action.flow_id)
    again = click(site, page, offer)
    assert again == chat, "the page asked again: nothing is started again"
    assert click(site, page, offer, "c-2").execution_id == chat.execution_id


def test_a_chat_that_waits_goes_on_with_the_flow_once(site: Site, offer: Trigger) -> None:
    page = site.page()
    page.say("c-0")
    chat = click(site, page, offer)
    assert (chat.situation, chat.flow_id) == ("automatic", offer.action.flow_id)
    assert click(site, page, offer).execution_id == chat.execution_id


def queue(site: Site, chat: Chat) -> Chat:
    """Somebody takes the chat out of the flow's hands: it waits for people."""
    waiting = site.stack.container.chat_actions.queue(admin(site), chat.id)
    assert (waiting.situation, waiting.execution_id) == ("queued", None)
    return waiting


@pytest.mark.parametrize("seconds", [0, 60])
def test_who_waits_for_people_is_not_taken_back_by_the_click_that_opened_the_chat(
    site: Site, offer: Trigger, seconds: int
) -> None:
    page = site.page()
    chat = click(site, page, offer)
    site.stack.container.clock.move(seconds)  # type: ignore[attr-defined]
    waiting = queue(site, chat)
    assert click(site, page, offer) == waiting, "the page asked again"
    assert click(site, page, offer, "c-2").situation == "automatic", "but a click anew is one"


def test_nor_by_one_that_the_flow_had_nothing_to_do_with(site: Site, offer: Trigger) -> None:
    page = site.page()
    chat = click(site, page, offer)
    assert click(site, page, offer, "c-2").execution_id == chat.execution_id
    site.stack.container.clock.move(60)  # type: ignore[attr-defined]
    waiting = queue(site, chat)
    assert click(site, page, offer, "c-2") == waiting


def test_a_click_whose_process_died_before_its_flow_began_begins_it_once(
    site: Site, offer: Trigger, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, page = site.stack.container, site.page()
    before = page.say("c-0").json["chat_id"]

    def dies(*given: Any) -> None:
        raise ConnectionError

    site.stack.container.clock.move(5)  # type: ignore[attr-defined]
    with monkeypatch.context() as dying:
        dying.setattr(product.flow_starting, "in_chat", dies)
        assert page.say("c-1", "Quero a oferta", trigger_id=offer.id).status == 500
    chat = product.chats.chat(site.a, before)
    assert chat is not None and chat.situation == "queued"
    site.stack.container.clock.move(5)  # type: ignore[attr-defined]
    chat = click(site, page, offer)
    assert (chat.situation, chat.flow_id) == ("automatic", offer.action.flow_id)
    assert click(site, page, offer).execution_id == chat.execution_id
    waiting = queue(site, chat)
    assert click(site, page, offer) == waiting


def test_nobody_is_taken_from_an_agent(site: Site, offer: Trigger) -> None:
    page = site.page()
    chat_id = page.say("c-0").json["chat_id"]
    site.stack.container.chat_actions.assume(admin(site), chat_id)
    chat = click(site, page, offer)
    assert (chat.situation, chat.flow_id) == ("in_service", None)


def test_a_click_on_what_is_gone_is_a_message(site: Site, offer: Trigger) -> None:
    """A flow that a trigger names stays; one goes while a trigger is made."""
    product = site.stack.container
    flow = product.flow_service.get(site.a, offer.action.flow_id or "")
    assert DynamoFlows().delete(site.a, flow)
    assert click(site, site.page(), offer).situation == "queued"
    assert site.page().say("c-1", trigger_id="tg_x").status == 201
    assert product.channels.get(site.a, site.channel.id).problems == ()  # type: ignore[union-attr]
