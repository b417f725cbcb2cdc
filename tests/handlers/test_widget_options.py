"""Options under messages of the online chat: a visitor presses one, and the flow that asked knows which."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Message
from recado.services.sending import NewMessage
from recado.storage.chat_records import MessageRecord
from tests.handlers.conftest import stack as stack
from tests.handlers.stack import Stack
from tests.widget_site import Heard, Page, Site

COLOURS = ("Azul", "Verde", "Rosa", "Preto")
PAYLOADS: dict[str, dict[str, Any]] = {
    "buttons": {"type": "buttons", "buttons": [{"id": "a", "title": "Azul"}, {"id": "b", "title": "Verde"}]},
    "list": {
        "type": "list", "button": "Ver opções",
        "sections": [
            {"rows": [{"id": "a", "title": "Azul"}]}, {"title": "Mais", "rows": [{"id": "b", "title": "Verde"}]},
        ],
    },
}  # fmt: skip


@pytest.fixture
def site(stack: Stack) -> Site:
    return Site(stack)


@pytest.fixture
def page(site: Site) -> Page:
    page = site.page()
    page.say("c-0")
    return page


def asks(page: Page, way: str = "buttons", text: str = "Cor?", **payload: Any) -> Message:
    """An agent does, by the API."""
    admin = Caller(page.site.a, "admin", user_id=page.site.signed.admin.id)
    chat_id = page.read().json["items"][0]["chat_id"]
    new = NewMessage("interactive", text, payload={**PAYLOADS[way], **payload})
    return page.site.stack.container.sending_service.send(admin, chat_id, new)


def press(page: Page, client_id: str, seq: int, option_id: str, **more: Any) -> Heard:
    body = {"client_id": client_id, "option": {"seq": seq, "id": option_id}, **more}
    return page.site.call("POST", "/widget/messages", body, page.token)


@pytest.mark.parametrize("way", PAYLOADS)
def test_what_is_pressed_is_a_message_with_the_options_title(page: Page, way: str) -> None:
    question = asks(page, way)
    pressed = press(page, "c-1", question.seq, "b")
    assert pressed.status == 201, pressed
    reply = {"buttons": "button_reply", "list": "list_reply"}[way]
    assert (pressed.json["kind"], pressed.json["text"], pressed.json["payload"]) == (
        "interactive", "Verde", {"client_id": "c-1", "type": reply, "id": "b"},
    )  # fmt: skip
    again = press(page, "c-1", question.seq, "b")
    assert (again.status, again.json) == (200, pressed.json)
    other = press(page, "c-1", question.seq, "a")
    assert (other.status, other.code) == (409, "client_id_reused")
    assert page.say("c-1", "Verde").code == "client_id_reused"


def test_only_an_option_that_is_there_is_pressed(page: Page) -> None:
    question = asks(page)
    note = page.site.stack.container.sending_service.send(
        Caller(page.site.a, "admin", user_id=page.site.signed.admin.id), question.chat_id,
        NewMessage("text", "a", internal=True),
    )  # fmt: skip
    for seq, option_id in ((question.seq, "c"), (question.seq, "Azul"), (1, "a"), (note.seq, "a"), (99, "a")):
        refused = press(page, f"c-{seq}", seq, option_id)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "/option/id"), (seq, option_id)
    stranger = page.site.page()
    assert press(stranger, "c-9", question.seq, "a").status == 400, "it is not of this visitor's thread"


def test_the_message_behind_one_that_was_erased_is_not_taken_for_it(page: Page) -> None:
    question = asks(page)
    [before] = [one for one in MessageRecord.scan(MessageRecord.sk.startswith("MSG#")) if one.seq == question.seq - 1]
    before.delete()
    assert press(page, "c-1", question.seq - 1, "a").status == 400
    assert press(page, "c-1", question.seq, "a").status == 201


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"text": "Verde"}, "/text"),
        ({"kind": "text"}, "/kind"),
        ({"file_id": "fi_1"}, "/file_id"),
        ({"trigger_id": "tg_1"}, "/trigger_id"),
        ({"option": {"seq": 0, "id": "a"}}, "/option/seq"),
        ({"option": {"seq": 2}}, "/option/id"),
        ({"option": {"seq": 2, "id": "a", "title": "Eu"}}, "/option/title"),
    ],
)
def test_nothing_stands_beside_it(page: Page, more: dict[str, Any], pointer: str) -> None:
    question = asks(page)
    refused = press(page, "c-1", question.seq, "a", **more)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer)
    assert len(page.read().json["items"]) == 2


def test_a_question_is_over_once_another_was_asked(page: Page) -> None:
    first = asks(page)
    pressed = press(page, "c-1", first.seq, "a")
    asks(page, text="Tamanho?", buttons=[{"id": "p", "title": "P"}])
    late = press(page, "c-2", first.seq, "b")
    assert (late.status, late.code) == (409, "question_over")
    again = press(page, "c-1", first.seq, "a")
    assert (again.status, again.json["id"]) == (200, pressed.json["id"]), "it was recorded before"


def test_a_text_ends_no_question(page: Page) -> None:
    first = asks(page)
    admin = Caller(page.site.a, "admin", user_id=page.site.signed.admin.id)
    page.site.stack.container.sending_service.send(admin, first.chat_id, NewMessage("text", "Seu nome?"))
    assert press(page, "c-1", first.seq, "b").status == 201


def test_a_question_that_is_put_again_is_the_same(page: Page) -> None:
    first = asks(page)
    page.say("c-1", "hm")
    asks(page)
    assert press(page, "c-2", first.seq, "a").status == 201


def test_a_flow_goes_on_at_the_option(site: Site) -> None:
    container = site.stack.container
    options = [{"label": label, "next": f"s{number}"} for number, label in enumerate(COLOURS)]
    said = {
        f"s{number}": {"type": "send_text", "text": f"{label}!", "next": "q"} for number, label in enumerate(COLOURS)
    }
    steps = {"a": {"type": "ask_choice", "text": "Cor?", "options": options}, **said, "q": {"type": "queue"}}
    project = container.project_service.create(site.a, "Site")
    flow = container.flow_service.create(site.a, project.id, "Cores", "a", steps)
    admin = Caller(site.a, "admin", user_id=site.signed.admin.id)
    container.flow_service.publish(admin, flow.id)
    container.channel_service.change(site.a, site.channel.id, {"settings": {"entry_flow_id": flow.id}})
    container.clock.move(5)  # type: ignore[attr-defined]
    page = site.page()
    page.say("c-0")
    assert site.stack.work("outbound", "outbound") == []
    question = page.read().json["items"][-1]
    rows = question["payload"].get("buttons") or question["payload"]["sections"][0]["rows"]
    assert [one["title"] for one in rows] == list(COLOURS)
    assert press(page, "c-1", question["seq"], rows[2]["id"]).status == 201
    assert site.stack.work("outbound", "outbound") == []
    assert page.read().json["items"][-1]["text"] == "Rosa!"
