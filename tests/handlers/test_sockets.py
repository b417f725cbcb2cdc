"""Sockets of the online chat, by the handlers of the functions: who may open one, and what is said on it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from recado.domain.sockets import MAX_OPEN
from recado.services.sockets import SocketService
from recado.storage.sockets import DynamoSockets, SocketOwnerRecord, SocketsRecord
from tests.channels.test_contract import mutated
from tests.handlers.stack import Stack, reset
from tests.handlers.test_widget import answer
from tests.widget_site import SHOP, Page, Site


class Line:
    """API Gateway's management API: what was posted to whom; `gone` are no more, `error` is raised."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []
        self.gone: set[str] = set()
        self.error: Exception | None = None
        self.lost_hints: list[Exception] = []

    def post(self, connection_id: str, data: bytes) -> bool:
        if self.error:
            raise self.error
        if connection_id not in self.gone:
            self.said.append((connection_id, data))
        return connection_id not in self.gone

    def lost(self, channel_id: str, error: Exception) -> None:
        self.lost_hints.append(error)


@pytest.fixture
def stack(dynamodb: Any, monkeypatch: pytest.MonkeyPatch, clock: Any, ids: Any) -> Iterator[Stack]:
    monkeypatch.setenv("SOCKETS_URL", "https://abc.execute-api.us-east-1.amazonaws.com/socket")
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://recado.example")
    yield Stack(monkeypatch.setenv, clock, ids)
    monkeypatch.undo()
    reset()


@pytest.fixture
def line(stack: Stack) -> Line:
    line, product = Line(), stack.container
    product.__dict__["sockets"] = SocketService(DynamoSockets(), line, product.clock, line)
    return line


@pytest.fixture
def site(stack: Stack, line: Line) -> Site:
    return Site(stack)


def event(stack: Stack, route: str, connection: str, **more: Any) -> int:
    """As API Gateway tells it."""
    context = {"routeKey": route, "connectionId": connection, "requestId": "r-1", "stage": "socket"}
    return int(stack.invoke("sockets", {"requestContext": context, "isBase64Encoded": False, **more})["statusCode"])


def ticket(site: Site, page: Page | None = None) -> str:
    opened = site.open(**({"visitor_id": page.visitor_id} if page else {})).json
    url = urlsplit(opened["socket_url"])
    assert url.geturl().startswith("wss://recado.example/socket?ticket=")
    [text] = parse_qs(url.query)["ticket"]
    assert text != opened["token"]
    return text


def connect(site: Site, text: str, connection: str = "c1", origin: str | None = SHOP) -> int:
    headers = {"Host": "recado.example", **({"Origin": origin} if origin else {})}
    return event(site.stack, "$connect", connection, headers=headers, queryStringParameters={"ticket": text})


def sockets_of(site: Site) -> list[set[str]]:
    return [set(one.open) for one in SocketsRecord.scan() if one.sk == "SOCKETS"]


# -- who may


def test_a_ticket_opens_one_socket(site: Site) -> None:
    text = ticket(site)
    assert connect(site, text) == 200
    assert connect(site, text, "c2") == 429
    assert sockets_of(site) == [{"c1"}]
    assert [one.pk for one in SocketOwnerRecord.scan() if one.pk.startswith("DIR#socket#")] == ["DIR#socket#c1"]


def test_a_ticket_ends_after_a_minute(site: Site, clock: Any) -> None:
    first, second = ticket(site), ticket(site)
    clock.move(59)
    assert connect(site, first) == 200
    clock.move(1)
    assert connect(site, second, "c2") == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", SHOP + ":8443"])
def test_pages_of_other_origins_open_none(site: Site, origin: str) -> None:
    text = ticket(site)
    assert connect(site, text, origin=origin) == 403
    assert sockets_of(site) == []
    assert connect(site, text) == 200, "the ticket was not used"


