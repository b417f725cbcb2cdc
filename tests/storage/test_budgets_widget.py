"""What the doors of the online chat may cost (docs/data-model.md §3, L2)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from recado.services.sending import NewMessage
from tests.handlers.conftest import stack as stack
from tests.handlers.stack import Stack
from tests.recording import Calls, record
from tests.widget_site import Page, Site


@pytest.fixture
def page(stack: Stack) -> Page:
    page = Site(stack).page()
    page.say("c-0")
    return page


def dynamodb(calls: Calls) -> dict[str, int]:
    return {
        name.partition(":")[2]: times for name, times in calls.operations.items() if name.startswith("dynamodb:")
    }  # fmt: skip


def test_a_session_of_a_channel_that_is_remembered(page: Page) -> None:
    with record() as calls:
        assert page.site.open().status == 201
    assert (dynamodb(calls), calls.wru, calls.rru) == ({"UpdateItem": 1}, 1, 0)


def test_a_message_in_an_open_chat(page: Page, clock: Any) -> None:
    clock.move(1)
    with record() as calls:
        assert page.say("c-1").status == 201
    assert dynamodb(calls) == {"UpdateItem": 1, "GetItem": 1, "TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (7, 1)
    clock.move(1)
    with record() as calls:
        assert page.say("c-1").status == 200
    assert (calls.wru, calls.rru) == (7, 5), "THREAD twice, SEEN twice, MSG"


def test_an_option_that_is_pressed(page: Page, clock: Any) -> None:
    site = page.site
    chat_id = page.read().json["items"][0]["chat_id"]
    payload = {"type": "buttons", "buttons": [{"id": "a", "title": "A"}]}
    admin = Caller(site.a, "admin", user_id=site.signed.admin.id)
    asked = site.stack.container.sending_service.send(admin, chat_id, NewMessage("interactive", "?", payload=payload))
    clock.move(1)
    with record() as calls:
        body = {"client_id": "c-1", "option": {"seq": asked.seq, "id": "a"}}
        assert site.call("POST", "/widget/messages", body, page.token).status == 201
    assert dynamodb(calls) == {"UpdateItem": 1, "Query": 1, "GetItem": 1, "TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (7, 2)


def test_what_a_page_reads(page: Page) -> None:
    site = page.site
    chat_id = page.read().json["items"][0]["chat_id"]
    with record() as calls:
        assert page.read("1").json["items"] == []
    assert (dynamodb(calls), calls.wru, calls.rru) == ({"Query": 1}, 0, 1)
    admin = Caller(site.a, "admin", user_id=site.signed.admin.id)
    for number in range(3):
        site.stack.container.sending_service.send(admin, chat_id, NewMessage(text=str(number)))
    with record() as calls:
        assert len(page.read("1").json["items"]) == 3
    assert dynamodb(calls) == {"Query": 1, "BatchGetItem": 1, "UpdateItem": 3}
    assert (calls.wru, calls.rru) == (3, 2)
    with record() as calls:
        page.read("4", read_until="4")
    assert dynamodb(calls) == {"GetItem": 1, "Query": 2, "UpdateItem": 3}
    assert calls.wru == 3
