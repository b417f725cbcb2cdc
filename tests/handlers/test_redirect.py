"""The redirect as API Gateway calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.domain.buttons import Button
from recado.domain.channels import Channel
from recado.storage.buttons import ClickRecord, DynamoButtons
from recado.storage.channels import ChannelRecord
from tests.handlers.functions import _load, forget_environment

A = "accounta"
CODE = "0123456789"


@pytest.fixture
def handler(dynamodb: Any, clock: Any, ids: Any) -> Any:
    forget_environment()
    settings = {"display_phone_number": "+551140000000"}
    channel = Channel(ids.new("ch", A), "whatsapp", "Vendas", "dp", clock.now(), settings)
    ChannelRecord.of_channel(A, channel).save()
    button = Button(ids.new("bt", A), "cta", channel.id, "Olá!", "Fale", CODE, clock.now())
    assert DynamoButtons().create(A, button)
    return _load("redirect")


def event(method: str = "GET", code: str = CODE, **query: str) -> dict[str, Any]:
    return {
        "requestContext": {"http": {"method": method}, "requestId": "r-1"},
        "pathParameters": {"code": code},
        "queryStringParameters": query or None,
        "headers": {"User-Agent": "Mozilla/5.0", "Referer": "https://shop.example/p?q=1"},
    }


def test_a_visitor_goes_on_with_a_tag(handler: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answer = handler(event(utm_source="canary-source"), None)
    assert answer["statusCode"] == 302
    assert answer["headers"]["cache-control"] == "no-store"
    [kept] = ClickRecord.scan(ClickRecord.sk == "CLICK")
    assert answer["headers"]["location"].startswith("https://wa.me/551140000000?text=Ol%C3%A1%21%20%5B%23")
    assert kept.tag in answer["headers"]["location"]
    assert "canary-source" not in capsys.readouterr().out


def test_head_and_unknown_codes(handler: Any) -> None:
    assert handler(event("HEAD"), None)["headers"]["location"] == "https://wa.me/551140000000?text=Ol%C3%A1%21"
    unknown = handler(event(code="zzzzzzzzzz"), None)
    assert (unknown["statusCode"], "location" in unknown["headers"]) == (404, False)
    assert unknown["headers"]["content-type"] == "application/problem+json"
    assert json.loads(unknown["body"])["code"] == "not_found"
    assert list(ClickRecord.scan(ClickRecord.sk == "CLICK")) == []


def test_storage_is_away(handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: Any, code: str) -> Any:
        raise ConnectionError("secret")

    monkeypatch.setattr(DynamoButtons, "linked", away)
    answer = handler(event(), None)
    assert answer["statusCode"] == 503
    assert "secret" not in json.dumps(answer)