def test_what_is_no_ticket_opens_none(site: Site) -> None:
    page, text = site.page(), ticket(site)
    other = Site(site.stack)
    foreign = other.key.replace("sk_", "wk_") + text[text.index(".") :]
    for wrong in (
        "",
        "x",
        page.token,
        page.token.replace("wt_", "wk_"),
        site.key,
        foreign,
        text + "x",
        "wk_" + "a" * 9000,
    ):
        assert connect(site, wrong) == 401, wrong
    chance = random.Random(4)
    for _ in range(100):
        assert connect(site, mutated(text, chance)) == 401
    assert event(site.stack, "$connect", "c1", headers=None, queryStringParameters=None) == 401
    assert sockets_of(site) == []
    assert connect(site, text, origin=None) == 200, "who is no browser of another site"


def test_a_ticket_is_no_token(site: Site) -> None:
    for text in (ticket(site), ticket(site).replace("wk_", "wt_")):
        assert site.call("GET", "/widget/messages", token=text).status == 401


def test_a_removed_channel_opens_none(site: Site) -> None:
    text = ticket(site)
    product = site.stack.container
    before = product.channels.get(site.a, site.channel.id)
    assert before is not None
    after = replace(before, state="removed", version=before.version + 1)
    assert product.channels.change(site.a, before, after, {})
    product.channel_directory._known.clear()  # type: ignore[attr-defined]
    assert connect(site, text) == 401


# -- what is said


def test_the_page_is_told_to_look(site: Site, line: Line) -> None:
    page, other = site.page(), site.page()
    chat_id = page.say("c-1").json["chat_id"]
    other.say("c-1")
    assert connect(site, ticket(site, page), "c1") == 200
    assert connect(site, ticket(site, page), "c2") == 200
    assert connect(site, ticket(site, other), "c3") == 200
    answer(site, chat_id, "canary words")
    assert line.said == [("c1", b'{"type":"new","seq":2}'), ("c2", b'{"type":"new","seq":2}')]
    assert [one["text"] for one in page.read("1").json["items"]] == ["canary words"]
    assert event(site.stack, "$default", "c1", body='{"action": "$connect"}') == 200
    assert event(site.stack, "$disconnect", "c1") == 200
    assert event(site.stack, "$disconnect", "c1") == 200
    answer(site, chat_id, "more")
    assert line.said[2:] == [("c2", b'{"type":"new","seq":3}')]


def test_who_is_gone_is_forgotten(site: Site, line: Line, clock: Any) -> None:
    page = site.page()
    chat_id = page.say("c-1").json["chat_id"]
    connect(site, ticket(site, page), "c1")
    line.gone.add("c1")
    clock.move(29)
    answer(site, chat_id, "a")
    assert sockets_of(site) == [{"c1"}], "it may not have been ready"
    clock.move(1)
    connect(site, ticket(site, page), "c2")
    answer(site, chat_id, "b")
    assert sockets_of(site) == [{"c2"}]
    assert [one.pk for one in SocketOwnerRecord.scan() if one.pk.startswith("DIR#socket#")] == ["DIR#socket#c2"]


def test_a_hint_that_fails_fails_nothing(site: Site, line: Line) -> None:
    page = site.page()
    chat_id = page.say("c-1").json["chat_id"]
    connect(site, ticket(site, page))
    line.error = ConnectionError("no answer")
    sent = answer(site, chat_id, "a")
    assert line.lost_hints == [line.error]
    assert [(one["id"], one["status"]) for one in page.read("1").json["items"]] == [(sent.id, "delivered")]


def test_a_visitor_has_a_few_sockets(site: Site, line: Line, clock: Any) -> None:
    page = site.page()
    chat_id = page.say("c-1").json["chat_id"]
    for number in range(MAX_OPEN + 1):
        clock.move(1)
        assert connect(site, ticket(site, page), f"c{number}") == 200
    answer(site, chat_id, "a")
    assert {connection for connection, _ in line.said} == {f"c{number}" for number in range(1, MAX_OPEN + 1)}


def test_tables_that_do_not_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    text = ticket(site)
    monkeypatch.setattr("recado.storage.sockets.DynamoSockets.note_owner", _refuse)
    monkeypatch.setattr("recado.storage.sockets.DynamoSockets.owner", _refuse)
    assert connect(site, text) == 500
    assert event(site.stack, "$disconnect", "c1") == 500


def _refuse(*_: Any) -> None:
    raise ConnectionError("no answer")
